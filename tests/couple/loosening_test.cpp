#include "daemon/couple/loosening.h"

#include <gtest/gtest.h>

#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

crdt::Register standing(std::uint32_t rank) {
  crdt::Register stands;
  stands.standing.push_back({.dot = {}, .slot = 0, .weight = 1, .rank = rank, .person = {}});
  return stands;
}

TEST(Loosening, ALowerRankLoosens) {
  const FieldRow& firmness = field("boundary", "firmness");
  const crdt::Register firm = standing(2);
  const auto loosened = [&](std::uint32_t rank) {
    return loosens(row("boundary"), &firm, {.field = &firmness, .rank = rank});
  };
  EXPECT_TRUE(loosened(0));
  EXPECT_TRUE(loosened(1));
  EXPECT_FALSE(loosened(2));
  EXPECT_FALSE(loosened(FieldRow::kRankUnknown));
}

TEST(Loosening, OtherWordsLoosenUnlessTheyAreTighter) {
  const FieldRow& text = field("boundary", "words");
  const crdt::Register stands = standing(0);
  const auto loosened = [&](bool differs, bool tighter) {
    return loosens(row("boundary"), &stands,
                   {.field = &text, .rank = {}, .differs = differs, .tighter = tighter});
  };
  EXPECT_TRUE(loosened(true, false));
  EXPECT_FALSE(loosened(true, true));
  EXPECT_FALSE(loosened(false, false));
}

TEST(Loosening, WhatIsNewOrOfAnotherFieldLoosensNothing) {
  const crdt::Register stands = standing(0);
  EXPECT_FALSE(loosens(row("boundary"), nullptr, {.field = &field("boundary", "words")}));
  EXPECT_FALSE(loosens(row("boundary"), &stands, {.field = &field("boundary", "area")}));
}

TEST(Loosening, OnesOwnPauseIsLiftedAtOnce) {
  const crdt::Register raised = standing(1);
  EXPECT_FALSE(loosens(row("pause"), &raised, {.field = &field("pause", "hold"), .rank = 0}));
}

TEST(Loosening, AWaitCountsWhatBothClocksShow) {
  const Now begin = evening();
  Wait wait = Wait::begin(begin);
  EXPECT_EQ(wait.left(row("boundary")), 24h);
  wait.count(later(begin, 10h));
  EXPECT_EQ(wait.left(row("boundary")), 14h);
  wait.count(later(begin, 24h));
  EXPECT_EQ(wait.left(row("boundary")), 0s);
  wait.count(later(begin, 100h));
  EXPECT_EQ(wait.left(row("boundary")), 0s);
}

TEST(Loosening, OneClockAloneShortensNothing) {
  Now now = evening();
  Wait wait = Wait::begin(now);
  now.wall.seconds += 864'000;
  wait.count(now);
  EXPECT_EQ(wait.left(row("boundary")), 24h);
  now.boot.since += 240h;
  wait.count(now);
  EXPECT_EQ(wait.left(row("boundary")), 24h);
  now.wall.seconds -= 864'000'000;
  now.boot.since += 1h;
  wait.count(now);
  EXPECT_EQ(wait.left(row("boundary")), 24h);
  wait.count(later(now, 1h));
  EXPECT_EQ(wait.left(row("boundary")), 23h);
}

TEST(Loosening, InAnotherBootOnlyItsOwnTimeCounts) {
  Now now = evening();
  Wait wait = Wait::begin(now);
  now = later(now, 20h);
  now.boot = {.id = {77}, .since = 2h};
  wait.count(now);
  EXPECT_EQ(wait.left(row("boundary")), 22h);
  wait.count(later(now, 3h));
  EXPECT_EQ(wait.left(row("boundary")), 19h);
}

}  // namespace
}  // namespace attune::couple
