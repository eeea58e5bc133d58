#include "tests/store/store_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace attune::store {

TemporaryFolder::TemporaryFolder() {
  // In memory where that is possible: the tests open thousands of stores, and an fsync there is
  // free.
  const std::filesystem::path memory = "/dev/shm";
  const bool is_there = ::access(memory.c_str(), W_OK) == 0;
  const auto above = is_there ? memory : std::filesystem::temp_directory_path();
  std::string name = (above / "attune-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Bytes read_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

void write_bytes(const std::filesystem::path& file, ByteView bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << as_text(bytes);
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

Snapshot take_snapshot(const std::filesystem::path& folder) {
  Snapshot snapshot;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    snapshot[entry.path().filename().string()] = read_bytes(entry.path());
  }
  return snapshot;
}

void put_back(const std::filesystem::path& folder, const Snapshot& snapshot) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::filesystem::remove_all(entry.path());
  }
  for (const auto& [name, bytes] : snapshot) write_bytes(folder / name, bytes);
}

bool contains(ByteView haystack, ByteView needle) {
  return as_text(haystack).find(as_text(needle)) != std::string_view::npos;
}

Contents contents_of(std::vector<Record> records) {
  Contents contents;
  for (Record& record : records) {
    auto key = std::pair(record.type, std::move(record.name));
    if (!contents.emplace(std::move(key), std::move(record.body)).second) {
      throw std::runtime_error("one record twice");
    }
  }
  return contents;
}

RecordChange put(RecordType type, std::string_view name, std::string_view body) {
  const ByteView name_bytes = as_bytes(name);
  const ByteView body_bytes = as_bytes(body);
  return {.type = type,
          .name = Bytes(name_bytes.begin(), name_bytes.end()),
          .body = Bytes(body_bytes.begin(), body_bytes.end())};
}

RecordChange erase(RecordType type, std::string_view name) {
  const ByteView name_bytes = as_bytes(name);
  return {.type = type, .name = Bytes(name_bytes.begin(), name_bytes.end()), .body = std::nullopt};
}

namespace {

void require(bool good, sqlite3* database) {
  if (!good) throw std::runtime_error(sqlite3_errmsg(database));
}

Bytes blob_of(sqlite3_stmt* statement, int column) {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
  return Bytes(data, data + sqlite3_column_bytes(statement, column));
}

}  // namespace

RawTable::RawTable(const std::filesystem::path& folder) {
  const int result =
      sqlite3_open_v2((folder / "store.db").c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr);
  require(result == SQLITE_OK, database_);
}

RawTable::~RawTable() { sqlite3_close(database_); }

std::vector<RawTable::Line> RawTable::rows() {
  sqlite3_stmt* statement = nullptr;
  require(sqlite3_prepare_v2(database_, "SELECT id, box FROM sealed ORDER BY id", -1, &statement,
                             nullptr) == SQLITE_OK,
          database_);
  std::vector<Line> rows;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    rows.push_back({sqlite3_column_int64(statement, 0), blob_of(statement, 1)});
  }
  require(sqlite3_finalize(statement) == SQLITE_OK, database_);
  return rows;
}

void RawTable::put(const Line& line) {
  run("REPLACE INTO sealed VALUES(" + std::to_string(line.id) + ", x'" + to_hex(line.box) + "')");
}

void RawTable::erase(std::int64_t id) {
  run("DELETE FROM sealed WHERE id = " + std::to_string(id));
}

void RawTable::run(const std::string& sql) {
  require(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, database_);
}

RecordBatch one_of_each(std::string_view body) {
  RecordBatch batch;
  for (const char* name : {"a1", "a2", "b1"}) {
    batch.changes.push_back(put(RecordType::kOp, name, body));
  }
  for (RecordType type :
       {RecordType::kHeads, RecordType::kSelf, RecordType::kPartner, RecordType::kPeer,
        RecordType::kPending, RecordType::kBurnt, RecordType::kIntent, RecordType::kUndo,
        RecordType::kSetting, RecordType::kMailbox, RecordType::kRatchet, RecordType::kParting}) {
    batch.changes.push_back(put(type, "", body));
  }
  for (const char* name : {"second", "third"}) {
    batch.changes.push_back(put(RecordType::kPeer, name, body));
  }
  return batch;
}

RecordBatch many(std::string_view body) {
  RecordBatch batch = one_of_each(body);
  for (int i = 0; i < 50; ++i) {
    std::string words = std::string(body) + ' ' + std::to_string(i) + std::string(300, '.');
    batch.changes.push_back(put(RecordType::kOp, "op-" + std::to_string(i), words));
  }
  return batch;
}

}  // namespace attune::store
