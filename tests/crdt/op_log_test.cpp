#include "daemon/crdt/op_log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/limits.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

using Taken = OpLog::Taken;

const Actor kA = actor(1, 1);
const Actor kB = actor(1, 2);
const Actor kC = actor(2, 3);

Op any() { return draft(entry(1), {words(kTitle, "x")}); }

// Hashes again after a change by hand.
Op resealed(Op op) {
  op.rest_hash = hash_rest(op);
  return op;
}

TEST(OpLog, AWriteSeesEverythingHere) {
  Device device;
  device.write(kA, any());
  device.write(kB, any());
  const Op third = device.write(kC, any());
  EXPECT_EQ(third.dot, dot(kC, 1));
  EXPECT_EQ(third.seen, std::vector<Dot>{dot(kB, 1)});  // which has seen A's
  EXPECT_TRUE(device.log.find(third.dot)->past.contains(dot(kA, 1)));
  EXPECT_EQ(device.log.frontier(), std::vector<Dot>{third.dot});
}

TEST(OpLog, AnActorsNextOpNamesNothingWhenNothingIsNew) {
  Device device;
  device.write(kB, any());
  device.write(kA, any());
  const Op next = device.write(kA, any());
  EXPECT_TRUE(next.seen.empty());
  const Past& past = device.log.find(next.dot)->past;
  EXPECT_TRUE(past.contains(dot(kA, 1)));
  EXPECT_FALSE(past.contains(next.dot));
  EXPECT_TRUE(past.contains(dot(kB, 1)));
}

TEST(OpLog, WeightIsTheSizeOfThePast) {
  Device device;
  device.write(kA, any());
  device.write(kB, any());
  device.write(kB, any());
  EXPECT_EQ(device.log.weight(dot(kA, 1)), 1u);
  EXPECT_EQ(device.log.weight(dot(kB, 2)), 3u);
  EXPECT_EQ(device.log.weight(dot(kB, 3)), 0u);
}

TEST(OpLog, TheSameOpTwiceIsADuplicate) {
  Device device;
  Op op = device.write(kA, any());
  EXPECT_EQ(device.log.append(op, {}), Taken::kDuplicate);
  make_husk(op);
  EXPECT_EQ(device.log.append(op, {}), Taken::kDuplicate);
  EXPECT_EQ(device.log.size(), 1u);
}

TEST(OpLog, AnotherOpWithTheSameDotIsAForkAndTheFirstStays) {
  Device device;
  const Op first = device.write(kA, any());
  Op other = first;
  other.day.days += 1;
  const Hash32 digest = device.log.digest();
  EXPECT_EQ(device.log.append(resealed(other), {}), Taken::kForked);
  EXPECT_EQ(device.log.find(first.dot)->op, first);
  EXPECT_EQ(device.log.digest(), digest);
}

TEST(OpLog, AnOpWaitsForTheOneBeforeItAndForWhatItHasSeen) {
  Device device;
  const Op a1 = device.write(kA, any());
  const Op a2 = device.write(kA, any());
  const Op b1 = device.write(kB, any());
  OpLog log(stream());
  EXPECT_EQ(log.append(b1, {}), Taken::kWaits);
  EXPECT_EQ(log.append(a2, {}), Taken::kWaits);
  EXPECT_EQ(log.append(a1, {}), Taken::kAppended);
  EXPECT_EQ(log.append(b1, {}), Taken::kWaits);
  EXPECT_EQ(log.append(a2, {}), Taken::kAppended);
  EXPECT_EQ(log.append(b1, {}), Taken::kAppended);
  EXPECT_EQ(log.digest(), device.log.digest());
}

// ---- What is no frontier.

struct Malformed : ::testing::Test {
  Malformed() {
    device.write(kA, any());
    device.write(kB, any());  // has seen A 1
    Device other;
    other.pull(device, 1);
    device.take(other.write(kC, any()));  // has seen A 1, not B 1
  }
  Taken take(const Actor& self, std::vector<Dot> named) {
    Op op = device.log.compose(self, any());
    op.seen = std::move(named);
    return device.log.append(op, {});
  }
  Device device;
  Actor fresh = actor(2, 4);
};

