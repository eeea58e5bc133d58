#include "daemon/sync/pairing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/code_words.h"
#include "proto/limits.h"
#include "tests/sync/pairing_world.h"

namespace attune::sync {
namespace {

using testing::PairingWorld;
using testing::Phone;

class Pair : public ::testing::Test {
 protected:
  void both_say_yes() {
    world.say(ada, true);
    world.say(ben, true);
    world.run();
  }
  static void expect_partners(const Phone& a, const Phone& b) {
    EXPECT_TRUE(a.said_paired());
    EXPECT_TRUE(b.said_paired());
    const auto of_a = a.partner_on_disk();
    const auto of_b = b.partner_on_disk();
    ASSERT_TRUE(of_a && of_b);
    EXPECT_TRUE(of_a->paired && of_b->paired);
    EXPECT_EQ(of_a->name, b.self.name);
    EXPECT_EQ(of_a->person, b.self.person);
    EXPECT_EQ(of_b->person, a.self.person);
    EXPECT_EQ(of_a->couple, of_b->couple);
    EXPECT_FALSE(of_a->couple.is_zero());
    EXPECT_EQ(of_a->devices.at(0).device, b.self.device);
    EXPECT_EQ(of_b->devices.at(0).device, a.self.device);
    EXPECT_TRUE(
        crypto::equal(of_a->devices[0].live_root.view(), of_b->devices[0].live_root.view()));
    EXPECT_TRUE(crypto::equal(of_a->devices[0].id_root.view(), of_b->devices[0].id_root.view()));
    EXPECT_FALSE(crypto::equal(of_a->devices[0].live_root.view(), of_a->devices[0].id_root.view()));
    EXPECT_FALSE(a.pending_on_disk() || b.pending_on_disk());
  }
  /// As `unpair` leaves it.
  static void unpair(Phone& phone) {
    phone.partner->paired = false;
    phone.disk[RecordType::kPartner] = *partner_record(*phone.partner).body;
  }
  void pair_again(Phone& issuer, Phone& joiner) {
    world.invite(issuer);
    world.join(joiner, issuer.invitation().code);
    world.hear(joiner, issuer);
    world.run();
    world.say(issuer, true);
    world.say(joiner, true);
    world.run();
  }

