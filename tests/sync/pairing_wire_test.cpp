#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sync/pairing_world.h"

namespace attune::sync {
namespace {

using testing::PairingWorld;
using Fate = PairingWorld::Fate;

/// What an attacker on the wire does to one unit of a pairing; both people say yes to whatever they
/// are asked. Never may anybody be paired, and everything must end.
class Wire : public ::testing::TestWithParam<bool> {
 protected:
  static void meet(PairingWorld& world) {
    if (GetParam()) {
      world.meet_by_code();
    } else {
      world.meet_by_qr();
    }
  }
  /// The sizes of the units of a pairing up to the check phrase.
  static std::vector<std::size_t> units() {
    PairingWorld world;
    meet(world);
    EXPECT_TRUE(world.ada.phrase() && world.ben.phrase());
    std::vector<std::size_t> sizes;
    for (const Bytes& unit : world.seen) sizes.push_back(unit.size());
    return sizes;
  }
  static void expect_nobody_pairs(const PairingWorld::Tap& tap, const std::string& what) {
    PairingWorld world;
    world.tap = tap;
    meet(world);
    world.say(world.ada, true);
    world.say(world.ben, true);
    world.run();
    for (int i = 0; i < 4; ++i) world.pass(limits::kFlightPatience);
    world.pass(limits::kInvitationLife);
    for (const testing::Phone* phone : {&world.ada, &world.ben}) {
      EXPECT_FALSE(phone->partner_on_disk()) << what;
      EXPECT_FALSE(phone->pending_on_disk()) << what;
      EXPECT_TRUE(phone->ended()) << what;
      EXPECT_FALSE(phone->pairing->next()) << what;
    }
  }
  static std::string at(std::size_t unit, std::size_t byte) {
    return "unit " + std::to_string(unit) + ", byte " + std::to_string(byte);
  }
};

TEST_P(Wire, TakesNoChangedByte) {
  const auto sizes = units();
  for (std::size_t unit = 0; unit < sizes.size(); ++unit) {
    const std::size_t step = sizes[unit] > 128 ? 23 : 1;
    for (std::size_t byte = 0; byte < sizes[unit]; byte += step) {
      const auto flip = [=](std::size_t index, Bytes& bytes) {
        if (index == unit && byte < bytes.size()) bytes[byte] ^= 1;
        return Fate::kPass;
      };
      expect_nobody_pairs(flip, at(unit, byte));
    }
  }
}

TEST_P(Wire, TakesNoCutUnit) {
  const auto sizes = units();
  for (std::size_t unit = 0; unit < sizes.size(); ++unit) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, sizes[unit] / 2, sizes[unit] - 1}) {
      if (size >= sizes[unit]) continue;
      const auto cut = [=](std::size_t index, Bytes& bytes) {
        if (index == unit) bytes.resize(size);
        return Fate::kPass;
      };
      expect_nobody_pairs(cut, at(unit, size));
    }
  }
}

