#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "daemon/couple/authorship.h"
#include "daemon/sync/returned_ops.h"
#include "proto/limits.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

using Verdict = Notebook::Verdict;

Bytes words(std::string_view noun, std::string_view text) {
  return text_field(noun, "words", text);
}

crdt::Slot slot_of(std::uint32_t field, Bytes bytes, std::optional<std::uint32_t> rank = {}) {
  crdt::Slot slot;
  slot.field = field;
  slot.rank = rank;
  if (rank) slot.over.reach = crdt::Over::Reach::kPast;
  slot.body = {.salt = {}, .bytes = std::move(bytes)};
  return slot;
}

struct NotebookTakes : testing::Test {
  NotebookTakes() { pair(ada, ben); }

  // An op that ben's daemon would never write, as his patched program sends it.
  crdt::Op forged(const EntryId& entry, std::uint32_t of, std::vector<crdt::Slot> slots) {
    crdt::Op op;
    op.entry = entry;
    op.kind = of;
    op.day = ben.now.day;
    op.slots = std::move(slots);
    crdt::Actor actor{.stream = crdt::StreamId::both(ben.partner->couple),
                      .device = ben.self.device,
                      .incarnation = {}};
    ++incarnations;
    actor.incarnation.bytes[0] = static_cast<std::uint8_t>(incarnations);
    actor.incarnation.bytes[1] = static_cast<std::uint8_t>(incarnations >> 8);
    return ben.notebook->both()->compose(actor, std::move(op));
  }
  Verdict give(Phone& to, crdt::Op op, const Phone& from) {
    return to.take({.op = std::move(op), .tag = {}, .from = from.self.person, .bytes = 300});
  }
  EntryId id_of(const Phone& owner, std::string_view noun) {
    return crdt::make_entry_id(owner.self.person, kind(noun),
                               {7, 7, static_cast<std::uint8_t>(++incarnations)});
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
  std::uint32_t incarnations = 0;
};

// Story 1: the patched partner's op is taken and void; nothing of mine is other than before.
TEST_F(NotebookTakes, APartnersEditOfMyBoundaryIsVoidEverywhere) {
  const EntryId id = ada.add("boundary", words("boundary", "not in the morning"), true);
  exchange(ada, ben);
  const crdt::Op op =
      forged(id, kind("boundary"), {slot_of(1, words("boundary", "whenever you like"))});
  EXPECT_EQ(give(ada, op, ben), Verdict::kTaken);
  EXPECT_TRUE(ada.changed.empty());
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not in the morning");
  EXPECT_TRUE(ada.show(name_of("boundary", id)).rivals.empty());
  EXPECT_FALSE(ada.disk.holds("whenever you like"));
  EXPECT_FALSE(ada.notebook->both()->find(op.dot)->counted);
  // What comes after it is taken as ever.
  ben.add("thanks", words("thanks", "for the soup"));
  send(ben, ada);
  EXPECT_EQ(ada.list().size(), 2u);
  ada.restart();
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not in the morning");
}

// Story 1, at the partner: a record that was changed on purpose has no effect after the next start.
TEST_F(NotebookTakes, ARecordSmuggledIntoTheStoreIsVoidThere) {
  const EntryId id = ada.add("boundary", words("boundary", "not in the morning"), true);
  exchange(ada, ben);
  EXPECT_EQ(
      give(ada, forged(id, kind("boundary"), {slot_of(1, words("boundary", "any time"))}), ben),
      Verdict::kTaken);
  // Ada's own store, in which the void op is made to count again.
  for (auto& [key, body] : ada.disk.all()) {
    if (key.first == RecordType::kOp) body[0] |= 1;
  }
  ada.restart();
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not in the morning");
  EXPECT_EQ(ada.list().size(), 1u);
}

TEST_F(NotebookTakes, WhatTheOtherPersonCannotOwnIsVoid) {
  EXPECT_EQ(give(ada,
                 forged(id_of(ada, "thanks"), kind("thanks"),
                        {slot_of(1, words("thanks", "I thank myself"))}),
                 ben),
            Verdict::kTaken);
  EXPECT_TRUE(ada.list().empty());
  EXPECT_EQ(give(ada,
                 forged(id_of(ben, "journal"), kind("journal"),
                        {slot_of(1, words("journal", "seen by both"))}),
                 ben),
            Verdict::kTaken);
  EXPECT_EQ(give(ada,
                 forged(id_of(ben, "boundary"), kind("boundary"),
                        {slot_of(2, text_field("boundary", "why", "because"))}),
                 ben),
            Verdict::kTaken);
  EXPECT_TRUE(ada.list({.ended = true}).empty());
}

TEST_F(NotebookTakes, WhatDoesNotFitIsRefusedAndLeavesNoTrace) {
  const auto before = ada.disk.records().size();
  const std::uint32_t thanks = kind("thanks");
  const std::uint32_t boundary = kind("boundary");
  const auto refuse = [&](const EntryId& id, std::uint32_t of, crdt::Slot slot) {
    EXPECT_EQ(give(ada, forged(id, of, {std::move(slot)}), ben), Verdict::kRefused);
  };
  refuse(EntryId{}, thanks, slot_of(1, words("thanks", "nobody's")));
  refuse(id_of(ben, "thanks"), boundary, slot_of(1, words("boundary", "another kind's")));
  refuse(id_of(ben, "thanks"), thanks, slot_of(1, wire_field(1, 5)));
  refuse(id_of(ben, "thanks"), thanks, slot_of(1, wire_field(2, 1)));
  refuse(id_of(ben, "thanks"), thanks, slot_of(1, words("thanks", "a"), 1));
  refuse(id_of(ben, "boundary"), boundary, slot_of(3, wire_field(3, 3)));
  refuse(id_of(ben, "boundary"), boundary, slot_of(3, wire_field(3, 3), 0));
  refuse(id_of(ben, "boundary"), boundary, slot_of(3, {}, 2));
  refuse(id_of(ben, "consent"), kind("consent"), slot_of(1, wire_field(1, 1), 0));
  const KindRow& pause = *KindTable::standard().named("pause");
  refuse(couple::only_one(pause, ben.self.person, ada.partner->couple, "all"), pause.number,
         slot_of(1, text_field("pause", "about", "thanks")));
  EXPECT_EQ(ada.disk.records().size(), before);
}

TEST_F(NotebookTakes, AnUnknownValueCountsAsTheStrictest) {
  const EntryId id = id_of(ben, "boundary");
  EXPECT_EQ(give(ada,
                 forged(id, kind("boundary"),
                        {slot_of(1, words("boundary", "a")),
                         slot_of(3, wire_field(3, 77), FieldRow::kRankUnknown)}),
                 ben),
            Verdict::kTaken);
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "active");
}