  PairingWorld world;
  Phone& ada = world.ada;
  Phone& ben = world.ben;
};

TEST_F(Pair, ByCode) {
  world.meet_by_code();
  ASSERT_TRUE(ada.phrase() && ben.phrase());
  EXPECT_EQ(ada.phrase()->words, ben.phrase()->words);
  both_say_yes();
  expect_partners(ada, ben);
  EXPECT_EQ(ben.reached, std::vector<Endpoint>{ada.endpoint});
}

TEST_F(Pair, ByQr) {
  world.meet_by_qr();
  ASSERT_TRUE(ada.phrase() && ben.phrase());
  EXPECT_EQ(ada.phrase()->words, ben.phrase()->words);
  both_say_yes();
  expect_partners(ada, ben);
  EXPECT_EQ(ben.reached, std::vector<Endpoint>{ada.endpoint});
}

TEST_F(Pair, NobodyIsPartnerBeforeBothSaidYes) {
  world.meet_by_code();
  EXPECT_FALSE(ada.partner_on_disk() || ben.partner_on_disk());
  EXPECT_FALSE(ada.pending_on_disk() || ben.pending_on_disk());
  world.say(ada, true);
  EXPECT_TRUE(ada.pending_on_disk());
  world.run();
  EXPECT_FALSE(ada.partner_on_disk() || ben.partner_on_disk());
  EXPECT_FALSE(ada.said_paired() || ben.said_paired());
  world.say(ben, true);
  EXPECT_TRUE(ben.partner_on_disk());
  EXPECT_FALSE(ada.partner_on_disk());
  world.run();
  expect_partners(ada, ben);
}

TEST_F(Pair, TheirYesesMayCross) {
  world.meet_by_code();
  world.say(ada, true);
  world.say(ben, true);
  EXPECT_TRUE(ada.pending_on_disk() && ben.pending_on_disk());
  world.run();
  expect_partners(ada, ben);
}

TEST_F(Pair, ShowsNothingOfEitherInClear) {
  world.meet_by_code();
  both_say_yes();
  const auto on_the_wire = [this](ByteView bytes) {
    return std::ranges::any_of(world.seen, [bytes](const Bytes& unit) {
      return std::ranges::search(unit, bytes).begin() != unit.end();
    });
  };
  EXPECT_GT(world.seen.size(), 8u);
  for (const Phone* phone : {&ada, &ben}) {
    EXPECT_FALSE(on_the_wire(phone->self.identity.public_key));
    EXPECT_FALSE(on_the_wire(phone->self.person.view()));
    EXPECT_FALSE(on_the_wire(phone->self.device.view()));
    EXPECT_FALSE(on_the_wire(as_bytes(phone->self.name)));
  }
}

TEST_F(Pair, WaitsForPeopleWithPatience) {
  world.meet_by_code();
  EXPECT_EQ(world.extensions, 2u);
  world.pass(9min);
  both_say_yes();
  expect_partners(ada, ben);
}

TEST_F(Pair, TheSamePeopleGoOnAsTheSameCouple) {
  world.meet_by_code();
  both_say_yes();
  const Partner before = ada.partner_on_disk().value();
  unpair(ada);
  unpair(ben);
  pair_again(ben, ada);
  expect_partners(ada, ben);
  const Partner after = ada.partner_on_disk().value();
  EXPECT_EQ(after.couple, before.couple);
  EXPECT_EQ(after.devices.size(), 1u);
  EXPECT_FALSE(
      crypto::equal(after.devices[0].live_root.view(), before.devices[0].live_root.view()));
}

TEST_F(Pair, ACoupleThatOnlyOneHoldsIsOver) {
  world.meet_by_code();
  both_say_yes();
  const CoupleId before = ada.partner_on_disk()->couple;
  unpair(ada);
  ben.disk.clear();
  ben.reopen();
  pair_again(ada, ben);
  expect_partners(ada, ben);
  EXPECT_NE(ada.partner_on_disk()->couple, before);
}

TEST_F(Pair, SomebodyElseIsAnotherCouple) {
  world.meet_by_code();
  both_say_yes();
  const CoupleId before = ada.partner_on_disk()->couple;
  unpair(ada);
  pair_again(ada, world.eve);
  expect_partners(ada, world.eve);
  EXPECT_NE(ada.partner_on_disk()->couple, before);
  EXPECT_EQ(ada.partner_on_disk()->devices.size(), 1u);
}

TEST_F(Pair, ACoupleIsBothItsPeople) {
  world.meet_by_code();
  both_say_yes();
  const CoupleId before = ada.partner_on_disk()->couple;
  unpair(ada);
  unpair(ben);
  ben.self.person.bytes = ben.random.bytes<16>();
  pair_again(ada, ben);
  EXPECT_EQ(ada.partner_on_disk()->person, ben.self.person);
  EXPECT_NE(ada.partner_on_disk()->couple, before) << "knowing the couple is not being of it";
}

TEST_F(Pair, ANewDeviceOfThePartnerKeepsTheOldOnesName) {
  world.meet_by_code();
  both_say_yes();
  const Partner before = ada.partner_on_disk().value();
  unpair(ada);
  unpair(ben);
  ben.self.identity = crypto::KeyPair::generate(ben.random);
  ben.self.device = device_id(ben.self.identity.public_key);
  pair_again(ada, ben);
  expect_partners(ada, ben);
  const Partner after = ada.partner_on_disk().value();
  ASSERT_EQ(after.devices.size(), 2u);
  EXPECT_EQ(after.devices[1].device, before.devices[0].device);
  EXPECT_FALSE(
      crypto::equal(after.devices[1].live_root.view(), before.devices[0].live_root.view()));
}

// A record of more devices than can be read again would be a damaged store at the next unlock.
TEST_F(Pair, NoDeviceBeyondThoseThatARecordHolds) {
  world.meet_by_code();
  both_say_yes();
  unpair(ada);
  unpair(ben);
  ada.partner->devices.clear();
  while (ada.partner->devices.size() < limits::kPartnerDevicesMax) {
    const crypto::KeyPair one = crypto::KeyPair::generate(ada.random);
    ada.partner->devices.push_back({.device = device_id(one.public_key),
                                    .identity = one.public_key,
                                    .live_root = ada.random.key(),
                                    .id_root = ada.random.key()});
  }
  ada.disk[RecordType::kPartner] = *partner_record(*ada.partner).body;
  ASSERT_TRUE(ada.partner_on_disk());
  pair_again(ada, ben);
  EXPECT_FALSE(ada.said_paired() || ben.said_paired());
  ASSERT_TRUE(ada.partner_on_disk());
  EXPECT_EQ(ada.partner_on_disk()->devices.size(), limits::kPartnerDevicesMax);
  EXPECT_FALSE(ada.partner_on_disk()->paired);
}

TEST_F(Pair, OneCommandAtATime) {
  world.invite(ada);
  const RequestId first = ada.request;
  const std::string code = ada.invitation().code;
  world.invite(ada);
  EXPECT_EQ(ada.failed().code, Code::kRefused);
  EXPECT_EQ(ada.failed().reason, Reason::kPairingRuns);
  world.join(ada, "1234-abacus-abode-above");
  EXPECT_EQ(ada.failed().reason, Reason::kPairingRuns);
  ada.request = first;
  ada.answers.clear();
  world.join(ben, code);
  EXPECT_TRUE(world.hear(ben, ada));
  world.run();
  both_say_yes();
  expect_partners(ada, ben);
}

TEST_F(Pair, APairedDevicePairsWithNobodyElse) {
  world.meet_by_code();
  both_say_yes();
  world.invite(ada);
  EXPECT_EQ(ada.failed().reason, Reason::kAlreadyPaired);
  world.join(ada, "1234-abacus-abode-above");
  EXPECT_EQ(ada.failed().reason, Reason::kAlreadyPaired);
  world.scan(ada, "AB");
  EXPECT_EQ(ada.failed().reason, Reason::kAlreadyPaired);
  EXPECT_TRUE(ada.ended());
}

TEST_F(Pair, LooksForEachOtherUntilTheProof) {
  EXPECT_FALSE(ada.pairing->rendezvous());
  world.invite(ada);
  const SpokenCode code = parse_spoken_code(ada.invitation().code).value();
  EXPECT_EQ(ada.pairing->rendezvous(),
            (Pairing::Rendezvous{.nameplate = code.nameplate, .role = CodeRole::kIssuer}));
  world.join(ben, ada.invitation().code);
  EXPECT_EQ(ben.pairing->rendezvous(),
            (Pairing::Rendezvous{.nameplate = code.nameplate, .role = CodeRole::kJoiner}));
  world.hear(ben, ada);
  world.run();
  EXPECT_FALSE(ada.pairing->rendezvous());
  EXPECT_FALSE(ben.pairing->rendezvous());
}

TEST_F(Pair, AJoinerDialsOneAddressOnceInAWhile) {
  world.join(ben, "1234-abacus-abode-above");
  const Endpoint somewhere = Endpoint::v4({192, 0, 2, 77}, 7);
  EXPECT_TRUE(ben.pairing->wants_dial(somewhere, world.now));
  EXPECT_FALSE(ben.pairing->wants_dial(somewhere, world.now));
  Output out;
  ben.pairing->dial_failed(LinkId{1}, world.now, out);
  EXPECT_FALSE(ben.pairing->wants_dial(somewhere, world.now));
  world.pass(limits::kDialPause);
  EXPECT_TRUE(ben.pairing->wants_dial(somewhere, world.now));
  std::uint16_t port = 8;
  for (std::size_t i = 1; i < limits::kAddressesMax; ++i, ++port) {
    EXPECT_TRUE(ben.pairing->wants_dial(Endpoint::v4({192, 0, 2, 77}, port), world.now));
  }
  EXPECT_FALSE(ben.pairing->wants_dial(Endpoint::v4({192, 0, 2, 77}, 99), world.now));
}

TEST_F(Pair, ALinkOfAnEarlierCommandIsHungUp) {
  world.join(ben, "1234-abacus-abode-above");
  EXPECT_TRUE(ben.pairing->wants_dial(ada.endpoint, world.now));
  world.leave(ben);
  world.join(ben, "1234-abacus-abode-above");
  Output out;
  ben.pairing->dialled(LinkId{5}, ada.endpoint, world.now, out);
  ASSERT_EQ(out.links.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Hangup>(out.links[0]));
  EXPECT_TRUE(out.units.empty());
}

TEST_F(Pair, OneOfSeveralAddressesIsEnough) {
  ada.pairing->set_addresses({Endpoint::v4({192, 0, 2, 99}, 1), ada.endpoint});
  world.meet_by_qr();
  both_say_yes();
  expect_partners(ada, ben);
  EXPECT_EQ(ben.reached.front(), ada.endpoint);
}

TEST_F(Pair, TheSecondAddressOfTheSameDeviceWaitsItsTurn) {
  world.invite(ada);
  world.join(ben, ada.invitation().code);
  world.hear(ben, ada);
  world.pass(limits::kDialPause - 1s);  // nothing was lost: the first handshake is done by now
  EXPECT_FALSE(world.hear(ben, ada));
  both_say_yes();
  expect_partners(ada, ben);
}

}  // namespace
}  // namespace attune::sync
