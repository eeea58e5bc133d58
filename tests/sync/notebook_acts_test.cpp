#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

Bytes words(std::string_view noun, std::string_view text) {
  return text_field(noun, "words", text);
}

EntryId entered(const Answer& answer) {
  const auto* done = std::get_if<Entered>(&answer);
  EXPECT_NE(done, nullptr);
  return done == nullptr ? EntryId{} : done->id;
}

struct NotebookActs : testing::Test {
  NotebookActs() { pair(ada, ben); }

  EntryId boundary(bool share) {
    return ada.add(
        "boundary",
        words("boundary", "not in the morning") + text_field("boundary", "why", "it frightens me"),
        share);
  }
  Item shown(const EntryId& id) { return ada.show(name_of("boundary", id)); }
  Reason firmness(const EntryId& id, std::string_view word, Bytes version = {}) {
    return ada.refusal(EditEntry{.id = name_of("boundary", id),
                                 .kind = kind("boundary"),
                                 .message = value_field("boundary", "firmness", word),
                                 .version = std::move(version)});
  }
  Reason pause(std::string_view topic) {
    return ada.refusal(
        AddEntry{.kind = kind("pause"), .message = text_field("pause", "about", topic)});
  }
  Reason resume(std::string_view topic) {
    return ada.refusal(EndEntry{.kind = kind("pause"), .topic = std::string(topic)});
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
};

// ---- End.

TEST_F(NotebookActs, AJournalEndsAtOnceAndOnce) {
  const EntryId id = ada.add("journal", words("journal", "a"));
  const std::string name = name_of("journal", id);
  EXPECT_EQ(ada.refusal(EndEntry{.id = name}), Reason::kNone);
  EXPECT_TRUE(ada.list().empty());
  ASSERT_EQ(ada.list({.ended = true}).size(), 1u);
  EXPECT_EQ(ada.show(name).state, "ended");
  EXPECT_EQ(ada.refusal(EndEntry{.id = name}), Reason::kAlreadySo);
  EXPECT_EQ(
      ada.refusal(EditEntry{.id = name, .kind = kind("journal"), .message = words("journal", "b")}),
      Reason::kEnded);
}

TEST_F(NotebookActs, ABoundaryEndsAfterADay) {
  const EntryId id = boundary(true);
  EXPECT_EQ(ada.refusal(EndEntry{.id = name_of("boundary", id)}), Reason::kNone);
  EXPECT_EQ(shown(id).state, "loosening");
  EXPECT_EQ(ada.refusal(EndEntry{.id = name_of("boundary", id)}), Reason::kAlreadySo);
  exchange(ada, ben);
  EXPECT_EQ(ben.show(name_of("boundary", id)).state, "active");
  ada.wait(24h);
  EXPECT_EQ(shown(id).state, "ended");
  exchange(ada, ben);
  EXPECT_TRUE(ben.list().empty());
}

TEST_F(NotebookActs, APauseIsLiftedAtOnceByWhoRaisedIt) {
  EXPECT_EQ(resume("all"), Reason::kAlreadySo);
  EXPECT_EQ(pause("all"), Reason::kNone);
  exchange(ada, ben);
  EXPECT_EQ(ben.list({.kind = kind("pause")}).size(), 1u);
  EXPECT_EQ(ben.refusal(EndEntry{.kind = kind("pause"), .topic = "all"}), Reason::kAlreadySo);
  EXPECT_EQ(resume("all"), Reason::kNone);
  EXPECT_EQ(resume("all"), Reason::kAlreadySo);
  exchange(ada, ben);
  EXPECT_TRUE(ben.list({.kind = kind("pause")}).empty());
  EXPECT_EQ(pause("all"), Reason::kNone);
  EXPECT_EQ(ada.list({.kind = kind("pause")}).size(), 1u);
}

TEST_F(NotebookActs, APauseIsOnATopicThatIsThere) {
  EXPECT_EQ(pause("thanks"), Reason::kNone);
  EXPECT_EQ(pause("weather"), Reason::kValueUnknown);
  const EntryId secret = boundary(false);
  EXPECT_EQ(pause(name_of("boundary", secret)), Reason::kNotShared);
  const std::string open = name_of("boundary", boundary(true));
  EXPECT_EQ(pause(open.substr(0, 12)), Reason::kNone);
  EXPECT_EQ(said(ada.list({.kind = kind("pause")}).back(), "about").size(), 6u);
  EXPECT_EQ(resume(open.substr(0, 12)), Reason::kNone);
}

TEST_F(NotebookActs, UnpairedAPauseStillPassesAndThanksDoNot) {
  ada.unpair();
  EXPECT_EQ(pause("all"), Reason::kNone);
  EXPECT_EQ(resume("all"), Reason::kNone);
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("thanks"), .message = words("thanks", "a")}),
            Reason::kNotPaired);
  EXPECT_EQ(ada.say("open"), Reason::kNotPaired);
}

