// Segments, their locks, and where each record stands.
#include "daemon/store/record_log.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "proto/limits.h"
#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

/// Rows in memory.
class HeldRows final : public Rows {
 public:
  void put(Row row, ByteView body) override {
    rows[row].assign(body.begin(), body.end());
    written.insert(row);
  }
  void erase(Row row) override { ASSERT_EQ(rows.erase(row), 1u); }
  Bytes read(Row row) override { return rows.at(row); }

  std::map<Row, Bytes> rows;
  std::set<Row> written;
};

class RecordLogTest : public ::testing::Test {
 protected:
  void change(const RecordChange& change) {
    log_->change(change);
    if (change.body) {
      model_[{change.type, change.name}] = *change.body;
    } else {
      model_.erase({change.type, change.name});
    }
  }
  // Gives the rows that were written.
  std::set<Row> settle() {
    rows_.written.clear();
    log_->settle(rows_);
    return rows_.written;
  }
  void add_ops(int from, int to, std::size_t bytes) {
    for (int i = from; i < to; ++i) {
      change(put(RecordType::kOp, "op-" + std::to_string(i), std::string(bytes, 'x')));
    }
  }
  // What another log makes of these rows and this one's root; nullopt where it is damaged.
  std::optional<Contents> read_back() {
    log_.emplace(sealer_);
    for (const auto& [row, body] : rows_.rows) {
      if (!log_->read(row, body)) return std::nullopt;
    }
    auto records = log_->finish(decode_root(root_)->records);
    if (!records) return std::nullopt;
    return contents_of(std::move(*records));
  }
  void keep_root() { root_ = log_->encode(Root()); }
  std::optional<Contents> reopened() {
    keep_root();
    return read_back();
  }

  crypto::SeededRandom random_{41};
  Sealer sealer_{StoreId{}, random_.key(), random_};
  HeldRows rows_;
  Contents model_;
  Bytes root_;
  std::optional<RecordLog> log_{std::in_place, sealer_};
};

TEST_F(RecordLogTest, WhatIsSmallAndNewStandsInTheRootAlone) {
  for (const RecordChange& each : one_of_each("body").changes) change(each);
  EXPECT_EQ(settle(), std::set<Row>{});
  EXPECT_TRUE(reopened() == model_);
}

TEST_F(RecordLogTest, OpsLeaveTheRootTogetherAndItStaysOnePage) {
  std::size_t times = 0;
  for (int i = 0; i < 400; ++i) {
    add_ops(i, i + 1, 300);
    if (!settle().empty()) ++times;
    EXPECT_LE(log_->encode(Root()).size(), kPageBodyBytes);
  }
  EXPECT_GT(times, 20u);
  EXPECT_LT(times, 50u);
  // What is full is not written again: as many segments as the ops need, and two pages of locks.
  EXPECT_LE(rows_.rows.size(), std::size_t{400} * 345 / kPageBodyBytes + 1 + 2 + 1);
  EXPECT_TRUE(reopened() == model_);
}

