#include "daemon/relay/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <system_error>

namespace attune::relay {
namespace {

/// "AtRl": this file is a relay's, of version 1.
constexpr const char* kMark = "PRAGMA application_id=1098142316; PRAGMA user_version=1";
constexpr std::int64_t kApplicationId = 1'098'142'316;
constexpr const char* kSchema = R"sql(
CREATE TABLE mailbox(
  key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, last INTEGER NOT NULL, used INTEGER NOT NULL,
  count INTEGER NOT NULL, day INTEGER NOT NULL);
CREATE TABLE message(
  key INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL, seq INTEGER NOT NULL, day INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE UNIQUE INDEX message_place ON message(mailbox, seq);
)sql";

[[noreturn]] void fail(int result, std::string_view step) {
  if ((result & 0xff) == SQLITE_NOMEM) throw std::bad_alloc();
  throw StoreFailure((result & 0xff) == SQLITE_FULL,
                     "the relay's store: " + std::string(step) + ": " + sqlite3_errstr(result));
}

void check(int result, std::string_view step) {
  if (result != SQLITE_OK) fail(result, step);
}

struct Closer {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Handle = std::unique_ptr<sqlite3, Closer>;

Handle open_handle(const std::filesystem::path& file) {
  sqlite3* raw = nullptr;
  const int result =
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(raw);
  check(result, "open");
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5'000);
  // The schema is bytes from a disk: it may not make anything run.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  return handle;
}

void execute(sqlite3* handle, const char* sql) {
  check(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), std::string_view(sql).substr(0, 20));
}

/// A prepared statement, reset when its use ends.
class Statement {
 public:
  Statement(sqlite3* handle, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    check(sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &raw, nullptr),
          "prepare");
    statement_.reset(raw);
  }

  Statement& bind(int index, std::int64_t number) {
    check(sqlite3_bind_int64(statement_.get(), index, number), "bind");
    return *this;
  }
  Statement& bind(int index, std::uint64_t number) {
    return bind(index, static_cast<std::int64_t>(number));
  }
  Statement& bind(int index, std::uint32_t number) { return bind(index, std::int64_t{number}); }
  Statement& bind(int index, ByteView bytes) {
    check(sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC),
          "bind");
    return *this;
  }
  /// true: a row is there.
  bool step() {
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    reset();
    fail(result, "step");
  }
  void reset() { sqlite3_reset(statement_.get()); }
  void run() {
    while (step()) {
    }
    reset();
  }
  [[nodiscard]] std::int64_t number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
  }
  [[nodiscard]] ByteView bytes(int column) const {
    const auto* data =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
  }

 private:
  std::unique_ptr<sqlite3_stmt, Closer> statement_;
};

/// Whatever way a use of a statement ends.
struct Reset {
  Statement& statement;
  ~Reset() { statement.reset(); }
};

std::int64_t number(sqlite3* handle, std::string_view sql) {
  Statement statement(handle, sql);
  return statement.step() ? statement.number(0) : 0;
}

void make_private_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "the relay's store");
  ::close(fd);
}

Handle open_writer(const std::filesystem::path& file) {
  make_private_file(file);
  Handle handle = open_handle(file);
  sqlite3* db = handle.get();
  execute(db, "PRAGMA journal_mode=WAL");
  execute(db, "PRAGMA synchronous=FULL");
  execute(db, "PRAGMA secure_delete=ON");
  execute(db, "PRAGMA temp_store=MEMORY");
  execute(db, "PRAGMA cache_size=-8192");
  execute(db, "PRAGMA wal_autocheckpoint=0");
  if (number(db, "SELECT count(*) FROM sqlite_schema") == 0) {
    execute(db, "BEGIN IMMEDIATE");
    execute(db, kMark);
    execute(db, kSchema);
    execute(db, "COMMIT");
  }
  if (number(db, "PRAGMA application_id") != kApplicationId ||
      number(db, "PRAGMA user_version") != 1) {
    throw StoreFailure(false, "the relay's store: made by another program or version");
  }
  return handle;
}