TEST_F(NotebookTakes, AKindThatIsNotKnownIsKeptAndSentOn) {
  crdt::Op op =
      forged(crdt::make_entry_id(ben.self.person, 4'000, {1}), 4'000, {slot_of(9, {1, 2, 3})});
  EXPECT_EQ(give(ada, op, ben), Verdict::kTaken);
  EXPECT_TRUE(ada.list({.ended = true}).empty());
  ada.restart();
  EXPECT_EQ(ada.notebook->both()->find(op.dot)->op.slots.front().body->bytes, (Bytes{1, 2, 3}));
}

// What a newer program writes is replaced by its own rules alone: nothing of it is erased here, and
// who comes to know the field finds all.
TEST_F(NotebookTakes, WordsOfAFieldThatIsNotKnownAreNotReplaced) {
  const EntryId id = id_of(ben, "thanks");
  crdt::Op first = forged(id, kind("thanks"), {slot_of(99, {1, 2, 3})});
  first.dot.actor.incarnation = {{1}};
  EXPECT_EQ(give(ada, first, ben), Verdict::kTaken);
  crdt::Op second = forged(id, kind("thanks"), {slot_of(99, {4, 5, 6})});
  second.dot = {first.dot.actor, 2};
  EXPECT_EQ(give(ada, second, ben), Verdict::kTaken);
  ada.restart();
  const crdt::OpLog& log = *ada.notebook->both();
  ASSERT_TRUE(log.find(first.dot)->op.slots.front().body.has_value());
  EXPECT_EQ(log.find(first.dot)->op.slots.front().body->bytes, (Bytes{1, 2, 3}));
  EXPECT_EQ(log.find(second.dot)->op.slots.front().body->bytes, (Bytes{4, 5, 6}));
}

// A kind that no program knows has no rule about who may write: it must not reach an entry that
// has one.
TEST_F(NotebookTakes, AKindThatIsNotKnownCannotReachAnEntryOfAnother) {
  const EntryId id = ada.add("boundary", words("boundary", "not in the morning"), true);
  exchange(ada, ben);
  crdt::Slot life = slot_of(kFieldLife, wire_field(kFieldLife, 1), 1);
  const crdt::Op op =
      forged(id, 999, {slot_of(1, words("boundary", "whenever you like")), std::move(life)});
  EXPECT_EQ(give(ada, op, ben), Verdict::kRefused);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not in the morning");
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "active");
}

