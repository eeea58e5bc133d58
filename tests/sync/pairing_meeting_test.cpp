#include "daemon/sync/pairing_meeting.h"

#include <gtest/gtest.h>

namespace attune::sync {
namespace {

using Event = PairingChannel::Event;

/// Two ends that speak unit by unit, without people or commands.
class Meet : public ::testing::Test {
 protected:
  struct Side {
    Side(std::string name, crypto::Random& source)
        : self(make_self(std::move(name), source)), random(source) {}
    [[nodiscard]] Meeting::Terms terms() {
      return {.people = {.self = &self, .known = nullptr}, .nonces = &nonces, .random = &random};
    }
    Self self;
    OwnNonces nonces;
    crypto::Random& random;
  };

  /// Carries units until one end has something to say about it; gives the last event of each.
  struct Outcome {
    Event first{};
    Event second{};
  };
  static Outcome talk(Meeting& first, Meeting& second, std::vector<SessionUnit> to_second) {
    Outcome outcome;
    while (!to_second.empty()) {
      std::vector<SessionUnit> to_first;
      for (const SessionUnit& unit : to_second) {
        auto step = second.on_unit(unit.bytes);
        outcome.second = step.event;
        for (SessionUnit& said : step.units) to_first.push_back(std::move(said));
      }
      to_second.clear();
      for (const SessionUnit& unit : to_first) {
        auto step = first.on_unit(unit.bytes);
        outcome.first = step.event;
        for (SessionUnit& said : step.units) to_second.push_back(std::move(said));
      }
    }
    return outcome;
  }

  crypto::SeededRandom random{21};
  Side ada{"Ada", random};
  Side ben{"Ben", random};
  Side eve{"Eve", random};
  SpokenCode code{.nameplate = 4711, .words = {1, 2, 3}};
};

TEST_F(Meet, AScannerKnowsWhoseQrItRead) {
  const QrOffer offer = make_qr_offer(ada.self.identity.public_key, {}, {}, random);
  auto scanning = Meeting::scan(offer, ben.terms());
  auto thief = Meeting::answer_scanner(scanning.units[0].bytes, offer, eve.terms());
  const Outcome outcome = talk(scanning.meeting, thief->meeting, {std::move(scanning.units[1])});
  EXPECT_EQ(outcome.first, Event::kWrongProof) << "Eve has the QR, not Ada's key";
  EXPECT_FALSE(scanning.meeting.keyed());
  EXPECT_FALSE(thief->meeting.keyed()) << "Ben's key and name stay with Ben";
}

TEST_F(Meet, AScannerMeetsTheIssuerOfItsQr) {
  const QrOffer offer = make_qr_offer(ada.self.identity.public_key, {}, {}, random);
  auto scanning = Meeting::scan(offer, ben.terms());
  auto issuing = Meeting::answer_scanner(scanning.units[0].bytes, offer, ada.terms());
  const Outcome outcome = talk(scanning.meeting, issuing->meeting, {std::move(scanning.units[1])});
  EXPECT_EQ(outcome.first, Event::kIntroduced);
  EXPECT_EQ(outcome.second, Event::kIntroduced);
  EXPECT_EQ(scanning.meeting.channel().check_phrase().words,
            issuing->meeting.channel().check_phrase().words);
}

TEST_F(Meet, WhoSitsBetweenHasAnotherPhraseOnEachSide) {
  // Eve knows the code: she answers Ben as Ada would, and asks Ada as Ben would.
  auto joining = Meeting::join({code, {}}, ben.terms());
  auto as_ada = Meeting::answer_joiner(joining.units[0].bytes, {code, {}}, eve.terms());
  talk(as_ada->meeting, joining.meeting, std::move(as_ada->units));
  auto as_ben = Meeting::join({code, {}}, eve.terms());
  auto issuing = Meeting::answer_joiner(as_ben.units[0].bytes, {code, {}}, ada.terms());
  talk(issuing->meeting, as_ben.meeting, std::move(issuing->units));
  ASSERT_TRUE(joining.meeting.keyed() && issuing->meeting.keyed());
  EXPECT_NE(joining.meeting.channel().check_phrase().words,
            issuing->meeting.channel().check_phrase().words);
}

TEST_F(Meet, AnotherNameplateIsAnotherCode) {
  SpokenCode other = code;
  ++other.nameplate;
  auto joining = Meeting::join({other, {}}, ben.terms());
  auto issuing = Meeting::answer_joiner(joining.units[0].bytes, {code, {}}, ada.terms());
  const Outcome outcome = talk(issuing->meeting, joining.meeting, std::move(issuing->units));
  EXPECT_EQ(outcome.first, Event::kWrongProof);
}

TEST_F(Meet, NothingIsCommittedBeforeTheFirstProof) {
  auto joining = Meeting::join({code, {}}, ben.terms());
  auto issuing = Meeting::answer_joiner(joining.units[0].bytes, {code, {}}, ada.terms());
  EXPECT_FALSE(joining.meeting.committed() || issuing->meeting.committed());
  const auto share = joining.meeting.on_unit(issuing->units[0].bytes);
  const auto answer = issuing->meeting.on_unit(share.units[0].bytes);
  EXPECT_FALSE(joining.meeting.committed() || issuing->meeting.committed());
  const auto proof = joining.meeting.on_unit(answer.units[0].bytes);
  EXPECT_TRUE(joining.meeting.committed());
  EXPECT_FALSE(issuing->meeting.committed());
  issuing->meeting.on_unit(proof.units[0].bytes);
  EXPECT_TRUE(issuing->meeting.committed());
  EXPECT_FALSE(issuing->meeting.keyed());
}

TEST_F(Meet, AShareThatIsNoPointIsNoProof) {
  auto joining = Meeting::join({code, {}}, ben.terms());
  auto issuing = Meeting::answer_joiner(joining.units[0].bytes, {code, {}}, ada.terms());
  Bytes flight = joining.meeting.on_unit(issuing->units[0].bytes).units[0].bytes;
  std::fill(flight.begin() + 1, flight.begin() + 33, std::uint8_t{0});  // the identity
  EXPECT_EQ(issuing->meeting.on_unit(flight).event, Event::kBroken);
  EXPECT_FALSE(issuing->meeting.committed());
}

TEST_F(Meet, AnOpeningHasOneForm) {
  const QrOffer offer = make_qr_offer(ada.self.identity.public_key, {}, {}, random);
  for (std::size_t size = 0; size < 20; ++size) {
    Bytes opening(size, 0x55);
    if (size > 0) opening[0] = 2;
    EXPECT_EQ(Meeting::answer_joiner(opening, {code, {}}, ada.terms()).has_value(), size == 17)
        << size;
    if (size > 0) opening[0] = 3;
    EXPECT_FALSE(Meeting::answer_joiner(opening, {code, {}}, ada.terms()));
    EXPECT_EQ(Meeting::answer_scanner(opening, offer, ada.terms()).has_value(), size == 1) << size;
  }
}

}  // namespace
}  // namespace attune::sync
