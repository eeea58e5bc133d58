// Bytes that were erased are in no file of the store's folder, not even in a part.
#include <unordered_set>

#include "daemon/store/durable_file.h"
#include "daemon/store/sqlite.h"
#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

constexpr std::size_t kTraceBytes = 16;

// Every run of kTraceBytes in the files of a folder.
class Traces {
 public:
  explicit Traces(const std::filesystem::path& folder) : files_(take_snapshot(folder)) {
    for (const auto& [name, bytes] : files_) {
      const std::string_view all = as_text(bytes);
      for (std::size_t i = 0; i + kTraceBytes <= all.size(); ++i) {
        runs_.insert(all.substr(i, kTraceBytes));
      }
    }
  }
  // How many runs of `box`, taken one behind the other, are anywhere.
  [[nodiscard]] std::size_t of(const Bytes& box) const {
    const std::string_view all = as_text(box);
    std::size_t found = 0;
    for (std::size_t i = 0; i + kTraceBytes <= all.size(); i += kTraceBytes) {
      found += runs_.count(all.substr(i, kTraceBytes));
    }
    return found;
  }

 private:
  Snapshot files_;
  std::unordered_set<std::string_view> runs_;
};

class StoreErasureTest : public StoreTest {
 protected:
  std::map<Bytes, Bytes> boxes() {
    std::map<Bytes, Bytes> boxes;
    for (auto& row : RawTable(folder()).rows()) boxes[row.id] = row.box;
    return boxes;
  }
  Bytes random_bytes(std::size_t size) {
    Bytes bytes(size);
    random_.fill(bytes);
    return bytes;
  }
};

TEST_F(StoreErasureTest, WhatIsWrittenLeavesTraces) {
  {
    create().commit(one_of_each("words"));
  }
  const auto written = boxes();
  const Traces traces(folder());
  for (const auto& [id, box] : written) EXPECT_GT(traces.of(box), 15u);
}

TEST_F(StoreErasureTest, ErasedAndReplacedBoxesAreInNoFile) {
  RecordBatch first;
  for (int i = 0; i < 400; ++i) {
    first.changes.push_back(
        put(RecordType::kOp, std::to_string(i), std::string(random_.below(3'000), 'x')));
  }
  {
    create().commit(first);
  }
  const auto before = boxes();
  RecordBatch second{.changes = {}, .erases = true};
  for (int i = 0; i < 400; ++i) {
    if (i % 3 == 0) second.changes.push_back(erase(RecordType::kOp, std::to_string(i)));
    if (i % 3 == 1) second.changes.push_back(put(RecordType::kOp, std::to_string(i), "husk"));
  }
  std::optional<Store> store(open());
  store->commit(second);
  const Traces while_open(folder());
  store.reset();
  const auto after = boxes();
  const Traces when_closed(folder());
  int gone = 0;
  for (const auto& [id, box] : before) {
    const auto now = after.find(id);
    if (now != after.end() && now->second == box) continue;
    ++gone;
    EXPECT_EQ(while_open.of(box), 0u);
    EXPECT_EQ(when_closed.of(box), 0u);
  }
  EXPECT_GT(gone, 250);
}

// SQLite alone leaves copies of moved cells behind: secure_delete without erasing_vfs.h fails this.
TEST_F(StoreErasureTest, NoTraceIsLeftBehindWhenPagesAreBalanced) {
  prepare_replacement(file(), {});
  finish_replacement(file());
  Database database(file());
  database.execute("CREATE TABLE sealed(id BLOB PRIMARY KEY, box BLOB) WITHOUT ROWID");
  Statement put(database, "REPLACE INTO sealed VALUES(?1, ?2)");
  Statement erase(database, "DELETE FROM sealed WHERE id = ?1");
  std::vector<std::pair<Bytes, Bytes>> live;
  std::vector<Bytes> dead;
  constexpr std::size_t kSizes[] = {296, 320, 360, 420, 800, 2'000};
  for (int round = 0; round < 1'500; ++round) {
    Transaction transaction(database);
    for (std::uint32_t i = random_.below(20); i < 20; ++i) {
      const std::uint32_t act = random_.below(10);
      if (act < 4 || live.empty()) {
        live.emplace_back(random_bytes(16), random_bytes(kSizes[random_.below(6)]));
        put.bind(1, live.back().first).bind(2, live.back().second).run();
        continue;
      }
      auto& chosen = live[random_.below(static_cast<std::uint32_t>(live.size()))];
      dead.push_back(chosen.second);
      if (act < 8) {
        erase.bind(1, chosen.first).run();
        std::swap(chosen, live.back());
        live.pop_back();
      } else {
        chosen.second = random_bytes(kSizes[random_.below(6)]);
        put.bind(1, chosen.first).bind(2, chosen.second).run();
      }
    }
    transaction.commit();
    if (round % 300 == 299) {
      database.checkpoint(true);
      const Traces traces(folder());
      for (const Bytes& box : dead) ASSERT_EQ(traces.of(box), 0u) << round;
      for (const auto& [id, box] : live) ASSERT_GT(traces.of(box), 10u);
    }
  }
  EXPECT_GT(dead.size(), 5'000u);
}

}  // namespace
}  // namespace attune::store
