#include "client/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "attune/v1/entry.pb.h"
#include "client/item_text.h"
#include "proto/time.h"
#include "tests/client/fake_daemon.h"

namespace attune::client {
namespace {

using nlohmann::json;

constexpr std::uint32_t kBoundary = 10;

v1::Item boundary_item(const std::string& words = "no phones in bed") {
  v1::Boundary boundary;
  boundary.set_words(words);
  boundary.set_firmness(v1::FIRMNESS_NON_NEGOTIABLE);
  boundary.set_area(v1::AREA_PACING);
  boundary.set_review(parse_day("2027-09-17")->days);
  v1::Item item;
  item.set_id(std::string(16, '\0'));
  item.set_kind(kBoundary);
  item.set_mine(true);
  item.set_day(parse_day("2026-11-24")->days);
  item.set_shared(true);
  item.set_state("active");
  item.set_version("\x01\xff");
  item.set_entry(boundary.SerializeAsString());
  return item;
}

std::string rendered(const v1::Answer& answer, const Look& look, Act act = Act::kList) {
  Verb verb;
  verb.act = act;
  return Renderer(KindTable::standard(), look).answer(answer, verb);
}

json object(const v1::Answer& answer) {
  const std::string text = rendered(answer, {.json = true});
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  return json::parse(text);
}

v1::Answer shown(const v1::Item& item) {
  v1::Answer answer;
  *answer.mutable_item() = item;
  return answer;
}

TEST(RenderJson, AnItemHasItsKeysInTheirOrder) {
  EXPECT_EQ(
      rendered(shown(boundary_item()), {.json = true}),
      R"({"schema":1,"item":{"id":"b-00000000000000000000000000","kind":"boundary","by":"me",)"
      R"("day":"2026-11-24","shared":true,"state":"active","version":"01ff",)"
      R"("words":"no phones in bed","firmness":"non-negotiable","area":"pacing",)"
      R"("review":"2027-09-17"}})"
      "\n");
}

TEST(RenderJson, ValuesAreThoseOfTheRow) {
  v1::Journal journal;
  journal.set_words("a");
  journal.add_feelings("calm");
  v1::Item item = boundary_item();
  item.set_kind(13);
  item.set_entry(journal.SerializeAsString());
  EXPECT_EQ(object(shown(item))["item"]["feelings"], json({"calm"}));
  EXPECT_FALSE(object(shown(item))["item"].contains("template"));
  v1::Thanks thanks;
  thanks.set_win(true);
  thanks.set_about("b" + std::string(16, '\0'));
  item.set_kind(14);
  item.set_entry(thanks.SerializeAsString());
  EXPECT_EQ(object(shown(item))["item"]["win"], true);
  EXPECT_EQ(object(shown(item))["item"]["about"], "b-00000000000000000000000000");
}

TEST(RenderJson, AnUnknownValueOrKindIsNotHidden) {
  v1::Item item = boundary_item();
  item.set_entry(std::string("\x18\x63", 2));  // firmness 99
  EXPECT_EQ(object(shown(item))["item"]["firmness"], "unknown");
  item.set_kind(999);
  const json unknown = object(shown(item))["item"];
  EXPECT_EQ(unknown["kind"], "entry");
  EXPECT_EQ(unknown["id"], std::string(32, '0'));
}

TEST(RenderJson, DamagedFieldsAreLeftOut) {
  v1::Item item = boundary_item();
  item.set_entry("\x0a\xff");
  EXPECT_FALSE(object(shown(item))["item"].contains("words"));
  item.set_entry("\x0a\x01\xff");  // no UTF-8
  EXPECT_FALSE(object(shown(item))["item"].contains("words"));
}

TEST(RenderJson, RivalsStandBeside) {
  v1::Item item = boundary_item();
  v1::Boundary other;
  other.set_words("none at all");
  item.add_rivals()->set_entry(other.SerializeAsString());
  EXPECT_EQ(object(shown(item))["item"]["rivals"],
            json::parse(R"([{"by":"partner","words":"none at all"}])"));
}

TEST(RenderJson, ListsAreItemsAndMayBeEmpty) {
  v1::Answer answer;
  answer.mutable_items();
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"items":[]})"));
  *answer.mutable_items()->add_items() = boundary_item();
  EXPECT_EQ(object(answer)["items"].size(), 1u);
}

