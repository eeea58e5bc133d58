// What a kill, a torn log and a full disk leave behind: whole batches, and every acknowledged one.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "tests/store/small_disk.h"
#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

std::string number(std::uint32_t value) { return std::to_string(value); }

// Batch n adds three ops of its own, says n in a head and a setting, and erases an op of batch n
// - 5.
RecordBatch batch_of(std::uint32_t n) {
  RecordBatch batch;
  for (const char* part : {"-a", "-b", "-c"}) {
    batch.changes.push_back(
        put(RecordType::kOp, number(n) + part, std::string(n * 97 % 2'000, 'x')));
  }
  batch.changes.push_back(put(RecordType::kHeads, "0", number(n)));
  batch.changes.push_back(put(RecordType::kSetting, number(n % 3), number(n)));
  if (n > 5) batch.changes.push_back(erase(RecordType::kOp, number(n - 5) + "-b"));
  batch.erases = n % 4 == 0;
  return batch;
}

// What batches 1 to n make.
Contents after(std::uint32_t n) {
  Contents contents;
  for (std::uint32_t i = 1; i <= n; ++i) {
    for (const RecordChange& change : batch_of(i).changes) {
      if (change.body) {
        contents[{change.type, change.name}] = *change.body;
      } else {
        contents.erase({change.type, change.name});
      }
    }
  }
  return contents;
}

class StoreCrashTest : public StoreTest {
 protected:
  // The count of batches in a store that opens; fails the test where it holds anything but whole
  // batches.
  std::uint32_t batches_found() {
    Store store = open();
    const auto count = static_cast<std::uint32_t>(store.generation());
    EXPECT_EQ(contents_of(store.load()), after(count));
    return count;
  }
  // The files of a store whose log holds batches 1 to 3.
  Snapshot three_in_the_log() {
    {
      Store store = create();
      store.settle();
      for (std::uint32_t n = 1; n <= 3; ++n) store.commit(batch_of(n));
    }
    return take_snapshot(folder());
  }
  [[noreturn]] void write_for_ever(std::uint32_t from, int acknowledge) {
    random_ = crypto::SeededRandom(from);  // or a child draws the locks of the one before it
    Store store = open();
    for (std::uint32_t n = from;; ++n) {
      store.commit(batch_of(n));
      if (::write(acknowledge, &n, sizeof(n)) != sizeof(n)) ::_exit(1);
    }
  }
  // Runs a writer, kills it in the middle of its work, and gives the last batch it acknowledged.
  std::uint32_t run_and_kill(std::uint32_t from) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      write_for_ever(from, ends[1]);
    }
    ::close(ends[1]);
    std::uint32_t last = from - 1;
    std::uint32_t wanted = last + random_.below(12);
    std::uint32_t n = 0;
    while (last < wanted && ::read(ends[0], &n, sizeof(n)) == sizeof(n)) last = n;
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(random_.below(400));
    while (std::chrono::steady_clock::now() < until) {
    }
    ::kill(child, SIGKILL);
    while (::read(ends[0], &n, sizeof(n)) == sizeof(n)) last = n;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    return last;
  }
};

TEST_F(StoreCrashTest, AKillInAWriteLosesNoAcknowledgedBatchAndLeavesNoHalfOne) {
  create();
  std::uint32_t found = 0;
  for (int round = 0; round < 60; ++round) {
    const std::uint32_t acknowledged = run_and_kill(found + 1);
    found = batches_found();
    ASSERT_GE(found, acknowledged);
    ASSERT_LE(found, acknowledged + 1);
  }
  EXPECT_GT(found, 60u);
}

// What a machine that stops leaves of the log, and of a mark that never reached the disk.
TEST_F(StoreCrashTest, ALogCutAnywhereGivesWholeBatches) {
  const Snapshot whole = three_in_the_log();
  const Bytes full_log = whole.at("store.db-wal");
  std::uint32_t before = 0;
  for (std::size_t size = 0; size <= full_log.size(); size += 256) {
    put_back(folder(), whole);
    std::filesystem::remove(mark());
    write_bytes(log(), ByteView(full_log).first(size));
    const std::uint32_t found = batches_found();
    ASSERT_GE(found, before) << size;
    before = found;
  }
  put_back(folder(), whole);
  EXPECT_EQ(batches_found(), 3u);
}

TEST_F(StoreCrashTest, ALogThatLostABatchIsFound) {
  const Snapshot whole = three_in_the_log();
  const Bytes full_log = whole.at("store.db-wal");
  for (std::size_t size = 0; size < full_log.size(); size += 256) {
    put_back(folder(), whole);
    write_bytes(log(), ByteView(full_log).first(size));
    ASSERT_EQ(fault_of_open(), StoreFault::kDamaged) << size;
  }
  put_back(folder(), whole);
  std::filesystem::remove(log());
  EXPECT_EQ(fault_of_open(), StoreFault::kDamaged);
}

TEST_F(StoreCrashTest, AFlippedBitInTheLogIsFoundOrChangesNothing) {
  const Snapshot whole = three_in_the_log();
  int found = 0;
  for (int round = 0; round < 200; ++round) {
    Snapshot flipped = whole;
    Bytes& bytes = flipped.at("store.db-wal");
    const std::size_t bit = random_.below(static_cast<std::uint32_t>(bytes.size() * 8));
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1u << (bit % 8));
    put_back(folder(), flipped);
    const auto fault = fault_of_open();
    if (fault) {
      ASSERT_EQ(fault, StoreFault::kDamaged);
      ++found;
    } else {
      ASSERT_EQ(batches_found(), 3u);
    }
  }
  EXPECT_GT(found, 0);
}

