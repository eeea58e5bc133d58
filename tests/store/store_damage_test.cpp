// Whatever is done to the records of a store at rest is found when it is opened: never are wrong
// data given.
#include <algorithm>

#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

class StoreDamageTest : public StoreTest {
 protected:
  // Two states of one store, whose every record differs between them.
  void SetUp() override {
    Store store = create();
    store.commit(many("older"));
    store.settle();
    {
      older_ = take_snapshot(folder());
    }
    store.commit(many("newer"));
    store.settle();
    newer_ = take_snapshot(folder());
  }
  // Opens the older state, reads its rows, and leaves the newer one in place.
  std::vector<RawTable::Line> older_rows() {
    put_back(folder(), older_);
    auto rows = RawTable(folder()).rows();
    put_back(folder(), newer_);
    return rows;
  }
  std::vector<RawTable::Line> newer_rows() {
    put_back(folder(), newer_);
    return RawTable(folder()).rows();
  }
  template <typename Change>
  std::optional<StoreFault> fault_after(Change change) {
    put_back(folder(), newer_);
    {
      RawTable table(folder());
      change(table);
    }
    return fault_of_open();
  }

  Snapshot older_;
  Snapshot newer_;
};

TEST_F(StoreDamageTest, NothingIsFoundWhereNothingWasDone) {
  EXPECT_GE(newer_rows().size(), 7u);
  EXPECT_EQ(fault_after([](RawTable& table) { table.run("VACUUM"); }), std::nullopt);
  EXPECT_EQ(contents_of(open().load()).size(), 67u);
}

TEST_F(StoreDamageTest, EachDeletedBoxIsFound) {
  for (const auto& row : newer_rows()) {
    EXPECT_EQ(fault_after([&](RawTable& table) { table.erase(row.id); }), StoreFault::kDamaged);
  }
}

TEST_F(StoreDamageTest, EachOlderBoxIsFound) {
  const auto now = newer_rows();
  for (const auto& row : older_rows()) {
    if (std::ranges::find(now, row) != now.end()) continue;  // a full segment stays as it is
    EXPECT_EQ(fault_after([&](RawTable& table) { table.put(row); }), StoreFault::kDamaged);
  }
}

TEST_F(StoreDamageTest, AllOlderBoxesUnderTheNewRootAreFound) {
  const auto rows = older_rows();
  for (const auto& left_out : newer_rows()) {
    const auto before = std::ranges::find(rows, left_out.id, &RawTable::Line::id);
    if (before != rows.end() && before->box == left_out.box) continue;
    // The first of these is the root; leaving out another leaves that one new, and the root old.
    EXPECT_EQ(fault_after([&](RawTable& table) {
                for (const auto& row : rows) {
                  if (row.id != left_out.id) table.put(row);
                }
              }),
              StoreFault::kDamaged);
  }
}

TEST_F(StoreDamageTest, EachPairOfSwappedBoxesIsFound) {
  const auto rows = newer_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = i + 1; j < rows.size(); ++j) {
      EXPECT_EQ(fault_after([&](RawTable& table) {
                  table.put({rows[i].id, rows[j].box});
                  table.put({rows[j].id, rows[i].box});
                }),
                StoreFault::kDamaged);
    }
  }
}

TEST_F(StoreDamageTest, EachMovedOrCopiedBoxIsFound) {
  for (const auto& row : newer_rows()) {
    for (const std::int64_t elsewhere : {std::int64_t{1'000}, row.id + (std::int64_t{1} << 32),
                                         std::int64_t{-1} - row.id, std::int64_t{0xffffffff}}) {
      EXPECT_EQ(fault_after([&](RawTable& table) { table.put({elsewhere, row.box}); }),
                StoreFault::kDamaged);
      EXPECT_EQ(fault_after([&](RawTable& table) {
                  table.erase(row.id);
                  table.put({elsewhere, row.box});
                }),
                StoreFault::kDamaged);
    }
  }
}

TEST_F(StoreDamageTest, BoxesInStrangeRowsAndStrangeBoxesAreFound) {
  for (const char* sql :
       {"INSERT INTO sealed VALUES(99, x'00')", "INSERT INTO sealed VALUES(-1, x'00')",
        "INSERT INTO sealed VALUES(99, 2)", "INSERT INTO sealed VALUES(99, NULL)",
        "INSERT INTO sealed VALUES(99, zeroblob(4056))",
        "INSERT INTO sealed VALUES(9223372036854775807, zeroblob(4056))",
        "INSERT INTO sealed VALUES(99, zeroblob(3000000))",
        "UPDATE sealed SET id = id + 100 WHERE id > 3", "UPDATE sealed SET box = NULL",
        "UPDATE sealed SET box = CAST(box AS TEXT)", "DELETE FROM sealed"}) {
    EXPECT_EQ(fault_after([&](RawTable& table) { table.run(sql); }), StoreFault::kDamaged) << sql;
  }
}

TEST_F(StoreDamageTest, EachTruncatedOrLengthenedBoxIsFound) {
  for (const auto& row : newer_rows()) {
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{40},
                             row.box.size() / 2, row.box.size() - 1, row.box.size() + 1}) {
      RawTable::Line changed = row;
      changed.box.resize(size);
      EXPECT_EQ(fault_after([&](RawTable& table) { table.put(changed); }), StoreFault::kDamaged);
    }
  }
}