TEST(RenderJson, StatusOfAClosedNotebookSaysNoMore) {
  EXPECT_EQ(object(closed_status("locked")),
            json::parse(R"({"schema":1,"version":"0.1.0","state":"locked"})"));
  EXPECT_EQ(object(open_status()),
            json::parse(R"({"schema":1,"version":"0.1.0","state":"unlocked","name":"Ada","paired":
                            false,"partner":"","devices":1,"exchanged_this_week":false,
                            "relay":"none"})"));
}

TEST(RenderJson, SmallAnswersHaveTheirKeys) {
  EXPECT_EQ(object(done()), json::parse(R"({"schema":1})"));
  EXPECT_EQ(object(done("unlocked")), json::parse(R"({"schema":1,"state":"unlocked"})"));
  EXPECT_EQ(object(entered(kBoundary, '\0')),
            json::parse(R"({"schema":1,"id":"b-00000000000000000000000000"})"));
  v1::Answer answer;
  answer.mutable_synced()->set_posted(true);
  answer.mutable_synced()->set_pending_out(3);
  EXPECT_EQ(object(answer),
            json::parse(R"({"schema":1,"exchanged":false,"posted":true,"pending_out":3})"));
  answer.mutable_changed()->set_kind(kBoundary);
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"changed":"boundary"})"));
  answer.mutable_device()->set_id(std::string(16, '\0'));
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"device":"00000000000000000000000000"})"));
}

TEST(RenderJson, ARelayIsItsAddressOrNull) {
  v1::Answer answer;
  answer.mutable_relay();
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"url":null})"));
  EXPECT_EQ(rendered(answer, {}), "No relay is set: attune relay set\n");
  answer.mutable_relay()->set_url("attune-relay://a:1#K");
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"url":"attune-relay://a:1#K"})"));
  EXPECT_EQ(rendered(answer, {}), "attune-relay://a:1#K\n");
}

TEST(RenderText, StatusSaysWhetherTheRelayIsReached) {
  v1::Answer answer = open_status(true);
  EXPECT_EQ(rendered(answer, {}).find("relay"), std::string::npos);
  answer.mutable_status()->set_relay("reached");
  EXPECT_NE(rendered(answer, {}).find("The relay is reached.\n"), std::string::npos);
  answer.mutable_status()->set_relay("away");
  EXPECT_NE(rendered(answer, {}).find("The relay is not reached.\n"), std::string::npos);
}

TEST(RenderJson, PairEventsAreLines) {
  v1::Answer answer;
  answer.mutable_pair()->mutable_invitation()->set_code("1234-abacus-abode-above");
  answer.mutable_pair()->mutable_invitation()->set_qr("ABC");
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"event":"invitation",
                                            "code":"1234-abacus-abode-above","qr":"ABC"})"));
  for (const char* word : {"a", "b", "c", "d"})
    answer.mutable_pair()->mutable_check()->add_words(word);
  EXPECT_EQ(object(answer),
            json::parse(R"({"schema":1,"event":"check","words":["a","b","c","d"]})"));
  answer.mutable_pair()->set_paired("Ben");
  EXPECT_EQ(object(answer), json::parse(R"({"schema":1,"event":"paired","partner":"Ben"})"));
}

TEST(RenderJson, FindingsSayWhatToDo) {
  v1::Answer answer;
  v1::Finding& clock = *answer.mutable_findings()->add_items();
  clock.set_check("clock");
  clock.set_verdict(v1::VERDICT_FIX);
  v1::Finding& disk = *answer.mutable_findings()->add_items();
  disk.set_check("disk-space");
  disk.set_verdict(v1::VERDICT_OK);
  const json items = object(answer)["items"];
  EXPECT_EQ(items[0]["verdict"], "fix");
  EXPECT_NE(items[0]["next"], "");
  EXPECT_EQ(items[1], json::parse(R"({"check":"disk-space","verdict":"ok","next":""})"));
  EXPECT_TRUE(needs_fixing(answer));
  clock.set_verdict(v1::VERDICT_LOOK);
  EXPECT_FALSE(needs_fixing(answer));
}