// After a new pairing, what the partner of before had shared is not put in the new one's mouth.
TEST_F(NotebookTakes, WordsOfAnEarlierPartnerAreNotShownAsTheNewOnes) {
  const EntryId id = ben.add("thanks", words("thanks", "for the years"));
  ada.add("boundary", words("boundary", "not in the morning"), true);
  exchange(ada, ben);
  EXPECT_EQ(ada.list().size(), 2u);
  Phone cem("cem", 3);
  ada.unpair();
  pair(ada, cem, {{4, 5, 6}});
  ada.restart();
  EXPECT_EQ(ada.list().size(), 1u);
  EXPECT_EQ(ada.refusal(ShowEntry{name_of("thanks", id)}), Reason::kNoSuchEntry);
}

TEST_F(NotebookTakes, AnotherStreamAndStrangersAreRefused) {
  const crdt::Op good =
      forged(id_of(ben, "thanks"), kind("thanks"), {slot_of(1, words("thanks", "a"))});
  crdt::Op op = good;
  op.dot.actor.stream = crdt::StreamId::mine();
  EXPECT_EQ(give(ada, op, ben), Verdict::kRefused);
  op = good;
  op.dot.actor.device.bytes[0] ^= 1;
  EXPECT_EQ(give(ada, op, ben), Verdict::kRefused);
  EXPECT_EQ(give(ada, good, ada), Verdict::kRefused);
  EXPECT_EQ(give(ada, good, ben), Verdict::kTaken);
  ada.unpair();
  EXPECT_EQ(
      give(ada, forged(id_of(ben, "thanks"), kind("thanks"), {slot_of(1, words("thanks", "b"))}),
           ben),
      Verdict::kRefused);
}

TEST_F(NotebookTakes, ASecondOpUnderOneDotIsRefused) {
  const crdt::Op first =
      forged(id_of(ben, "thanks"), kind("thanks"), {slot_of(1, words("thanks", "a"))});
  --incarnations;
  --incarnations;
  crdt::Op second =
      forged(id_of(ben, "thanks"), kind("thanks"), {slot_of(1, words("thanks", "b"))});
  second.dot = first.dot;
  EXPECT_EQ(give(ada, first, ben), Verdict::kTaken);
  EXPECT_EQ(give(ada, first, ben), Verdict::kKnown);
  EXPECT_EQ(give(ada, second, ben), Verdict::kRefused);
}

TEST_F(NotebookTakes, ADayHoldsSoManyOpsOfThePartner) {
  const EntryId id = id_of(ben, "thanks");
  const auto refused = [&] {
    return give(ada, forged(EntryId{}, kind("thanks"), {slot_of(1, words("thanks", "x"))}), ben);
  };
  for (std::size_t i = 0; i < limits::kPartnerOpsPerDayMax; ++i) {
    ASSERT_EQ(refused(), Verdict::kRefused);
  }
  EXPECT_EQ(refused(), Verdict::kOverLimit);
  const crdt::Op good = forged(id, kind("thanks"), {slot_of(1, words("thanks", "a"))});
  EXPECT_EQ(give(ada, good, ben), Verdict::kOverLimit);
  ada.wait(24h);
  EXPECT_EQ(give(ada, good, ben), Verdict::kTaken);
}

