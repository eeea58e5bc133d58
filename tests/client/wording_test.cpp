#include "client/wording.h"

#include <gtest/gtest.h>

#include "client/draft.h"
#include "client/help.h"
#include "client/nearest.h"
#include "tests/proto/schema.h"

namespace attune::client {
namespace {

TEST(Wording, EveryReasonHasASentence) {
  const auto& reasons = *v1::Reason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    const auto reason = static_cast<v1::Reason>(reasons.value(i)->number());
    if (reason == v1::REASON_UNSPECIFIED) continue;
    const auto sentence = reason_sentence(reason);
    ASSERT_TRUE(sentence) << reasons.value(i)->name();
    EXPECT_TRUE(sentence->ends_with('.') || sentence->ends_with('?')) << *sentence;
  }
}

TEST(Wording, EveryAskedFieldHasAPrompt) {
  for (const KindRow& kind : KindTable::standard().kinds()) {
    for (const FieldRow& field : kind.fields) {
      if (field.ask == Ask::kNever) continue;
      EXPECT_TRUE(prompt_sentence(kind.noun + '.' + field.name)) << kind.noun << '.' << field.name;
    }
  }
}

TEST(Wording, EveryQuestionOfACommandHasAPrompt) {
  for (const Verb& verb : verbs_of(KindTable::standard())) {
    if (verb.act == Act::kHelp || verb.act == Act::kKinds) continue;
    if (verb.act == Act::kEdit && verb.kind == nullptr) continue;
    Invocation invocation;
    invocation.verb = verb;
    const Draft draft(invocation);
    for (const Question& question : draft.questions()) {
      if (question.shape == Shape::kVersion) continue;
      EXPECT_NE(question.prompt, question.key) << verb.path();
      EXPECT_FALSE(question.prompt.empty()) << verb.path();
    }
  }
  for (const char* key : {"pair.code", "pair.qr", "consent.stance"})
    EXPECT_TRUE(prompt_sentence(key));
}

TEST(Wording, EveryCommandAndFlagHasItsLine) {
  for (const Verb& verb : verbs_of(KindTable::standard())) {
    EXPECT_TRUE(verb_sentence(verb)) << verb.path();
    for (const Flag& flag : verb.flags) EXPECT_TRUE(flag_sentence(flag.name)) << flag.name;
  }
}

TEST(Wording, EveryCheckOfTheDoctorHasAdvice) {
  for (const char* check : {"home-folder", "control-socket", "disk-space", "lan-listener", "clock",
                            "pairing", "exchange", "network"}) {
    EXPECT_TRUE(finding_sentence(check)) << check;
  }
}

TEST(Wording, HelpTopicsHavePages) {
  for (const char* topic : {"safety", "consent", "privacy", "errors"}) {
    EXPECT_TRUE(help_page(topic)) << topic;
  }
  EXPECT_FALSE(help_page("nothing"));
}

TEST(Wording, AWaitIsSaidInSecondsOrMinutes) {
  v1::Error error;
  error.set_reason(v1::REASON_PAIRING_PAUSE);
  error.set_seconds(3'600);
  EXPECT_TRUE(error_sentence(error).ends_with("It goes on in 60 minutes."));
  error.set_seconds(0xffff'ffff);
  EXPECT_TRUE(error_sentence(error).ends_with("It goes on in 71582789 minutes."));
  error.set_reason(v1::REASON_WAIT_BEFORE_TRYING);
  error.set_seconds(5);
  EXPECT_TRUE(error_sentence(error).ends_with("in 5 seconds."));
}

TEST(Wording, WhatADaemonSaysOfAnErrorSteersNoTerminal) {
  v1::Error error;
  error.set_detail("why\x1b[2J\xe2\x80\xae\n");
  EXPECT_EQ(error_sentence(error), "It failed. (why[2J )");
}

TEST(Wording, AnUnknownReasonOfANewerDaemonStillSaysSomething) {
  v1::Error error;
  error.set_reason(static_cast<v1::Reason>(9'999));
  EXPECT_EQ(error_sentence(error), "It failed.");
}

TEST(Wording, AKindWithoutSentencesIsCalledByItsNames) {
  const Schema schema(R"(
    message Tea { string the_leaves = 1 [(attune.v1.field) = { ask: FIRST }]; }
    message Entry {
      Tea tea = 77 [(attune.v1.kind) = { noun: "tea" letter: "t" writer: OWNER audience: BOTH }];
    })");
  const KindTable kinds(schema.descriptor());
  const KindRow& tea = kinds.kinds().front();
  EXPECT_EQ(prompt_of(tea, tea.fields.front()), "the leaves");
  for (const Verb& verb : verbs_of(kinds)) EXPECT_FALSE(help_of(verb).empty()) << verb.path();
  Invocation invocation;
  invocation.verb.act = Act::kHelp;
  invocation.argument = "tea";
  EXPECT_NE(help_text(invocation, kinds).find("the_leaves"), std::string::npos);
}

TEST(Nearest, FindsOneSlipAndAPrefix) {
  const std::vector<std::string> names = {"boundary", "unlock", "lock", "list", "undo"};
  EXPECT_EQ(nearest("boundry", names), "boundary");
  EXPECT_EQ(nearest("boundayr", names), "boundary");
  EXPECT_EQ(nearest("unlok", names), "unlock");
  EXPECT_EQ(nearest("boun", names), "boundary");
  EXPECT_EQ(nearest("lits", names), "list");
  EXPECT_EQ(nearest("qqqqqq", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(5'000, 'a'), names), "");
}

TEST(Nearest, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", "abc"), 0u);
  EXPECT_EQ(edit_distance("abc", "acb"), 1u);
  EXPECT_EQ(edit_distance("abc", "abd"), 1u);
  EXPECT_EQ(edit_distance("abc", "ab"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace attune::client
