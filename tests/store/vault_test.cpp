#include "daemon/store/vault.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "daemon/store/durable_file.h"
#include "tests/store/store_fixture.h"

namespace attune::store {
namespace {

class VaultTest : public StoreTest {
 protected:
  Slot make() { return make_slot(new_slot_header(id_, random_), hashed_, key_, random_); }
  std::filesystem::path copy(int number) const {
    return folder() / ("keys." + std::to_string(number));
  }
  Bytes flipped(const Slot& slot) {
    Bytes file = encode_slot(slot);
    file[100] ^= 1;
    return file;
  }
  Bytes newer(const Slot& slot) {
    Bytes body = encode_slot(slot);
    body.resize(body.size() - 16);
    body[8] = 2;
    append(body, crypto::hash_lv<16>(crypto::labels::kSlotSum, ByteView(body)));
    return body;
  }

  crypto::Key hashed_ = random_.key();
  Vault vault_{folder()};
};

TEST_F(VaultTest, IsEmptyBeforeTheFirstSlot) { EXPECT_EQ(vault_.read(), std::nullopt); }

TEST_F(VaultTest, KeepsTwoEqualCopiesForTheOwnerAlone) {
  const Slot slot = make();
  vault_.write(slot);
  EXPECT_EQ(vault_.read(), slot);
  EXPECT_EQ(read_bytes(copy(1)), encode_slot(slot));
  EXPECT_EQ(read_bytes(copy(2)), encode_slot(slot));
  for (int number : {1, 2}) {
    EXPECT_EQ(std::filesystem::status(copy(number)).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_EQ(take_snapshot(folder()).size(), 2u);
}

TEST_F(VaultTest, RepairsEitherCopyFromTheOther) {
  const Slot slot = make();
  const Bytes whole = encode_slot(slot);
  for (int bad : {1, 2}) {
    for (const Bytes& damage : {Bytes{}, Bytes(whole.begin(), whole.end() - 1), flipped(slot),
                                Bytes(kSlotFileBytesMax + 100, 1)}) {
      vault_.write(slot);
      write_bytes(copy(bad), damage);
      ASSERT_EQ(vault_.read(), slot);
      EXPECT_EQ(read_bytes(copy(bad)), damage) << "reading writes nothing";
      vault_.repair(slot);
      EXPECT_EQ(read_bytes(copy(bad)), whole);
    }
    std::filesystem::remove(copy(bad));
    ASSERT_EQ(vault_.read(), slot);
    vault_.repair(slot);
    EXPECT_EQ(read_bytes(copy(bad)), whole);
  }
}

TEST_F(VaultTest, FindsBothCopiesDamaged) {
  const Slot slot = make();
  vault_.write(slot);
  write_bytes(copy(1), flipped(slot));
  write_bytes(copy(2), Bytes(7));
  EXPECT_EQ(fault_of([&] { (void)vault_.read(); }), StoreFault::kDamaged);
  std::filesystem::remove(copy(1));
  EXPECT_EQ(fault_of([&] { (void)vault_.read(); }), StoreFault::kDamaged);
}

TEST_F(VaultTest, FindsCopiesOfTwoStores) {
  const Slot mine = make();
  vault_.write(mine);
  Slot other = make();
  other.header.store = StoreId{random_.bytes<StoreId::kSize>()};
  for (int number : {1, 2}) {
    vault_.write(mine);
    write_bytes(copy(number), encode_slot(other));
    EXPECT_EQ(fault_of([&] { (void)vault_.read(); }), StoreFault::kDamaged);
  }
}

TEST_F(VaultTest, SurvivesACopyThatCannotBeRead) {
  const Slot slot = make();
  vault_.write(slot);
  std::filesystem::remove(copy(1));
  std::filesystem::create_directory(copy(1));
  EXPECT_EQ(vault_.read(), slot);
  std::filesystem::remove(copy(2));
  EXPECT_EQ(fault_of([&] { (void)vault_.read(); }), StoreFault::kIo);
}

TEST_F(VaultTest, LeavesANewerSlotAsItIs) {
  const Slot slot = make();
  for (int number : {1, 2}) {
    vault_.write(slot);
    write_bytes(copy(number), newer(slot));
    const Snapshot before = take_snapshot(folder());
    EXPECT_EQ(fault_of([&] { (void)vault_.read(); }), StoreFault::kNewer);
    EXPECT_EQ(take_snapshot(folder()), before);
  }
}

TEST_F(VaultTest, OverwritesWhatANewPassphraseReplaces) {
  const TemporaryFolder beside;
  const Slot old_slot = make();
  vault_.write(old_slot);
  for (int number : {1, 2}) {
    std::filesystem::create_hard_link(copy(number), beside.path() / std::to_string(number));
  }
  const Slot fresh = make();
  vault_.write(fresh);
  EXPECT_EQ(vault_.read(), fresh);
  for (int number : {1, 2}) {
    EXPECT_EQ(read_bytes(beside.path() / std::to_string(number)), Bytes(kSlotFileBytes, 0));
  }
}

TEST_F(VaultTest, ANewPassphraseIsInForceOrNotAtEachStepOfAChange) {
  const Slot old_slot = make();
  const Slot fresh = make();
  const Bytes bytes = encode_slot(fresh);
  vault_.write(old_slot);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    write_bytes(temporary_of(copy(1)), ByteView(bytes).first(size));
    ASSERT_EQ(vault_.read(), old_slot);
  }
  prepare_replacement(copy(2), bytes);
  EXPECT_EQ(vault_.read(), old_slot);
  finish_replacement(copy(1));
  EXPECT_EQ(vault_.read(), fresh);
  vault_.repair(fresh);
  const Snapshot expected{{"keys.1", bytes}, {"keys.2", bytes}};
  EXPECT_EQ(take_snapshot(folder()), expected);
}

TEST_F(VaultTest, AChangeKilledAnywhereLeavesOneOfTheTwoSlots) {
  const Slot first = make();
  const Slot second = make();
  vault_.write(first);
  for (int round = 0; round < 40; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (;;) {
        vault_.write(second);
        vault_.write(first);
      }
    }
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(random_.below(3'000));
    while (std::chrono::steady_clock::now() < until) {
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto found = vault_.read();
    ASSERT_TRUE(found == first || found == second);
    vault_.repair(*found);
    ASSERT_EQ(take_snapshot(folder()).size(), 2u);
  }
}

TEST_F(VaultTest, AFullDiskKeepsTheOldPassphrase) {
  const Slot slot = make();
  vault_.write(slot);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = kSlotFileBytes - 1;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto fault = fault_of([&] { vault_.write(make()); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(fault, StoreFault::kFull);
  EXPECT_EQ(vault_.read(), slot);
  EXPECT_EQ(read_bytes(copy(2)), encode_slot(slot));
  const Slot later = make();
  vault_.write(later);
  EXPECT_EQ(vault_.read(), later);
}

TEST_F(VaultTest, WipeOverwritesEveryCopyAndRemovesTheStore) {
  const TemporaryFolder beside;
  {
    Store store = create();
    store.commit(one_of_each("words"));
  }
  vault_.write(make());
  write_bytes(temporary_of(copy(1)), encode_slot(make()));
  for (const char* name : {"keys.1", "keys.2", "keys.1.new"}) {
    std::filesystem::create_hard_link(folder() / name, beside.path() / name);
  }
  vault_.wipe();
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
  for (const auto& [name, bytes] : take_snapshot(beside.path())) {
    EXPECT_EQ(bytes, Bytes(kSlotFileBytes, 0)) << name;
  }
  EXPECT_EQ(vault_.read(), std::nullopt);
  vault_.wipe();
  EXPECT_TRUE(std::filesystem::is_empty(folder()));
  create();
}

TEST_F(VaultTest, AWipeCutShortIsFinishedByTheNextInitOrWipe) {
  create();
  vault_.write(make());
  write_bytes(folder() / "unfinished", {});
  std::filesystem::remove(copy(1));
  std::filesystem::remove(copy(2));
  create();
  EXPECT_EQ(reopened(), Contents{});
}

}  // namespace
}  // namespace attune::store