TEST_P(Wire, TakesNoLongerUnit) {
  const auto sizes = units();
  for (std::size_t unit = 0; unit < sizes.size(); ++unit) {
    for (const std::size_t more : {std::size_t{1}, std::size_t{16}, std::size_t{70'000}}) {
      const auto lengthen = [=](std::size_t index, Bytes& bytes) {
        if (index == unit) bytes.resize(bytes.size() + more);
        return Fate::kPass;
      };
      expect_nobody_pairs(lengthen, at(unit, sizes[unit] + more));
    }
  }
}

TEST_P(Wire, NobodyPairsAcrossALostUnit) {
  const auto sizes = units();
  for (std::size_t unit = 0; unit < sizes.size(); ++unit) {
    const auto lose = [=](std::size_t index, Bytes&) {
      return index == unit ? Fate::kLose : Fate::kPass;
    };
    expect_nobody_pairs(lose, at(unit, 0));
  }
}

TEST_P(Wire, NobodyPairsAcrossACutWire) {
  const auto sizes = units();
  for (std::size_t unit = 0; unit < sizes.size(); ++unit) {
    const auto cut = [=](std::size_t index, Bytes&) {
      return index == unit ? Fate::kCut : Fate::kPass;
    };
    expect_nobody_pairs(cut, at(unit, 0));
  }
}

TEST_P(Wire, ACutBeforeTheProofLeavesTheCodeGood) {
  PairingWorld world;
  world.tap = [](std::size_t index, Bytes&) { return index == 1 ? Fate::kCut : Fate::kPass; };
  meet(world);
  EXPECT_FALSE(world.ada.ended());
  world.pass(limits::kDialPause);
  if (GetParam()) {
    EXPECT_TRUE(world.hear(world.ben, world.ada));
  } else {
    EXPECT_EQ(world.ben.failed().reason, Reason::kCodeSpent);
    world.scan(world.ben, world.ada.invitation().qr);
  }
  world.run();
  EXPECT_TRUE(world.ben.phrase() && world.ada.phrase());
}

INSTANTIATE_TEST_SUITE_P(Pairing, Wire, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "ByCode" : "ByQr"; });

class Qr : public ::testing::Test {
 protected:
  PairingWorld world;
};

TEST_F(Qr, NoChangedCharacterPairsAnybody) {
  world.invite(world.ada);
  const std::size_t size = world.ada.invitation().qr.size();
  for (std::size_t at = 0; at < size; ++at) {
    PairingWorld each;
    each.invite(each.ada);
    std::string text = each.ada.invitation().qr;
    text[at] = text[at] == '7' ? '8' : '7';
    each.scan(each.ben, text);
    each.run();
    each.say(each.ada, true);
    each.say(each.ben, true);
    each.run();
    each.pass(1min);
    EXPECT_TRUE(each.ben.ended()) << at;
    EXPECT_FALSE(each.ben.phrase() || each.ada.phrase()) << at;
    EXPECT_FALSE(each.ben.partner_on_disk() || each.ada.partner_on_disk()) << at;
  }
}

TEST_F(Qr, AWrongSecretBurnsTheInvitation) {
  world.invite(world.ada);
  std::string text = world.ada.invitation().qr;
  text[20] = text[20] == '0' ? '1' : '0';
  world.scan(world.ben, text);
  world.run();
  EXPECT_EQ(world.ada.failed().code, Code::kCheckFailed);
  EXPECT_EQ(world.ben.failed().code, Code::kNotReached);
  EXPECT_FALSE(world.knock(world.ada, Bytes{3}));
  EXPECT_FALSE(world.ada.pairing->rendezvous());
}

TEST_F(Qr, WorksOnce) {
  world.meet_by_qr();
  const std::string text = world.ada.invitation().qr;
  world.say(world.ada, true);
  world.say(world.ben, true);
  world.run();
  world.scan(world.eve, text);
  world.run();
  EXPECT_EQ(world.eve.failed().code, Code::kNotReached);
  EXPECT_EQ(world.eve.failed().reason, Reason::kCodeSpent);
  EXPECT_FALSE(world.eve.partner_on_disk());
}

TEST_F(Qr, IsOverAfterItsTime) {
  world.invite(world.ada);
  world.pass(limits::kQrLife);
  world.scan(world.ben, world.ada.invitation().qr);
  world.run();
  EXPECT_EQ(world.ben.failed().reason, Reason::kCodeSpent);
  EXPECT_FALSE(world.ada.ended());
}

TEST_F(Qr, WhoseAddressesAreDeadFindsNobody) {
  world.ada.pairing->set_addresses(
      {Endpoint::v4({192, 0, 2, 50}, 1), Endpoint::v4({192, 0, 2, 51}, 1)});
  world.invite(world.ada);
  world.scan(world.ben, world.ada.invitation().qr);
  EXPECT_EQ(world.ben.failed().code, Code::kNotReached);
  EXPECT_EQ(world.ben.failed().reason, Reason::kNobodyFound);
}

TEST_F(Qr, WithoutAnAddressFindsNobody) {
  world.ada.pairing->set_addresses({});
  world.invite(world.ada);
  world.scan(world.ben, world.ada.invitation().qr);
  EXPECT_EQ(world.ben.failed().reason, Reason::kNobodyFound);
}

TEST_F(Qr, OfMyOwnIsRefused) {
  world.invite(world.ada);
  const std::string text = world.ada.invitation().qr;
  world.leave(world.ada);
  world.scan(world.ada, text);
  EXPECT_EQ(world.ada.failed().reason, Reason::kSamePerson);
}

TEST_F(Qr, ThatIsNoneIsRefused) {
  for (const std::string& text : {std::string(), std::string("HELLO WORLD"), std::string(114, '0'),
                                  std::string(4'000, 'A')}) {
    world.scan(world.ben, text);
    EXPECT_EQ(world.ben.failed().code, Code::kUsage);
    EXPECT_EQ(world.ben.failed().reason, Reason::kQrUnreadable);
  }
}

}  // namespace
}  // namespace attune::sync
