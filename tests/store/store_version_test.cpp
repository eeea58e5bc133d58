#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

class StoreVersionTest : public StoreTest {
 protected:
  void SetUp() override {
    Store store = create();
    store.commit(one_of_each("words"));
    store.settle();
  }
  void patch(std::size_t at, std::uint8_t byte) {
    Bytes bytes = read_bytes(file());
    bytes.at(at) = byte;
    write_bytes(file(), bytes);
  }
  void expect_refused_untouched(StoreFault fault) {
    const Snapshot before = take_snapshot(folder());
    EXPECT_EQ(fault_of_open(), fault);
    EXPECT_EQ(take_snapshot(folder()), before);
  }
};

TEST_F(StoreVersionTest, IsTwoInTheHeaderOfTheFile) {
  const Bytes bytes = read_bytes(file());
  EXPECT_EQ(to_hex(ByteView(bytes).subspan(60, 4)), "00000002");
  EXPECT_EQ(as_text(ByteView(bytes).subspan(68, 4)), "attn");
}

TEST_F(StoreVersionTest, NewerIsRefusedAndLeftAsItIs) {
  patch(63, 3);
  expect_refused_untouched(StoreFault::kNewer);
  std::filesystem::remove(log());
  expect_refused_untouched(StoreFault::kNewer);
  patch(60, 0x7f);
  expect_refused_untouched(StoreFault::kNewer);
}

TEST_F(StoreVersionTest, NewerInTheLogAloneIsRefusedAndLeftAsItIs) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &database), SQLITE_OK);
  sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  ASSERT_EQ(sqlite3_exec(database, "PRAGMA user_version=3", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
  std::filesystem::remove(folder() / "store.db-shm");
  ASSERT_EQ(read_bytes(file()).at(63), 2);
  ASSERT_GT(std::filesystem::file_size(log()), 0u);
  expect_refused_untouched(StoreFault::kNewer);
}

// Its table had another shape, and no release ever wrote it.
TEST_F(StoreVersionTest, OneIsRefusedAndLeftAsItIs) {
  patch(63, 1);
  expect_refused_untouched(StoreFault::kDamaged);
}

TEST_F(StoreVersionTest, AForeignOrUnfinishedDatabaseIsDamaged) {
  patch(63, 0);
  expect_refused_untouched(StoreFault::kDamaged);
  patch(63, 2);
  patch(68, 'x');
  expect_refused_untouched(StoreFault::kDamaged);
}

TEST_F(StoreVersionTest, AHeaderThatForbidsWritingIsDamaged) {
  for (const std::uint8_t version : std::initializer_list<std::uint8_t>{0, 1, 3, 0x82}) {
    patch(18, version);
    expect_refused_untouched(StoreFault::kDamaged);
  }
}

TEST_F(StoreVersionTest, AMissingEmptyOrCutFileIsDamaged) {
  const Bytes whole = read_bytes(file());
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{99}, std::size_t{100},
                           std::size_t{4'096}, whole.size() - 4'096, whole.size() - 1}) {
    write_bytes(file(), ByteView(whole).first(size));
    EXPECT_EQ(fault_of_open(), StoreFault::kDamaged) << size;
  }
  std::filesystem::remove(file());
  EXPECT_EQ(fault_of_open(), StoreFault::kDamaged);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(StoreVersionTest, AnythingBesideTheOneTableIsDamaged) {
  const Snapshot before = take_snapshot(folder());
  for (const char* sql :
       {"CREATE INDEX copies ON sealed(box)", "CREATE TABLE more(x)",
        "CREATE TRIGGER t AFTER DELETE ON sealed BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT * FROM sealed", "ALTER TABLE sealed ADD COLUMN x"}) {
    put_back(folder(), before);
    {
      RawTable(folder()).run(sql);
    }
    EXPECT_EQ(fault_of_open(), StoreFault::kDamaged) << sql;
  }
}

}  // namespace
}  // namespace attune::store
