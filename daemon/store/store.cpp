#include "daemon/store/store.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "daemon/store/durable_file.h"
#include "daemon/store/mark.h"
#include "daemon/store/migrations.h"
#include "daemon/store/root.h"
#include "daemon/store/sealer.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store_files.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

// 4 MB of log at 4 KiB a page: written back before it costs more to read at the next start.
constexpr int kLogPagesMax = 1'000;

struct IdHash {
  std::size_t operator()(const RecordId& id) const {
    // Ids are the output of a keyed hash: any eight bytes will do.
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data(), sizeof(value));
    return value;
  }
};

// What the table holds under an id.
struct Known {
  RecordType type{};
  crypto::Hash32 digest{};
};
using Index = std::unordered_map<RecordId, Known, IdHash>;

[[noreturn]] void damaged(const char* what) { throw StoreError(StoreFault::kDamaged, what); }

// Removes what an init without an end left; refuses whatever could be somebody's store.
void clear_unfinished(const std::filesystem::path& folder) {
  const auto is_there = [&folder](const char* name) {
    return std::filesystem::exists(std::filesystem::symlink_status(folder / name));
  };
  for (const char* name : kSlotFiles) {
    if (is_there(name)) damaged("a key slot is here already");
  }
  if (is_there(kStoreFile) && !is_there(kUnfinished)) damaged("a store is here already");
  for (const char* name : {kStoreFile, kStoreLog, kStoreMark, kStoreStray[0], kStoreStray[1]}) {
    remove_file(folder / name);
  }
}

void make_empty(const std::filesystem::path& file) {
  prepare_replacement(file, {});
  finish_replacement(file);
}

}  // namespace

struct Store::State {
  State(const std::filesystem::path& folder, Sealer keys)
      : sealer(std::move(keys)),
        root_id(sealer.id(RecordType::kRoot, {})),
        mark(folder, sealer),
        database(folder / kStoreFile) {}

  void prepare();
  void check_mark() const;
  Root read_root();
  std::vector<Record> read_all();
  void write(const RecordBatch& batch);
  void write_root(const Root& next);
  void write_back(bool truncate);

  Sealer sealer;
  RecordId root_id;
  Mark mark;
  Database database;
  std::optional<Statement> put;
  std::optional<Statement> erase;
  Root root;
  Index index;
  std::optional<std::vector<Record>> unread;  ///< what open() read, until load() takes it
  bool erasure_owed = false;
  bool failed = false;  ///< kIo was thrown
};

void Store::State::prepare() {
  put.emplace(database, "REPLACE INTO sealed(id, box) VALUES(?1, ?2)");
  erase.emplace(database, "DELETE FROM sealed WHERE id = ?1");
}

void Store::State::check_mark() const {
  const auto durable = mark.read();
  if (durable && *durable > root.generation) damaged("what was durable is missing");
}

Root Store::State::read_root() {
  Statement find(database, "SELECT box FROM sealed WHERE id = ?1");
  if (!find.bind(1, root_id.view()).step()) damaged("root is missing");
  const auto record = sealer.open(root_id, RecordType::kRoot, find.bytes(0));
  if (!record) damaged("root");
  auto decoded = decode_root(record->body);
  if (!decoded) damaged("root");
  return std::move(*decoded);
}

std::vector<Record> Store::State::read_all() {
  Root found;
  Index seen;
  std::vector<Record> records;
  seen.reserve(root.op_count + root.others.size());
  records.reserve(root.op_count + root.others.size());
  Statement rows(database, "SELECT id, box FROM sealed");
  bool is_root_seen = false;
  while (rows.step()) {
    const auto id = RecordId::from(rows.bytes(0));
    if (!id) damaged("record id");
    if (*id == root_id) {
      is_root_seen = true;
      continue;
    }
    const auto other = root.others.find(*id);
    const RecordType type = other == root.others.end() ? RecordType::kOp : other->second.type;
    const ByteView box = rows.bytes(1);
    const crypto::Hash32 digest = sealer.digest(*id, box);
    auto record = sealer.open(*id, type, box);
    if (!record || !seen.emplace(*id, Known{.type = type, .digest = digest}).second) {
      damaged("record");
    }
    found.add(*id, type, digest);
    records.push_back(std::move(*record));
  }
  found.generation = root.generation;
  if (!is_root_seen || found != root) damaged("a record is missing, older or not ours");
  index = std::move(seen);
  return records;
}