TEST_F(NotebookActs, UnpairedOnlyWhatTakesBackIsSaidToBoth) {
  const EntryId shared = boundary(true);
  const EntryId thanks = ada.add("thanks", words("thanks", "a"));
  firmness(shared, "negotiable");
  ada.unpair();
  EXPECT_EQ(ada.refusal(EditEntry{.id = name_of("thanks", thanks),
                                  .kind = kind("thanks"),
                                  .message = words("thanks", "b")}),
            Reason::kNotPaired);
  EXPECT_EQ(ada.refusal(EditEntry{.id = name_of("boundary", shared),
                                  .kind = kind("boundary"),
                                  .message = text_field("boundary", "why", "b")}),
            Reason::kNone);
  ada.wait(24h);
  EXPECT_EQ(said(shown(shared), "firmness"), "non-negotiable");
  EXPECT_EQ(ada.refusal(EndEntry{.id = name_of("thanks", thanks)}), Reason::kNone);
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("thanks", thanks)}), Reason::kNone);
  EXPECT_EQ(ada.refusal(EndEntry{.id = name_of("boundary", shared)}), Reason::kNone);
  ada.wait(24h);
  EXPECT_EQ(shown(shared).state, "ended");
}

// ---- Share and unshare.

TEST_F(NotebookActs, SharingMovesTheWordsAndKeepsWhyHere) {
  const EntryId before = boundary(false);
  const EntryId id = entered(ada.ask(ShareEntry{name_of("boundary", before)}));
  EXPECT_NE(id, before);
  EXPECT_TRUE(shown(id).shared);
  EXPECT_EQ(said(shown(id), "words"), "not in the morning");
  EXPECT_EQ(said(shown(id), "why"), "it frightens me");
  EXPECT_EQ(ada.list().size(), 1u);
  EXPECT_EQ(shown(before).state, "ended");
  EXPECT_EQ(said(shown(before), "words"), "");
  exchange(ada, ben);
  const Item there = ben.show(name_of("boundary", id));
  EXPECT_EQ(said(there, "words"), "not in the morning");
  EXPECT_EQ(said(there, "why"), "");
  EXPECT_FALSE(ben.disk.holds("frightens"));
}

TEST_F(NotebookActs, WhyNeverEntersTheStreamOfBoth) {
  const EntryId id = boundary(true);
  ada.ask(EditEntry{.id = name_of("boundary", id),
                    .kind = kind("boundary"),
                    .message = text_field("boundary", "why", "another reason")});
  EXPECT_EQ(said(shown(id), "why"), "another reason");
  EXPECT_EQ(shown(id).state, "active");
  for (const crdt::Kept& kept : ada.shared_ops()) {
    EXPECT_TRUE(kept.op.dot.actor.stream.couple == ada.partner->couple);
    for (const crdt::Slot& slot : kept.op.slots) {
      EXPECT_NE(slot.field, row("boundary", "why").number);
    }
  }
}

TEST_F(NotebookActs, SharingTwiceAndSharingWhatIsOverIsRefused) {
  const EntryId id = boundary(true);
  EXPECT_EQ(ada.refusal(ShareEntry{name_of("boundary", id)}), Reason::kAlreadySo);
  const EntryId resource = ada.add("resource", words("resource", "a lake"));
  ada.ask(EndEntry{.id = name_of("resource", resource)});
  EXPECT_EQ(ada.refusal(ShareEntry{name_of("resource", resource)}), Reason::kEnded);
  const EntryId secret = boundary(false);
  EXPECT_EQ(ada.refusal(UnshareEntry{name_of("boundary", secret)}), Reason::kNotShared);
  ada.unpair();
  EXPECT_EQ(ada.refusal(ShareEntry{name_of("boundary", secret)}), Reason::kNotPaired);
}

