#include "tests/bench/raw_store.h"

#include <stdexcept>

namespace attune::bench {
namespace {

void require(bool holds) {
  if (!holds) throw std::runtime_error("SQLite fails");
}

ByteView column(sqlite3_stmt* row, int number) {
  return {static_cast<const std::uint8_t*>(sqlite3_column_blob(row, number)),
          static_cast<std::size_t>(sqlite3_column_bytes(row, number))};
}

}  // namespace

RawStore::RawStore(const std::filesystem::path& file) {
  sqlite3* raw = nullptr;
  require(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
  database_.reset(raw);
  execute("PRAGMA locking_mode=EXCLUSIVE");
  execute("PRAGMA journal_mode=WAL");
  execute("PRAGMA synchronous=FULL");
  execute("CREATE TABLE IF NOT EXISTS sealed(id BLOB PRIMARY KEY, box BLOB) WITHOUT ROWID");
  put_.reset(prepare("REPLACE INTO sealed(id, box) VALUES(?1, ?2)"));
}

void RawStore::execute(const char* sql) {
  require(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK);
}

sqlite3_stmt* RawStore::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  require(sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) == SQLITE_OK);
  return statement;
}

void RawStore::commit(const std::vector<Row>& rows) {
  execute("BEGIN IMMEDIATE");
  for (const Row& row : rows) {
    sqlite3_bind_blob64(put_.get(), 1, row.id.data(), row.id.size(), SQLITE_STATIC);
    sqlite3_bind_blob64(put_.get(), 2, row.box.data(), row.box.size(), SQLITE_STATIC);
    require(sqlite3_step(put_.get()) == SQLITE_DONE);
    sqlite3_reset(put_.get());
  }
  execute("COMMIT");
}

std::vector<RawStore::Row> RawStore::read_all() {
  std::unique_ptr<sqlite3_stmt, Finalize> all(prepare("SELECT id, box FROM sealed"));
  std::vector<Row> rows;
  while (sqlite3_step(all.get()) == SQLITE_ROW) {
    const ByteView id = column(all.get(), 0);
    const ByteView box = column(all.get(), 1);
    rows.push_back({.id = Bytes(id.begin(), id.end()), .box = Bytes(box.begin(), box.end())});
  }
  return rows;
}

}  // namespace attune::bench
