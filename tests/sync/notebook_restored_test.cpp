#include <gtest/gtest.h>

#include <algorithm>

#include "proto/limits.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

using Verdict = Notebook::Verdict;

Bytes words(std::string_view noun, std::string_view text) {
  return text_field(noun, "words", text);
}

/// Ada's store is put back from a copy, and what she wrote since then is with ben alone.
struct NotebookPutBack : testing::Test {
  NotebookPutBack() { pair(ada, ben); }

  void put_back(const Disk& copy) {
    ada.disk = copy;
    ada.restart();
  }
  EditEntry edit(const EntryId& id, std::string_view text, bool tighter) {
    return {.id = name_of("boundary", id),
            .kind = kind("boundary"),
            .message = words("boundary", text),
            .clear = {},
            .tighter = tighter,
            .version = {}};
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
};

// Already withdrawn here, said anew in what this store lost: it is withdrawn again for the other.
TEST_F(NotebookPutBack, AWithdrawalIsWrittenThoughItIsWithdrawnHere) {
  ada.say("slow");
  ada.withdraw();
  exchange(ada, ben);
  const Disk copy = ada.disk;
  ada.say("open");
  exchange(ada, ben);
  EXPECT_TRUE(ben.consent().partner.has_value());
  put_back(copy);
  ada.withdraw();
  send(ada, ben);
  EXPECT_FALSE(ben.consent().partner.has_value());
  send(ben, ada);
  EXPECT_FALSE(ada.consent().mine.has_value());
}

// A run that filled a batch when it was sent has grown by the commitments of what was erased since:
// it is more than one batch now, and still proved by its last tag alone.
TEST_F(NotebookPutBack, ARunThatHasGrownComesBackWhole) {
  const Disk copy = ada.disk;
  constexpr std::size_t kCount = 400;
  const EntryId id = ada.add("boundary", words("boundary", "x"), true);
  for (std::size_t i = 1; i < kCount; ++i) {
    EditEntry again = edit(id, "x" + std::to_string(i), true);
    append(again.message, value_field("boundary", "firmness", "non-negotiable") +
                              value_field("boundary", "area", "pacing") +
                              day_field("boundary", "review", ada.now.day));
    EXPECT_EQ(ada.refusal(again), Reason::kNone);
  }
  send(ada, ben);
  std::vector<Notebook::Arriving> back;
  std::size_t bytes = 0;
  for (const crdt::Kept& kept : ben.shared_ops()) {
    back.push_back(arriving(ben, kept));
    bytes += back.back().bytes;
    if (back.size() < kCount) back.back().tag.reset();
  }
  ASSERT_EQ(back.size(), kCount);
  ASSERT_GT(bytes, limits::kBatchBytesMax);
  put_back(copy);
  for (std::size_t i = 0; i + 1 < kCount; ++i) EXPECT_EQ(ada.take(back[i]), Verdict::kHeld);
  EXPECT_EQ(ada.take(back.back()), Verdict::kTaken);
  EXPECT_EQ(ada.notebook->both()->digest(), ben.notebook->both()->digest());
}

// A change of words that waited in the copy does not replace words that were never on its screen.
TEST_F(NotebookPutBack, WordsThatWaitDoNotReplaceWhatTheyDidNotSee) {
  const EntryId id = ada.add("boundary", words("boundary", "not on Sundays"), true);
  ada.ask(edit(id, "on some Sundays", false));
  exchange(ada, ben);
  const Disk copy = ada.disk;
  ada.ask(edit(id, "not at the weekend", true));
  exchange(ada, ben);
  put_back(copy);
  send(ben, ada);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not at the weekend");
  for (int hour = 0; hour < 26; ++hour) ada.wait(1h);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not at the weekend");
}

// Two texts of a boundary stand side by side; taking it back takes both back.
TEST_F(NotebookPutBack, UnsharingTakesBackAllThatStands) {
  const EntryId id = ada.add("boundary", words("boundary", "not on Sundays"), true);
  exchange(ada, ben);
  const Disk copy = ada.disk;
  ada.ask(edit(id, "not at the weekend", true));
  exchange(ada, ben);
  put_back(copy);
  ada.ask(edit(id, "not in the morning", true));
  exchange(ada, ben);
  ASSERT_EQ(ada.show(name_of("boundary", id)).rivals.size(), 1u);
  EXPECT_EQ(ada.refusal(UnshareEntry{.id = name_of("boundary", id)}), Reason::kNone);
  std::vector<std::string> texts;
  for (const Item& item : ada.list()) {
    texts.push_back(said(item, "words"));
    EXPECT_FALSE(item.shared);
    EXPECT_EQ(item.state, "active");
    EXPECT_EQ(said(item, "firmness"), "non-negotiable");
  }
  std::ranges::sort(texts);
  EXPECT_EQ(texts, (std::vector<std::string>{"not at the weekend", "not in the morning"}));
}

// Words that were written beside an act of forgetting that came back can be forgotten too.
TEST_F(NotebookPutBack, WhatStandsBesideAForgettingCanBeForgotten) {
  const EntryId id = ada.add("boundary", words("boundary", "not on Sundays"), true);
  exchange(ada, ben);
  const Disk copy = ada.disk;
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("boundary", id)}), Reason::kNone);
  exchange(ada, ben);
  put_back(copy);
  ada.ask(edit(id, "not at the weekend", true));
  exchange(ada, ben);
  EXPECT_EQ(said(ada.show(name_of("boundary", id)), "words"), "not at the weekend");
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("boundary", id)}), Reason::kNone);
  exchange(ada, ben);
  EXPECT_FALSE(ada.disk.holds("not at the weekend"));
  EXPECT_FALSE(ben.disk.holds("not at the weekend"));
  EXPECT_NE(ada.show(name_of("boundary", id)).state, "ended");
  EXPECT_EQ(ada.refusal(ForgetEntry{.id = name_of("boundary", id)}), Reason::kAlreadySo);
}

}  // namespace
}  // namespace attune::sync