void Store::State::write(const RecordBatch& batch) {
  std::map<RecordId, const RecordChange*> last;
  for (const RecordChange& change : batch.changes) {
    assert(change.type != RecordType::kRoot);
    last[sealer.id(change.type, change.name)] = &change;
  }
  Root next = root;
  ++next.generation;
  std::vector<std::pair<RecordId, std::optional<Known>>> moved;
  moved.reserve(last.size());
  Transaction transaction(database);
  for (const auto& [id, change] : last) {
    const auto old = index.find(id);
    if (old != index.end()) next.remove(id, old->second.type, old->second.digest);
    if (change->body) {
      const Bytes box = sealer.seal(id, change->type, change->name, *change->body);
      const Known known{.type = change->type, .digest = sealer.digest(id, box)};
      next.add(id, known.type, known.digest);
      put->bind(1, id.view()).bind(2, box).run();
      moved.emplace_back(id, known);
    } else if (old != index.end()) {
      erase->bind(1, id.view()).run();
      moved.emplace_back(id, std::nullopt);
    }
  }
  write_root(next);
  transaction.commit();
  mark.write(next.generation);
  root = std::move(next);
  for (const auto& [id, known] : moved) {
    if (known) {
      index.insert_or_assign(id, *known);
    } else {
      index.erase(id);
    }
  }
}

void Store::State::write_root(const Root& next) {
  const Bytes box = sealer.seal(root_id, RecordType::kRoot, {}, encode_root(next));
  put->bind(1, root_id.view()).bind(2, box).run();
}

void Store::State::write_back(bool truncate) {
  erasure_owed = erasure_owed || truncate;
  try {
    database.checkpoint(truncate);
    if (truncate) erasure_owed = false;
  } catch (const StoreError& error) {
    // The log keeps what the file had no room for. What was committed stays committed.
    if (error.fault() != StoreFault::kFull) throw;
  }
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::create(const std::filesystem::path& folder, const StoreId& id, crypto::Key dek,
                    crypto::Random& random) {
  clear_unfinished(folder);
  make_empty(folder / kUnfinished);
  make_empty(folder / kStoreFile);
  auto state = std::make_unique<State>(folder, Sealer(id, std::move(dek), random));
  migrate(state->database);
  state->prepare();
  Transaction transaction(state->database);
  state->write_root(state->root);
  transaction.commit();
  state->mark.write(state->root.generation);
  state->database.checkpoint(true);
  sync_folder(folder);
  return Store(std::move(state));
}

Store Store::open(const std::filesystem::path& folder, const StoreId& id, crypto::Key dek,
                  crypto::Random& random) {
  read_version(folder / kStoreFile);
  auto state = std::make_unique<State>(folder, Sealer(id, std::move(dek), random));
  migrate(state->database);
  check_structure(state->database);
  state->prepare();
  state->root = state->read_root();
  state->check_mark();
  state->unread = state->read_all();
  // The log may be new here, and SQLite ignores what becomes of its name.
  sync_folder(folder);
  state->write_back(true);
  state->mark.write(state->root.generation);
  return Store(std::move(state));
}

std::vector<Record> Store::load() {
  if (state_->unread) return *std::exchange(state_->unread, std::nullopt);
  if (state_->read_root() != state_->root) damaged("root");
  return state_->read_all();
}

void Store::commit(const RecordBatch& batch) {
  if (batch.empty()) return;
  if (state_->failed) throw StoreError(StoreFault::kIo, "after a failure");
  state_->unread.reset();
  try {
    state_->write(batch);
    const bool is_long = state_->database.log_pages() > kLogPagesMax;
    if (batch.erases || state_->erasure_owed) {
      state_->write_back(true);
    } else if (is_long) {
      state_->write_back(false);
    }
  } catch (const StoreError& error) {
    state_->failed = error.fault() == StoreFault::kIo;
    throw;
  }
}

bool Store::erasure_owed() const { return state_->erasure_owed; }

void Store::settle() {
  if (state_->failed) throw StoreError(StoreFault::kIo, "after a failure");
  try {
    state_->write_back(true);
    state_->mark.write(state_->root.generation);  // its time of change says no more than the log's
  } catch (const StoreError& error) {
    state_->failed = error.fault() == StoreFault::kIo;
    throw;
  }
}

std::uint64_t Store::generation() const { return state_->root.generation; }
std::size_t Store::record_count() const { return state_->index.size(); }

}  // namespace attune::store
