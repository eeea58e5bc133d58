#include "daemon/crdt/merge.h"

#include <gtest/gtest.h>

#include <array>

#include "proto/kind_table.h"
#include "tests/crdt/oracle.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

const Actor kA = actor(1, 1);
const Actor kB = actor(1, 2);
const Actor kC = actor(2, 3);
const EntryId kEntry = entry(1);

// ---- Every history of three ops on two devices of one person. The first writes first: the other
// half
// ---- is the same with the names exchanged.

// For each step: which of the two writes, which of `kinds` things, and who then pulls from whom.
struct Script {
  std::array<unsigned, 3> device{};
  std::array<unsigned, 3> kind{};
  std::array<unsigned, 3> sync{};  // bit 0: the second pulls; bit 1: the first pulls
};

template <typename Visit>
void for_each_script(unsigned kinds, Visit visit) {
  const unsigned step = 2 * kinds * 4;
  for (unsigned number = 0; number < step * step * step; number += 2) {
    Script script;
    unsigned rest = number;
    for (std::size_t i = 0; i < 3; ++i) {
      script.device[i] = rest % 2;
      script.kind[i] = rest / 2 % kinds;
      script.sync[i] = rest / 2 / kinds % 4;
      rest /= step;
    }
    visit(number, script);
  }
}

struct Pair {
  std::array<Device, 2> devices;
  Oracle oracle;
  std::vector<Op> ops;

  // `make(device, kind)` gives the slot that is written.
  template <typename Make>
  void run(const Script& script, Make make) {
    const std::array<Actor, 2> actors{kA, kB};
    for (std::size_t i = 0; i < 3; ++i) {
      Device& device = devices[script.device[i]];
      ops.push_back(
          device.write(actors[script.device[i]], draft(kEntry, {make(device, script.kind[i])})));
      oracle.add(ops.back());
      if ((script.sync[i] & 1) != 0) devices[1].pull(devices[0]);
      if ((script.sync[i] & 2) != 0) devices[0].pull(devices[1]);
    }
    devices[1].pull(devices[0]);
    devices[0].pull(devices[1]);
  }
  void expect_even(unsigned number) const {
    ASSERT_EQ(devices[0].log.digest(), devices[1].log.digest()) << number;
    ASSERT_EQ(seen(devices[0].view), seen(devices[1].view)) << number;
    ASSERT_EQ(stands(devices[0].view), oracle.stands()) << number;
  }
};

TEST(Protective, EveryInterleavingOfThreeSaysAndWithdrawals) {
  constexpr std::uint32_t kYes = 0;
  constexpr std::uint32_t kWithdrawn = 1;
  // A say that shows nothing it lifts, a say over all it has seen, a withdrawal.
  const auto make = [](Device&, unsigned kind) {
    if (kind == 2) return ranked(kFirmness, kWithdrawn);
    return ranked(kFirmness, kYes, kind == 1 ? over_past() : Over{});
  };
  for_each_script(3, [&](unsigned number, const Script& script) {
    Pair pair;
    pair.run(script, make);
    pair.expect_even(number);
    // Withdrawn, as long as one withdrawal was not on the screen of a say after it.
    bool withdrawn = false;
    for (std::size_t i = 0; i < 3; ++i) {
      if (script.kind[i] != 2) continue;
      bool lifted = false;
      for (std::size_t j = 0; j < 3; ++j) {
        lifted |= script.kind[j] == 1 && pair.oracle.is_in_past(pair.ops[i].dot, pair.ops[j].dot);
        // A later withdrawal stands in for the earlier one.
        lifted |= script.kind[j] == 2 && pair.oracle.is_in_past(pair.ops[i].dot, pair.ops[j].dot);
      }
      withdrawn |= !lifted;
    }
    ASSERT_EQ(top_rank(pair.devices[0].view, kEntry, kFirmness), withdrawn ? kWithdrawn : kYes)
        << number;
  });
}