TEST_F(StoreCrashTest, AMarkThatIsBehindOrSpoiledOrGoneIsMadeAnew) {
  Snapshot whole = three_in_the_log();
  const Bytes last_mark = whole.at("store.mark");
  {
    open().commit(batch_of(4));
  }
  whole = take_snapshot(folder());
  Bytes flipped = whole.at("store.mark");
  flipped[40] ^= 1;
  for (const Bytes& spoiled : {last_mark, flipped, Bytes(last_mark.begin(), last_mark.end() - 1),
                               Bytes{}, Bytes(4'000, 7)}) {
    put_back(folder(), whole);
    write_bytes(mark(), spoiled);
    EXPECT_EQ(batches_found(), 4u);
    EXPECT_EQ(batches_found(), 4u);
  }
  std::filesystem::remove(mark());
  EXPECT_EQ(batches_found(), 4u);
  EXPECT_TRUE(std::filesystem::exists(mark()));
}

TEST_F(StoreCrashTest, AFullDiskChangesNothingAndLaterWritesWork) {
  for (rlim_t room : {rlim_t{0}, rlim_t{20'000}, rlim_t{70'000}, rlim_t{150'000}}) {
    std::uint32_t n = 0;
    {
      Store store = create();
      for (; n < 4; ++n) store.commit(batch_of(n + 1));
      {
        const SmallDisk disk(std::max<rlim_t>(room, std::filesystem::file_size(log())));
        std::optional<StoreFault> fault;
        while (!fault) {
          fault = fault_of([&] { store.commit(batch_of(n + 1)); });
          if (!fault) ++n;
          ASSERT_LT(n, 2'000u);
        }
        EXPECT_EQ(fault, StoreFault::kFull);
        EXPECT_EQ(store.generation(), n);
        EXPECT_EQ(contents_of(store.load()), after(n));
        EXPECT_EQ(fault_of([&] { store.commit(batch_of(n + 1)); }), StoreFault::kFull);
      }
      ++n;
      store.commit(batch_of(n));
      EXPECT_EQ(contents_of(store.load()), after(n));
    }
    EXPECT_EQ(batches_found(), n);
  }
}

TEST_F(StoreCrashTest, AKillRightAfterAFullDiskLeavesWholeBatches) {
  std::uint32_t n = 0;
  {
    Store store = create();
    store.settle();
    const SmallDisk disk(100'000);
    while (!fault_of([&] { store.commit(batch_of(n + 1)); })) ++n;
  }
  EXPECT_EQ(batches_found(), n);
}

// The log takes the erasure, but the file has no room for what was written with it.
TEST_F(StoreCrashTest, AnErasureThatCannotBeWrittenBackIsOwedAndPaid) {
  Store store = create();
  RecordBatch first;
  for (std::uint32_t i = 0; i < 40; ++i) {
    first.changes.push_back(put(RecordType::kOp, number(i), std::string(3'000, 'x')));
  }
  store.commit(first);
  store.settle();
  RecordBatch second{.changes = {erase(RecordType::kOp, "0")}, .erases = true};
  for (const char* name : {"p", "q", "r"}) {
    second.changes.push_back(put(RecordType::kOp, name, std::string(20'000, 'y')));
  }
  {
    const SmallDisk disk(std::filesystem::file_size(file()));
    store.commit(second);
    EXPECT_TRUE(store.erasure_owed());
    EXPECT_GT(std::filesystem::file_size(log()), 0u);
    EXPECT_EQ(contents_of(store.load()).size(), 42u);
  }
  store.commit({.changes = {put(RecordType::kUndo, "", "any")}});
  EXPECT_FALSE(store.erasure_owed());
  EXPECT_EQ(std::filesystem::file_size(log()), 0u);
  EXPECT_EQ(contents_of(store.load()).size(), 43u);
}

}  // namespace
}  // namespace attune::store