TEST_F(NotebookActs, UnsharingTakesTheWordsBackUnderAThirdId) {
  const EntryId shared = boundary(true);
  exchange(ada, ben);
  EXPECT_TRUE(ben.disk.holds("not in the morning"));
  const EntryId id = entered(ada.ask(UnshareEntry{name_of("boundary", shared)}));
  EXPECT_NE(id, shared);
  EXPECT_FALSE(shown(id).shared);
  EXPECT_EQ(said(shown(id), "words"), "not in the morning");
  EXPECT_EQ(said(shown(id), "why"), "it frightens me");
  EXPECT_EQ(ada.list().size(), 1u);
  exchange(ada, ben);
  EXPECT_TRUE(ben.list().empty());
  EXPECT_FALSE(ben.disk.holds("not in the morning"));
}

// ---- Forget.

TEST_F(NotebookActs, ForgettingErasesTheWordsEverywhere) {
  const EntryId id = ada.add("thanks", words("thanks", "for the soup"));
  exchange(ada, ben);
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("thanks", id)}), Reason::kNone);
  EXPECT_FALSE(ada.disk.holds("for the soup"));
  EXPECT_TRUE(ada.list().empty());
  exchange(ada, ben);
  EXPECT_FALSE(ben.disk.holds("for the soup"));
  EXPECT_TRUE(ben.list().empty());
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("thanks", id)}), Reason::kAlreadySo);
  ada.restart();
  ben.restart();
  EXPECT_TRUE(ben.list().empty());
  EXPECT_EQ(said(ada.show(name_of("thanks", id)), "words"), "");
}

TEST_F(NotebookActs, AForgottenBoundaryHoldsUntilItsWaitIsOver) {
  const EntryId id = boundary(true);
  exchange(ada, ben);
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("boundary", id)}), Reason::kNone);
  EXPECT_FALSE(ada.disk.holds("not in the morning"));
  EXPECT_FALSE(ada.disk.holds("frightens"));
  EXPECT_EQ(shown(id).state, "loosening");
  EXPECT_EQ(said(shown(id), "firmness"), "non-negotiable");
  exchange(ada, ben);
  EXPECT_EQ(said(ben.show(name_of("boundary", id)), "firmness"), "non-negotiable");
  EXPECT_EQ(said(ben.show(name_of("boundary", id)), "words"), "");
  ada.wait(24h);
  EXPECT_EQ(shown(id).state, "ended");
  exchange(ada, ben);
  EXPECT_TRUE(ben.list().empty());
}

TEST_F(NotebookActs, ForgettingHereHidesThePartnersWordsOnMyDevicesAlone) {
  const EntryId id = ada.add("thanks", words("thanks", "for the soup"));
  exchange(ada, ben);
  const auto ops = ben.shared_ops().size();
  EXPECT_EQ(ben.refusal(ForgetEntry{.id = name_of("thanks", id), .here = true}), Reason::kNone);
  EXPECT_TRUE(ben.list({.ended = true}).empty());
  EXPECT_FALSE(ben.disk.holds("for the soup"));
  EXPECT_EQ(ben.shared_ops().size(), ops);
  ada.ask(EditEntry{.id = name_of("thanks", id),
                    .kind = kind("thanks"),
                    .message = words("thanks", "for the stew")});
  exchange(ada, ben);
  EXPECT_FALSE(ben.disk.holds("for the stew"));
  ben.restart();
  EXPECT_EQ(ben.refusal(ShowEntry{name_of("thanks", id)}), Reason::kNoSuchEntry);
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("thanks", id), .here = true}), Reason::kNoVerb);
}

TEST_F(NotebookActs, AForgottenPauseCanBeRaisedAgain) {
  pause("all");
  const std::string name = name_of("pause", ada.list({.kind = kind("pause")}).front().id);
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name}), Reason::kNone);
  EXPECT_TRUE(ada.list({.kind = kind("pause")}).empty());
  EXPECT_EQ(pause("all"), Reason::kNone);
  EXPECT_EQ(ada.list({.kind = kind("pause")}).size(), 1u);
}

// ---- Look again.