TEST(Protective, EveryInterleavingOfTighteningAndLoosening) {
  // To 1, to 2, and loosening to 0 having all on screen.
  const auto make = [](Device&, unsigned kind) {
    return ranked(kFirmness, kind, kind == 0 ? over_past() : Over{});
  };
  for_each_script(3, [&](unsigned number, const Script& script) {
    Pair pair;
    pair.run(script, make);
    pair.expect_even(number);
    // A tightening that no loosening came after is in force.
    for (std::size_t i = 0; i < 3; ++i) {
      bool loosened = script.kind[i] == 0;
      for (std::size_t j = 0; j < 3; ++j) {
        loosened |= script.kind[j] == 0 && pair.oracle.is_in_past(pair.ops[i].dot, pair.ops[j].dot);
      }
      if (loosened) continue;
      ASSERT_GE(top_rank(pair.devices[0].view, kEntry, kFirmness), script.kind[i]) << number;
    }
  });
}

TEST(Set, AnElementIsThereWhileAnAddIsInNoRemovesPast) {
  const auto make = [](Device& device, unsigned kind) {
    if (kind == 0) return add("x");
    std::vector<SlotRef> all;
    for (const Dot& each : standing(device.view, kEntry, kTags)) all.push_back({each, 0});
    return remove(all);
  };
  for_each_script(2, [&](unsigned number, const Script& script) {
    Pair pair;
    pair.run(script, make);
    pair.expect_even(number);
    bool there = false;
    for (std::size_t i = 0; i < 3; ++i) {
      if (script.kind[i] != 0) continue;
      bool removed = false;
      for (std::size_t j = 0; j < 3; ++j) {
        removed |= script.kind[j] == 1 && pair.oracle.is_in_past(pair.ops[i].dot, pair.ops[j].dot);
      }
      there |= !removed;
    }
    ASSERT_EQ(!standing(pair.devices[0].view, kEntry, kTags).empty(), there) << number;
  });
}

// ---- What a protective write had on screen.

// A tightens while B, on an older screen, loosens; B's daemon has merged A's before B writes.
TEST(Protective, ALooseningOnAStaleScreenLiftsOnlyWhatItShowed) {
  Device a;
  Device b;
  const Op shown = a.write(kA, draft(kEntry, {ranked(kFirmness, 1)}));
  b.pull(a);
  const Op unseen = a.write(kA, draft(kEntry, {ranked(kFirmness, 2)}));
  b.pull(a);
  b.write(kB, draft(kEntry, {ranked(kFirmness, 0, over_dots({shown.dot}))}));
  EXPECT_EQ(top_rank(b.view, kEntry, kFirmness), 2u);
  EXPECT_EQ(standing(b.view, kEntry, kFirmness).front(), unseen.dot);
  b.write(kB, draft(kEntry, {ranked(kFirmness, 0, over_dots({unseen.dot}))}));
  EXPECT_EQ(top_rank(b.view, kEntry, kFirmness), 0u);
}

TEST(Protective, WhatWasOnScreenTakesInItsPast) {
  Device a;
  a.write(kA, draft(kEntry, {ranked(kFirmness, 3)}));
  const Op last = a.write(kB, draft(kEntry, {words(kTitle, "later")}));
  a.write(kA, draft(kEntry, {ranked(kFirmness, 0, over_dots({last.dot}))}));
  EXPECT_EQ(top_rank(a.view, kEntry, kFirmness), 0u);
}

TEST(Protective, AScreenThatShowedNothingLiftsNothingStricter) {
  Device a;
  a.write(kA, draft(kEntry, {ranked(kFirmness, 1)}));
  a.write(kA, draft(kEntry, {ranked(kFirmness, 0)}));
  EXPECT_EQ(top_rank(a.view, kEntry, kFirmness), 1u);
  EXPECT_EQ(standing(a.view, kEntry, kFirmness).size(), 2u);
}

