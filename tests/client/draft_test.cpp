#include "client/draft.h"

#include <gtest/gtest.h>

#include "attune/v1/entry.pb.h"
#include "client/failure.h"
#include "client/told.h"

namespace attune::client {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream words(line);
  for (std::string word; words >> word;) out.push_back(word);
  return out;
}

/// The request of a line, with what was told to it.
v1::Request request(const std::string& line, const std::string& told = {}) {
  const Invocation invocation =
      parse_command_line(split(told.empty() ? line : line + " --stdin"), KindTable::standard());
  Draft draft(invocation);
  if (!told.empty()) draft.take(told_replies(Wiped(told), draft.questions()));
  return draft.request();
}

template <typename Message>
Message read(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

TEST(Draft, WhatTheLineLeavesOutIsLeftToTheDaemon) {
  const v1::Request asked = request("boundary add", R"({"words":"no phones in bed"})");
  ASSERT_TRUE(asked.has_add());
  EXPECT_EQ(asked.add().kind(), 10u);
  EXPECT_FALSE(asked.add().share());
  const auto boundary = read<v1::Boundary>(asked.add().entry());
  EXPECT_EQ(boundary.words(), "no phones in bed");
  EXPECT_EQ(boundary.firmness(), v1::FIRMNESS_UNSPECIFIED);
  EXPECT_EQ(boundary.area(), v1::AREA_UNSPECIFIED);
  EXPECT_EQ(boundary.review(), 0);
  EXPECT_TRUE(boundary.why().empty());
}

TEST(Draft, FlagsAreWritten) {
  const v1::Request asked =
      request("boundary add --kind negotiable --area pacing --review 2027-09-17 --share",
              R"({"words":"slowly","why":"because"})");
  EXPECT_TRUE(asked.add().share());
  const auto boundary = read<v1::Boundary>(asked.add().entry());
  EXPECT_EQ(boundary.firmness(), v1::FIRMNESS_NEGOTIABLE);
  EXPECT_EQ(boundary.area(), v1::AREA_PACING);
  EXPECT_EQ(boundary.review(), parse_day("2027-09-17")->days);
  EXPECT_EQ(boundary.why(), "because");
}

TEST(Draft, TheEntrysBytesAreCanonical) {
  const v1::Request asked = request("boundary add", R"({"why":"b","words":"a"})");
  const auto boundary = read<v1::Boundary>(asked.add().entry());
  EXPECT_EQ(asked.add().entry(), boundary.SerializeAsString());
}

TEST(Draft, ANoteHasItsList) {
  const auto journal = read<v1::Journal>(
      request("journal add --template trigger", R"({"words":"a","feelings":["calm","tired"]})")
          .add()
          .entry());
  ASSERT_EQ(journal.feelings_size(), 2);
  EXPECT_EQ(journal.feelings(1), "tired");
  EXPECT_EQ(journal.template_(), v1::TEMPLATE_TRIGGER);
}

TEST(Draft, ConsentIsSaidWithWhatWasOnScreen) {
  const v1::Request asked =
      request("consent say --state slow", R"({"feels_good":"tea","version":"00ff"})");
  EXPECT_EQ(asked.add().version(), std::string("\0\xff", 2));
  const auto consent = read<v1::Consent>(asked.add().entry());
  EXPECT_EQ(consent.stance(), v1::STANCE_SLOW);
  EXPECT_EQ(consent.feels_good(), "tea");
}

TEST(Draft, ConsentWithoutAStanceIsRefused) {
  EXPECT_THROW(request("consent say", R"({"feels_good":"tea"})"), Failure);
}

TEST(Draft, ConsentIsShownAndWithdrawnByItsKind) {
  EXPECT_EQ(request("consent show").show_own().kind(), 11u);
  EXPECT_EQ(request("consent withdraw").end().kind(), 11u);
  EXPECT_TRUE(request("consent withdraw").end().topic().empty());
}

TEST(Draft, APauseHasATopicAndNoValueThatIsNotAPersonsToSay) {
  const auto all = read<v1::Pause>(request("pause").add().entry());
  EXPECT_TRUE(all.about().empty());
  EXPECT_EQ(all.hold(), v1::HOLD_UNSPECIFIED);
  const auto kind = read<v1::Pause>(request("pause boundary --revisit 2027-09-17").add().entry());
  EXPECT_EQ(kind.about(), "boundary");
  EXPECT_EQ(kind.revisit(), parse_day("2027-09-17")->days);
  EXPECT_EQ(request("resume").end().topic(), "all");
  EXPECT_EQ(request("resume boundary").end().topic(), "boundary");
  EXPECT_EQ(request("resume").end().kind(), 12u);
}

TEST(Draft, AWholeIdIsATopicAsItIs) {
  const std::string id = "b-" + std::string(26, '0');
  EXPECT_EQ(read<v1::Pause>(request("pause " + id).add().entry()).about(), id);
  EXPECT_EQ(request("resume B-" + std::string(26, 'o')).end().topic(), id);
}

TEST(Draft, AShortIdIsCompletedFirst) {
  const Invocation invocation =
      parse_command_line(split("thanks add --about b-0g00"), KindTable::standard());
  Draft draft(invocation);
  ASSERT_EQ(draft.open_ids().size(), 1u);
  const auto [field, typed] = *draft.open_ids().begin();
  EXPECT_EQ(typed, "b-0g00");
  EntryId id;
  id.bytes.fill(7);
  draft.complete_id(field, 'b', id);
  EXPECT_TRUE(draft.open_ids().empty());
  const auto thanks = read<v1::Thanks>(draft.request().add().entry());
  EXPECT_EQ(thanks.about(), "b" + std::string(16, 7));
}

TEST(Draft, AShortTopicIsCompletedFirst) {
  for (const char* line : {"pause b-0g00", "resume b-0g00"}) {
    const Invocation invocation = parse_command_line(split(line), KindTable::standard());
    Draft draft(invocation);
    ASSERT_EQ(draft.open_ids().size(), 1u);
    EntryId id;
    id.bytes.fill(7);
    draft.complete_id(draft.open_ids().begin()->first, 'b', id);
    const v1::Request& asked = draft.request();
    const std::string topic =
        asked.has_end() ? asked.end().topic() : read<v1::Pause>(asked.add().entry()).about();
    EXPECT_EQ(topic, entry_name('b', id));
  }
}

TEST(Draft, AnEditWritesWhatWasSaidAndClearsWhatIsEmpty) {
  const v1::Request asked = request("edit b-7k2q --review none",
                                    R"({"words":"new","why":null,"tighter":true,"version":"aa"})");
  EXPECT_EQ(asked.edit().id(), "b-7k2q");
  EXPECT_EQ(asked.edit().kind(), 10u);
  EXPECT_TRUE(asked.edit().tighter());
  EXPECT_EQ(asked.edit().version(), "\xaa");
  EXPECT_EQ(read<v1::Boundary>(asked.edit().entry()).words(), "new");
  const std::vector<std::uint32_t> cleared(asked.edit().clear().begin(),
                                           asked.edit().clear().end());
  EXPECT_EQ(cleared, (std::vector<std::uint32_t>{2, 5}));
}

TEST(Draft, AnEmptyTextClearsOnlyWhatMayBeEmpty) {
  const v1::Request asked = request("edit j-7k2q", R"({"feelings":[],"words":"x"})");
  EXPECT_EQ(asked.edit().clear(0), 2u);
  const v1::Request why = request("edit b-7k2q", R"({"why":""})");
  EXPECT_EQ(why.edit().clear(0), 2u);
  EXPECT_THROW(request("edit b-7k2q", R"({"words":""})"), Failure);
}

TEST(Draft, AnEditByFlagsAloneAsksNothing) {
  const Invocation invocation =
      parse_command_line(split("edit b-7k2q --kind negotiable"), KindTable::standard());
  Draft draft(invocation);
  EXPECT_TRUE(draft.questions().empty());
  EXPECT_EQ(read<v1::Boundary>(draft.request().edit().entry()).firmness(), v1::FIRMNESS_NEGOTIABLE);
}

TEST(Draft, AnEditOfNothingIsRefused) {
  EXPECT_THROW(request("edit b-7k2q", "{}"), Failure);
  EXPECT_THROW(request("edit b-7k2q"), Failure);
}

TEST(Draft, TighterIsAskedWhereWordsLoosen) {
  EXPECT_THROW(request("edit j-7k2q", R"({"words":"x","tighter":true})"), Failure);
}

TEST(Draft, AnEditOfAnUnknownKindFindsNothing) {
  try {
    request("edit z-7k2q", R"({"words":"x"})");
    FAIL() << "it was taken";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.ending(), Ending::kNotFound);
  }
}