TEST_F(NotebookActs, ALooseningOnAStaleScreenIsRefused) {
  const EntryId id = ada.add(
      "boundary", words("boundary", "a") + value_field("boundary", "firmness", "negotiable"));
  const Bytes stale = shown(id).version;
  EXPECT_EQ(firmness(id, "non-negotiable"), Reason::kNone);
  EXPECT_EQ(firmness(id, "negotiable", stale), Reason::kLookAgain);
  EXPECT_EQ(shown(id).state, "active");
  EXPECT_EQ(firmness(id, "negotiable", shown(id).version), Reason::kNone);
  EXPECT_EQ(shown(id).state, "loosening");
  EXPECT_EQ(firmness(id, "negotiable", Bytes{1, 2, 3}), Reason::kLookAgain);
}

TEST_F(NotebookActs, WhatThisDeviceWroteCountsAsSeenAfterARestart) {
  const EntryId id = boundary(false);
  ada.restart();
  EXPECT_EQ(firmness(id, "negotiable"), Reason::kNone);
}

// ---- Undo.

TEST_F(NotebookActs, UndoRestoresWords) {
  const EntryId id =
      ada.add("journal", words("journal", "one") + text_field("journal", "feelings", "calm"));
  ada.ask(EditEntry{.id = name_of("journal", id),
                    .kind = kind("journal"),
                    .message = words("journal", "two") +
                               value_field("journal", "template", "moment") +
                               text_field("journal", "feelings", "warm")});
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  const Item item = ada.show(name_of("journal", id));
  EXPECT_EQ(said(item, "words"), "one");
  EXPECT_EQ(said(item, "template"), "");
  EXPECT_EQ(said(item, "feelings"), "calm");
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNothingToUndo);
}

TEST_F(NotebookActs, UndoOutlivesARestartAndEndsAfterTenMinutes) {
  const EntryId id = ada.add("journal", words("journal", "one"));
  const EditEntry edit{
      .id = name_of("journal", id), .kind = kind("journal"), .message = words("journal", "two")};
  ada.ask(edit);
  ada.restart();
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_EQ(said(ada.show(name_of("journal", id)), "words"), "one");
  ada.ask(edit);
  ada.now.boot.since += limits::kUndoLife;
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNothingToUndo);
}

TEST_F(NotebookActs, UndoEndsALooseningThatWaits) {
  const EntryId id = boundary(false);
  firmness(id, "negotiable");
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_EQ(shown(id).state, "active");
  ada.ask(EndEntry{.id = name_of("boundary", id)});
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  ada.wait(48h);
  EXPECT_EQ(shown(id).state, "active");
}

TEST_F(NotebookActs, TakingBackATighteningWaits) {
  const EntryId id = ada.add(
      "boundary", words("boundary", "a") + value_field("boundary", "firmness", "negotiable"));
  firmness(id, "non-negotiable");
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_EQ(shown(id).state, "loosening");
  EXPECT_EQ(said(shown(id), "firmness"), "non-negotiable");
  ada.wait(24h);
  EXPECT_EQ(said(shown(id), "firmness"), "negotiable");
}

TEST_F(NotebookActs, TakingBackANewBoundaryWaits) {
  const EntryId id = boundary(true);
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_EQ(shown(id).state, "loosening");
}

TEST_F(NotebookActs, UndoOfAnythingElseThatWasAddedForgetsIt) {
  ada.add("thanks", words("thanks", "for the soup"));
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_TRUE(ada.list().empty());
  EXPECT_FALSE(ada.disk.holds("for the soup"));
}

// Its author's store is put back, and the partner, who has forgotten the words, brings the entry.
TEST_F(NotebookActs, UnshareOfWhatHasNoWordsAnyMoreOnlyForgets) {
  const auto before = ada.disk.all();
  const EntryId id = ada.add("resource", words("resource", "the lake"), true);
  const std::string name = name_of("resource", id);
  send(ada, ben);
  ASSERT_EQ(ben.refusal(ForgetEntry{.id = name, .here = true}), Reason::kNone);
  ada.disk.all() = before;
  ada.restart();
  send(ben, ada);
  ASSERT_EQ(said(ada.show(name), "words"), "");

  EXPECT_EQ(ada.refusal(UnshareEntry{name}), Reason::kNone);
  EXPECT_TRUE(ada.list().empty());
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kCannotUndo);
}

