#include "daemon/couple/standing.h"

#include <gtest/gtest.h>

#include "daemon/couple/authorship.h"
#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

struct StandingTest : testing::Test {
  const crdt::EntryState& after(const EntryId& id, std::string_view noun,
                                std::vector<crdt::Slot> slots) {
    couple.enter(couple.op(couple.ada_phone, id, row(noun).number, std::move(slots)));
    return couple.entry(id);
  }
  TwoPeople couple;
};

TEST_F(StandingTest, ABoundaryIsOverWithItsWeakestValue) {
  const EntryId id = id_of(couple.ada, "boundary");
  EXPECT_FALSE(is_ended(row("boundary"),
                        after(id, "boundary", {value("boundary", "firmness", "negotiable")})));
  EXPECT_TRUE(
      is_ended(row("boundary"), after(id, "boundary", {value("boundary", "firmness", "ended")})));
}

TEST_F(StandingTest, AWithdrawalIsOverWithItsStrictestAndWithWhatIsNotKnown) {
  const EntryId id = only_one(row("consent"), couple.ada, couple.people.couple, "");
  EXPECT_FALSE(
      is_ended(row("consent"), after(id, "consent", {value("consent", "stance", "not-tonight")})));
  EXPECT_TRUE(
      is_ended(row("consent"), after(id, "consent", {value("consent", "stance", "withdrawn")})));
  crdt::Slot unknown = value("consent", "stance", "open");
  unknown.rank = FieldRow::kRankUnknown;
  EXPECT_TRUE(is_ended(row("consent"), after(id, "consent", {unknown})));
}

TEST_F(StandingTest, AKindWithoutAnEndingValueEndsItsLife) {
  const EntryId id = id_of(couple.ada, "thanks");
  EXPECT_FALSE(is_ended(row("thanks"), after(id, "thanks", {words("thanks", "words", "a")})));
  crdt::Slot over;
  over.field = kFieldLife;
  over.rank = 1;
  EXPECT_TRUE(is_ended(row("thanks"), after(id, "thanks", {over})));
}

TEST_F(StandingTest, WhatIsForgottenIsOver) {
  const EntryId id = id_of(couple.ada, "thanks");
  const crdt::EntryState& entry = after(id, "thanks", {words("thanks", "words", "a")});
  EXPECT_FALSE(is_forgotten(row("thanks"), entry, couple.ada));
  after(id, "thanks", {forget()});
  EXPECT_TRUE(is_forgotten(row("thanks"), entry, couple.ada));
  EXPECT_FALSE(is_forgotten(row("thanks"), entry, couple.ben));
  EXPECT_TRUE(is_ended(row("thanks"), entry));
}

TEST_F(StandingTest, OnlyAWithdrawalEndsAtTheStrictest) {
  EXPECT_TRUE(ends_at_strictest(row("consent")));
  EXPECT_FALSE(ends_at_strictest(row("pause")));
  EXPECT_FALSE(ends_at_strictest(row("boundary")));
  EXPECT_FALSE(ends_at_strictest(row("thanks")));
}

TEST_F(StandingTest, AWeakerWriteTakesEffectOnlyOverWhatWasSeen) {
  const EntryId id = id_of(couple.ada, "boundary");
  const crdt::EntryState& entry =
      after(id, "boundary", {value("boundary", "firmness", "non-negotiable")});
  const crdt::Register* stands = entry.find(field("boundary", "firmness").number);
  EXPECT_FALSE(takes_effect(stands, 1, {}));
  EXPECT_TRUE(takes_effect(stands, 1, couple.log.vector()));
  EXPECT_TRUE(takes_effect(stands, 2, {}));
  EXPECT_TRUE(takes_effect(nullptr, 0, {}));
}

TEST_F(StandingTest, AStateHasTheWordOfItsRow) {
  const LocalDay today{20'000};
  const auto name = [&](std::string_view noun, StateFacts facts) {
    facts.today = today;
    return std::string(state_name(row(noun), facts));
  };
  EXPECT_EQ(name("boundary", {}), "active");
  EXPECT_EQ(name("boundary", {.waits = true}), "loosening");
  EXPECT_EQ(name("boundary", {.ended = true, .waits = true}), "ended");
  EXPECT_EQ(name("boundary", {.review = today}), "review");
  EXPECT_EQ(name("boundary", {.review = LocalDay{20'001}}), "active");
  EXPECT_EQ(name("boundary", {.waits = true, .review = today}), "loosening");
  EXPECT_EQ(name("consent", {}), "said");
  EXPECT_EQ(name("consent", {.ended = true}), "not-said");
  EXPECT_EQ(name("pause", {}), "raised");
  EXPECT_EQ(name("pause", {.ended = true}), "lifted");
  EXPECT_EQ(name("journal", {}), "written");
}

TEST_F(StandingTest, AReviewIsDueOnItsDayUnlessItIsOver) {
  const LocalDay today{20'000};
  EXPECT_TRUE(is_due({.review = today, .today = today}));
  EXPECT_TRUE(is_due({.review = LocalDay{1}, .today = today}));
  EXPECT_FALSE(is_due({.review = LocalDay{20'001}, .today = today}));
  EXPECT_FALSE(is_due({.ended = true, .review = today, .today = today}));
  EXPECT_FALSE(is_due({.review = {}, .today = today}));
}

}  // namespace
}  // namespace attune::couple