v1::Item consent_item(bool mine, const std::string& state) {
  v1::Consent consent;
  consent.set_stance(v1::STANCE_SLOW);
  v1::Item item;
  item.set_id(std::string(16, '\0'));
  item.set_kind(11);
  item.set_mine(mine);
  item.set_state(state);
  item.set_version("\x07");
  item.set_entry(consent.SerializeAsString());
  return item;
}

TEST(RenderJson, WhatEachHasSaid) {
  v1::Answer answer;
  *answer.mutable_own_and_theirs()->mutable_mine() = consent_item(true, "said");
  const json said = object(answer);
  EXPECT_EQ(said["mine"]["said"], true);
  EXPECT_EQ(said["mine"]["stance"], "slow");
  EXPECT_EQ(said["mine"]["version"], "07");
  EXPECT_EQ(said["partner"], json::parse(R"({"said":false})"));
}

TEST(RenderJson, WithdrawnIsNotSaid) {
  v1::Answer answer;
  *answer.mutable_own_and_theirs()->mutable_mine() = consent_item(true, "not-said");
  *answer.mutable_own_and_theirs()->mutable_partner() = consent_item(false, "not-said");
  const json said = object(answer);
  EXPECT_EQ(said["mine"], json::parse(R"({"said":false,"version":"07"})"));
  EXPECT_EQ(said["partner"], json::parse(R"({"said":false})"));
}

TEST(RenderJson, OnATerminalItIsAscii) {
  v1::Item item = boundary_item("caf\xc3\xa9 \xe2\x80\xae");
  const std::string text = rendered(shown(item), {.json = true, .terminal = true});
  EXPECT_NE(text.find("caf\\u00e9 \\u202e"), std::string::npos);
  const std::string piped = rendered(shown(item), {.json = true});
  EXPECT_NE(piped.find("caf\xc3\xa9"), std::string::npos);
}

TEST(RenderText, AnItemForAPerson) {
  EXPECT_EQ(rendered(shown(boundary_item("one\ntwo")), {.terminal = true}),
            "b-00000000  2026-11-24  mine, shared, active\n"
            "    one\n"
            "    two\n"
            "    firmness: non-negotiable\n"
            "    area: pacing\n"
            "    review: 2027-09-17\n");
}

TEST(RenderText, ListsStandUnderTheirKinds) {
  v1::Answer answer;
  v1::Item other = boundary_item("second");
  other.set_id(std::string(2, '\0') + std::string(14, '\xff'));
  other.set_mine(false);
  *answer.mutable_items()->add_items() = boundary_item("first");
  *answer.mutable_items()->add_items() = other;
  const std::string text = rendered(answer, {.terminal = true});
  EXPECT_TRUE(text.starts_with("boundaries\nb-0000  2026-11-24  mine"));
  EXPECT_NE(text.find("b-000f  2026-11-24  partner's"), std::string::npos);
  EXPECT_NE(rendered(answer, {}).find("b-00000000000000000000000000  "), std::string::npos);
  EXPECT_NE(rendered(answer, {.color = true}).find("\x1b[1mboundaries\x1b[0m"), std::string::npos);
}

TEST(RenderText, AnEmptyListSaysSo) {
  v1::Answer answer;
  answer.mutable_items();
  EXPECT_EQ(rendered(answer, {}), "Nothing is here.\n");
  EXPECT_EQ(rendered(answer, {}, Act::kToday), "Nothing awaits you.\n");
  EXPECT_EQ(rendered(answer, {.quiet = true}), "");
}