TEST_F(NotebookActs, ForgettingWhatHasNoWordsAnyMoreStillSaysHowFirmItHolds) {
  const auto before = ada.disk.all();
  const EntryId id = boundary(true);
  const std::string name = name_of("boundary", id);
  send(ada, ben);
  ASSERT_EQ(ben.refusal(ForgetEntry{.id = name, .here = true}), Reason::kNone);
  ada.disk.all() = before;
  ada.restart();
  send(ben, ada);
  ASSERT_EQ(said(ada.show(name), "firmness"), "");

  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name}), Reason::kNone);
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  send(ada, ben);  // each op is taken
}

TEST_F(NotebookActs, UndoUnshares) {
  const EntryId before = boundary(false);
  ada.ask(ShareEntry{name_of("boundary", before)});
  const EntryId id = entered(ada.ask(Undo{}));
  EXPECT_FALSE(shown(id).shared);
  EXPECT_EQ(said(shown(id), "why"), "it frightens me");
}

TEST_F(NotebookActs, UndoOfARaisedPauseLiftsIt) {
  pause("all");
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_TRUE(ada.list({.kind = kind("pause")}).empty());
}

TEST_F(NotebookActs, UndoOfAPauseSaidAgainLeavesItRaised) {
  pause("all");
  ada.ask(AddEntry{.kind = kind("pause"), .message = day_field("pause", "revisit", ada.now.day)});
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  ASSERT_EQ(ada.list({.kind = kind("pause")}).size(), 1u);
  EXPECT_EQ(ada.list({.kind = kind("pause")}).front().message,
            text_field("pause", "about", "all") + value_field("pause", "hold", "raised"));
}

TEST_F(NotebookActs, WhatIsFinalCannotBeUndone) {
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNothingToUndo);
  const EntryId id = ada.add("journal", words("journal", "a"));
  ada.ask(EndEntry{.id = name_of("journal", id)});
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kCannotUndo);
  ada.ask(ForgetEntry{.id = name_of("journal", id)});
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kCannotUndo);
  ada.say("open");
  ada.withdraw();
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kCannotUndo);
}

// ---- Finding.

TEST_F(NotebookActs, APrefixFindsWhatItAloneBegins) {
  std::map<std::string, std::vector<EntryId>> by_prefix;
  std::optional<std::string> shared_prefix;
  for (int i = 0; i < 4'000 && !shared_prefix; ++i) {
    const EntryId id = ada.add("journal", words("journal", "a"));
    std::vector<EntryId>& same = by_prefix[name_of("journal", id).substr(0, 6)];
    same.push_back(id);
    if (same.size() == 2) shared_prefix = name_of("journal", id).substr(0, 6);
  }
  ASSERT_TRUE(shared_prefix);
  const Answer answer = ada.ask(ShowEntry{*shared_prefix});
  EXPECT_EQ(std::get<Failed>(answer).code, Code::kUsage);
  EXPECT_EQ(std::get<Failed>(answer).reason, Reason::kAmbiguous);
  const EntryId one = by_prefix[*shared_prefix].front();
  EXPECT_EQ(ada.show(name_of("journal", one)).id, one);
  EXPECT_EQ(ada.refusal(ShowEntry{"j-zzzz" + std::string(22, 'z')}), Reason::kNoSuchEntry);
  EXPECT_EQ(ada.refusal(ShowEntry{"b" + shared_prefix->substr(1)}), Reason::kNoSuchEntry);
  EXPECT_EQ(ada.refusal(ShowEntry{"nonsense"}), Reason::kMalformed);
}

TEST_F(NotebookActs, ListsAreOrderedByDayAndFiltered) {
  const EntryId first = ada.add("journal", words("journal", "a"));
  ada.wait(24h);
  const EntryId second = ada.add("thanks", words("thanks", "b"));
  ben.wait(24h);
  ben.add("thanks", words("thanks", "c"));
  exchange(ada, ben);
  const std::vector<Item> all = ada.list();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, first);
  EXPECT_LT(all[1].id, all[2].id);
  EXPECT_EQ(ada.list({.whose = Whose::kMine}).size(), 2u);
  EXPECT_EQ(ada.list({.kind = kind("thanks"), .whose = Whose::kMine}).front().id, second);
  EXPECT_EQ(ada.list({.whose = Whose::kPartner}).size(), 1u);
  EXPECT_TRUE(ada.list({.held = true}).empty());
}

}  // namespace
}  // namespace attune::sync
