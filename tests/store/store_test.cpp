#include "daemon/store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/limits.h"
#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

Bytes text(std::string_view words) {
  const ByteView bytes = as_bytes(words);
  return Bytes(bytes.begin(), bytes.end());
}

TEST_F(StoreTest, ANewStoreIsEmpty) {
  Store store = create();
  EXPECT_TRUE(store.load().empty());
  EXPECT_EQ(store.generation(), 0u);
  EXPECT_EQ(store.record_count(), 0u);
}

TEST_F(StoreTest, RecordsOfEveryTypeComeBack) {
  {
    Store store = create();
    store.commit(one_of_each("first"));
    EXPECT_EQ(contents_of(store.load()).size(), 17u);
    EXPECT_EQ(store.record_count(), 17u);
  }
  const Contents contents = reopened();
  EXPECT_EQ(contents.size(), 17u);
  EXPECT_EQ(contents.at({RecordType::kPeer, text("second")}), text("first"));
  EXPECT_EQ(contents.at({RecordType::kOp, text("b1")}), text("first"));
}

TEST_F(StoreTest, LaterBodiesReplaceEarlierOnes) {
  Store store = create();
  store.commit(one_of_each("first"));
  store.commit(
      {.changes = {put(RecordType::kSelf, "", "later"), put(RecordType::kOp, "a1", "husk")}});
  Contents contents = contents_of(store.load());
  EXPECT_EQ(contents.at({RecordType::kSelf, text("")}), text("later"));
  EXPECT_EQ(contents.at({RecordType::kOp, text("a1")}), text("husk"));
  EXPECT_EQ(contents.size(), 17u);
}

TEST_F(StoreTest, ErasedRecordsAreGone) {
  {
    Store store = create();
    store.commit(one_of_each("first"));
    store.commit(
        {.changes = {erase(RecordType::kOp, "a2"), erase(RecordType::kUndo, "")}, .erases = true});
    EXPECT_EQ(store.record_count(), 15u);
  }
  const Contents contents = reopened();
  EXPECT_EQ(contents.size(), 15u);
  EXPECT_FALSE(contents.contains({RecordType::kOp, text("a2")}));
  EXPECT_FALSE(contents.contains({RecordType::kUndo, {}}));
}

TEST_F(StoreTest, ErasingWhatIsNotThereChangesNothing) {
  Store store = create();
  store.commit(one_of_each("first"));
  store.commit({.changes = {erase(RecordType::kOp, "none")}, .erases = true});
  EXPECT_EQ(contents_of(store.load()).size(), 17u);
}

TEST_F(StoreTest, TheLastChangeToARecordCounts) {
  {
    Store store = create();
    store.commit(
        {.changes = {put(RecordType::kOp, "n", "one"), put(RecordType::kOp, "n", "two"),
                     put(RecordType::kUndo, "", "one"), erase(RecordType::kUndo, ""),
                     erase(RecordType::kPending, ""), put(RecordType::kPending, "", "kept")}});
  }
  const Contents expected{{{RecordType::kOp, text("n")}, text("two")},
                          {{RecordType::kPending, {}}, text("kept")}};
  EXPECT_EQ(reopened(), expected);
}

TEST_F(StoreTest, AnEmptyBatchIsNoTransaction) {
  Store store = create();
  store.commit({});
  EXPECT_EQ(store.generation(), 0u);
  store.commit(one_of_each("first"));
  EXPECT_EQ(store.generation(), 1u);
}

TEST_F(StoreTest, TheGreatestBodyFits) {
  const std::string body(limits::kRecordBytesMax, 'x');
  {
    Store store = create();
    store.commit({.changes = {put(RecordType::kSelf, "", body)}});
  }
  EXPECT_EQ(reopened().at({RecordType::kSelf, text("")}).size(), body.size());
}

TEST_F(StoreTest, LoadReadsAgainWhatWasCommittedSince) {
  Store store = create();
  store.commit(one_of_each("first"));
  EXPECT_EQ(contents_of(store.load()), contents_of(store.load()));
  store.commit({.changes = {put(RecordType::kOp, "c1", "new")}});
  EXPECT_EQ(contents_of(store.load()).size(), 18u);
}

TEST_F(StoreTest, LoadAfterACommitDoesNotGiveWhatOpenRead) {
  {
    create().commit(one_of_each("first"));
  }
  Store store = open();
  store.commit({.changes = {erase(RecordType::kOp, "a1")}});
  EXPECT_EQ(contents_of(store.load()).size(), 16u);
}

