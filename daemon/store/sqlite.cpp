#include "daemon/store/sqlite.h"

#include <array>
#include <cassert>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "daemon/store/erasing_vfs.h"

namespace attune::store {
namespace {

// A row is one box, the largest a little over limits::kRecordBytesMax. What claims to be longer is
// not read into memory.
constexpr int kRowBytesMax = 2 << 20;
// 4 GiB, which keeps page numbers far below where erasing_vfs.h would take them for a page type.
constexpr int kPageCountMax = 1 << 20;

StoreFault fault_of(int result) {
  switch (result & 0xff) {
    // Of a write alone: what an fsync could not keep is lost, also where the reason was a lack of
    // space.
    case SQLITE_FULL:
      return StoreFault::kFull;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreFault::kBusy;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT:
      return StoreFault::kIo;
    default:
      // Our statements are constant and right, so whatever else SQLite objects to is the file.
      return StoreFault::kDamaged;
  }
}

[[noreturn]] void throw_result(int result, std::string_view step) {
  if ((result & 0xff) == SQLITE_NOMEM) throw std::bad_alloc();
  throw StoreError(fault_of(result), std::string(step) + ": " + sqlite3_errstr(result));
}

PreparedStatement prepare(const Database& database, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int result = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        &raw, nullptr);
  PreparedStatement statement(raw);
  if (result != SQLITE_OK) database.fail(result, "prepare");
  return statement;
}

int remember_log_pages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

}  // namespace

Database::Database(const std::filesystem::path& file) : log_pages_(std::make_unique<int>(0)) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  sqlite3* raw = nullptr;
  const int result = sqlite3_open_v2(file.c_str(), &raw, flags, erasing_vfs());
  handle_.reset(raw);
  if (raw == nullptr) throw std::bad_alloc();
  if (result != SQLITE_OK) fail(result, "open");
  configure();
}

void Database::configure() {
  sqlite3* db = handle();
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 0);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kRowBytesMax);
  // A file that is refused keeps every byte, so closing writes nothing.
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // The schema is bytes from a disk: it may not make anything run.
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  execute("PRAGMA locking_mode=EXCLUSIVE");
  execute("PRAGMA secure_delete=ON");
  execute("PRAGMA synchronous=FULL");
  execute("PRAGMA temp_store=MEMORY");
  // 8 MiB: ids are random, so a batch touches as many pages as it has rows. With SQLite's own 2 MiB
  // it writes them to the log before the commit, and reads them back.
  execute("PRAGMA cache_size=-8192");
  execute("PRAGMA cell_size_check=ON");
  {
    Statement mode(*this, "PRAGMA journal_mode=WAL");
    const bool by_log = mode.step() && mode.text(0) == "wal";
    // What it says it does after it has said so, and fails there where a disk fails.
    if (!by_log || mode.step()) throw StoreError(StoreFault::kIo, "no write-ahead log here");
  }
  execute("PRAGMA max_page_count=" + std::to_string(kPageCountMax));
  // Instead of SQLite's own checkpoints, which swallow a failed fsync.
  sqlite3_wal_hook(db, remember_log_pages, log_pages_.get());
}

void Database::execute(const std::string& sql) {
  const int result = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail(result, sql.substr(0, sql.find_first_of(" =")));
}

void Database::run(PreparedStatement& statement, std::string_view sql) {
  if (!statement) statement = prepare(*this, sql);
  const int result = sqlite3_step(statement.get());
  sqlite3_reset(statement.get());
  if (result != SQLITE_DONE) fail(result, sql);
}

std::int64_t Database::number(std::string_view sql) const {
  Statement statement(*this, sql);
  if (!statement.step()) fail(SQLITE_CORRUPT, "number");
  return statement.number(0);
}

void Database::checkpoint(bool truncate) {
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int result = sqlite3_wal_checkpoint_v2(handle(), nullptr, mode, nullptr, nullptr);
  if (result != SQLITE_OK) fail(result, "checkpoint");
  *log_pages_ = 0;
}

void Database::fail(int result, std::string_view step) const { throw_result(result, step); }

Statement::Statement(const Database& database, std::string_view sql)
    : database_(&database), statement_(prepare(database, sql)) {}

Statement& Statement::bind(int index, ByteView bytes) {
  const int result =
      sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC);
  if (result != SQLITE_OK) database_->fail(result, "bind");
  return *this;
}

Statement& Statement::bind(int index, std::uint32_t number) {
  const int result = sqlite3_bind_int64(statement_.get(), index, number);
  if (result != SQLITE_OK) database_->fail(result, "bind");
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) database_->fail(result, "step");
  return false;
}

void Statement::reset() {
  // Gives the error of the last step once more, which was thrown then.
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void Statement::run() {
  struct Reset {
    Statement& statement;
    ~Reset() { statement.reset(); }
  } reset{*this};
  const bool row = step();
  assert(!row);
  static_cast<void>(row);
}

ByteView Statement::bytes(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_BLOB) return {};
  const auto* data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

Transaction::Transaction(Database& database) : database_(database) { database_.begin(); }

Transaction::~Transaction() {
  if (!open_ || sqlite3_get_autocommit(database_.handle()) != 0) return;
  // What a rollback can't undo on disk the log's checksums leave out when it is read again.
  sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.commit();
  open_ = false;
}

DatabaseHeader read_header(const std::filesystem::path& file) {
  constexpr int kHeaderBytes = 100;
  const StoreError damaged(StoreFault::kDamaged, "no database here");
  // Through SQLite's own file layer: a plain open and close would drop this process's lock on the
  // file.
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  const char* name = sqlite3_create_filename(file.c_str(), "", "", 0, nullptr);
  if (name == nullptr) throw std::bad_alloc();
  std::vector<std::max_align_t> memory(
      static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* opened = reinterpret_cast<sqlite3_file*>(memory.data());
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
  int result = vfs->xOpen(vfs, name, opened, flags, nullptr);
  std::array<std::uint8_t, kHeaderBytes> bytes{};
  if (result == SQLITE_OK) result = opened->pMethods->xRead(opened, bytes.data(), kHeaderBytes, 0);
  if (opened->pMethods != nullptr) opened->pMethods->xClose(opened);
  sqlite3_free_filename(name);
  std::error_code none;
  const bool is_missing =
      result == SQLITE_CANTOPEN &&
      std::filesystem::symlink_status(file, none).type() == std::filesystem::file_type::not_found;
  if (is_missing || result == SQLITE_IOERR_SHORT_READ) throw damaged;
  if (result != SQLITE_OK) throw_result(result, "header");

  if (as_text(ByteView(bytes).first(16)) != std::string_view("SQLite format 3\0", 16))
    throw damaged;
  const auto u32be = [&bytes](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[at + i];
    return value;
  };
  constexpr std::uint8_t kByLog = 2;
  return {
      .log_to_write = bytes[18] == kByLog, .application_id = u32be(68), .user_version = u32be(60)};
}

}  // namespace attune::store