TEST_F(NotebookTakes, ADayHoldsSoManyBytesOfThePartner) {
  const crdt::Op op =
      forged(id_of(ben, "thanks"), kind("thanks"), {slot_of(1, words("thanks", "a"))});
  EXPECT_EQ(ada.take({.op = op,
                      .tag = {},
                      .from = ben.self.person,
                      .bytes = limits::kPartnerBytesPerDayMax + 1}),
            Verdict::kOverLimit);
  EXPECT_EQ(
      ada.take(
          {.op = op, .tag = {}, .from = ben.self.person, .bytes = limits::kPartnerBytesPerDayMax}),
      Verdict::kTaken);
}

// A partner who leaves as many loose ends as there can be keeps nobody from speaking.
TEST_F(NotebookTakes, LooseEndsOfThePartnerLeaveRoomForMyWords) {
  const EntryId id = id_of(ben, "thanks");
  std::size_t taken = 0;
  for (std::size_t i = 0; i < limits::kActorsMax; ++i) {
    const auto verdict =
        give(ada, forged(id, kind("thanks"), {slot_of(1, words("thanks", "x"))}), ben);
    if (verdict == Verdict::kTaken) ++taken;
  }
  EXPECT_EQ(taken, limits::kActorsMax / 2);
  const std::string most(limits::kWordsBytesMax, 'x');
  EXPECT_EQ(ada.say("open", text_field("consent", "feels_good", most)), Reason::kNone);
  ada.withdraw();
  const EntryId mine = ada.add("thanks", words("thanks", most));
  EXPECT_EQ(said(ada.show(name_of("thanks", mine)), "words"), most);
  ada.restart();
  EXPECT_FALSE(ada.consent().mine);
  EXPECT_EQ(said(ada.show(name_of("thanks", mine)), "words"), most);
}

// ---- My own ops, back from the partner.

TEST_F(NotebookTakes, MyOwnOpsComeBackWithTheirTag) {
  const Disk empty = ada.disk;
  const EntryId id = ada.add("thanks", words("thanks", "one"));
  ada.add("thanks", words("thanks", "two"));
  exchange(ada, ben);
  std::vector<Notebook::Arriving> back;
  for (const crdt::Kept& kept : ben.shared_ops()) back.push_back(arriving(ben, kept));
  ada.disk = empty;
  ada.restart();
  back[0].tag.reset();
  EXPECT_EQ(ada.take(back[0]), Verdict::kHeld);
  EXPECT_TRUE(ada.list().empty());
  EXPECT_EQ(ada.take(back[1]), Verdict::kTaken);
  EXPECT_EQ(ada.list().size(), 2u);
  EXPECT_TRUE(ada.show(name_of("thanks", id)).mine);
  ada.add("thanks", words("thanks", "three"));
  exchange(ada, ben);
  EXPECT_EQ(ada.notebook->both()->digest(), ben.notebook->both()->digest());
  ada.restart();
  EXPECT_EQ(ada.list().size(), 3u);
}

TEST_F(NotebookTakes, MyOwnOpsWithoutARightTagAreRefused) {
  const Disk empty = ada.disk;
  ada.add("thanks", words("thanks", "one"));
  exchange(ada, ben);
  Notebook::Arriving back = arriving(ben, ben.shared_ops().front());
  ada.disk = empty;
  ada.restart();
  Notebook::Arriving wrong = back;
  wrong.tag->front() ^= 1;
  EXPECT_EQ(ada.take(wrong), Verdict::kRefused);
  // The partner says something in my name.
  wrong = back;
  wrong.op.slots.front().body->bytes = words("thanks", "xxx");
  wrong.op = *crdt::decode_op(wrong.op.dot, crdt::encode_op(wrong.op));
  EXPECT_EQ(ada.take(wrong), Verdict::kRefused);
  EXPECT_TRUE(ada.list({.ended = true}).empty());
  EXPECT_EQ(ada.take(back), Verdict::kTaken);
}