TEST(Protective, AnEquallyStrictWriteReplacesWhatItHasSeen) {
  Device a;
  a.write(kA, draft(kEntry, {ranked(kFirmness, 1)}));
  const Op again = a.write(kA, draft(kEntry, {ranked(kFirmness, 1)}));
  EXPECT_EQ(standing(a.view, kEntry, kFirmness), std::vector<Dot>{again.dot});
}

// Some have the dot that the write names without having seen it, some have not: it says nothing.
TEST(Protective, ADotOutsideThePastShowsNothing) {
  Device a;
  Device b;
  const Op firm = a.write(kA, draft(kEntry, {ranked(kFirmness, 2)}));
  Device other;
  other.pull(a);
  const Op beside = other.write(kC, draft(kEntry, {words(kTitle, "beside")}));
  b.pull(a);
  const Op loosening = b.write(kB, draft(kEntry, {ranked(kFirmness, 0, over_dots({beside.dot}))}));
  a.pull(other);
  a.pull(b);
  b.pull(other);
  EXPECT_EQ(top_rank(a.view, kEntry, kFirmness), 2u);
  EXPECT_EQ(seen(a.view), seen(b.view));
  EXPECT_EQ(standing(a.view, kEntry, kFirmness), (std::vector<Dot>{firm.dot, loosening.dot}));
}

TEST(Protective, AWriteWithoutRankIsTheStrictest) {
  Device a;
  Slot unknown = words(kFirmness, "?");
  a.write(kA, draft(kEntry, {unknown}));
  a.write(kA, draft(kEntry, {ranked(kFirmness, FieldRow::kRankUnknown - 1)}));
  EXPECT_EQ(top_rank(a.view, kEntry, kFirmness), FieldRow::kRankUnknown);
}

TEST(Protective, TheEndOfAnEntryIsProtective) {
  Device a;
  Device b;
  const Op ended = a.write(kA, draft(kEntry, {ranked(kFieldLife, 1)}));
  b.write(kB, draft(kEntry, {ranked(kFieldLife, 0, over_past())}));
  b.pull(a);
  EXPECT_EQ(standing(b.view, kEntry, kFieldLife).front(), ended.dot);
}

TEST(Protective, EachPersonHasARegisterOfTheirOwnWhereTheFieldSaysSo) {
  Device a;
  a.write(kA, draft(kEntry, {ranked(kAccepted, 1)}));
  a.write(kC, draft(kEntry, {ranked(kAccepted, 0, over_past())}));
  const EntryState* state = a.view.find(kEntry);
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->find(kAccepted), nullptr);
  ASSERT_NE(state->find(kAccepted, person(1)), nullptr);
  EXPECT_EQ(state->find(kAccepted, person(1))->standing.front().rank, 1u);
  EXPECT_EQ(state->find(kAccepted, person(2))->standing.front().rank, 0u);
}

// ---- The other registers.

TEST(Latest, RivalsStandInOrderOfWeightUntilOneHasSeenBoth) {
  Device a;
  Device b;
  a.write(kA, draft(kEntry, {words(kTitle, "light")}));
  b.write(kB, draft(kEntry, {words(kWords, "before")}));
  b.write(kB, draft(kEntry, {words(kTitle, "heavy")}));
  a.pull(b);
  EXPECT_EQ(standing(a.view, kEntry, kTitle), (std::vector<Dot>{dot(kB, 2), dot(kA, 1)}));
  const Op both = a.write(kA, draft(kEntry, {words(kTitle, "both")}));
  EXPECT_EQ(standing(a.view, kEntry, kTitle), std::vector<Dot>{both.dot});
}

TEST(SideBySide, KeepsBothWholeUntilOneHasSeenBoth) {
  Device a;
  Device b;
  const Op ours = a.write(kA, draft(kEntry, {words(kWords, "ours")}));
  const Op theirs = b.write(kB, draft(kEntry, {words(kWords, "theirs")}));
  a.pull(b);
  b.pull(a);
  EXPECT_EQ(standing(a.view, kEntry, kWords).size(), 2u);
  for (const Op& op : {ours, theirs}) {
    EXPECT_EQ(a.log.find(op.dot)->op.slots[0].body, op.slots[0].body);
    EXPECT_EQ(b.log.find(op.dot)->op.slots[0].body, op.slots[0].body);
  }
}