TEST(Draft, OneIdCommandsPassTheIdOn) {
  EXPECT_EQ(request("show b-7k2q").show().id(), "b-7k2q");
  EXPECT_EQ(request("share b-7k2q").share().id(), "b-7k2q");
  EXPECT_EQ(request("unshare b-7k2q").unshare().id(), "b-7k2q");
  EXPECT_EQ(request("end b-7k2q").end().id(), "b-7k2q");
  EXPECT_EQ(request("boundary end b-7k2q").end().id(), "b-7k2q");
  const v1::Request forget = request("forget b-7k2q --here");
  EXPECT_EQ(forget.forget().id(), "b-7k2q");
  EXPECT_TRUE(forget.forget().here());
}

TEST(Draft, AListSaysWhichAndWhose) {
  const v1::Request asked = request("list boundary --partner --held --ended");
  EXPECT_EQ(asked.list().kind(), 10u);
  EXPECT_EQ(asked.list().whose(), v1::WHOSE_PARTNER);
  EXPECT_TRUE(asked.list().held());
  EXPECT_TRUE(asked.list().ended());
  EXPECT_EQ(request("list boundaries").list().kind(), 10u);
  EXPECT_EQ(request("journal list --mine").list().kind(), 13u);
  EXPECT_EQ(request("list").list().kind(), 0u);
}

