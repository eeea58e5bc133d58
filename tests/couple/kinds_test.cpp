#include <gtest/gtest.h>

#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

TEST(Kinds, PoliciesAreThoseOfTheRows) {
  const TwoPeople couple;
  const auto policy = [&](std::string_view noun, std::string_view name) {
    return couple.kinds.policy(row(noun).number, field(noun, name).number);
  };
  EXPECT_EQ(policy("boundary", "words"), crdt::Policy::kSideBySide);
  EXPECT_EQ(policy("boundary", "firmness"), crdt::Policy::kProtective);
  EXPECT_EQ(policy("boundary", "area"), crdt::Policy::kLatest);
  EXPECT_EQ(policy("journal", "feelings"), crdt::Policy::kSet);
  EXPECT_FALSE(couple.kinds.per_person(row("boundary").number, 1));
}

TEST(Kinds, AnEndedLifeProtectsOfEveryKind) {
  const TwoPeople couple;
  EXPECT_EQ(couple.kinds.policy(row("journal").number, kFieldLife), crdt::Policy::kProtective);
  EXPECT_EQ(couple.kinds.policy(4'000, kFieldLife), crdt::Policy::kProtective);
}

TEST(Kinds, WhatIsNotKnownIsOpaque) {
  const TwoPeople couple;
  EXPECT_EQ(couple.kinds.policy(4'000, 1), crdt::Policy::kOpaque);
  EXPECT_EQ(couple.kinds.policy(row("boundary").number, 99), crdt::Policy::kOpaque);
  EXPECT_FALSE(couple.kinds.per_person(4'000, 1));
}

TEST(Kinds, ADeviceThatIsNotKnownAnyMoreIsThePartners) {
  TwoPeople couple;
  EXPECT_EQ(couple.kinds.person(couple.ada_phone), couple.ada);
  EXPECT_EQ(couple.kinds.person(couple.ben_phone), couple.ben);
  EXPECT_EQ(couple.kinds.person(DeviceId{{77}}), couple.ben);
  couple.people.partner.reset();
  EXPECT_EQ(couple.kinds.person(DeviceId{{77}}), std::nullopt);
}

}  // namespace
}  // namespace attune::couple