TEST_F(StoreDamageTest, AFlippedBitInEachBoxIsFound) {
  for (const auto& row : newer_rows()) {
    for (int round = 0; round < 8; ++round) {
      RawTable::Line changed = row;
      const std::size_t bit = random_.below(static_cast<std::uint32_t>(row.box.size() * 8));
      changed.box[bit / 8] = static_cast<std::uint8_t>(changed.box[bit / 8] ^ 1u << (bit % 8));
      EXPECT_EQ(fault_after([&](RawTable& table) { table.put(changed); }), StoreFault::kDamaged);
    }
  }
}

TEST_F(StoreDamageTest, AnotherKeyOrStoreIdOpensNothing) {
  EXPECT_EQ(fault_of([&] { Store::open(folder(), id_, random_.key(), random_); }),
            StoreFault::kDamaged);
  const StoreId other{random_.bytes<16>()};
  EXPECT_EQ(fault_of([&] { Store::open(folder(), other, key_.clone(), random_); }),
            StoreFault::kDamaged);
}

TEST_F(StoreDamageTest, ADamagedStoreKeepsItsBytes) {
  const auto rows = newer_rows();
  {
    RawTable(folder()).erase(rows[3].id);
  }
  const Snapshot before = take_snapshot(folder());
  EXPECT_EQ(fault_of_open(), StoreFault::kDamaged);
  Snapshot after = take_snapshot(folder());
  // SQLite makes an empty log to read beside; it holds nothing.
  if (!before.contains("store.db-wal")) {
    EXPECT_EQ(after.extract("store.db-wal").mapped(), Bytes{});
  }
  EXPECT_EQ(after, before);
}

// The whole store put back is consistent; docs/storage.md says that nothing here can notice it.
TEST_F(StoreDamageTest, AWholeOlderStoreOpens) {
  put_back(folder(), older_);
  EXPECT_EQ(reopened().size(), 67u);
}

TEST_F(StoreDamageTest, FlippedBitsOfTheFileNeverGiveWrongData) {
  put_back(folder(), newer_);
  const Contents right = reopened();
  put_back(folder(), newer_);
  const Bytes whole = read_bytes(file());
  int found = 0;
  for (int round = 0; round < 600; ++round) {
    put_back(folder(), newer_);
    Bytes flipped = whole;
    // Every third among the first page's header, where one bit can do the most.
    const std::size_t bytes = round % 3 == 0 ? 108 : whole.size();
    const std::size_t bit = random_.below(static_cast<std::uint32_t>(bytes * 8));
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
    write_bytes(file(), flipped);
    try {
      Store store = open();
      ASSERT_EQ(contents_of(store.load()), right) << bit;
      store.commit({.changes = {put(RecordType::kUndo, "", "after")}, .erases = true});
    } catch (const StoreError& error) {
      EXPECT_TRUE(error.fault() == StoreFault::kDamaged || error.fault() == StoreFault::kNewer)
          << bit << ' ' << error.what();
      ++found;
      continue;
    }
    // A flip nobody reads may be written over, or found later; it never shows as data.
    try {
      Contents later = reopened();
      EXPECT_EQ(later.size(), right.size());
    } catch (const StoreError& error) {
      EXPECT_EQ(error.fault(), StoreFault::kDamaged) << bit << ' ' << error.what();
    }
  }
  EXPECT_GT(found, 100);
}

}  // namespace
}  // namespace attune::store
