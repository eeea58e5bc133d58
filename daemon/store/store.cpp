#include "daemon/store/store.h"

#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "daemon/store/durable_file.h"
#include "daemon/store/mark.h"
#include "daemon/store/migrations.h"
#include "daemon/store/record_log.h"
#include "daemon/store/root.h"
#include "daemon/store/sealer.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store_files.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

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

struct Store::State final : Rows {
  State(const std::filesystem::path& folder, Sealer keys)
      : sealer(std::move(keys)), mark(folder, sealer), database(folder / kStoreFile), log(sealer) {}

  void put(Row row, ByteView body) override;
  void erase(Row row) override;
  [[nodiscard]] Bytes read(Row row) override;

  void prepare();
  void check_mark() const;
  DecodedRoot read_root();
  std::vector<Record> read_all();
  void write(const RecordBatch& batch);
  void write_root();
  void write_back(bool truncate);

  Sealer sealer;
  Mark mark;
  Database database;
  std::optional<Statement> put_box;
  std::optional<Statement> erase_box;
  std::optional<Statement> find_box;
  RecordLog log;
  Root root;
  std::unordered_map<Row, crypto::Hash32> digests;
  std::optional<std::vector<Record>> unread;  ///< what open() read, until load() takes it
  bool erasure_owed = false;
  bool failed = false;  ///< kIo was thrown
};

void Store::State::prepare() {
  put_box.emplace(database, "REPLACE INTO sealed(id, box) VALUES(?1, ?2)");
  erase_box.emplace(database, "DELETE FROM sealed WHERE id = ?1");
  find_box.emplace(database, "SELECT box FROM sealed WHERE id = ?1");
}

void Store::State::put(Row row, ByteView body) {
  const Bytes box = sealer.seal(BoxKind::kPage, row, body);
  const crypto::Hash32 digest = sealer.digest(row, box);
  const auto [known, is_new] = digests.try_emplace(row, digest);
  if (!is_new) root.remove(std::exchange(known->second, digest));
  root.add(digest);
  put_box->bind(1, row).bind(2, box).run();
}

void Store::State::erase(Row row) {
  const auto known = digests.find(row);
  root.remove(known->second);
  digests.erase(known);
  erase_box->bind(1, row).run();
}

Bytes Store::State::read(Row row) {
  find_box->bind(1, row);
  const bool is_there = find_box->step();
  auto body = is_there ? sealer.open(BoxKind::kPage, row, find_box->bytes(0)) : std::nullopt;
  find_box->reset();
  // What was whole when it was read at opening.
  if (!body) damaged("box");
  return std::move(*body);
}

void Store::State::check_mark() const {
  const auto durable = mark.read();
  if (durable && *durable > root.generation) damaged("what was durable is missing");
}

DecodedRoot Store::State::read_root() {
  find_box->bind(1, kRootRow);
  const bool is_there = find_box->step();
  const auto body =
      is_there ? sealer.open(BoxKind::kRoot, kRootRow, find_box->bytes(0)) : std::nullopt;
  find_box->reset();
  if (!is_there) damaged("root is missing");
  auto decoded = body ? decode_root(*body) : std::nullopt;
  if (!decoded) damaged("root");
  return std::move(*decoded);
}

// Everything anew from disk, in place of what was known.
std::vector<Record> Store::State::read_all() {
  DecodedRoot decoded = read_root();
  root = decoded.root;
  Root found;
  found.generation = root.generation;
  digests.clear();
  log = RecordLog(sealer);
  Statement rows(database, "SELECT id, box FROM sealed WHERE id <> 0");
  while (rows.step()) {
    const std::int64_t number = rows.number(0);
    if (number < 0 || number >= std::numeric_limits<Row>::max()) damaged("row");
    const Row row = static_cast<Row>(number);
    const ByteView box = rows.bytes(1);
    auto body = sealer.open(BoxKind::kPage, row, box);
    if (!body || !log.read(row, std::move(*body))) damaged("box");
    found.add(digests.emplace(row, sealer.digest(row, box)).first->second);
  }
  if (found != root) damaged("a box is missing, older or not ours");
  auto records = log.finish(std::move(decoded.records));
  if (!records) damaged("segments");
  return std::move(*records);
}

void Store::State::write(const RecordBatch& batch) {
  Transaction transaction(database);
  for (const RecordChange& change : batch.changes) log.change(change);
  log.settle(*this);
  ++root.generation;
  write_root();
  transaction.commit();
  mark.write(root.generation);
}

void Store::State::write_root() {
  const Bytes box = sealer.seal(BoxKind::kRoot, kRootRow, log.encode(root));
  put_box->bind(1, kRootRow).bind(2, box).run();
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
  state->write_root();
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
  state->root = state->read_root().root;
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
  const Root known = state_->root;
  std::vector<Record> records = state_->read_all();
  if (state_->root != known) damaged("root");
  return records;
}

void Store::commit(const RecordBatch& batch) {
  if (batch.empty()) return;
  if (state_->failed) throw StoreError(StoreFault::kIo, "after a failure");
  state_->unread.reset();
  try {
    state_->write(batch);
    const bool is_long = state_->database.log_pages() > limits::kLogPagesMax;
    if (batch.erases || state_->erasure_owed) {
      state_->write_back(true);
    } else if (is_long) {
      state_->write_back(false);
    }
  } catch (const StoreError& error) {
    // Memory is ahead of the disk, which is as it was.
    state_->failed = true;
    if (error.fault() != StoreFault::kFull) throw;
    state_->read_all();
    state_->failed = false;
    throw;
  } catch (...) {
    state_->failed = true;
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
std::size_t Store::record_count() const { return state_->log.size(); }

}  // namespace attune::store
