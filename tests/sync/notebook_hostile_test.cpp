#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/couple/authorship.h"
#include "proto/limits.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

using Verdict = Notebook::Verdict;

Bytes words(std::string_view noun, std::string_view text) {
  return text_field(noun, "words", text);
}

/// Ben's program is patched: it writes what his daemon never would, as many actors.
struct NotebookAndAPatchedPartner : testing::Test {
  NotebookAndAPatchedPartner() {
    pair(ada, ben);
    id = crdt::make_entry_id(ben.self.person, kind("thanks"), {7});
  }

  /// The next op of one of ben's actors, with this in its past; ada takes it.
  crdt::Dot give(std::uint32_t actor, std::vector<crdt::Dot> seen, std::vector<crdt::Slot> slots) {
    crdt::Op op;
    op.dot.actor = {.stream = crdt::StreamId::both(ben.partner->couple),
                    .device = ben.self.device,
                    .incarnation = {}};
    op.dot.actor.incarnation.bytes[6] = static_cast<std::uint8_t>(actor >> 8);
    op.dot.actor.incarnation.bytes[7] = static_cast<std::uint8_t>(actor);
    op.dot.counter = ++counters[actor];
    op.seen = std::move(seen);
    op.entry = id;
    op.kind = kind("thanks");
    op.day = ben.now.day;
    op.slots = std::move(slots);
    for (crdt::Slot& slot : op.slots) {
      if (slot.body) slot.commitment = crdt::commit_body(slot.field, *slot.body);
    }
    op.rest_hash = crdt::hash_rest(op);
    const crdt::Dot dot = op.dot;
    EXPECT_EQ(ada.take({.op = std::move(op), .tag = {}, .from = ben.self.person, .bytes = 300}),
              Verdict::kTaken);
    return dot;
  }
  static std::vector<crdt::Slot> said(std::string_view text) {
    crdt::Slot slot;
    slot.field = row("thanks", "words").number;
    slot.body = {.salt = {}, .bytes = words("thanks", text)};
    return {slot};
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
  EntryId id;
  std::map<std::uint32_t, std::uint64_t> counters;
};

// However many heavier loose ends lie about, what I forget is all that I wrote.
TEST_F(NotebookAndAPatchedPartner, LooseEndsDoNotKeepMyWordsFromBeingForgotten) {
  const EntryId mine = ada.add("thanks", words("thanks", "for the soup"));
  ada.restart();
  crdt::Dot heavy;
  for (int i = 0; i < 8; ++i) heavy = give(0, {}, said("x"));
  for (std::uint32_t i = 1; i <= limits::kDotsMax + 44; ++i) give(i, {heavy}, said("x"));
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("thanks", mine)}), Reason::kNone);
  EXPECT_FALSE(ada.disk.holds("for the soup"));
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kCannotUndo);
}

// As many as there may be lie about: what protects is said all the same, behind what ben has.
TEST_F(NotebookAndAPatchedPartner, LooseEndsDoNotKeepWhatProtectsFromBeingSaid) {
  const Bytes loose = value_field("boundary", "firmness", "negotiable");
  const EntryId mine = ada.add("boundary", words("boundary", "not at night") + loose, true);
  for (std::uint32_t i = 1; i <= limits::kDotsMax + 44; ++i) give(i, {}, said("x"));
  const crdt::VersionVector there = ada.notebook->both()->vector();
  ada.ask(EditEntry{.id = name_of("boundary", mine),
                    .kind = kind("boundary"),
                    .message = value_field("boundary", "firmness", "non-negotiable")});
  const std::vector<crdt::Kept> last = ada.say_what_protects(there);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_LE(last[0].op.seen.size(), limits::kDotsMax);
  for (const crdt::Dot& dot : last[0].op.seen) EXPECT_TRUE(there.contains(dot));
}

// Ada's share of the actors is used up: what protects is said as one of whose ops ben lacks none.
TEST_F(NotebookAndAPatchedPartner, UsedUpActorsDoNotKeepWhatProtectsFromBeingSaid) {
  const Bytes loose = value_field("boundary", "firmness", "negotiable");
  const EntryId mine = ada.add("boundary", words("boundary", "not at night") + loose, true);
  for (std::size_t i = 1; i < limits::kActorsMax / 2; ++i) {
    Phone earlier("ada", 1'000 + i);
    earlier.self = *decode_self(*self_record(ada.self).body);
    pair(earlier, ben);
    earlier.add("thanks", words("thanks", "x"));
    Notebook::Arriving came = arriving(earlier, earlier.shared_ops().front());
    came.from = ben.self.person;
    ASSERT_EQ(ada.take(std::move(came)), Verdict::kTaken);
  }
  send(ada, ben);
  const crdt::VersionVector there = ada.notebook->both()->vector();
  ada.ask(EditEntry{.id = name_of("boundary", mine),
                    .kind = kind("boundary"),
                    .message = value_field("boundary", "firmness", "non-negotiable")});
  const std::vector<crdt::Kept> last = ada.say_what_protects(there);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_EQ(ben.take(arriving(ada, last[0])), Verdict::kTaken);
  EXPECT_EQ(sync::said(ben.show(name_of("boundary", mine)), "firmness"), "non-negotiable");
}

}  // namespace
}  // namespace attune::sync
