#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

const Actor kA = actor(1, 1);
const Actor kB = actor(1, 2);
const Actor kC = actor(2, 3);
const EntryId kEntry = entry(1);

bool is_husk(const Device& device, const Dot& dot) { return device.log.find(dot)->op.husk; }

TEST(Forget, EveryOpOfThePersonInItsPastBecomesAHusk) {
  Device a;
  const Op first = a.write(kA, draft(kEntry, {words(kTitle, "1"), ranked(kFirmness, 2)}));
  const Op second = a.write(kB, draft(kEntry, {words(kTitle, "2"), add("x")}));
  const Op act = a.write(kA, draft(kEntry, {forgetting()}));
  EXPECT_TRUE(is_husk(a, first.dot));
  EXPECT_TRUE(is_husk(a, second.dot));
  EXPECT_FALSE(is_husk(a, act.dot));
  EXPECT_TRUE(a.view.find(kEntry)->registers.empty());
}

TEST(Forget, LeavesOtherEntriesAndOtherPeopleAlone) {
  Device a;
  const Op elsewhere = a.write(kA, draft(entry(1, 2), {words(kTitle, "x")}));
  const Op theirs = a.write(kC, draft(kEntry, {words(kWords, "theirs")}));
  a.write(kA, draft(kEntry, {words(kTitle, "mine")}));
  a.write(kA, draft(kEntry, {forgetting()}));
  EXPECT_FALSE(is_husk(a, elsewhere.dot));
  EXPECT_FALSE(is_husk(a, theirs.dot));
  EXPECT_EQ(standing(a.view, kEntry, kWords), std::vector<Dot>{theirs.dot});
  EXPECT_EQ(standing(a.view, entry(1, 2), kTitle), std::vector<Dot>{elsewhere.dot});
}

TEST(Forget, WhatItWritesItselfGoesOnHolding) {
  Device a;
  a.write(kA, draft(kEntry, {words(kWords, "gone"), ranked(kFirmness, 2)}));
  const Op act = a.write(kA, draft(kEntry, {forgetting(), ranked(kFirmness, 2)}));
  EXPECT_EQ(standing(a.view, kEntry, kFirmness), std::vector<Dot>{act.dot});
  EXPECT_EQ(top_rank(a.view, kEntry, kFirmness), 2u);
  EXPECT_TRUE(standing(a.view, kEntry, kWords).empty());
}

TEST(Forget, AConcurrentWriteStandsAndIsNoHusk) {
  Device a;
  Device b;
  a.write(kA, draft(kEntry, {ranked(kFirmness, 1)}));
  b.pull(a);
  const Op tighter = b.write(kB, draft(kEntry, {ranked(kFirmness, 2)}));
  a.write(kA, draft(kEntry, {forgetting()}));
  a.pull(b);
  b.pull(a);
  EXPECT_EQ(standing(a.view, kEntry, kFirmness), std::vector<Dot>{tighter.dot});
  EXPECT_EQ(seen(a.view), seen(b.view));
  EXPECT_FALSE(is_husk(a, tighter.dot));
}

TEST(Forget, IsKnownToWhatComesAfterItAlone) {
  Device a;
  Device b;
  a.write(kA, draft(kEntry, {words(kTitle, "x")}));
  b.pull(a);
  const Op act = a.write(kA, draft(kEntry, {forgetting()}));
  const Op beside = b.write(kB, draft(kEntry, {words(kTitle, "y")}));
  a.pull(b);
  const Op after = a.write(kB, draft(entry(1, 3), {words(kTitle, "z")}));
  const auto knows = [&a](const PersonId& who, const Dot& of) {
    return a.view.forgotten_in(kEntry, who, a.log.find(of)->past);
  };
  EXPECT_TRUE(knows(person(1), after.dot));
  EXPECT_FALSE(knows(person(1), beside.dot));
  EXPECT_FALSE(knows(person(1), act.dot));
  EXPECT_FALSE(knows(person(2), after.dot));
  EXPECT_FALSE(a.view.forgotten_in(entry(1, 3), person(1), {}));
}

// A second act with the first in its past must not hide it from what has seen the first alone.
TEST(Forget, ALaterActDoesNotHideAnEarlierOne) {
  Device a;
  Device b;
  const Op first = a.write(kA, draft(kEntry, {words(kTitle, "x"), forgetting()}));
  b.pull(a);
  const Op between = b.write(kB, draft(entry(1, 3), {words(kTitle, "z")}));
  a.write(kA, draft(kEntry, {forgetting()}));
  a.pull(b);
  EXPECT_FALSE(is_husk(a, first.dot));
  EXPECT_TRUE(a.view.forgotten_in(kEntry, person(1), a.log.find(between.dot)->past));
}

TEST(Forget, ALaterActTakesTheWordsOfAnEarlierOne) {
  Device a;
  const Op first = a.write(kA, draft(kEntry, {forgetting(), words(kTitle, "x")}));
  a.write(kA, draft(kEntry, {forgetting()}));
  EXPECT_FALSE(a.log.find(first.dot)->op.slots[1].body.has_value());
  EXPECT_TRUE(a.view.find(kEntry)->registers.empty());
}