TEST_F(StoreTest, ManyBatchesOfChangesEqualAPlainMap) {
  Contents model;
  {
    Store store = create();
    for (int round = 0; round < 120; ++round) {
      RecordBatch batch;
      batch.erases = random_.below(4) == 0;
      for (std::uint32_t i = random_.below(20); i < 20; ++i) {
        const std::string name = std::to_string(random_.below(150));
        const RecordType type = random_.below(5) == 0 ? RecordType::kIntent : RecordType::kOp;
        if (random_.below(3) == 0) {
          batch.changes.push_back(erase(type, name));
          model.erase({type, text(name)});
        } else {
          const std::string body(random_.below(3'000), static_cast<char>('a' + round % 26));
          batch.changes.push_back(put(type, name, body));
          model[{type, text(name)}] = text(body);
        }
      }
      store.commit(batch);
      if (round % 10 == 0) {
        ASSERT_EQ(contents_of(store.load()), model) << round;
      }
    }
    EXPECT_EQ(store.record_count(), model.size());
  }
  EXPECT_EQ(reopened(), model);
}

TEST_F(StoreTest, ASecondOpenIsRefusedAndTheFirstGoesOn) {
  Store store = create();
  EXPECT_EQ(fault_of_open(), StoreFault::kBusy);
  store.commit(one_of_each("first"));
  EXPECT_EQ(fault_of_open(), StoreFault::kBusy);
  EXPECT_EQ(contents_of(store.load()).size(), 17u);
}

// Closing any descriptor of a file drops all locks this process has on it, unless SQLite does it.
TEST_F(StoreTest, ARefusedSecondOpenDoesNotDropTheLockOfTheFirst) {
  Store store = create();
  EXPECT_EQ(fault_of_open(), StoreFault::kBusy);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int fd = ::open(file().c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool is_held = fd >= 0 && ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    ::_exit(is_held ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(StoreTest, AMovedStoreKeepsTheLock) {
  Store store = create();
  Store moved = std::move(store);
  moved.commit(one_of_each("first"));
  EXPECT_EQ(fault_of_open(), StoreFault::kBusy);
  moved = Store(std::move(moved));
  EXPECT_EQ(moved.record_count(), 17u);
}

TEST_F(StoreTest, CreateRefusesAFolderThatHoldsAStore) {
  create();
  std::filesystem::remove(folder() / "unfinished");
  const Snapshot before = take_snapshot(folder());
  EXPECT_EQ(fault_of([&] { create(); }), StoreFault::kDamaged);
  EXPECT_EQ(take_snapshot(folder()), before);
}

TEST_F(StoreTest, CreateRefusesAFolderThatHoldsAKeySlot) {
  for (const char* name : {"keys.1", "keys.2"}) {
    create();
    write_bytes(folder() / name, Bytes(3));
    EXPECT_EQ(fault_of([&] { create(); }), StoreFault::kDamaged);
    std::filesystem::remove(folder() / name);
  }
}

TEST_F(StoreTest, CreateReplacesWhatAnInitWithoutAnEndLeft) {
  {
    create().commit(one_of_each("never kept"));
  }
  create();
  EXPECT_EQ(reopened(), Contents{});
}

TEST_F(StoreTest, FilesAreForTheOwnerAlone) {
  const mode_t before = ::umask(0);
  {
    Store store = create();
    store.commit(one_of_each("first"));
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      EXPECT_EQ(entry.status().permissions(),
                std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
          << entry.path();
    }
  }
  ::umask(before);
}

TEST_F(StoreTest, SettlingEmptiesTheLog) {
  Store store = create();
  store.commit(one_of_each("first"));
  EXPECT_GT(std::filesystem::file_size(log()), 0u);
  store.settle();
  EXPECT_EQ(std::filesystem::file_size(log()), 0u);
  store.commit({.changes = {put(RecordType::kOp, "c1", "new")}});
  EXPECT_EQ(contents_of(store.load()).size(), 18u);
}

TEST_F(StoreTest, OpeningEmptiesTheLog) {
  {
    create().commit(one_of_each("first"));
  }
  EXPECT_GT(std::filesystem::file_size(log()), 0u);
  EXPECT_EQ(contents_of(open().load()).size(), 17u);
  EXPECT_EQ(std::filesystem::file_size(log()), 0u);
}

TEST_F(StoreTest, TheLogIsWrittenBackBeforeItGrowsWithoutEnd) {
  Store store = create();
  const std::string body(60'000, 'x');
  std::uintmax_t greatest = 0;
  for (int i = 0; i < 300; ++i) {
    store.commit({.changes = {put(RecordType::kSetting, "s", body)}});
    greatest = std::max(greatest, std::filesystem::file_size(log()));
  }
  EXPECT_LT(greatest, 8u << 20);
}

TEST_F(StoreTest, AThiefFindsNoWordNameOrOrder) {
  {
    create().commit(one_of_each("a very intimate sentence"));
  }
  for (const auto& [name, bytes] : take_snapshot(folder())) {
    EXPECT_FALSE(contains(bytes, as_bytes("intimate"))) << name;
    EXPECT_FALSE(contains(bytes, as_bytes("second"))) << name;
  }
}

}  // namespace
}  // namespace attune::store