// What came back was not on screen here: it is looked at before it is loosened.
TEST_F(NotebookTakes, AWithdrawalThatCameBackIsLookedAtFirst) {
  const Disk empty = ada.disk;
  ada.say("slow");
  ada.withdraw();
  exchange(ada, ben);
  ada.disk = empty;
  ada.restart();
  ada.say("open");
  send(ben, ada);
  EXPECT_EQ(ada.say("ask"), Reason::kLookAgain);
  EXPECT_FALSE(ada.consent().mine);
  EXPECT_EQ(ada.say("ask"), Reason::kNone);
  EXPECT_TRUE(ada.consent().mine);
}

TEST_F(NotebookTakes, ARunThatIsCutIsTakenWhenItIsSentAgain) {
  const Disk empty = ada.disk;
  ada.add("thanks", words("thanks", "one"));
  ada.add("thanks", words("thanks", "two"));
  exchange(ada, ben);
  std::vector<Notebook::Arriving> back;
  for (const crdt::Kept& kept : ben.shared_ops()) back.push_back(arriving(ben, kept));
  back[0].tag.reset();
  ada.disk = empty;
  ada.restart();
  EXPECT_EQ(ada.take(back[0]), Verdict::kHeld);
  EXPECT_EQ(ada.take(back[0]), Verdict::kHeld);
  EXPECT_EQ(ada.take(back[1]), Verdict::kTaken);
  EXPECT_EQ(ada.list().size(), 2u);
}

// The partner took them in pieces, as what they had seen came; so they come back in pieces.
TEST_F(NotebookTakes, RunsOfSeveralActorsComeBackBetweenEachOther) {
  const Disk empty = ada.disk;
  ada.add("thanks", words("thanks", "one"));
  ada.add("thanks", words("thanks", "two"));
  ada.restart();
  ada.add("thanks", words("thanks", "three"));
  exchange(ada, ben);
  std::vector<Notebook::Arriving> back;
  for (const crdt::Kept& kept : ben.shared_ops()) back.push_back(arriving(ben, kept));
  ASSERT_NE(back[0].op.dot.actor, back[2].op.dot.actor);
  back[0].tag.reset();
  ada.disk = empty;
  ada.restart();
  EXPECT_EQ(ada.take(back[0]), Verdict::kHeld);
  EXPECT_EQ(ada.take(back[2]), Verdict::kHeld) << "it has seen what did not come yet";
  EXPECT_EQ(ada.take(back[1]), Verdict::kTaken);
  EXPECT_EQ(ada.list().size(), 3u);
  EXPECT_EQ(ada.notebook->both()->digest(), ben.notebook->both()->digest());
}

TEST(ReturnedOps, HoldWithinTheirBounds) {
  ReturnedOps returned;
  const auto op = [](std::uint8_t actor, std::uint64_t counter) {
    crdt::Op made;
    made.dot.actor.incarnation.bytes[0] = actor;
    made.dot.counter = counter;
    return made;
  };
  EXPECT_FALSE(returned.hold(op(1, 6), 1, 5)) << "a gap";
  for (std::uint64_t i = 0; i < limits::kBatchOpsMax; ++i) {
    EXPECT_TRUE(returned.hold(op(1, 5 + i), 1, 5));
  }
  EXPECT_FALSE(returned.hold(op(1, 5 + limits::kBatchOpsMax), 1, 5)) << "longer than a run";
  EXPECT_TRUE(returned.take(op(1, 1).dot.actor).empty());
  for (std::uint8_t actor = 0; actor < 4; ++actor) {
    EXPECT_TRUE(returned.hold(op(actor, 1), limits::kWaitingBytesMax / 4, 1));
  }
  EXPECT_TRUE(returned.hold(op(3, 1), limits::kWaitingBytesMax / 4, 1)) << "begun anew";
  EXPECT_FALSE(returned.hold(op(4, 1), 1, 1)) << "no room";
  EXPECT_TRUE(returned.take(op(0, 1).dot.actor).empty());
  EXPECT_TRUE(returned.hold(op(0, 1), 1, 1));
  EXPECT_EQ(returned.take(op(0, 1).dot.actor).size(), 1u);
}

