#include "daemon/couple/admission.h"

#include <gtest/gtest.h>

#include "daemon/couple/authorship.h"
#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

struct Admission : testing::Test {
  bool enters(std::string_view noun, const EntryId& id, std::vector<crdt::Slot> slots) {
    return may_enter(couple.kinds,
                     couple.op(couple.ben_phone, id, row(noun).number, std::move(slots)));
  }
  bool enters(std::string_view noun, crdt::Slot slot) {
    return enters(noun, id_of(couple.ben, noun), {std::move(slot)});
  }
  bool counted(const DeviceId& by, const EntryId& id, std::string_view noun,
               std::vector<crdt::Slot> slots) {
    return couple.enter(couple.op(by, id, row(noun).number, std::move(slots))).counted;
  }
  static crdt::Slot raw(std::uint32_t number, Bytes bytes, std::optional<std::uint32_t> rank = {}) {
    crdt::Slot slot;
    slot.field = number;
    slot.rank = rank;
    slot.body = {.salt = {}, .bytes = std::move(bytes)};
    return slot;
  }

  TwoPeople couple;
};

// ---- TAKE.

TEST_F(Admission, WhatFitsItsRowEnters) {
  EXPECT_TRUE(enters("boundary", words("boundary", "words", "a")));
  EXPECT_TRUE(enters("boundary", value("boundary", "firmness", "ended")));
  EXPECT_TRUE(enters("boundary", raw(1, {})));
  EXPECT_TRUE(enters("boundary", forget()));
  EXPECT_TRUE(enters("thanks", raw(kFieldLife, wire_field(kFieldLife, 1), 1)));
  EXPECT_TRUE(enters("thanks", raw(99, {1, 2, 3})));
}

TEST_F(Admission, BytesThatAreNotTheirFieldDoNot) {
  EXPECT_FALSE(enters("boundary", raw(1, {0xff})));
  EXPECT_FALSE(enters("boundary", raw(1, wire_field(1, 7))));
  EXPECT_FALSE(enters("boundary", raw(1, wire_field(2, as_bytes("of another field")))));
  EXPECT_FALSE(enters("boundary", raw(1, wire_field(1, as_bytes("\xc3\x28")))));
}

TEST_F(Admission, ARankIsWhatItsBodySays) {
  crdt::Slot slot = value("boundary", "firmness", "negotiable");
  slot.rank = 2;
  EXPECT_FALSE(enters("boundary", slot));
  slot.rank = 1;
  EXPECT_TRUE(enters("boundary", slot));
  slot.rank.reset();
  EXPECT_FALSE(enters("boundary", slot));
  slot.rank = 2;
  slot.body.reset();
  EXPECT_TRUE(enters("boundary", slot));  // whose words are gone
  EXPECT_TRUE(enters("boundary", raw(3, wire_field(3, 77), FieldRow::kRankUnknown)));
  EXPECT_FALSE(enters("boundary", raw(3, wire_field(3, 77), 0)));
}

