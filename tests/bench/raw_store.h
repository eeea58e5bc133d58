#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "proto/bytes.h"

namespace attune::bench {

/// SQLite with one table and nothing of ours around it: the floor of what a store can do on this
/// disk. WAL and synchronous=FULL, as the store has them. Throws std::runtime_error.
class RawStore {
 public:
  explicit RawStore(const std::filesystem::path& file);
  /// One transaction that puts these rows under the given ids.
  struct Row {
    Bytes id;
    Bytes box;
  };
  void commit(const std::vector<Row>& rows);
  /// Every row, in the order of the ids.
  [[nodiscard]] std::vector<Row> read_all();

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void execute(const char* sql);
  sqlite3_stmt* prepare(const char* sql);

  std::unique_ptr<sqlite3, Close> database_;
  std::unique_ptr<sqlite3_stmt, Finalize> put_;
};

}  // namespace attune::bench