TEST_F(NotebookTakes, ATagIsForItsOpAlone) {
  ada.add("thanks", words("thanks", "one"));
  ada.add("thanks", words("thanks", "two"));
  const auto ops = ada.shared_ops();
  EXPECT_NE(ada.notebook->author_tag(ops[0].op.dot), ada.notebook->author_tag(ops[1].op.dot));
  EXPECT_EQ(ada.notebook->author_tag({ops[0].op.dot.actor, 9}), std::nullopt);
  send(ada, ben);
  EXPECT_EQ(ben.notebook->author_tag(ops[1].op.dot), ada.notebook->author_tag(ops[1].op.dot));
}

// ---- Order.

// Two people write and lose connection at random; whatever the order in which each takes the
// other's ops, both end with the same log and show the same.
TEST_F(NotebookTakes, AnyOrderOfArrivalGivesTheSame) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Phone one{"one", seed * 10};
    Phone two{"two", seed * 10 + 1};
    pair(one, two);
    crypto::SeededRandom random(seed);
    std::map<Phone*, std::vector<EntryId>> own;
    const auto act = [&](Phone& who) {
      std::vector<EntryId>& ids = own[&who];
      const std::uint32_t what = random.below(8);
      const std::string text = "w" + std::to_string(random.below(1'000));
      if (ids.empty() || what < 2) {
        ids.push_back(who.add("boundary", words("boundary", text), true));
        return;
      }
      const std::string name =
          name_of("boundary", ids[random.below(static_cast<std::uint32_t>(ids.size()))]);
      const EditEntry edit{.id = name,
                           .kind = kind("boundary"),
                           .message = words("boundary", text),
                           .tighter = true};
      if (what < 4) who.ask(edit);
      if (what == 4) who.ask(ForgetEntry{.id = name});
      if (what == 5) who.say("slow");
      if (what == 6) who.withdraw();
      if (what == 7) who.restart();
    };
    const auto send_shuffled = [&](Phone& from, Phone& to) {
      std::vector<crdt::Kept> ops;
      for (const crdt::Kept& kept : from.shared_ops()) {
        const bool known = to.notebook->both()->find(kept.op.dot) != nullptr;
        if (!known) ops.push_back(kept);
      }
      for (std::size_t i = ops.size(); i > 1; --i) {
        std::swap(ops[i - 1], ops[random.below(static_cast<std::uint32_t>(i))]);
      }
      for (const crdt::Kept& kept : ops) {
        const Verdict verdict = to.take(arriving(from, kept));
        EXPECT_TRUE(verdict == Verdict::kTaken || verdict == Verdict::kHeld);
      }
    };
    for (int round = 0; round < 12; ++round) {
      for (int i = 0; i < 4; ++i) act(random.below(2) == 0 ? one : two);
      send_shuffled(one, two);
      if (random.below(2) == 0) send_shuffled(two, one);
    }
    send_shuffled(two, one);
    EXPECT_EQ(one.notebook->both()->digest(), two.notebook->both()->digest());
    const auto shown = [](Phone& at, Phone& owner) {
      std::vector<std::pair<EntryId, Bytes>> out;
      for (const Item& item : at.list({.kind = kind("boundary"), .ended = true})) {
        if (item.mine == (&at == &owner)) out.emplace_back(item.id, item.message);
      }
      return out;
    };
    EXPECT_EQ(shown(one, one), shown(two, one));
    EXPECT_EQ(shown(one, two), shown(two, two));
    EXPECT_EQ(one.consent().mine.has_value(), two.consent().partner.has_value());
    EXPECT_EQ(one.consent().partner.has_value(), two.consent().mine.has_value());
  }
}

TEST_F(NotebookTakes, PrivateEntriesAreInNoOpOfBoth) {
  ada.add("journal", words("journal", "a private day"));
  ada.add("boundary", words("boundary", "a private limit"));
  ada.add("resource", words("resource", "a private lake"));
  EXPECT_TRUE(ada.shared_ops().empty());
  EXPECT_GT(ada.notebook->mine().size(), 0u);
  ada.notebook->mine().for_each([](const crdt::Kept& kept) {
    EXPECT_TRUE(kept.op.dot.actor.stream.is_mine());
    EXPECT_TRUE(kept.op.seen.empty());
  });
}

}  // namespace
}  // namespace attune::sync