TEST_F(Malformed, TheTwoHeadsAreWellFormed) {
  EXPECT_EQ(take(fresh, {dot(kB, 1), dot(kC, 1)}), Taken::kAppended);
}
TEST_F(Malformed, ADotInThePastOfAnother) {
  EXPECT_EQ(take(fresh, {dot(kA, 1), dot(kB, 1)}), Taken::kMalformed);
}
TEST_F(Malformed, ADotInThePastOfTheOpBefore) {
  EXPECT_EQ(take(kB, {dot(kA, 1)}), Taken::kMalformed);
  EXPECT_EQ(take(kB, {dot(kC, 1)}), Taken::kAppended);
}
TEST_F(Malformed, ItsOwnActor) { EXPECT_EQ(take(kB, {dot(kB, 1)}), Taken::kMalformed); }
TEST_F(Malformed, OneActorTwice) {
  EXPECT_EQ(take(fresh, {dot(kB, 1), dot(kB, 2)}), Taken::kMalformed);
}
TEST_F(Malformed, OutOfOrder) {
  EXPECT_EQ(take(fresh, {dot(kC, 1), dot(kB, 1)}), Taken::kMalformed);
}
TEST_F(Malformed, ADotOfNoCounter) { EXPECT_EQ(take(fresh, {dot(kB, 0)}), Taken::kMalformed); }
TEST_F(Malformed, AnotherStream) {
  Dot elsewhere = dot(kB, 1);
  elsewhere.actor.stream = StreamId::mine();
  EXPECT_EQ(take(fresh, {elsewhere}), Taken::kMalformed);
  Op op = device.log.compose(fresh, any());
  op.dot.actor.stream = StreamId::mine();
  EXPECT_EQ(device.log.append(op, {}), Taken::kMalformed);
  op.dot = {.actor = fresh, .counter = 0};
  EXPECT_EQ(device.log.append(op, {}), Taken::kMalformed);
}

// ---- Digest, order and bounds.

TEST(OpLog, TheDigestDoesNotDependOnTheOrderOfArrival) {
  Device a;
  Device b;
  a.write(kA, any());
  b.write(kB, any());
  Device ab;
  ab.pull(a);
  ab.pull(b);
  Device ba;
  ba.pull(b);
  ba.pull(a);
  EXPECT_EQ(ab.log.digest(), ba.log.digest());
  EXPECT_NE(ab.log.digest(), a.log.digest());
  EXPECT_NE(a.log.digest(), b.log.digest());
}

TEST(OpLog, ErasingLeavesTheDigest) {
  Device device(false);
  const Op op = device.write(kA, any());
  const Hash32 digest = device.log.digest();
  EXPECT_TRUE(device.log.erase_slot(op.dot, 0));
  EXPECT_FALSE(device.log.erase_slot(op.dot, 0));
  EXPECT_FALSE(device.log.erase_slot(op.dot, 1));
  EXPECT_TRUE(device.log.husk(op.dot));
  EXPECT_FALSE(device.log.husk(op.dot));
  EXPECT_FALSE(device.log.husk(dot(kA, 2)));
  EXPECT_FALSE(device.log.erase_slot(op.dot, 0));
  EXPECT_EQ(device.log.digest(), digest);
}

TEST(OpLog, TheHeadOfAnActorIsItsLastChain) {
  Device device;
  EXPECT_EQ(device.log.head(kA), first_chain(kA));
  const Op first = device.write(kA, any());
  EXPECT_EQ(device.log.head(kA), next_chain(first_chain(kA), first));
  const Op second = device.write(kA, any());
  EXPECT_EQ(device.log.head(kA), next_chain(device.log.find(first.dot)->chain, second));
}

