#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

Bytes words(std::string_view noun, std::string_view text) {
  return text_field(noun, "words", text);
}

EditEntry edit_words(const EntryId& id, std::string_view text, bool tighter = false) {
  return {.id = name_of("boundary", id),
          .kind = kind("boundary"),
          .message = words("boundary", text),
          .clear = {},
          .tighter = tighter,
          .version = {}};
}

EditEntry edit_firmness(const EntryId& id, std::string_view word) {
  return {.id = name_of("boundary", id),
          .kind = kind("boundary"),
          .message = value_field("boundary", "firmness", word),
          .clear = {},
          .tighter = false,
          .version = {}};
}

struct NotebookWrites : testing::Test {
  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
};

TEST_F(NotebookWrites, WhatIsAddedIsShownWithItsDefaults) {
  const EntryId id = ada.add("boundary", words("boundary", "not in the morning"));
  const Item item = ada.show(name_of("boundary", id));
  EXPECT_EQ(said(item, "words"), "not in the morning");
  EXPECT_EQ(said(item, "firmness"), "non-negotiable");
  EXPECT_EQ(said(item, "area"), "other");
  EXPECT_EQ(item.state, "active");
  EXPECT_TRUE(item.mine);
  EXPECT_FALSE(item.shared);
  EXPECT_EQ(item.day, ada.now.day);
  EXPECT_FALSE(item.version.empty());
  EXPECT_EQ(ada.changed, std::vector<std::uint32_t>{});
}

TEST_F(NotebookWrites, WhatIsAddedChangesItsKind) {
  ada.add("journal", words("journal", "a day"));
  EXPECT_EQ(ada.changed, std::vector<std::uint32_t>{kind("journal")});
}

TEST_F(NotebookWrites, AMissingFirstFieldIsNamed) {
  const Answer answer = ada.ask(
      AddEntry{.kind = kind("boundary"), .message = value_field("boundary", "area", "pacing")});
  const auto& failed = std::get<Failed>(answer);
  EXPECT_EQ(failed.code, Code::kUsage);
  EXPECT_EQ(failed.reason, Reason::kFieldMissing);
  EXPECT_EQ(failed.detail, "words");
}

TEST_F(NotebookWrites, EmptyWordsAreMissingWords) {
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("journal"), .message = words("journal", "")}),
            Reason::kFieldMissing);
}

TEST_F(NotebookWrites, AConsentWithoutAStanceIsRefused) {
  pair(ada, ben);
  const Answer answer = ada.ask(AddEntry{.kind = kind("consent"), .message = {}});
  EXPECT_EQ(std::get<Failed>(answer).reason, Reason::kFieldMissing);
  EXPECT_EQ(std::get<Failed>(answer).detail, "stance");
}

TEST_F(NotebookWrites, TooLongWordsAreRefusedAndNothingIsStored) {
  const std::string most(limits::kWordsBytesMax, 'x');
  ada.add("journal", words("journal", most));
  const auto before = ada.disk.records().size();
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("journal"), .message = words("journal", most + "x")}),
            Reason::kTooLong);
  EXPECT_EQ(ada.disk.records().size(), before);
}

TEST_F(NotebookWrites, TwoLongTextsFitIntoOneSay) {
  pair(ada, ben);
  const std::string most(limits::kWordsBytesMax, 'x');
  EXPECT_EQ(ada.say("open", text_field("consent", "feels_good", most) +
                                text_field("consent", "would_break_trust", most)),
            Reason::kNone);
  send(ada, ben);
  EXPECT_EQ(said(*ben.consent().partner, "would_break_trust"), most);
}

TEST_F(NotebookWrites, WhatNoKindKnowsIsRefused) {
  EXPECT_EQ(ada.refusal(AddEntry{.kind = 999}), Reason::kMalformed);
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("journal"), .message = wire_field(77, 1)}),
            Reason::kFieldUnknown);
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("journal"),
                                 .message = words("journal", "a") + wire_field(3, 99)}),
            Reason::kValueUnknown);
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("journal"), .message = {0x0a, 0x05, 'a'}}),
            Reason::kMalformed);
}

TEST_F(NotebookWrites, AValueOfAVerbIsNotAFlag) {
  EXPECT_EQ(ada.refusal(AddEntry{
                .kind = kind("boundary"),
                .message = words("boundary", "a") + value_field("boundary", "firmness", "ended")}),
            Reason::kValueUnknown);
}

TEST_F(NotebookWrites, SharingUnpairedWritesNothing) {
  const Answer answer = ada.ask(AddEntry{
      .kind = kind("boundary"), .message = words("boundary", "a"), .share = true, .version = {}});
  EXPECT_EQ(std::get<Failed>(answer).code, Code::kNotPaired);
  EXPECT_TRUE(ada.disk.records().empty());
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("thanks"), .message = words("thanks", "tea")}),
            Reason::kNotPaired);
}

