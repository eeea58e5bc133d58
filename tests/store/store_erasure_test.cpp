// Bytes that were erased are in no file of the store's folder, and who has the key finds nothing
// that opens what is left of them.
#include <unordered_set>

#include "daemon/store/durable_file.h"
#include "daemon/store/locks.h"
#include "daemon/store/root.h"
#include "daemon/store/segment.h"
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
  // What the table holds, whether the store is open or not.
  std::vector<RawTable::Line> boxes() {
    const TemporaryFolder copy;
    put_back(copy.path(), take_snapshot(folder()));
    return RawTable(copy.path()).rows();
  }
  // Everything that who has the key and these boxes can read: the root, each page, and whatever any
  // lock that is anywhere opens in any segment.
  std::vector<Bytes> readable(const std::vector<RawTable::Line>& lines) {
    const Sealer sealer(id_, key_.clone(), random_);
    std::vector<Bytes> all;
    std::vector<Lock> locks;
    for (const auto& [id, box] : lines) {
      const Row row = static_cast<Row>(id);
      all.push_back(
          sealer.open(row == kRootRow ? BoxKind::kRoot : BoxKind::kPage, row, box).value());
      Locks page;
      if (!page.decode(all.back())) continue;
      for (std::uint32_t slot = 0; slot < page.slots(); ++slot) {
        if (const Lock* lock = page.find(slot)) locks.push_back(*lock);
      }
    }
    const std::size_t pages = all.size();
    for (std::size_t i = 0; i < pages; ++i) {
      const Bytes page = all[i];
      SegmentReader frames(page);
      while (auto frame = frames.next()) {
        for (const Lock& lock : locks) {
          if (auto body = sealer.reopen(lock, frame->closed)) all.push_back(std::move(*body));
        }
      }
    }
    return all;
  }
  static bool found(const std::vector<Bytes>& all, ByteView wanted) {
    return std::ranges::any_of(all, [&](const Bytes& one) { return contains(one, wanted); });
  }
  Bytes random_bytes(std::size_t size) {
    Bytes bytes(size);
    random_.fill(bytes);
    return bytes;
  }
  // An op whose words nothing else has.
  RecordChange unique(const std::string& name, std::size_t size) {
    return {.type = RecordType::kOp,
            .name = Bytes(name.begin(), name.end()),
            .body = random_bytes(size)};
  }
};

TEST_F(StoreErasureTest, WhatIsWrittenLeavesTracesAndIsReadableWithTheKey) {
  RecordBatch batch;
  for (int i = 0; i < 60; ++i) batch.changes.push_back(unique(std::to_string(i), 16 + 20 * i));
  {
    create().commit(batch);
  }
  const Traces traces(folder());
  const auto lines = boxes();
  for (const auto& [id, box] : lines) EXPECT_GT(traces.of(box), 200u);
  const auto all = readable(lines);
  for (const RecordChange& change : batch.changes) EXPECT_TRUE(found(all, *change.body));
}

// The boxes that held a word or its lock are gone, and nothing that is left opens the word.
TEST_F(StoreErasureTest, ErasedAndReplacedWordsAreInNoFileAndNothingOpensThem) {
  RecordBatch first;
  for (int i = 0; i < 400; ++i) {
    first.changes.push_back(
        unique(std::to_string(i), 16 + random_.below(i % 50 == 0 ? 9'000 : 900)));
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
  EXPECT_EQ(std::filesystem::file_size(log()), 0u);
  const Traces while_open(folder());
  const auto after = boxes();
  store.reset();
  const Traces when_closed(folder());
  int gone = 0;
  for (const auto& line : before) {
    if (std::ranges::find(after, line) != after.end()) continue;
    ++gone;
    EXPECT_EQ(while_open.of(line.box), 0u);
    EXPECT_EQ(when_closed.of(line.box), 0u);
  }
  EXPECT_GT(gone, 2);
  const auto all = readable(after);
  for (int i = 0; i < 400; ++i) {
    EXPECT_EQ(found(all, *first.changes[static_cast<std::size_t>(i)].body), i % 3 == 2) << i;
  }
}

TEST_F(StoreErasureTest, NothingErasedEverComesBackAsSegmentsAreCopied) {
  Store store = create();
  std::map<std::string, Bytes> live;
  std::vector<Bytes> dead;
  std::vector<RawTable::Line> last;
  for (int round = 0; round < 100; ++round) {
    RecordBatch batch{.changes = {}, .erases = true};
    for (std::uint32_t i = random_.below(20); i < 20; ++i) {
      const std::string name = std::to_string(random_.below(150));
      const auto known = live.find(name);
      const bool erases = known != live.end() && random_.below(4) == 0;
      if (known != live.end()) dead.push_back(known->second);
      live.erase(name);
      batch.changes.push_back(erases ? erase(RecordType::kOp, name)
                                     : unique(name, 16 + random_.below(4'000)));
      if (!erases) live[name] = *batch.changes.back().body;
    }
    store.commit(batch);
    if (round % 20 != 19) continue;
    const Traces traces(folder());
    const auto lines = boxes();
    for (const auto& line : last) {
      if (std::ranges::find(lines, line) == lines.end()) {
        EXPECT_EQ(traces.of(line.box), 0u);
      }
    }
    const auto all = readable(lines);
    for (const Bytes& words : dead) ASSERT_FALSE(found(all, words)) << round;
    for (const auto& [name, words] : live) ASSERT_TRUE(found(all, words)) << round;
    last = lines;
  }
  EXPECT_GT(dead.size(), 500u);
  // Dead frames take bounded room: at most what lives, a quarter of a megabyte and half-full pages.
  std::size_t bytes = 0;
  for (const auto& [name, words] : live) bytes += words.size();
  EXPECT_LT(last.size() * 4'096, 3 * bytes + (std::size_t{512} << 10));
}

// SQLite alone leaves copies of moved cells behind: secure_delete without erasing_vfs.h fails this.
TEST_F(StoreErasureTest, NoTraceIsLeftBehindWhenPagesAreBalanced) {
  prepare_replacement(file(), {});
  finish_replacement(file());
  Database database(file());
  database.execute("CREATE TABLE sealed(id INTEGER PRIMARY KEY, box BLOB)");
  Statement put(database, "REPLACE INTO sealed VALUES(?1, ?2)");
  Statement erase(database, "DELETE FROM sealed WHERE id = ?1");
  std::vector<std::pair<std::uint32_t, Bytes>> live;
  std::vector<Bytes> dead;
  constexpr std::size_t kSizes[] = {296, 320, 360, 420, 800, 2'000};
  for (int round = 0; round < 1'500; ++round) {
    Transaction transaction(database);
    for (std::uint32_t i = random_.below(20); i < 20; ++i) {
      const std::uint32_t act = random_.below(10);
      if (act < 4 || live.empty()) {
        live.emplace_back(random_.below(1u << 31), random_bytes(kSizes[random_.below(6)]));
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
