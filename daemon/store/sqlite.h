#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/store/store_error.h"
#include "proto/bytes.h"

namespace attune::store {

struct Finalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using PreparedStatement = std::unique_ptr<sqlite3_stmt, Finalizer>;

/// One SQLite file in write-ahead mode, held exclusively, every commit fsynced, freed bytes
/// overwritten
/// (`erasing_vfs.h`). Closing writes nothing. Moves, never copies. One thread. Every failure is a
/// StoreError, except memory that is not there: std::bad_alloc.
class Database {
 public:
  /// An existing file; an empty one becomes a database. kBusy where another process holds it.
  explicit Database(const std::filesystem::path& file);

  /// One or more statements without rows to read.
  void execute(const std::string& sql);
  /// The ends of a transaction: Transaction calls them.
  void begin() { run(begin_, "BEGIN IMMEDIATE"); }
  void commit() { run(commit_, "COMMIT"); }
  /// The one integer that a query or pragma gives.
  [[nodiscard]] std::int64_t number(std::string_view sql) const;
  /// Writes the log back into the file; truncated to nothing where `truncate`.
  void checkpoint(bool truncate);
  /// Pages of log that the last commit left.
  [[nodiscard]] int log_pages() const { return *log_pages_; }

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  /// Throws what this SQLite result stands for.
  [[noreturn]] void fail(int result, std::string_view step) const;

 private:
  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  void configure();
  void run(PreparedStatement& statement, std::string_view sql);

  std::unique_ptr<int> log_pages_;  // SQLite writes here; stays where it is when the Database moves
  std::unique_ptr<sqlite3, Closer> handle_;
  PreparedStatement begin_;  // prepared when first run
  PreparedStatement commit_;
};

/// A prepared statement. The Database outlives it. Views of columns last until the next step or
/// reset.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  /// Indices from 1. The bytes stay with the caller until the statement is reset or bound anew.
  Statement& bind(int index, ByteView bytes);
  Statement& bind(int index, std::uint32_t number);
  /// true: a row is there.
  bool step();
  void reset();
  /// Runs a statement that gives no rows, and resets it.
  void run();

  /// Columns from 0. Bytes of a column that is no blob are empty.
  [[nodiscard]] ByteView bytes(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;

 private:
  const Database* database_;
  PreparedStatement statement_;
};

/// Rolls back where commit() was not reached.
class Transaction {
 public:
  explicit Transaction(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  /// Durable when it returns.
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

/// What stands in the first bytes of a SQLite file; read without taking or dropping a lock,
/// creating or changing anything.
struct DatabaseHeader {
  bool log_to_write = false;  ///< written through a log, and by any SQLite that knows one
  std::uint32_t application_id = 0;
  std::uint32_t user_version = 0;
};
/// kDamaged where there is no file, or one that is no database; kIo where it can't be opened.
DatabaseHeader read_header(const std::filesystem::path& file);

}  // namespace attune::store