TEST_F(NotebookWrites, AJournalIsNeverShared) {
  pair(ada, ben);
  EXPECT_EQ(
      ada.refusal(AddEntry{
          .kind = kind("journal"), .message = words("journal", "a"), .share = true, .version = {}}),
      Reason::kPrivateKind);
  const EntryId id = ada.add("journal", words("journal", "a"));
  EXPECT_EQ(ada.refusal(ShareEntry{name_of("journal", id)}), Reason::kPrivateKind);
}

TEST_F(NotebookWrites, AnEditWritesOnlyWhatIsGiven) {
  const EntryId id =
      ada.add("journal", words("journal", "one") + text_field("journal", "feelings", "calm") +
                             text_field("journal", "feelings", "tired") +
                             value_field("journal", "template", "moment"));
  const std::string name = name_of("journal", id);
  EXPECT_EQ(ada.refusal(
                EditEntry{.id = name, .kind = kind("journal"), .message = words("journal", "two")}),
            Reason::kNone);
  EXPECT_EQ(said(ada.show(name), "words"), "two");
  EXPECT_EQ(said(ada.show(name), "feelings"), "calm, tired");
  EXPECT_EQ(ada.refusal(EditEntry{.id = name,
                                  .kind = kind("journal"),
                                  .message = text_field("journal", "feelings", "tired") +
                                             text_field("journal", "feelings", "warm"),
                                  .clear = {row("journal", "template").number}}),
            Reason::kNone);
  EXPECT_EQ(said(ada.show(name), "feelings"), "tired, warm");
  EXPECT_EQ(said(ada.show(name), "template"), "");
  EXPECT_EQ(ada.refusal(EditEntry{.id = name,
                                  .kind = kind("journal"),
                                  .message = {},
                                  .clear = {row("journal", "feelings").number}}),
            Reason::kNone);
  EXPECT_EQ(said(ada.show(name), "feelings"), "");
}

TEST_F(NotebookWrites, WhatAnEntryAlwaysHasIsNotCleared) {
  const EntryId id = ada.add("boundary", words("boundary", "one"));
  EditEntry edit = edit_words(id, "x");
  edit.message = {};
  edit.clear = {row("boundary", "words").number};
  EXPECT_EQ(ada.refusal(edit), Reason::kFieldMissing);
  edit.clear = {row("boundary", "firmness").number};
  EXPECT_EQ(ada.refusal(edit), Reason::kFieldMissing);
  edit.clear = {};
  EXPECT_EQ(ada.refusal(edit), Reason::kFieldMissing);
  edit.clear = {99};
  EXPECT_EQ(ada.refusal(edit), Reason::kFieldUnknown);
}

TEST_F(NotebookWrites, SupersededWordsLeaveTheDiskWithTheUndo) {
  const EntryId id = ada.add("journal", words("journal", "the first words"));
  ada.ask(EditEntry{
      .id = name_of("journal", id), .kind = kind("journal"), .message = words("journal", "other")});
  EXPECT_TRUE(ada.disk.holds("the first words"));
  ada.wait(limits::kUndoLife);
  EXPECT_FALSE(ada.disk.holds("the first words"));
}

TEST_F(NotebookWrites, AnotherKindsIdIsNoSuchEntry) {
  const EntryId id = ada.add("journal", words("journal", "one"));
  const Answer answer = ada.ask(EditEntry{
      .id = name_of("journal", id), .kind = kind("boundary"), .message = words("boundary", "two")});
  EXPECT_EQ(std::get<Failed>(answer).code, Code::kNotFound);
}

TEST_F(NotebookWrites, APartnersBoundaryIsNotMineToChange) {
  pair(ada, ben);
  const EntryId id = ada.add("boundary", words("boundary", "mine"), true);
  exchange(ada, ben);
  const std::string name = name_of("boundary", id);
  EXPECT_FALSE(ben.show(name).mine);
  EXPECT_EQ(ben.refusal(edit_words(id, "yours", true)), Reason::kNotYours);
  EXPECT_EQ(ben.refusal(EndEntry{.id = name}), Reason::kNotYours);
  EXPECT_EQ(ben.refusal(ForgetEntry{.id = name}), Reason::kNotYours);
  EXPECT_EQ(ben.refusal(UnshareEntry{name}), Reason::kNotYours);
  EXPECT_EQ(ben.shared_ops().size(), ada.shared_ops().size());
}

TEST_F(NotebookWrites, TighteningIsAtOnce) {
  const EntryId id = ada.add(
      "boundary", words("boundary", "a") + value_field("boundary", "firmness", "negotiable"));
  EXPECT_EQ(ada.refusal(edit_firmness(id, "non-negotiable")), Reason::kNone);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "firmness"), "non-negotiable");
  EXPECT_EQ(ada.refusal(edit_words(id, "stricter", true)), Reason::kNone);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "stricter");
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "active");
}

