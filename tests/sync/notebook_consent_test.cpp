#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kTenYears = kDaySeconds * 365 * 10;

struct NotebookConsent : testing::Test {
  NotebookConsent() { pair(ada, ben); }

  void jump(Phone& phone, std::int64_t seconds) {
    phone.now.wall.seconds += seconds;
    phone.now.day.days += static_cast<std::int32_t>(seconds / kDaySeconds);
    phone.now.night.days += static_cast<std::int32_t>(seconds / kDaySeconds);
    phone.now.next_four.seconds += seconds;
    phone.pass_time();
  }
  bool said_by_ada(Phone& at) {
    const OwnAndTheirs shown = at.consent();
    return (&at == &ada ? shown.mine : shown.partner).has_value();
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
};

TEST_F(NotebookConsent, NotSaidUntilItIsSaid) {
  EXPECT_FALSE(ada.consent().mine);
  EXPECT_FALSE(ada.consent().partner);
  EXPECT_EQ(ada.say("slow", text_field("consent", "feels_good", "a walk first")), Reason::kNone);
  exchange(ada, ben);
  const OwnAndTheirs there = ben.consent();
  EXPECT_FALSE(there.mine);
  ASSERT_TRUE(there.partner);
  EXPECT_EQ(there.partner->state, "said");
  EXPECT_EQ(said(*there.partner, "stance"), "slow");
  EXPECT_EQ(said(*there.partner, "feels_good"), "a walk first");
}

TEST_F(NotebookConsent, UnpairedNothingIsSaidAndWithdrawingSucceeds) {
  Phone alone{"cleo", 3};
  EXPECT_EQ(alone.say("open"), Reason::kNotPaired);
  alone.withdraw();
  EXPECT_FALSE(alone.consent().mine);
}

TEST_F(NotebookConsent, WithdrawingAlwaysSucceedsAndTakesTheWords) {
  ada.withdraw();
  ada.withdraw();
  ada.say("open", text_field("consent", "feels_good", "candlelight"));
  exchange(ada, ben);
  ada.withdraw();
  EXPECT_FALSE(said_by_ada(ada));
  EXPECT_FALSE(ada.disk.holds("candlelight"));
  exchange(ada, ben);
  EXPECT_FALSE(said_by_ada(ben));
  EXPECT_FALSE(ben.disk.holds("candlelight"));
  EXPECT_EQ(ada.say("ask"), Reason::kNone);
  exchange(ada, ben);
  EXPECT_TRUE(said_by_ada(ben));
}

TEST_F(NotebookConsent, ANewSayKeepsNoWordOfTheOneBefore) {
  ada.say("open", text_field("consent", "feels_good", "candlelight"));
  ada.say("slow");
  EXPECT_EQ(said(*ada.consent().mine, "feels_good"), "");
  ada.wait(limits::kUndoLife);
  EXPECT_FALSE(ada.disk.holds("candlelight"));
}

TEST_F(NotebookConsent, UnpairedWithdrawingStillReachesTheOldStream) {
  ada.say("open");
  ada.unpair();
  const auto before = ada.shared_ops().size();
  ada.withdraw();
  EXPECT_EQ(ada.shared_ops().size(), before + 1);
  EXPECT_FALSE(said_by_ada(ada));
}

TEST_F(NotebookConsent, ANightEndsAtFourAndLeavesNoWord) {
  ada.say("open", text_field("consent", "feels_good", "candlelight"));
  exchange(ada, ben);
  ada.wait(7h + 59min);
  ben.wait(7h + 59min);
  EXPECT_TRUE(said_by_ada(ada));
  EXPECT_TRUE(said_by_ada(ben));
  ASSERT_TRUE(ben.wake);
  EXPECT_EQ(*ben.wake, ben.now.steady + 1min);
  ada.wait(1min);
  ben.wait(1min);
  for (Phone* phone : {&ada, &ben}) {
    EXPECT_FALSE(said_by_ada(*phone));
    EXPECT_FALSE(phone->disk.holds("candlelight"));
    for (const crdt::Kept& kept : phone->shared_ops()) EXPECT_TRUE(kept.op.husk);
    phone->restart();
    EXPECT_FALSE(said_by_ada(*phone));
  }
}

// The clock of the timer stands still in a machine that sleeps through the end of the night.
TEST_F(NotebookConsent, ANightIsLookedAtAgainSoonAfterTheMachineWoke) {
  ada.say("open");
  exchange(ada, ben);
  ben.pass_time();
  ASSERT_TRUE(ben.wake);
  EXPECT_LE(*ben.wake, ben.now.steady + 10min);
}

TEST_F(NotebookConsent, ASayIsShownEighteenHoursAtMost) {
  ada.wait(8h + 1min);  // 04:01: the night has just begun
  ben.wait(8h + 1min);
  ada.say("open");
  exchange(ada, ben);
  ben.wait(17h);
  EXPECT_TRUE(said_by_ada(ben));
  ben.wait(1h);
  EXPECT_FALSE(said_by_ada(ben));
}

TEST_F(NotebookConsent, ARebootUnsays) {
  ada.say("open", text_field("consent", "feels_good", "candlelight"));
  exchange(ada, ben);
  ben.reboot();
  EXPECT_FALSE(said_by_ada(ben));
  EXPECT_FALSE(ben.disk.holds("candlelight"));
  ada.reboot();
  EXPECT_FALSE(said_by_ada(ada));
}

TEST_F(NotebookConsent, ARestartDoesNot) {
  ada.say("open");
  exchange(ada, ben);
  ben.restart();
  EXPECT_TRUE(said_by_ada(ben));
}

TEST_F(NotebookConsent, AnotherDaysSayIsNotSaid) {
  jump(ada, -3 * kDaySeconds);
  ada.say("open");
  exchange(ada, ben);
  EXPECT_FALSE(said_by_ada(ben));
  jump(ada, 6 * kDaySeconds);
  ada.say("open");
  exchange(ada, ben);
  EXPECT_FALSE(said_by_ada(ben));
}

TEST_F(NotebookConsent, AWithdrawalCountsWhateverDayItClaims) {
  ada.say("open");
  exchange(ada, ben);
  jump(ada, kTenYears);
  ada.withdraw();
  exchange(ada, ben);
  EXPECT_FALSE(said_by_ada(ben));
}

// Story 11.
TEST_F(NotebookConsent, AClockTenYearsOffLengthensNothingAndLocksNobodyOut) {
  for (const std::int64_t jumped : {kTenYears, -kTenYears}) {
    ada.say("open");
    exchange(ada, ben);
    EXPECT_TRUE(said_by_ada(ben));
    jump(ben, jumped);
    EXPECT_FALSE(said_by_ada(ben));
    jump(ben, -jumped);
    EXPECT_FALSE(said_by_ada(ben));
    EXPECT_EQ(ada.say("slow"), Reason::kNone);
    exchange(ada, ben);
    EXPECT_TRUE(said_by_ada(ben));
    EXPECT_EQ(ben.say("slow"), Reason::kNone);
    exchange(ada, ben);
    EXPECT_TRUE(ada.consent().partner);
    EXPECT_EQ(ada.notebook->both()->digest(), ben.notebook->both()->digest());
    ada.withdraw();
    exchange(ada, ben);
  }
}

TEST_F(NotebookConsent, APauseOnAllHidesEverySay) {
  ada.say("open");
  ben.say("open");
  exchange(ada, ben);
  ben.ask(AddEntry{.kind = kind("pause")});
  EXPECT_FALSE(ben.consent().mine);
  EXPECT_FALSE(ben.consent().partner);
  exchange(ada, ben);
  EXPECT_FALSE(ada.consent().mine);
  EXPECT_FALSE(ada.consent().partner);
  EXPECT_TRUE(ada.list({.kind = kind("consent")}).empty());
  ben.ask(EndEntry{.kind = kind("pause"), .topic = "all"});
  exchange(ada, ben);
  EXPECT_TRUE(ada.consent().mine);
  EXPECT_TRUE(ada.consent().partner);
}

TEST_F(NotebookConsent, APauseOnSomethingElseHidesNone) {
  ada.say("open");
  ada.ask(AddEntry{.kind = kind("pause"), .message = text_field("pause", "about", "thanks")});
  EXPECT_TRUE(said_by_ada(ada));
}

TEST_F(NotebookConsent, WithdrawnBehindAPauseStaysWithdrawn) {
  ada.say("open");
  ada.ask(AddEntry{.kind = kind("pause")});
  ada.withdraw();
  ada.ask(EndEntry{.kind = kind("pause"), .topic = "all"});
  EXPECT_FALSE(said_by_ada(ada));
}

// Story 3: the withdrawal wins, also where the old say comes after it.
TEST_F(NotebookConsent, AnOldSayDeliveredLateIsStillWithdrawn) {
  ada.say("open");
  const std::vector<crdt::Kept> before = ada.shared_ops();
  ada.withdraw();
  const crdt::Kept withdrawal = ada.shared_ops().back();
  EXPECT_EQ(ben.take(arriving(ada, withdrawal)), Notebook::Verdict::kHeld);
  EXPECT_FALSE(said_by_ada(ben));
  EXPECT_EQ(ben.take(arriving(ada, before.front())), Notebook::Verdict::kTaken);
  EXPECT_FALSE(said_by_ada(ben));
  EXPECT_EQ(ben.take(arriving(ada, before.front())), Notebook::Verdict::kKnown);
  EXPECT_FALSE(said_by_ada(ben));
  EXPECT_EQ(ben.notebook->both()->digest(), ada.notebook->both()->digest());
}

// Story 4: what the partner brings back of a night that is over is neither said nor kept.
TEST_F(NotebookConsent, ASayOfAnotherNightDoesNotComeBack) {
  ada.say("open");
  std::vector<crdt::Kept> old;
  for (const crdt::Kept& kept : ada.shared_ops()) old.push_back(kept);
  ada.wait(24h);
  ben.wait(24h);
  for (const crdt::Kept& kept : old) {
    EXPECT_EQ(ben.take(arriving(ada, kept)), Notebook::Verdict::kTaken);
  }
  EXPECT_FALSE(said_by_ada(ben));
  EXPECT_TRUE(ben.list({.ended = true}).empty());
}

TEST_F(NotebookConsent, AHuskWithoutItsOpUnsaysWhatDoesNotKnowIt) {
  ada.say("open");
  exchange(ada, ben);
  EXPECT_TRUE(said_by_ada(ben));
  // Another opening of ada's store said something that ben never got with its words.
  crdt::Actor other = ada.shared_ops().front().op.dot.actor;
  other.incarnation.bytes[0] ^= 1;
  crdt::Op husk;
  husk.dot = {other, 1};
  husk.husk = true;
  husk.rest_hash[0] = 1;
  EXPECT_EQ(ben.take({.op = husk, .tag = {}, .from = ada.self.person, .bytes = 64}),
            Notebook::Verdict::kTaken);
  EXPECT_FALSE(said_by_ada(ben));
  ben.restart();
  EXPECT_FALSE(said_by_ada(ben));
  ben.say("slow");
  EXPECT_TRUE(ben.consent().mine);
}

TEST_F(NotebookConsent, UndoOfASayWithdrawsIt) {
  ada.say("open");
  EXPECT_EQ(ada.refusal(Undo{}), Reason::kNone);
  EXPECT_FALSE(said_by_ada(ada));
}

TEST_F(NotebookConsent, NothingOfItIsInAListOnceItIsOver) {
  ada.say("open");
  EXPECT_EQ(ada.list({.kind = kind("consent")}).size(), 1u);
  const std::string name = name_of("consent", ada.consent().mine->id);
  EXPECT_EQ(ada.show(name).state, "said");
  ada.withdraw();
  EXPECT_TRUE(ada.list({.ended = true}).empty());
  EXPECT_EQ(ada.refusal(ShowEntry{name}), Reason::kNoSuchEntry);
}

TEST_F(NotebookConsent, OnlyWhatThereIsOneOfIsShownByPerson) {
  EXPECT_EQ(ada.refusal(ShowOwn{kind("journal")}), Reason::kNoVerb);
  EXPECT_EQ(ada.refusal(ShowOwn{999}), Reason::kNoVerb);
}

}  // namespace
}  // namespace attune::sync