TEST_F(RecordLogTest, ManyErasuresChangeFewPages) {
  add_ops(0, 2'000, 300);
  settle();
  const std::size_t before = rows_.rows.size();
  EXPECT_GT(before, 150u);
  for (int i = 0; i < 2'000; i += 20) {
    change(put(RecordType::kOp, "op-" + std::to_string(i), "husk"));
  }
  EXPECT_LE(settle().size(), 8u + 3u);
  EXPECT_TRUE(reopened() == model_);
}

TEST_F(RecordLogTest, ALongRecordHasASegmentOfItsOwn) {
  change(put(RecordType::kIntent, "long", std::string(50'000, 'x')));
  change(put(RecordType::kUndo, "", "short"));
  settle();
  EXPECT_LT(log_->encode(Root()).size(), 200u);
  EXPECT_TRUE(reopened() == model_);
  change(erase(RecordType::kIntent, "long"));
  settle();
  EXPECT_EQ(rows_.rows.size(), 1u);  // the page of locks
  EXPECT_TRUE(reopened() == model_);
}

TEST_F(RecordLogTest, OthersThatWereNotWrittenForLongMakeRoom) {
  for (int i = 0; i < 60; ++i) {
    change(put(RecordType::kPeer, std::to_string(i), std::string(500, 'p')));
    change(put(RecordType::kHeads, "", std::string(500, 'h')));
    settle();
    EXPECT_LE(log_->encode(Root()).size(), body_bytes_of(4));
  }
  // What is written each time has never left the root.
  const auto decoded = decode_root(log_->encode(Root()));
  EXPECT_TRUE(std::ranges::any_of(
      decoded->records, [](const Record& record) { return record.type == RecordType::kHeads; }));
  EXPECT_TRUE(reopened() == model_);
}

TEST_F(RecordLogTest, WhatIsColdLeavesTheRootOnePage) {
  const auto in_root = [this](RecordType type) {
    const auto decoded = decode_root(log_->encode(Root()));
    return std::ranges::any_of(decoded->records,
                               [type](const Record& record) { return record.type == type; });
  };
  change(put(RecordType::kHeads, "first", std::string(5'120, 'h')));
  change(put(RecordType::kSelf, "", std::string(200, 's')));
  settle();
  EXPECT_GT(log_->encode(Root()).size(), kPageBodyBytes);
  for (int i = 0; i < 100; ++i) {
    add_ops(i, i + 1, 100);
    change(put(RecordType::kUndo, "", std::to_string(i)));
    settle();
  }
  EXPECT_LE(log_->encode(Root()).size(), kPageBodyBytes);
  EXPECT_FALSE(in_root(RecordType::kHeads));
  // There is room for it, however old.
  EXPECT_TRUE(in_root(RecordType::kSelf));
  EXPECT_TRUE(in_root(RecordType::kUndo));
  EXPECT_TRUE(reopened() == model_);
}

TEST_F(RecordLogTest, DeadFramesTakeBoundedRoom) {
  std::size_t most = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string name = "op-" + std::to_string(random_.below(200));
      change(put(RecordType::kOp, name, std::string(random_.below(1'500), 'x')));
    }
    settle();
    most = std::max(most, rows_.rows.size());
    if (round % 50 == 49) {
      ASSERT_TRUE(reopened() == model_) << round;
    }
  }
  // 200 ops of 800 bytes on average take 40 pages; as many dead ones, and 64 more.
  EXPECT_LT(most, 40u * 2 + 64 + 30);
}

TEST_F(RecordLogTest, ASegmentThatWasNotFullIsFilledAfterReopening) {
  for (int i = 0; i < 200; ++i) {
    add_ops(i, i + 1, 900);
    settle();
    ASSERT_TRUE(reopened() == model_) << i;
  }
  EXPECT_LE(rows_.rows.size(), 200u / 3 + 10);
}

// That any row is missing the root says; this is found beside it.
TEST_F(RecordLogTest, AMissingSegmentIsFound) {
  add_ops(0, 300, 300);
  settle();
  keep_root();
  const auto whole = rows_.rows;
  std::size_t segments = 0;
  for (const auto& [row, body] : whole) {
    if (body[0] != static_cast<std::uint8_t>(PageKind::kSegment)) continue;
    ++segments;
    rows_.rows = whole;
    rows_.rows.erase(row);
    EXPECT_FALSE(read_back()) << row;
  }
  EXPECT_GT(segments, 20u);
  rows_.rows = whole;
  EXPECT_TRUE(read_back() == model_);
}

TEST_F(RecordLogTest, ARowThatIsThereTwiceIsFound) {
  add_ops(0, 300, 300);
  settle();
  keep_root();
  const auto whole = rows_.rows;
  for (const auto& [row, body] : whole) {
    rows_.rows = whole;
    rows_.rows[1'000] = body;
    EXPECT_FALSE(read_back()) << row;
  }
}

TEST_F(RecordLogTest, ARecordInTheRootAndInASegmentIsFound) {
  add_ops(0, 300, 300);
  settle();
  add_ops(0, 1, 300);
  keep_root();  // without the lock's end
  EXPECT_FALSE(read_back());
}

TEST_F(RecordLogTest, CutOrForeignPagesAreFoundOrHoldNothing) {
  add_ops(0, 20, 300);
  settle();
  keep_root();
  const auto whole = rows_.rows;
  for (const auto& [row, body] : whole) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      rows_.rows = whole;
      rows_.rows[row].resize(size);
      EXPECT_FALSE(read_back()) << row << ' ' << size;
    }
  }
}

TEST(Locks, AreTakenWhereOthersWereErasedInTheSameTransaction) {
  Locks locks;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    EXPECT_EQ(locks.add(Lock{1}), i);
  }
  EXPECT_EQ(locks.pages(), 4u);
  EXPECT_EQ(locks.changed().size(), 4u);
  locks.settled();
  locks.erase(700);
  EXPECT_EQ(locks.find(700), nullptr);
  EXPECT_EQ(locks.add(Lock{2}), 700u);
  EXPECT_EQ(*locks.find(700), Lock{2});
  EXPECT_EQ(locks.changed(), std::set<std::uint32_t>{2});
}

TEST(Locks, FillAPageAgainOnceAQuarterOfItIsFree) {
  Locks locks;
  for (std::uint32_t i = 0; i < 500; ++i) locks.add(Lock{1});
  for (std::uint32_t i = 0; i < 62; ++i) locks.erase(i * 3);
  locks.settled();
  EXPECT_EQ(locks.add(Lock{1}), 0u);
  for (std::uint32_t i = 1; i < 62; ++i) EXPECT_EQ(locks.add(Lock{1}), i * 3);
  EXPECT_EQ(locks.pages(), 2u);
  locks.erase(3);
  locks.settled();
  EXPECT_EQ(locks.add(Lock{1}), 3u);  // of the page that is being filled
  locks.settled();
  EXPECT_EQ(locks.add(Lock{1}), 500u);
}

// One page says how many there are; only those that came are held.
TEST(Locks, TakeNoMoreMemoryThanThePagesThatCame) {
  const auto held = [] {
    const struct mallinfo2 heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
  };
  Locks locks;
  locks.add(Lock{1});
  Bytes page = locks.encode(0);
  const std::uint32_t last = limits::kLockPagesMax - 1;
  for (unsigned i = 0; i < 4; ++i) page[1 + i] = static_cast<std::uint8_t>(last >> (8 * i));
  const std::size_t before = held();
  Locks read;
  ASSERT_TRUE(read.decode(page));
  EXPECT_FALSE(read.whole());
  EXPECT_LT(held() - before, 4u << 20);
  EXPECT_EQ(read.find(0), nullptr);
  EXPECT_EQ(*read.find(last * Locks::kPerPage), Lock{1});
}

TEST(Locks, RefuseWhatIsNoPageOfThem) {
  Locks locks;
  locks.add(Lock{1});
  const Bytes page = locks.encode(0);
  EXPECT_EQ(page.size(), 5 + 250 * 16u);
  for (std::size_t size = 0; size <= page.size() + 1; ++size) {
    Bytes other = page;
    other.resize(size);
    Locks read;
    EXPECT_EQ(read.decode(other) && read.whole(), size == page.size()) << size;
  }
  Bytes second = page;
  second[1] = 1;
  Locks gap;
  EXPECT_TRUE(gap.decode(second));
  EXPECT_FALSE(gap.whole());
  EXPECT_FALSE(gap.decode(second));
  EXPECT_TRUE(gap.decode(page));
  EXPECT_TRUE(gap.whole());
  second[3] = 1;
  EXPECT_FALSE(gap.decode(second));
}

}  // namespace
}  // namespace attune::store