int remember_log_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

struct SqliteStore::Connection {
  explicit Connection(const std::filesystem::path& file) : handle(open_writer(file)) {
    sqlite3_wal_hook(handle.get(), remember_log_pages, &log_pages);
  }

  Handle handle;
  int log_pages = 0;
  sqlite3* db = handle.get();
  std::uint64_t page_bytes = static_cast<std::uint64_t>(number(db, "PRAGMA page_size"));
  Statement begin{db, "BEGIN"};
  Statement commit{db, "COMMIT"};
  // The first at or after this id: what is not there takes a row too, so that time does not tell it
  // from what is empty.
  Statement find{db,
                 "SELECT key, last, used, count, day, id FROM mailbox WHERE id >= ?1"
                 " ORDER BY id LIMIT 1"};
  Statement create{db, "INSERT INTO mailbox(id, last, used, count, day) VALUES (?1, 0, 0, 0, ?2)"};
  Statement update{db,
                   "UPDATE mailbox SET last = ?2, used = ?3, count = ?4, day = ?5 WHERE key = ?1"};
  Statement append{db, "INSERT INTO message(mailbox, seq, day, body) VALUES (?1, ?2, ?3, ?4)"};
  Statement measure{db,
                    "SELECT count(*), coalesce(sum(length(body)), 0) FROM message"
                    " WHERE mailbox = ?1 AND seq <= ?2"};
  Statement remove{db, "DELETE FROM message WHERE mailbox = ?1 AND seq <= ?2"};
  Statement read{db, "SELECT seq, body FROM message WHERE mailbox = ?1 AND seq > ?2 ORDER BY seq"};
  Statement oldest{db, "SELECT key, mailbox, length(body), day FROM message ORDER BY key LIMIT ?1"};
  Statement drop{db, "DELETE FROM message WHERE key = ?1"};
  Statement lessen{db, "UPDATE mailbox SET used = used - ?2, count = count - 1 WHERE key = ?1"};
  Statement forget{db,
                   "DELETE FROM mailbox WHERE key IN (SELECT key FROM mailbox WHERE count = 0"
                   " AND day < ?1 LIMIT ?2)"};
  Statement pages{db, "PRAGMA page_count"};
  Statement free_pages{db, "PRAGMA freelist_count"};
};

SqliteStore::SqliteStore(const std::filesystem::path& file)
    : connection_(std::make_unique<Connection>(file)) {}
SqliteStore::~SqliteStore() = default;

void SqliteStore::begin() { connection_->begin.run(); }
void SqliteStore::commit() { connection_->commit.run(); }

void SqliteStore::roll_back() noexcept {
  sqlite3_exec(connection_->db, "ROLLBACK", nullptr, nullptr, nullptr);
}

std::optional<MailboxRow> SqliteStore::find(const MailboxId& id) {
  Statement& statement = connection_->find;
  const Reset reset{statement};
  if (!statement.bind(1, id.view()).step()) return std::nullopt;
  const MailboxRow row{.key = statement.number(0),
                       .last = static_cast<std::uint64_t>(statement.number(1)),
                       .used = static_cast<std::uint64_t>(statement.number(2)),
                       .count = static_cast<std::uint32_t>(statement.number(3)),
                       .day = static_cast<std::uint32_t>(statement.number(4))};
  if (!std::ranges::equal(statement.bytes(5), id.view())) return std::nullopt;
  return row;
}

MailboxRow SqliteStore::create(const MailboxId& id, std::uint32_t day) {
  connection_->create.bind(1, id.view()).bind(2, day).run();
  return {.key = sqlite3_last_insert_rowid(connection_->db), .day = day};
}