TEST(Draft, NotebookCommandsAreTheirRequests) {
  EXPECT_TRUE(request("lock").has_lock());
  EXPECT_TRUE(request("status").has_status());
  EXPECT_TRUE(request("unpair").has_unpair());
  EXPECT_TRUE(request("relay show").has_relay_show());
  EXPECT_TRUE(request("relay test").has_relay_test());
  EXPECT_TRUE(request("relay off").has_relay_off());
  EXPECT_TRUE(request("doctor").has_doctor());
  EXPECT_TRUE(request("watch").has_watch());
  EXPECT_TRUE(request("undo").has_undo());
  EXPECT_TRUE(request("").has_today());
  EXPECT_EQ(request("sync").sync().wait_seconds(), 10u);
  EXPECT_EQ(request("sync --wait 3").sync().wait_seconds(), 3u);
}

TEST(Draft, TheAddressOfARelayIsAskedAndNeverAnArgument) {
  const v1::Request set = request("relay set", R"({"url":"attune-relay://a:1#K"})");
  EXPECT_EQ(set.relay_set().url(), "attune-relay://a:1#K");
  EXPECT_THROW(request("relay set attune-relay://a:1#K"), Failure);
}

TEST(Draft, PassphrasesAndNamesAreInOneNormalForm) {
  const std::string composed = "caf\xc3\xa9";
  const std::string apart = "cafe\xcc\x81";
  const v1::Request init =
      request("init", R"({"name":")" + apart + R"(","passphrase":")" + apart + R"("})");
  EXPECT_EQ(init.init().name(), composed);
  EXPECT_EQ(init.init().passphrase(), composed);
  EXPECT_EQ(request("unlock", R"({"passphrase":")" + apart + R"("})").unlock().passphrase(),
            composed);
  const v1::Request change = request("passphrase", R"({"old":"a","new":")" + apart + R"("})");
  EXPECT_EQ(change.change_passphrase().old_passphrase(), "a");
  EXPECT_EQ(change.change_passphrase().new_passphrase(), composed);
}

TEST(Draft, AnEmptyPassphraseIsTheDaemonsToJudge) {
  EXPECT_TRUE(request("init", R"({"name":"","passphrase":""})").init().passphrase().empty());
}

TEST(Draft, ACodeIsCheckedBeforeAnythingIsSent) {
  const v1::Request asked = request("pair --code", R"({"code":"4711 ABAC abode above"})");
  EXPECT_EQ(asked.pair().code(), "4711-abacus-abode-above");
  EXPECT_EQ(asked.pair().wait_seconds(), 60u);
  EXPECT_EQ(request("pair --code --wait 5", R"({"code":"4711-abacus-abode-above"})")
                .pair()
                .wait_seconds(),
            5u);
  for (const char* wrong : {"", "4711-abacus-abode", "4711-abacus-abode-qqqq", "words"}) {
    EXPECT_THROW(request("pair --code", std::string(R"({"code":")") + wrong + R"("})"), Failure);
  }
}

TEST(Draft, PairingInvitesOrTakesAText) {
  EXPECT_TRUE(request("pair").pair().has_invite());
  EXPECT_TRUE(request("pair --qr-png x.png").pair().has_invite());
  EXPECT_EQ(request("pair --qr", R"({"qr":"ABC"})").pair().qr(), "ABC");
}

TEST(Draft, TooLongIsRefusedHere) {
  const std::string most(8'192, 'x');
  EXPECT_NO_THROW(request("journal add", R"({"words":")" + most + R"("})"));
  EXPECT_THROW(request("journal add", R"({"words":")" + most + R"(x"})"), Failure);
  EXPECT_THROW(
      request("journal add", R"({"words":"a","feelings":[")" + std::string(257, 'x') + R"("]})"),
      Failure);
}

}  // namespace
}  // namespace attune::client
