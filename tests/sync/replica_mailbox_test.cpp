// Two whole devices and a relay that keeps parcels: what a person notices of it.
#include "tests/sync/two_with_a_mailbox.h"

namespace attune::sync {
namespace {

TEST_F(TwoWithAMailbox, PostNothingWhileTheyAreLive) {
  for (int i = 0; i < 5; ++i) add(ana_);
  world_.run(1h);
  EXPECT_EQ(count(ben_), 5u);
  EXPECT_EQ(parcels(), 0u);
  const auto synced = sync(ana_);
  ASSERT_TRUE(synced);
  EXPECT_TRUE(synced->exchanged);
  EXPECT_FALSE(synced->posted);
}

TEST_F(TwoWithAMailbox, SyncIsDoneWhenAllIsAtTheRelay) {
  alone(ana_);
  add(ana_);
  const auto posted = sync(ana_);
  ASSERT_TRUE(posted);
  EXPECT_FALSE(posted->exchanged);
  EXPECT_TRUE(posted->posted);
  EXPECT_EQ(posted->pending_out, 1u);
  alone(ben_, 0s);
  const auto fetched = sync(ben_);
  ASSERT_TRUE(fetched);
  EXPECT_TRUE(fetched->posted);
  EXPECT_EQ(fetched->pending_out, 0u);
  EXPECT_EQ(count(ben_), 1u);
  alone(ana_);
  const auto known = sync(ana_);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->pending_out, 0u);
}

TEST_F(TwoWithAMailbox, SyncWithoutARelayIsNotReached) {
  alone(ana_);
  world_.set_relay(false);
  add(ana_);
  EXPECT_FALSE(sync(ana_));
  world_.set_relay(true);
  world_.run(6min);
  EXPECT_TRUE(sync(ana_));
}

TEST_F(TwoWithAMailbox, GoOnLiveWithoutDuplicates) {
  for (int round = 0; round < 4; ++round) {
    alone(ana_);
    for (int i = 0; i < 5; ++i) add(ana_);
    world_.run(10s);
    alone(ben_);
    for (int i = 0; i < 5; ++i) add(ben_);
    world_.run(10s);
    ASSERT_TRUE(world_.up(ana_));
    world_.run(1min);
    EXPECT_EQ(count(ana_), static_cast<std::size_t>(12 * round + 10));
    EXPECT_EQ(count(ben_), count(ana_));
    const std::size_t before = parcels();
    add(ana_);
    add(ben_);
    world_.run(1h);
    EXPECT_EQ(parcels(), before);
    ASSERT_TRUE(sync(ana_)->exchanged);
    ASSERT_EQ(count(ana_), count(ben_));
  }
}

TEST_F(TwoWithAMailbox, ThatPairAgainHaveOtherMailboxes) {
  alone(ana_);
  add(ana_);
  world_.run(1min);
  world_.up(ben_);
  world_.run(1min);
  for (const std::size_t who : {ana_, ben_}) world_.ask(who, Unpair{});
  ASSERT_TRUE(world_.pair(ben_, ana_));
  world_.run(1min);
  alone(ana_);
  add(ana_);
  world_.run(10s);
  EXPECT_EQ(world_.relay().mailboxes.mailboxes_used().size(), 2u);
  alone(ben_);
  EXPECT_EQ(count(ben_), 2u);
}

}  // namespace
}  // namespace attune::sync