void SqliteStore::update(const MailboxRow& row) {
  connection_->update.bind(1, row.key)
      .bind(2, row.last)
      .bind(3, row.used)
      .bind(4, row.count)
      .bind(5, row.day)
      .run();
}

void SqliteStore::append(std::int64_t mailbox, std::uint64_t seq, std::uint32_t day,
                         ByteView body) {
  connection_->append.bind(1, mailbox).bind(2, seq).bind(3, day).bind(4, body).run();
}

Removed SqliteStore::remove(std::int64_t mailbox, std::uint64_t seq) {
  Removed removed;
  {
    Statement& measure = connection_->measure;
    const Reset reset{measure};
    if (!measure.bind(1, mailbox).bind(2, seq).step()) return removed;
    removed.count = static_cast<std::uint32_t>(measure.number(0));
    removed.bytes = static_cast<std::uint64_t>(measure.number(1));
  }
  if (removed.count > 0) connection_->remove.bind(1, mailbox).bind(2, seq).run();
  return removed;
}

void SqliteStore::read(std::int64_t mailbox, std::uint64_t after,
                       const std::function<bool(std::uint64_t seq, ByteView body)>& take) {
  Statement& statement = connection_->read;
  const Reset reset{statement};
  statement.bind(1, mailbox).bind(2, after);
  while (statement.step()) {
    if (!take(static_cast<std::uint64_t>(statement.number(0)), statement.bytes(1))) return;
  }
}

/// Messages are appended, so the oldest have the lowest keys.
bool SqliteStore::expire(std::uint32_t day, std::size_t count_max) {
  struct Old {
    std::int64_t key;
    std::int64_t mailbox;
    std::int64_t bytes;
  };
  std::vector<Old> old;
  {
    Statement& oldest = connection_->oldest;
    const Reset reset{oldest};
    oldest.bind(1, static_cast<std::uint64_t>(count_max));
    while (oldest.step() && oldest.number(3) < std::int64_t{day}) {
      old.push_back({oldest.number(0), oldest.number(1), oldest.number(2)});
    }
  }
  for (const Old& message : old) {
    connection_->drop.bind(1, message.key).run();
    connection_->lessen.bind(1, message.mailbox).bind(2, message.bytes).run();
  }
  return old.size() == count_max;
}

bool SqliteStore::forget_mailboxes(std::uint32_t day, std::size_t count_max) {
  connection_->forget.bind(1, day).bind(2, static_cast<std::uint64_t>(count_max)).run();
  return static_cast<std::size_t>(sqlite3_changes(connection_->db)) == count_max;
}

std::uint64_t SqliteStore::used_bytes() {
  const auto ask = [](Statement& statement) {
    const Reset reset{statement};
    return statement.step() ? static_cast<std::uint64_t>(statement.number(0)) : 0;
  };
  return (ask(connection_->pages) - ask(connection_->free_pages)) * connection_->page_bytes;
}

int SqliteStore::log_pages() const { return connection_->log_pages; }

void SqliteStore::checkpoint() {
  const int result = sqlite3_wal_checkpoint_v2(connection_->db, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               nullptr, nullptr);
  check(result, "checkpoint");
}

struct SqliteCheckpoint::Connection {
  explicit Connection(const std::filesystem::path& file) : handle(open_handle(file)) {
    execute(handle.get(), "PRAGMA synchronous=FULL");
    execute(handle.get(), "PRAGMA wal_autocheckpoint=0");
  }
  Handle handle;
};

SqliteCheckpoint::SqliteCheckpoint(const std::filesystem::path& file)
    : connection_(std::make_unique<Connection>(file)) {}
SqliteCheckpoint::~SqliteCheckpoint() = default;

void SqliteCheckpoint::run() {
  const int result = sqlite3_wal_checkpoint_v2(connection_->handle.get(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Busy: the writer is just restarting the log; it asks again.
  if ((result & 0xff) != SQLITE_BUSY) check(result, "checkpoint");
}

}  // namespace attune::relay