TEST(View, SupersededWordsAreNamedAndStandingOnesAreNot) {
  Device a;
  const Op first = a.write(kA, draft(kEntry, {words(kTitle, "1"), words(kWords, "stays")}));
  a.write(kA, draft(kEntry, {words(kTitle, "2")}));
  EXPECT_FALSE(a.log.find(first.dot)->op.slots[0].body.has_value());
  EXPECT_TRUE(a.log.find(first.dot)->op.slots[1].body.has_value());
}

TEST(View, AWriteThatIsNotInForceKeepsWhatItDidNotLift) {
  Device a;
  const Op firm = a.write(kA, draft(kEntry, {ranked(kFirmness, 2)}));
  a.write(kA, draft(kEntry, {ranked(kFirmness, 0)}));
  EXPECT_TRUE(a.log.find(firm.dot)->op.slots[0].body.has_value());
}

TEST(Set, OneOfSeveralElementsOfOneOpIsTakenAwayAlone) {
  Device a;
  const Op three = a.write(kA, draft(kEntry, {add("x"), add("y"), add("z")}));
  a.write(kA, draft(kEntry, {remove({{three.dot, 1}})}));
  const Register* tags = a.view.find(kEntry)->find(kTags);
  ASSERT_NE(tags, nullptr);
  ASSERT_EQ(tags->standing.size(), 2u);
  EXPECT_EQ(tags->standing[0].slot, 0u);
  EXPECT_EQ(tags->standing[1].slot, 2u);
  EXPECT_FALSE(a.log.find(three.dot)->op.slots[1].body.has_value());
}

TEST(Set, ConcurrentRemovalsOfTwoElementsBothHold) {
  Device a;
  Device b;
  const Op two = a.write(kA, draft(kEntry, {add("x"), add("y")}));
  b.pull(a);
  a.write(kA, draft(kEntry, {remove({{two.dot, 0}})}));
  b.write(kB, draft(kEntry, {remove({{two.dot, 1}})}));
  a.pull(b);
  EXPECT_EQ(a.view.find(kEntry)->find(kTags), nullptr);
}

// A removal that names an add it has not seen would depend on which of both came first.
TEST(Set, ARemovalTakesOnlyWhatIsInItsPast) {
  Device a;
  Device b;
  const Op unseen = a.write(kA, draft(kEntry, {add("x")}));
  b.write(kB, draft(kEntry, {remove({{unseen.dot, 0}})}));
  a.pull(b);
  b.pull(a);
  EXPECT_EQ(standing(a.view, kEntry, kTags), std::vector<Dot>{unseen.dot});
  EXPECT_EQ(seen(a.view), seen(b.view));
}

TEST(View, TheDayIsThatOfTheFirstOp) {
  Device a;
  Device b;
  Op early = draft(kEntry, {words(kTitle, "x")});
  early.day = {1};
  Op heavier = draft(kEntry, {words(kTitle, "y")});
  heavier.day = {2};
  a.write(kA, early);
  b.write(kB, draft(entry(1, 5), {words(kTitle, "z")}));
  b.write(kB, heavier);
  a.pull(b);
  b.pull(a);
  EXPECT_EQ(a.view.find(kEntry)->day, LocalDay{1});
  EXPECT_EQ(b.view.find(kEntry)->day, LocalDay{1});
}

TEST(View, AHuskHasNoEffect) {
  Device a;
  Op op = a.log.compose(kA, draft(kEntry, {words(kTitle, "x")}));
  make_husk(op);
  ASSERT_EQ(a.log.append(op, {}), OpLog::Taken::kAppended);
  const View::Effect effect = a.view.apply(*a.log.find(op.dot));
  EXPECT_FALSE(effect.changed);
  EXPECT_TRUE(a.view.entries().empty());
}

}  // namespace
}  // namespace attune::crdt::testing