// Each would stand beside the ones before it, for ever.
TEST_F(Admission, ARankIsOneThatABodyCanHave) {
  crdt::Slot slot = value("boundary", "firmness", "negotiable");
  slot.body.reset();
  for (const std::uint32_t rank : {3u, 999'999u, 1'000'001u}) {
    slot.rank = rank;
    EXPECT_FALSE(enters("boundary", slot));
  }
  for (const std::uint32_t rank : {0u, 1u, 2u, FieldRow::kRankUnknown}) {
    slot.rank = rank;
    EXPECT_TRUE(enters("boundary", slot));
  }
}

TEST_F(Admission, AFieldIsWrittenOnceInAnOpUnlessItIsASet) {
  const EntryId id = id_of(couple.ben, "boundary");
  const crdt::Slot text = words("boundary", "words", "a");
  const crdt::Slot firm = value("boundary", "firmness", "negotiable");
  EXPECT_TRUE(enters("boundary", id, {text, firm}));
  EXPECT_FALSE(enters("boundary", id, {text, text}));
  EXPECT_FALSE(enters("boundary", id, {firm, text, firm}));
  EXPECT_FALSE(enters("boundary", id, {forget(), forget()}));
  const EntryId journal = id_of(couple.ben, "journal");
  EXPECT_TRUE(enters("journal", journal,
                     {words("journal", "feelings", "calm"), words("journal", "feelings", "glad")}));
}

// A day that has no date can't be shown; a clock without a battery says the first.
TEST_F(Admission, ItsDayIsOneThatCanBeSaid) {
  crdt::Op op = couple.op(couple.ben_phone, id_of(couple.ben, "thanks"), row("thanks").number,
                          {words("thanks", "words", "a")});
  for (const std::int32_t day : {-1, 0, 2'932'896}) {
    op.day.days = day;
    EXPECT_TRUE(may_enter(couple.kinds, op)) << day;
  }
  for (const std::int32_t day : {-2, 2'932'897, 2'147'483'647}) {
    op.day.days = day;
    EXPECT_FALSE(may_enter(couple.kinds, op)) << day;
  }
}

TEST_F(Admission, ARankIsForProtectiveFieldsAlone) {
  crdt::Slot slot = words("boundary", "words", "a");
  slot.rank = 0;
  EXPECT_FALSE(enters("boundary", slot));
}

TEST_F(Admission, OnlySetsRemove) {
  crdt::Slot slot = words("boundary", "words", "a");
  slot.removes = true;
  EXPECT_FALSE(enters("boundary", slot));
  slot = words("journal", "feelings", "calm");
  slot.removes = true;
  EXPECT_TRUE(enters("journal", slot));
}

TEST_F(Admission, OurOwnFieldsSayOneThing) {
  EXPECT_FALSE(enters("thanks", raw(kFieldLife, wire_field(kFieldLife, 1))));
  EXPECT_FALSE(enters("thanks", raw(kFieldLife, wire_field(kFieldLife, 1), 0)));
  EXPECT_FALSE(enters("thanks", raw(kFieldLife, wire_field(kFieldLife, 0), 1)));
  EXPECT_FALSE(enters("thanks", raw(kFieldForget, {1})));
  EXPECT_FALSE(enters("thanks", raw(kFieldForget, {}, 1)));
}

TEST_F(Admission, AnIdThatIsNobodysDoesNotEnter) {
  EXPECT_FALSE(enters("thanks", EntryId{}, {words("thanks", "words", "a")}));
  EXPECT_FALSE(enters("thanks", id_of(couple.ben, "boundary"), {words("thanks", "words", "a")}));
  EXPECT_TRUE(enters("thanks", id_of(couple.ada, "thanks"), {words("thanks", "words", "a")}));
}

TEST_F(Admission, WhatThereIsOneOfHasThatId) {
  const CoupleId& ours = couple.people.couple;
  const std::vector<crdt::Slot> say{value("consent", "stance", "open")};
  EXPECT_FALSE(enters("consent", id_of(couple.ben, "consent"), say));
  EXPECT_TRUE(enters("consent", only_one(row("consent"), couple.ben, ours, ""), say));
  EXPECT_FALSE(enters("consent", only_one(row("consent"), couple.ben, CoupleId{{1}}, ""), say));
  const EntryId all = only_one(row("pause"), couple.ben, ours, "all");
  EXPECT_TRUE(enters("pause", all, {words("pause", "about", "all")}));
  EXPECT_FALSE(enters("pause", all, {words("pause", "about", "thanks")}));
  EXPECT_TRUE(enters("pause", all, {value("pause", "hold", "lifted")}));
}

TEST_F(Admission, AHuskEnters) {
  crdt::Op op = couple.op(couple.ben_phone, EntryId{}, row("thanks").number, {raw(1, {1})});
  EXPECT_FALSE(may_enter(couple.kinds, op));
  crdt::make_husk(op);
  EXPECT_TRUE(may_enter(couple.kinds, op));
}

TEST_F(Admission, AKindThatIsNotKnownEntersUnderAnIdThatProvesIt) {
  const EntryId id = crdt::make_entry_id(couple.ben, 4'000, {1});
  EXPECT_TRUE(may_enter(couple.kinds, couple.op(couple.ben_phone, id, 4'000, {raw(1, {1})})));
  const EntryId consent = only_one(row("consent"), couple.ada, couple.people.couple, "");
  EXPECT_FALSE(may_enter(couple.kinds, couple.op(couple.ben_phone, consent, 4'000, {raw(1, {1})})));
}

TEST_F(Admission, OurOwnFieldsSayOneThingInAKindThatIsNotKnownToo) {
  const EntryId id = crdt::make_entry_id(couple.ben, 4'000, {1});
  const auto enters_with = [&](std::vector<crdt::Slot> slots) {
    return may_enter(couple.kinds, couple.op(couple.ben_phone, id, 4'000, std::move(slots)));
  };
  const crdt::Slot life = raw(kFieldLife, wire_field(kFieldLife, 1), 1);
  EXPECT_TRUE(enters_with({life, forget(), raw(1, {1}), raw(1, {2})}));
  EXPECT_FALSE(enters_with({life, life}));
  EXPECT_FALSE(enters_with({raw(kFieldLife, wire_field(kFieldLife, 1), 7)}));
}

// ---- COUNT.

TEST_F(Admission, WhoIsNotItsOwnerWritesInVain) {
  const EntryId id = id_of(couple.ada, "boundary");
  EXPECT_TRUE(counted(couple.ada_phone, id, "boundary", {words("boundary", "words", "a")}));
  EXPECT_FALSE(counted(couple.ben_phone, id, "boundary", {words("boundary", "words", "b")}));
  EXPECT_FALSE(counted(couple.ben_phone, id, "boundary", {forget()}));
  EXPECT_TRUE(counted(couple.ada_phone, id, "boundary", {words("boundary", "words", "c")}));
}

TEST_F(Admission, WhatIsForMyDevicesAloneIsVoidInTheStreamOfBoth) {
  EXPECT_FALSE(counted(couple.ada_phone, id_of(couple.ada, "journal"), "journal",
                       {words("journal", "words", "a")}));
  EXPECT_FALSE(counted(couple.ada_phone, id_of(couple.ada, "boundary"), "boundary",
                       {words("boundary", "words", "a"), words("boundary", "why", "b")}));
}

TEST_F(Admission, WhatComesAfterItsForgettingIsVoid) {
  const EntryId id = id_of(couple.ada, "thanks");
  EXPECT_TRUE(counted(couple.ada_phone, id, "thanks", {words("thanks", "words", "a")}));
  EXPECT_TRUE(counted(couple.ada_phone, id, "thanks", {forget()}));
  EXPECT_FALSE(counted(couple.ada_phone, id, "thanks", {words("thanks", "words", "b")}));
  EXPECT_TRUE(
      counted(couple.ada_phone, id, "thanks", {raw(kFieldLife, wire_field(kFieldLife, 1), 1)}));
}

TEST_F(Admission, WhatCameBesideItsForgettingCounts) {
  const EntryId id = id_of(couple.ada, "thanks");
  couple.enter(
      couple.op(couple.ada_phone, id, row("thanks").number, {words("thanks", "words", "a")}));
  // Written on another of ada's devices that has not seen the act of forgetting.
  const DeviceId tablet{{6}};
  couple.people.devices[tablet] = couple.ada;
  const crdt::Op beside =
      couple.op(tablet, id, row("thanks").number, {words("thanks", "words", "b")});
  couple.enter(couple.op(couple.ada_phone, id, row("thanks").number, {forget()}));
  EXPECT_TRUE(couple.enter(beside).counted);
}

TEST_F(Admission, AForgottenBoundaryMayStillEnd) {
  const EntryId id = id_of(couple.ada, "boundary");
  counted(couple.ada_phone, id, "boundary",
          {words("boundary", "words", "a"), value("boundary", "firmness", "non-negotiable")});
  counted(couple.ada_phone, id, "boundary",
          {forget(), value("boundary", "firmness", "non-negotiable")});
  EXPECT_FALSE(
      counted(couple.ada_phone, id, "boundary", {value("boundary", "firmness", "negotiable")}));
  EXPECT_FALSE(
      counted(couple.ada_phone, id, "boundary",
              {value("boundary", "firmness", "ended"), words("boundary", "words", "and words")}));
  EXPECT_TRUE(counted(couple.ada_phone, id, "boundary", {value("boundary", "firmness", "ended")}));
}

TEST_F(Admission, AForgottenBoundaryMayBeForgottenAgainAndHoldOn) {
  const EntryId id = id_of(couple.ada, "boundary");
  const std::vector<crdt::Slot> act{forget(), value("boundary", "firmness", "non-negotiable")};
  EXPECT_TRUE(counted(couple.ada_phone, id, "boundary", act));
  EXPECT_TRUE(counted(couple.ada_phone, id, "boundary", act));
  EXPECT_FALSE(counted(couple.ada_phone, id, "boundary",
                       {forget(), words("boundary", "words", "and words")}));
  EXPECT_FALSE(
      counted(couple.ada_phone, id, "boundary", {value("boundary", "firmness", "non-negotiable")}));
}

TEST_F(Admission, WhatThereIsOneOfIsSaidAgainAfterItWasForgotten) {
  const EntryId id = only_one(row("pause"), couple.ada, couple.people.couple, "all");
  counted(couple.ada_phone, id, "pause", {forget()});
  EXPECT_TRUE(counted(couple.ada_phone, id, "pause", {value("pause", "hold", "raised")}));
}

TEST_F(Admission, WhatIsNotKnownHereCountsUnderAnIdThatProvesIt) {
  const EntryId id = crdt::make_entry_id(couple.ben, 4'000, {1});
  EXPECT_TRUE(couple.enter(couple.op(couple.ben_phone, id, 4'000, {raw(1, {1})})).counted);
  EXPECT_FALSE(couple.enter(couple.op(couple.ben_phone, EntryId{}, 4'000, {raw(1, {1})})).counted);
}

}  // namespace
}  // namespace attune::couple