TEST(OpLog, MissingGivesEachOpAfterItsPastAndNoMoreThanAsked) {
  Device a;
  Device b;
  for (int round = 0; round < 6; ++round) {
    a.write(kA, any());
    b.write(kB, any());
    b.write(kC, any());
    if (round % 2 == 0) a.pull(b);
    if (round % 3 == 0) b.pull(a);
  }
  a.pull(b);
  OpLog log(stream());
  std::size_t total = 0;
  for (;;) {
    const auto batch = a.log.missing(log.vector(), 5);
    EXPECT_LE(batch.size(), 5u);
    if (batch.empty()) break;
    for (const Kept* kept : batch) ASSERT_EQ(log.append(kept->op, {}), Taken::kAppended);
    total += batch.size();
  }
  EXPECT_EQ(total, 18u);
  EXPECT_EQ(log.digest(), a.log.digest());
  EXPECT_TRUE(a.log.missing({}, 0).empty());
}

TEST(OpLog, MissingFindsADotThatOnlyOneSideHas) {
  Device a;
  a.write(kA, any());
  a.write(kB, any());
  VersionVector has;
  has.raise(kB, 7);  // more than is here
  const auto missing = a.log.missing(has, 10);
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0]->op.dot, dot(kA, 1));
}

TEST(OpLog, AClosureHoldsTheDotsAndTheirPast) {
  Device device;
  device.write(kA, any());
  device.write(kB, any());
  const VersionVector all = device.log.closure({dot(kB, 1), dot(kC, 5)});
  EXPECT_TRUE(all.contains(dot(kA, 1)));
  EXPECT_TRUE(all.contains(dot(kB, 1)));
  EXPECT_EQ(all.last(kC), 5u);  // not held: counts for itself
  EXPECT_FALSE(all.contains(dot(kA, 2)));
}

Actor numbered(std::size_t number) {
  Actor who = actor(2, 9);
  who.incarnation.bytes[6] = static_cast<std::uint8_t>(number >> 8);
  who.incarnation.bytes[7] = static_cast<std::uint8_t>(number);
  return who;
}

TEST(OpLog, HoldsAtMostKActorsMaxAndGoesOnWithThose) {
  OpLog empty(stream());
  Device device;
  for (std::size_t i = 0; i < limits::kActorsMax; ++i) {
    ASSERT_EQ(device.log.append(empty.compose(numbered(i), any()), {}), Taken::kAppended) << i;
  }
  EXPECT_EQ(device.log.append(empty.compose(numbered(limits::kActorsMax), any()), {}),
            Taken::kMalformed);
  EXPECT_EQ(device.log.append(device.log.compose(numbered(0), any()), {}), Taken::kAppended);
}

TEST(OpLog, AWriteNamesTheHeaviestOfTooManyHeads) {
  OpLog empty(stream());
  Device device;
  for (std::size_t i = 0; i < limits::kDotsMax + 40; ++i) {
    device.log.append(empty.compose(numbered(i), any()), {});
  }
  Device heavy;
  heavy.write(kA, any());
  heavy.write(kA, any());
  device.pull(heavy);
  const Op op = device.write(kB, any());
  EXPECT_EQ(op.seen.size(), limits::kDotsMax);
  EXPECT_TRUE(std::ranges::binary_search(op.seen, dot(kA, 2)));
  const Op next = device.write(kB, any());
  EXPECT_EQ(next.seen.size(), 41u);
  EXPECT_EQ(device.log.frontier(), std::vector<Dot>{next.dot});
}

TEST(OpLog, AVerdictAndATagStayWithTheirOp) {
  Device device;
  const Op op = device.write(kA, any());
  EXPECT_TRUE(device.log.find(op.dot)->counted);
  device.log.mark_void(op.dot);
  device.log.set_tag(op.dot, {5});
  EXPECT_FALSE(device.log.find(op.dot)->counted);
  EXPECT_EQ(device.log.find(op.dot)->tag, (std::array<std::uint8_t, 32>{5}));
}

}  // namespace
}  // namespace attune::crdt::testing