TEST(RenderText, ThePartnersTextCannotSteerTheTerminal) {
  v1::Item item = boundary_item(
      "a\x1b[2Jb\x07\xc2\x9b"
      "31m\xe2\x80\xae"
      "c\rd");
  const std::string text = rendered(shown(item), {});
  EXPECT_NE(text.find("    a[2Jb31mcd\n"), std::string::npos);
  v1::Answer paired;
  paired.mutable_pair()->set_paired("Ben\n\x1b[1mPaired with everybody");
  EXPECT_EQ(rendered(paired, {}), "Paired with Ben [1mPaired with everybody.\n");
}

TEST(RenderText, NotSaidReadsAsNo) {
  v1::Answer answer;
  *answer.mutable_own_and_theirs()->mutable_mine() = consent_item(true, "said");
  EXPECT_EQ(rendered(answer, {}), "you:\n    stance: slow\npartner: not said, which is no\n");
}

TEST(RenderFailure, HasAtMostThreeLines) {
  const Failure failure(Ending::kLocked, "The notebook is locked.", {"attune unlock"});
  EXPECT_EQ(Renderer(KindTable::standard(), {}).failure(failure),
            "The notebook is locked.\nNext: attune unlock\n(locked, 4)\n");
  EXPECT_EQ(Renderer(KindTable::standard(), {.json = true}).failure(failure),
            R"({"schema":1,"error":{"code":"locked","exit":4,"message":"The notebook is locked.",)"
            R"("next":["attune unlock"]}})"
            "\n");
}

TEST(RenderFailure, EveryCodeOfTheDaemonHasItsExitAndWord) {
  const std::vector<std::pair<v1::Code, std::pair<int, std::string>>> expected = {
      {v1::CODE_FAILED, {1, "failed"}},
      {v1::CODE_USAGE, {2, "usage"}},
      {v1::CODE_NOT_FOUND, {3, "not-found"}},
      {v1::CODE_LOCKED, {4, "locked"}},
      {v1::CODE_NOT_SET_UP, {5, "not-set-up"}},
      {v1::CODE_NOT_PAIRED, {5, "not-paired"}},
      {v1::CODE_REFUSED, {7, "refused"}},
      {v1::CODE_NOT_REACHED, {8, "not-reached"}},
      {v1::CODE_CHECK_FAILED, {9, "check-failed"}},
      {v1::CODE_DAMAGED, {10, "damaged"}},
      {v1::CODE_CANCELLED, {11, "cancelled"}},
      {v1::CODE_WAITING, {12, "waiting"}}};
  EXPECT_EQ(static_cast<int>(expected.size()) + 1, v1::Code_descriptor()->value_count());
  for (const auto& [code, end] : expected) {
    v1::Error error;
    error.set_code(code);
    const Failure failure = failure_of(error);
    EXPECT_EQ(exit_status(failure.ending()), end.first);
    EXPECT_EQ(code_word(failure.ending()), end.second);
  }
  v1::Error newer;
  newer.set_code(static_cast<v1::Code>(77));
  EXPECT_EQ(failure_of(newer).ending(), Ending::kFailed);
}

TEST(RenderKinds, EachRowIsALine) {
  const std::string table = Renderer(KindTable::standard(), {}).kinds(true);
  for (const KindRow& kind : KindTable::standard().kinds()) {
    EXPECT_NE(table.find("\n| " + kind.noun + " | " + kind.letter), std::string::npos);
  }
  const json items =
      json::parse(Renderer(KindTable::standard(), {.json = true}).kinds(false))["items"];
  EXPECT_EQ(items.size(), KindTable::standard().kinds().size());
  EXPECT_EQ(items[0]["kind"], "boundary");
}

TEST(Shortened, NamesAreAsLongAsTheyMustBe) {
  EXPECT_EQ(shortened({"b-7k2q0000", "b-7k2q1000", "c-7k2q0000", "b-aaaa0000"}, 4),
            (std::vector<std::string>{"b-7k2q0", "b-7k2q1", "c-7k2q", "b-aaaa"}));
  EXPECT_EQ(shortened({"b-7k2q0000", "b-7k2q0000"}, 4),
            (std::vector<std::string>{"b-7k2q", "b-7k2q"}));
  EXPECT_TRUE(shortened({}, 4).empty());
}

}  // namespace
}  // namespace attune::client
