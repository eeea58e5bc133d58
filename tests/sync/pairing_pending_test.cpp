#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sync/pairing_world.h"

namespace attune::sync {
namespace {

using testing::PairingWorld;
using testing::Phone;

/// A pairing that one or both said yes to, whose last words are lost.
class Pending : public ::testing::Test {
 protected:
  void SetUp() override { world.meet_by_code(); }

  void session(Phone& phone, const Phone& with) {
    Output out;
    phone.pairing->confirmed_by_session(with.self.device, world.now, out);
    for (const RecordChange& change : out.persist.changes) {
      if (change.body) {
        phone.disk[change.type] = *change.body;
      } else {
        phone.disk.erase(change.type);
      }
    }
    for (AnswerOut& answer : out.answers) phone.answers.push_back(std::move(answer));
    if (auto finished = phone.pairing->take_finished()) {
      phone.partner = std::move(finished->partner);
    }
  }
  void both_say_yes_into_the_void() {
    world.tap = [](std::size_t, Bytes&) { return PairingWorld::Fate::kCut; };
    world.say(ada, true);
    world.say(ben, true);
    world.run();
    world.tap = nullptr;
  }

  PairingWorld world;
  Phone& ada = world.ada;
  Phone& ben = world.ben;
};

TEST_F(Pending, BothBecomePartnersByASession) {
  both_say_yes_into_the_void();
  EXPECT_TRUE(ada.pending_on_disk() && ben.pending_on_disk());
  EXPECT_FALSE(ada.partner_on_disk() || ben.partner_on_disk());
  EXPECT_FALSE(ada.ended() || ben.ended());
  session(ada, ben);
  session(ben, ada);
  ASSERT_TRUE(ada.partner_on_disk() && ben.partner_on_disk());
  EXPECT_TRUE(ada.said_paired() && ben.said_paired());
  EXPECT_EQ(ada.partner_on_disk()->couple, ben.partner_on_disk()->couple);
  EXPECT_FALSE(ada.pending_on_disk() || ben.pending_on_disk());
}

TEST_F(Pending, SurvivesAKill) {
  both_say_yes_into_the_void();
  ada.reopen();
  ASSERT_TRUE(ada.pairing->pending());
  EXPECT_EQ(ada.pairing->pending()->partner.devices.at(0).device, ben.self.device);
  world.pass(9min);
  session(ada, ben);
  EXPECT_EQ(ada.partner_on_disk()->name, "Ben");
}

TEST_F(Pending, ASessionWithAnotherDeviceSaysNothing) {
  both_say_yes_into_the_void();
  session(ada, world.eve);
  EXPECT_FALSE(ada.partner_on_disk());
  EXPECT_TRUE(ada.pending_on_disk());
}

TEST_F(Pending, EndsAfterItsTime) {
  both_say_yes_into_the_void();
  ben.reopen();
  world.pass(limits::kConfirmLife - 1s);
  EXPECT_TRUE(ada.pending_on_disk() && ben.pending_on_disk());
  world.pass(1s);
  EXPECT_FALSE(ada.pending_on_disk() || ben.pending_on_disk());
  session(ada, ben);
  EXPECT_FALSE(ada.partner_on_disk());
}

TEST_F(Pending, TheClockPutBackMakesItNoYounger) {
  both_say_yes_into_the_void();
  world.now.wall.seconds -= 86'400;
  ada.reopen();
  world.pass(0s);
  EXPECT_TRUE(ada.pending_on_disk());
  world.pass(limits::kConfirmLife);
  EXPECT_FALSE(ada.pending_on_disk());
}

TEST_F(Pending, TheCommandEndsSoonAfterTheLinkAndThePairingMayStillCome) {
  both_say_yes_into_the_void();
  world.pass(14s);
  EXPECT_FALSE(ada.ended());
  world.pass(1s);
  EXPECT_TRUE(ada.ended());
  EXPECT_EQ(ada.failed().code, Code::kNotReached);
  EXPECT_EQ(ada.failed().reason, Reason::kLinkLost);
  EXPECT_TRUE(ada.pending_on_disk());
  session(ada, ben);
  EXPECT_TRUE(ada.partner_on_disk());
}

TEST_F(Pending, TheirYesStandsWhenTheLinkIsGoneBeforeMine) {
  world.say(ada, true);
  world.run();
  world.cut_all();
  EXPECT_FALSE(ben.ended());
  world.say(ben, true);
  EXPECT_TRUE(ben.said_paired());
  EXPECT_TRUE(ben.partner_on_disk());
  session(ada, ben);
  EXPECT_EQ(ada.partner_on_disk()->couple, ben.partner_on_disk()->couple);
}

TEST_F(Pending, ALinkLostBeforeAnyYesEndsIt) {
  world.cut_all();
  EXPECT_EQ(ada.failed().reason, Reason::kLinkLost);
  EXPECT_EQ(ben.failed().reason, Reason::kLinkLost);
  world.say(ada, true);
  EXPECT_FALSE(ada.pending_on_disk());
}

TEST_F(Pending, ANoEndsIt) {
  world.say(ada, true);
  world.run();
  world.say(ben, false);
  world.run();
  EXPECT_EQ(ben.failed().code, Code::kCancelled);
  EXPECT_EQ(ben.failed().reason, Reason::kYouDeclined);
  EXPECT_EQ(ada.failed().code, Code::kNotReached);
  EXPECT_EQ(ada.failed().reason, Reason::kPeerDeclined);
  EXPECT_FALSE(ada.pending_on_disk() || ben.pending_on_disk());
  EXPECT_FALSE(ada.partner_on_disk() || ben.partner_on_disk());
}

TEST_F(Pending, ANoBeforeTheOthersAnswerEndsItToo) {
  world.say(ada, false);
  world.run();
  EXPECT_EQ(ben.failed().reason, Reason::kPeerDeclined);
  world.say(ben, true);
  EXPECT_FALSE(ben.pending_on_disk());
}

TEST_F(Pending, WhoLeavesBeforeAYesSaysNo) {
  world.leave(ben);
  world.run();
  EXPECT_EQ(ada.failed().reason, Reason::kPeerDeclined);
  EXPECT_FALSE(ben.ended()) << "nobody is there to hear it";
  world.invite(ben);
  EXPECT_FALSE(ben.ended());
}

TEST_F(Pending, WhoLeavesAfterAYesHasSaidIt) {
  world.say(ben, true);
  world.leave(ben);
  world.run();
  world.say(ada, true);
  world.run();
  EXPECT_TRUE(ada.partner_on_disk() && ben.partner_on_disk());
}

TEST_F(Pending, NobodyWaitsForEver) {
  world.pass(limits::kConfirmLife);
  EXPECT_EQ(ada.failed().code, Code::kNotReached);
  EXPECT_TRUE(ada.ended() && ben.ended());
  world.say(ada, true);
  world.say(ben, true);
  world.run();
  EXPECT_FALSE(ada.partner_on_disk() || ben.partner_on_disk());
}

TEST_F(Pending, OneYesAloneRunsOut) {
  world.say(ada, true);
  world.run();
  world.pass(limits::kConfirmLife);
  EXPECT_EQ(ada.failed().code, Code::kNotReached);
  EXPECT_FALSE(ada.pending_on_disk());
  EXPECT_FALSE(ben.partner_on_disk());
}

TEST_F(Pending, ADamagedRecordIsNoPairing) {
  both_say_yes_into_the_void();
  const Record record{
      .type = RecordType::kPending, .name = {}, .body = ada.disk.at(RecordType::kPending)};
  const Pairing::Deps deps{.self = &ada.self, .partner = &ada.partner, .random = &ada.random};
  EXPECT_NE(Pairing::open(deps, {record}), nullptr);
  Record cut = record;
  cut.body.pop_back();
  EXPECT_EQ(Pairing::open(deps, {cut}), nullptr);
  cut.type = RecordType::kBurnt;
  EXPECT_EQ(Pairing::open(deps, {cut}), nullptr);
}

}  // namespace
}  // namespace attune::sync