// A partner may forget one entry thousands of times a day: each costs what one costs.
TEST(Forget, ManyActsLeaveOneToLookThrough) {
  Device a;
  const Op first = a.write(kA, draft(kEntry, {words(kTitle, "x"), ranked(kFirmness, 2)}));
  Op last;
  for (int i = 0; i < 5; ++i) last = a.write(kA, draft(kEntry, {forgetting()}));
  EXPECT_TRUE(is_husk(a, first.dot));
  EXPECT_EQ(a.husks(), 1u);
  ASSERT_EQ(a.view.find(kEntry)->ops.size(), 1u);
  EXPECT_EQ(a.view.find(kEntry)->ops.front()->op.dot, last.dot);
  EXPECT_EQ(a.view.find(kEntry)->forgets.at(person(1)).size(), 1u);
  EXPECT_EQ(a.refolded(), seen(a.view));
}

TEST(Forget, WhatIsWrittenAfterItStandsAlone) {
  Device a;
  a.write(kA, draft(kEntry, {words(kTitle, "x"), words(kWords, "y")}));
  a.write(kA, draft(kEntry, {forgetting()}));
  const Op after = a.write(kA, draft(kEntry, {words(kTitle, "z")}));
  EXPECT_EQ(standing(a.view, kEntry, kTitle), std::vector<Dot>{after.dot});
  EXPECT_TRUE(standing(a.view, kEntry, kWords).empty());
}

// Three ops of one person and a forget, from two devices: in every order of arrival, whole or as
// husks, the same is left.
TEST(Forget, InAnyOrderAndThroughHusksTheSameIsLeft) {
  Device a;
  Device b;
  std::vector<Op> ops;
  ops.push_back(a.write(kA, draft(kEntry, {words(kTitle, "1"), ranked(kFirmness, 2), add("x")})));
  ops.push_back(b.write(kB, draft(kEntry, {words(kTitle, "2"), ranked(kFirmness, 1), add("y")})));
  a.pull(b);
  ops.push_back(a.write(kA, draft(kEntry, {words(kTitle, "3"), remove({{ops[0].dot, 0}})})));
  ops.push_back(a.write(kA, draft(kEntry, {forgetting()})));
  ops.push_back(b.write(kB, draft(kEntry, {words(kTitle, "beside")})));
  a.pull(b);
  ASSERT_EQ(a.husks(), 3u);
  std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
  do {
    Device whole;
    Device husks;
    for (const std::size_t i : order) {
      whole.take(ops[i]);
      husks.take(a.log.find(ops[i].dot)->op);
    }
    ASSERT_EQ(seen(whole.view), seen(a.view));
    ASSERT_EQ(seen(husks.view), seen(a.view));
    ASSERT_EQ(whole.husks(), 3u);
    ASSERT_EQ(whole.log.digest(), a.log.digest());
    ASSERT_EQ(whole.refolded(), seen(a.view));
  } while (std::ranges::next_permutation(order).found);
}

TEST(Forget, TwoActsSideBySideLeaveWhatOneLeaves) {
  Device a;
  Device b;
  const Op first = a.write(kA, draft(kEntry, {words(kTitle, "x")}));
  b.pull(a);
  const Op one = a.write(kA, draft(kEntry, {forgetting()}));
  const Op other = b.write(kB, draft(kEntry, {forgetting()}));
  a.pull(b);
  b.pull(a);
  EXPECT_EQ(seen(a.view), seen(b.view));
  EXPECT_TRUE(is_husk(a, first.dot) && is_husk(b, first.dot));
  EXPECT_EQ(a.view.find(kEntry)->forgets.at(person(1)), (std::vector<Dot>{one.dot, other.dot}));
}

// An entry that two write: the act writes again, empty, what its person's ops wrote over.
TEST(Forget, WhatWasReplacedDoesNotComeBackThroughAHusk) {
  Device a;
  const Op theirs = a.write(kC, draft(kEntry, {words(kTitle, "theirs"), add("x")}));
  const SlotRef their_tag{theirs.dot, 1};
  a.write(kA, draft(kEntry, {words(kTitle, "mine"), remove({their_tag})}));
  const Op act = a.write(kA, draft(kEntry, {forgetting(), words(kTitle, ""), remove({their_tag})}));
  Device through_husk;
  through_husk.pull(a);
  EXPECT_EQ(through_husk.husks(), 1u);
  EXPECT_EQ(seen(through_husk.view), seen(a.view));
  EXPECT_EQ(standing(through_husk.view, kEntry, kTitle), std::vector<Dot>{act.dot});
}

TEST(View, WhatANightTakesIsTakenOutFirst) {
  Device a;
  a.write(kA, draft(entry(1, 4), {ranked(kFirmness, 0)}));
  const Op say = a.write(kA, draft(kEntry, {ranked(kFirmness, 0), words(kTitle, "x")}));
  EXPECT_TRUE(a.view.lose(*a.log.find(say.dot)));
  EXPECT_EQ(a.view.find(kEntry), nullptr);
  EXPECT_TRUE(a.log.husk(say.dot));
  EXPECT_FALSE(a.view.lose(*a.log.find(say.dot)));
  EXPECT_EQ(a.refolded(), seen(a.view));
}

}  // namespace
}  // namespace attune::crdt::testing
