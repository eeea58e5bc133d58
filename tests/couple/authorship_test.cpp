#include "daemon/couple/authorship.h"

#include <gtest/gtest.h>

#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

bool may_write(const KindRow& kind, const TwoPeople& couple, const EntryId& id,
               const PersonId& author) {
  return couple::may_write(kind, owner(couple.people, id, kind.number), author);
}

TEST(Authorship, AnIdProvesItsOwnerAndKind) {
  const TwoPeople couple;
  const EntryId id = id_of(couple.ben, "thanks");
  EXPECT_EQ(owner(couple.people, id, row("thanks").number), couple.ben);
  EXPECT_EQ(owner(couple.people, id, row("boundary").number), std::nullopt);
  EXPECT_EQ(owner(couple.people, EntryId{}, row("thanks").number), std::nullopt);
  EXPECT_EQ(owner(couple.people, id_of(couple.ada, "thanks"), row("thanks").number), couple.ada);
}

TEST(Authorship, AloneThereIsNoOtherOwner) {
  TwoPeople couple;
  couple.people.partner.reset();
  EXPECT_EQ(owner(couple.people, id_of(couple.ben, "thanks"), row("thanks").number), std::nullopt);
}

// One id that proves two people takes 2^48 hashes to find; two people of one id prove the same.
TEST(Authorship, AnIdThatProvesBothIsNobodys) {
  TwoPeople couple;
  const EntryId id = id_of(couple.ada, "boundary");
  couple.people.partner = couple.ada;
  EXPECT_EQ(owner(couple.people, id, row("boundary").number), std::nullopt);
  EXPECT_FALSE(may_write(row("boundary"), couple, id, couple.ada));
}

TEST(Authorship, OnlyItsOwnerWritesAnEntry) {
  const TwoPeople couple;
  const EntryId id = id_of(couple.ada, "boundary");
  EXPECT_TRUE(may_write(row("boundary"), couple, id, couple.ada));
  EXPECT_FALSE(may_write(row("boundary"), couple, id, couple.ben));
}

TEST(Authorship, WhatEitherWritesIsWrittenByBothAndBelongsToOneOfThem) {
  const TwoPeople couple;
  KindRow either = row("boundary");
  either.writer = Writer::kEither;
  const EntryId id = id_of(couple.ada, "boundary");
  EXPECT_TRUE(may_write(either, couple, id, couple.ben));
  EXPECT_TRUE(may_write(either, couple, id, couple.ada));
  EXPECT_FALSE(may_write(either, couple, EntryId{{1}}, couple.ben));
}

TEST(Authorship, WhatThereIsOneOfHasOneIdPerPersonCoupleAndTopic) {
  const TwoPeople couple;
  const CoupleId other{{8}};
  const CoupleId& ours = couple.people.couple;
  const EntryId all = only_one(row("pause"), couple.ada, ours, "all");
  EXPECT_EQ(all, only_one(row("pause"), couple.ada, ours, "all"));
  EXPECT_NE(all, only_one(row("pause"), couple.ada, ours, "thanks"));
  EXPECT_NE(all, only_one(row("pause"), couple.ben, ours, "all"));
  EXPECT_NE(all, only_one(row("pause"), couple.ada, other, "all"));
  EXPECT_NE(all, only_one(row("consent"), couple.ada, ours, "all"));
  EXPECT_EQ(owner(couple.people, all, row("pause").number), couple.ada);
}

}  // namespace
}  // namespace attune::couple
