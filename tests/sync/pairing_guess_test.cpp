#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "daemon/sync/burnt_codes.h"
#include "proto/code_words.h"
#include "proto/limits.h"
#include "tests/sync/pairing_world.h"

namespace attune::sync {
namespace {

using testing::PairingWorld;
using testing::Phone;

const Bytes kStranger = [] {
  Bytes opening(17, 0x77);
  opening[0] = 2;
  return opening;
}();

class Guess : public ::testing::Test {
 protected:
  static std::string wrong(const std::string& code) {
    SpokenCode other = parse_spoken_code(code).value();
    other.words[2] = static_cast<std::uint16_t>((other.words[2] + 1) % limits::kCodeWords);
    return to_text(other);
  }
  void guess_wrong() {
    world.invite(ada);
    world.join(ben, wrong(ada.invitation().code));
    world.hear(ben, ada);
    world.run();
  }
  void expect_alone() {
    for (const Phone* phone : {&ada, &ben, &eve}) {
      EXPECT_FALSE(phone->partner_on_disk());
      EXPECT_FALSE(phone->pending_on_disk());
    }
  }

  PairingWorld world;
  Phone& ada = world.ada;
  Phone& ben = world.ben;
  Phone& eve = world.eve;
};

TEST_F(Guess, AWrongCodeIsToldToBoth) {
  guess_wrong();
  for (const Phone* phone : {&ada, &ben}) {
    EXPECT_TRUE(phone->ended());
    EXPECT_EQ(phone->failed().code, Code::kCheckFailed);
    EXPECT_EQ(phone->failed().reason, Reason::kWrongCode);
    EXPECT_FALSE(phone->phrase());
  }
  expect_alone();
}

TEST_F(Guess, TheBurnIsDurableInTheSameStepAndNothingIsAnswered) {
  world.invite(ada);
  world.join(ben, wrong(ada.invitation().code));
  world.hear(ben, ada);
  std::size_t before_proof = 0;
  world.tap = [&](std::size_t index, Bytes& unit) {
    if (unit.size() == 48) before_proof = index;
    return PairingWorld::Fate::kPass;
  };
  world.run();
  EXPECT_EQ(world.delivered, before_proof + 1) << "the issuer says nothing to a wrong proof";
  EXPECT_TRUE(ada.disk.contains(RecordType::kBurnt));
}

TEST_F(Guess, AfterAWrongOneTheRightCodeIsSpent) {
  guess_wrong();
  EXPECT_FALSE(ada.pairing->rendezvous());
  EXPECT_FALSE(world.knock(ada, kStranger));
  EXPECT_FALSE(world.knock(ada, Bytes{3}));
  world.join(eve, "1234-abacus-abode-above", 5s);
  EXPECT_TRUE(world.hear(eve, ada));
  world.run();
  EXPECT_FALSE(eve.ended());
  world.pass(5s);
  EXPECT_EQ(eve.failed().code, Code::kNotReached);
  EXPECT_EQ(eve.failed().reason, Reason::kCodeSpent);
}

TEST_F(Guess, ThreeWithinAnHourStartAPauseThatAKillDoesNotEnd) {
  for (int i = 0; i < 3; ++i) {
    guess_wrong();
    EXPECT_EQ(ada.failed().code, Code::kCheckFailed) << i;
    ada.reopen();
    world.pass(10min);
  }
  world.invite(ada);
  EXPECT_EQ(ada.failed().code, Code::kRefused);
  EXPECT_EQ(ada.failed().reason, Reason::kPairingPause);
  EXPECT_EQ(ada.failed().wait, 50min);
  ada.reopen();
  world.pass(50min - 1s);
  world.invite(ada);
  EXPECT_EQ(ada.failed().reason, Reason::kPairingPause);
  world.pass(1s);
  world.invite(ada);
  EXPECT_FALSE(ada.ended());
}

TEST_F(Guess, ThreeOverMoreThanAnHourDoNot) {
  for (int i = 0; i < 3; ++i) {
    guess_wrong();
    world.pass(31min);
  }
  world.invite(ada);
  EXPECT_FALSE(ada.ended());
}

TEST_F(Guess, ThePauseIsForInvitationsAlone) {
  for (int i = 0; i < 3; ++i) guess_wrong();
  world.invite(eve);
  world.join(ada, eve.invitation().code);
  world.hear(ada, eve);
  world.run();
  EXPECT_TRUE(ada.phrase());
}

TEST_F(Guess, AClockPutBackMakesThePauseNoLongerThanWhole) {
  for (int i = 0; i < 3; ++i) guess_wrong();
  world.now.wall.seconds -= std::int64_t{86'400} * 365;
  world.invite(ada);
  EXPECT_EQ(ada.failed().wait, limits::kBurntPause);
  ada.reopen();
  world.pass(limits::kBurntPause);
  world.invite(ada);
  EXPECT_FALSE(ada.ended());
}

TEST_F(Guess, ASecondJoinerFindsItBusy) {
  world.invite(ada);
  const std::string code = ada.invitation().code;
  world.join(ben, code);
  world.join(eve, code, 6s);
  world.hear(ben, ada);
  world.hear(eve, ada);
  world.run();
  EXPECT_TRUE(ben.phrase());
  EXPECT_FALSE(eve.phrase());
  world.pass(6s);
  EXPECT_EQ(eve.failed().code, Code::kNotReached);
  EXPECT_EQ(eve.failed().reason, Reason::kCodeSpent);
  world.say(ada, true);
  world.say(ben, true);
  world.run();
  EXPECT_EQ(ada.partner_on_disk()->name, "Ben");
  EXPECT_FALSE(eve.partner_on_disk());
}

TEST_F(Guess, WhoLeavesBeforeTheProofBurnsNothing) {
  world.invite(ada);
  for (std::size_t i = 0; i + 1 < limits::kJoinersMax; ++i) {
    ASSERT_TRUE(world.knock(ada, i % 2 == 0 ? kStranger : Bytes{3})) << i;
    EXPECT_FALSE(world.knock(ada, kStranger)) << "one at a time";
    world.strangers_leave();
  }
  EXPECT_FALSE(ada.disk.contains(RecordType::kBurnt));
  world.join(ben, ada.invitation().code);
  world.hear(ben, ada);
  world.run();
  EXPECT_TRUE(ben.phrase());
}

TEST_F(Guess, TwentyWhoLeaveEndIt) {
  world.invite(ada);
  for (std::size_t i = 0; i < limits::kJoinersMax; ++i) {
    EXPECT_FALSE(ada.ended());
    ASSERT_TRUE(world.knock(ada, kStranger));
    world.strangers_leave();
  }
  EXPECT_EQ(ada.failed().code, Code::kNotReached);
  EXPECT_EQ(ada.failed().reason, Reason::kCodeSpent);
  EXPECT_FALSE(ada.disk.contains(RecordType::kBurnt));
  EXPECT_FALSE(world.knock(ada, kStranger));
}

TEST_F(Guess, WhoIsSilentGivesTheirPlaceUp) {
  world.invite(ada);
  ASSERT_TRUE(world.knock(ada, kStranger));
  world.pass(limits::kFlightPatience - 1s);
  EXPECT_FALSE(world.knock(ada, kStranger));
  world.pass(1s);
  EXPECT_TRUE(world.knock(ada, kStranger));
}

// Through a relay a message may take longer, and net is told so of the link.
TEST_F(Guess, WhoIsSilentThroughARelayGivesTheirPlaceUpLater) {
  world.invite(ada);
  const LinkId link{900};
  Output out;
  ASSERT_TRUE(ada.pairing->accept(link, kStranger, world.now, out, RelayKey{}));
  const auto extends = [link](const LinkAct& act) {
    const auto* extend = std::get_if<Extend>(&act);
    return extend != nullptr && extend->link == link &&
           extend->by == limits::kRelayedFlightPatience;
  };
  EXPECT_TRUE(std::ranges::any_of(out.links, extends));
  world.pass(limits::kRelayedFlightPatience - 1s);
  EXPECT_FALSE(world.knock(ada, kStranger));
  world.pass(1s);
  EXPECT_TRUE(world.knock(ada, kStranger));
}

TEST_F(Guess, ADeviceNeverMeetsItself) {
  world.invite(ada);
  ASSERT_TRUE(world.knock(ada, kStranger));
  world.run();
  Bytes mirrored{2};
  append(mirrored, world.seen.at(0));  // n_i, as it came back to the stranger
  world.strangers_leave();
  EXPECT_FALSE(world.knock(ada, mirrored));
  mirrored[1] ^= 1;
  EXPECT_TRUE(world.knock(ada, mirrored));
}

TEST_F(Guess, AnIssuerThatMirrorsTheNonceGetsNoShare) {
  world.invite(ada);
  world.join(ben, ada.invitation().code);
  world.hear(ben, ada);
  Bytes nonce;
  world.tap = [&](std::size_t index, Bytes& unit) {
    if (index == 0) nonce.assign(unit.begin() + 1, unit.end());
    if (index == 1) unit = nonce;
    return PairingWorld::Fate::kPass;
  };
  world.run();
  EXPECT_EQ(world.delivered, 2u);
  EXPECT_FALSE(ben.ended());
}

TEST_F(Guess, AnInvitationHasItsTime) {
  world.invite(ada);
  const Invitation invitation = ada.invitation();
  world.pass(limits::kQrLife - 1s);
  ASSERT_TRUE(world.knock(ada, Bytes{3}));
  world.strangers_leave();
  world.pass(1s);
  EXPECT_FALSE(world.knock(ada, Bytes{3}));
  EXPECT_TRUE(world.knock(ada, kStranger));
  world.strangers_leave();
  world.pass(limits::kInvitationLife - limits::kQrLife);
  EXPECT_EQ(ada.failed().code, Code::kNotReached);
  EXPECT_EQ(ada.failed().reason, Reason::kInvitationExpired);
  EXPECT_FALSE(world.knock(ada, kStranger));
}

TEST_F(Guess, AnInvitationIsTakenBackWithItsCommand) {
  world.invite(ada);
  world.leave(ada);
  EXPECT_FALSE(ada.pairing->rendezvous());
  EXPECT_FALSE(world.knock(ada, kStranger));
  world.invite(ada);
  EXPECT_FALSE(ada.ended());
}

TEST_F(Guess, AKillEndsAnInvitation) {
  world.invite(ada);
  ada.reopen();
  EXPECT_FALSE(world.knock(ada, kStranger));
  EXPECT_FALSE(ada.pairing->rendezvous());
}

TEST_F(Guess, NobodyThereIsNobodyFound) {
  world.join(ben, "1234-abacus-abode-above", 5s);
  world.pass(5s);
  EXPECT_EQ(ben.failed().code, Code::kNotReached);
  EXPECT_EQ(ben.failed().reason, Reason::kNobodyFound);
}

TEST_F(Guess, AWordThatIsNoneIsSentToNobody) {
  for (const char* typed :
       {"", "1234", "1234-abacus-abode", "12345-abacus-abode-above", "1234-abacus-abode-qqqq"}) {
    world.join(ben, typed);
    EXPECT_EQ(ben.failed().code, Code::kUsage) << typed;
    EXPECT_EQ(ben.failed().reason, Reason::kCodeWord);
    EXPECT_FALSE(ben.pairing->rendezvous());
  }
}

TEST_F(Guess, MyOwnPersonIsNoPartner) {
  eve.self.person = ada.self.person;
  world.invite(ada);
  world.join(eve, ada.invitation().code);
  world.hear(eve, ada);
  world.run();
  for (const Phone* phone : {&ada, &eve}) {
    EXPECT_EQ(phone->failed().code, Code::kRefused);
    EXPECT_EQ(phone->failed().reason, Reason::kSamePerson);
    EXPECT_FALSE(phone->phrase());
  }
  expect_alone();
}

TEST_F(Guess, AReplyCountsOnlyForItsOwnQuestion) {
  world.meet_by_code();
  Output out;
  ada.pairing->reply(RequestId{9'999}, true, world.now, out);
  EXPECT_TRUE(out.persist.empty() && out.units.empty());
  world.say(ada, true);
  world.say(ada, false);
  world.run();
  EXPECT_FALSE(ada.ended());
  EXPECT_TRUE(ada.pending_on_disk());
}

TEST(BurntCodes, ComeBackWhole) {
  BurntCodes burnt;
  for (int i = 0; i < 5; ++i) burnt.burn(Wall{1'000 + i});
  const Bytes body = *burnt.record().body;
  EXPECT_EQ(BurntCodes::decode(body)->pause(Wall{1'004}), limits::kBurntPause);
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(BurntCodes::decode(ByteView(body).first(size)));
  }
  Bytes longer = body;
  longer.push_back(0);
  EXPECT_FALSE(BurntCodes::decode(longer));
  Bytes more = body;
  more[1] = 4;
  append(more, Bytes(8));
  EXPECT_FALSE(BurntCodes::decode(more));
  BurntCodes never;
  for (int i = 0; i < 3; ++i) never.burn(Wall{std::numeric_limits<std::int64_t>::min()});
  EXPECT_FALSE(BurntCodes::decode(*never.record().body)) << "no clock's time";
}

}  // namespace
}  // namespace attune::sync