TEST_F(NotebookWrites, ALoosenedFirmnessWaitsADay) {
  const EntryId id = ada.add("boundary", words("boundary", "a"));
  const std::string name = name_of("boundary", id);
  EXPECT_EQ(ada.refusal(edit_firmness(id, "negotiable")), Reason::kNone);
  EXPECT_EQ(ada.show(name).state, "loosening");
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  ada.wait(24h - 1min);
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  ada.wait(1min);
  EXPECT_EQ(said(ada.show(name), "firmness"), "negotiable");
  EXPECT_EQ(ada.show(name).state, "active");
}

TEST_F(NotebookWrites, OtherWordsOfABoundaryWaitToo) {
  const EntryId id = ada.add("boundary", words("boundary", "one"));
  const std::string name = name_of("boundary", id);
  EXPECT_EQ(ada.refusal(edit_words(id, "two")), Reason::kNone);
  EXPECT_EQ(said(ada.show(name), "words"), "one");
  EXPECT_EQ(ada.show(name).state, "loosening");
  ada.wait(24h);
  EXPECT_EQ(said(ada.show(name), "words"), "two");
}

TEST_F(NotebookWrites, TheSameWordsAgainAreNoLoosening) {
  const EntryId id = ada.add("boundary", words("boundary", "one"));
  EXPECT_EQ(ada.refusal(edit_words(id, "one")), Reason::kNone);
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "active");
}

TEST_F(NotebookWrites, AWaitNeedsBothClocks) {
  const EntryId id = ada.add("boundary", words("boundary", "a"));
  const std::string name = name_of("boundary", id);
  ada.ask(edit_firmness(id, "negotiable"));
  ada.now.wall.seconds += std::int64_t{10} * 365 * 86'400;  // only the wall clock jumps
  ada.pass_time();
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  ada.now.wall.seconds -= std::int64_t{10} * 365 * 86'400;
  ada.now.boot.since += 48h;  // only the boot clock goes on
  ada.pass_time();
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  ada.wait(23h);
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  ada.wait(1h);
  EXPECT_EQ(said(ada.show(name), "firmness"), "negotiable");
}

TEST_F(NotebookWrites, AWaitOutlivesARestartAndCountsOnInAnotherBoot) {
  const EntryId id = ada.add("boundary", words("boundary", "a"));
  const std::string name = name_of("boundary", id);
  ada.ask(edit_firmness(id, "negotiable"));
  ada.wait(20h);
  ada.reboot();
  EXPECT_EQ(ada.show(name).state, "loosening");
  ada.wait(3h);
  EXPECT_EQ(said(ada.show(name), "firmness"), "non-negotiable");
  ada.wait(1h);
  EXPECT_EQ(said(ada.show(name), "firmness"), "negotiable");
}

TEST_F(NotebookWrites, TighteningDropsWhatWaits) {
  const EntryId id = ada.add("boundary", words("boundary", "a"));
  ada.ask(edit_firmness(id, "negotiable"));
  ada.ask(edit_firmness(id, "non-negotiable"));
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "active");
  ada.wait(48h);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "firmness"), "non-negotiable");
}

TEST_F(NotebookWrites, AReviewIsDueOnItsDay) {
  const LocalDay soon{ada.now.day.days + 2};
  const EntryId id =
      ada.add("boundary", words("boundary", "a") + day_field("boundary", "review", soon));
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "active");
  EXPECT_TRUE(std::get<Items>(ada.ask(ListToday{})).items.empty());
  ada.wait(48h);
  EXPECT_EQ(ada.show(name_of("boundary", id)).state, "review");
  ASSERT_EQ(std::get<Items>(ada.ask(ListToday{})).items.size(), 1u);
}

TEST_F(NotebookWrites, LinksNameWhatIsThereAndWhatBothSee) {
  pair(ada, ben);
  const EntryId secret = ada.add("boundary", words("boundary", "mine"));
  const EntryId open = ada.add("boundary", words("boundary", "ours"), true);
  const auto about = [](const EntryId& id) {
    Bytes link{'b'};
    append(link, id.view());
    return wire_field(row("thanks", "about").number, ByteView(link));
  };
  EXPECT_EQ(ada.refusal(AddEntry{.kind = kind("thanks"),
                                 .message = words("thanks", "a") + about(EntryId{})}),
            Reason::kNoSuchEntry);
  EXPECT_EQ(ada.refusal(
                AddEntry{.kind = kind("thanks"), .message = words("thanks", "a") + about(secret)}),
            Reason::kNotShared);
  ada.add("thanks", words("thanks", "a") + about(open));
}

}  // namespace
}  // namespace attune::sync
