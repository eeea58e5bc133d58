#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "daemon/store/store.h"

namespace attune::store {

/// A folder of its own, gone with everything in it when it goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The bytes of each file of a folder, by name.
using Snapshot = std::map<std::string, Bytes>;
Snapshot take_snapshot(const std::filesystem::path& folder);
void put_back(const std::filesystem::path& folder, const Snapshot& snapshot);
Bytes read_bytes(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, ByteView bytes);
bool contains(ByteView haystack, ByteView needle);

/// What an operation throws; nullopt where it throws nothing.
template <typename Operation>
std::optional<StoreFault> fault_of(Operation operation) {
  try {
    operation();
    return std::nullopt;
  } catch (const StoreError& error) {
    return error.fault();
  }
}

/// Records by type and name, so that contents compare whatever their order.
using Contents = std::map<std::pair<RecordType, Bytes>, Bytes>;
Contents contents_of(std::vector<Record> records);

RecordChange put(RecordType type, std::string_view name, std::string_view body);
RecordChange erase(RecordType type, std::string_view name);

/// A file looked at and changed as a thief or a failing disk would: by SQLite, without our keys.
class RawTable {
 public:
  explicit RawTable(const std::filesystem::path& folder);
  RawTable(const RawTable&) = delete;
  RawTable& operator=(const RawTable&) = delete;
  ~RawTable();
  struct Line {
    std::int64_t id = 0;
    Bytes box;
    friend auto operator<=>(const Line&, const Line&) = default;
  };
  /// The root first.
  std::vector<Line> rows();
  void put(const Line& line);
  void erase(std::int64_t id);
  void run(const std::string& sql);

 private:
  sqlite3* database_ = nullptr;
};

/// One store in a folder of its own, opened under the same key again and again.
class StoreTest : public ::testing::Test {
 protected:
  Store create() { return Store::create(folder(), id_, key_.clone(), random_); }
  Store open() { return Store::open(folder(), id_, key_.clone(), random_); }
  std::optional<StoreFault> fault_of_open() {
    return fault_of([this] { open(); });
  }
  /// What a fresh start finds.
  Contents reopened() { return contents_of(open().load()); }
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path file() const { return folder() / "store.db"; }
  std::filesystem::path log() const { return folder() / "store.db-wal"; }
  std::filesystem::path mark() const { return folder() / "store.mark"; }

  crypto::SeededRandom random_{11};
  crypto::Key key_ = random_.key();
  StoreId id_{random_.bytes<16>()};

 private:
  TemporaryFolder folder_;
};

/// One record of each type but the root, with several ops.
RecordBatch one_of_each(std::string_view body);
/// One of each and ops that fill several segments: more than a root has room for.
RecordBatch many(std::string_view body);

}  // namespace attune::store
