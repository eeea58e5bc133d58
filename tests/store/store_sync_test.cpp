// A disk that fails to keep what it was given: no fsync that fails is overlooked.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "tests/store/store_fixture.h"

namespace {

int syncs_until_failure = 0;  // 0: none fails

int sync_or_fail(long call, int fd) {
  if (syncs_until_failure > 0) {
    --syncs_until_failure;
    if (syncs_until_failure == 0) {
      errno = EIO;
      return -1;
    }
  }
  return static_cast<int>(syscall(call, fd));
}

}  // namespace

// In front of the C library's, for SQLite's library too. SQLite overlooks what a folder's sync
// says, so the store syncs the folder itself, by fsync.
extern "C" int fdatasync(int fd) {
  struct stat status{};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    return static_cast<int>(syscall(SYS_fdatasync, fd));
  }
  return sync_or_fail(SYS_fdatasync, fd);
}
extern "C" int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }

namespace attune::store {
namespace {

class StoreSyncTest : public StoreTest {
 protected:
  // Lets the n-th sync of an operation fail, for each n that it has; each must be noticed.
  template <typename Prepare, typename Operation>
  void expect_each_failure_noticed(Prepare prepare, Operation operation) {
    int failed = 0;
    for (int n = 1;; ++n) {
      std::filesystem::remove_all(folder());
      std::filesystem::create_directory(folder());
      auto prepared = prepare();
      syncs_until_failure = n;
      const auto fault = fault_of([&] { operation(prepared); });
      const bool came = syncs_until_failure == 0;
      syncs_until_failure = 0;
      if (!came) break;
      ++failed;
      EXPECT_EQ(fault, StoreFault::kIo) << "sync " << n;
    }
    EXPECT_GT(failed, 0);
  }
  static RecordBatch words() { return {.changes = {put(RecordType::kOp, "a", "words")}}; }
};

TEST_F(StoreSyncTest, AnInitNoticesEachFailure) {
  expect_each_failure_noticed([] { return 0; }, [this](int) { create().commit(words()); });
}

TEST_F(StoreSyncTest, ACommitNoticesEachFailure) {
  expect_each_failure_noticed([this] { return create(); },
                              [](Store& store) { store.commit(words()); });
}

TEST_F(StoreSyncTest, AnErasureNoticesEachFailure) {
  expect_each_failure_noticed(
      [this] {
        Store store = create();
        store.commit(words());
        return store;
      },
      [](Store& store) {
        store.commit({.changes = {erase(RecordType::kOp, "a")}, .erases = true});
      });
}

TEST_F(StoreSyncTest, AnOpeningNoticesEachFailure) {
  expect_each_failure_noticed(
      [this] {
        create().commit(words());
        return 0;
      },
      [this](int) { open(); });
}

TEST_F(StoreSyncTest, AStoreThatFailedTakesNothingMore) {
  Store store = create();
  syncs_until_failure = 1;
  EXPECT_EQ(fault_of([&] { store.commit(words()); }), StoreFault::kIo);
  syncs_until_failure = 0;
  EXPECT_EQ(fault_of([&] { store.commit(words()); }), StoreFault::kIo);
  EXPECT_EQ(fault_of([&] { store.settle(); }), StoreFault::kIo);
}

}  // namespace
}  // namespace attune::store
