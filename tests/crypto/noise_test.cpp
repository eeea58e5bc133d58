#include "crypto/noise.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/crypto/noise_fixture.h"

namespace attune::crypto {
namespace {

using testing::TwoParties;

class NoiseOf : public ::testing::TestWithParam<const char*> {
 protected:
  TwoParties parties_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(UsedByUs, NoiseOf,
                         ::testing::Values("Noise_KKpsk0", "Noise_XXpsk0", "Noise_NK"));

TEST_P(NoiseOf, BothEndsFinishWithOneHash) { EXPECT_TRUE(parties_.agree()); }

TEST_P(NoiseOf, TransportCarriesBothWays) {
  NoiseHandshake first = parties_.initiator();
  NoiseHandshake second = parties_.responder();
  ASSERT_TRUE(TwoParties::talk(first, second));
  auto [to_second, from_second] = first.split();
  auto [to_first, from_first] = second.split();
  for (int i = 0; i < 3; ++i) {
    const Bytes word{static_cast<std::uint8_t>(i)};
    EXPECT_EQ(from_first.decrypt({}, to_second.encrypt({}, word)), word);
    EXPECT_EQ(from_second.decrypt({}, to_first.encrypt({}, word)), word);
  }
  EXPECT_EQ(to_second.counter(), 3u);
  EXPECT_EQ(from_second.counter(), 3u);
}

TEST_P(NoiseOf, AMessageThrownBackIsRefused) {
  NoiseHandshake first = parties_.initiator();
  NoiseHandshake second = parties_.responder();
  ASSERT_TRUE(TwoParties::talk(first, second));
  auto [to_second, from_second] = first.split();
  EXPECT_EQ(from_second.decrypt({}, to_second.encrypt({}, as_bytes("x"))), std::nullopt);
}

TEST_P(NoiseOf, TurnsAlternateFromTheInitiator) {
  NoiseHandshake first = parties_.initiator();
  NoiseHandshake second = parties_.responder();
  EXPECT_TRUE(first.my_turn());
  EXPECT_FALSE(second.my_turn());
  ASSERT_TRUE(second.read(*first.write({})));
  EXPECT_FALSE(first.my_turn());
  EXPECT_TRUE(second.my_turn());
}

TEST_P(NoiseOf, RunsWithFreshKeysDiffer) {
  SystemRandom random;
  auto message = [&] {
    NoiseParty party = parties_.initiator_party();
    party.fixed_ephemeral.reset();
    NoiseHandshake handshake(parties_.name, std::move(party), random);
    return *handshake.write({});
  };
  EXPECT_NE(message(), message());
}

TEST(Noise, XxTellsEachTheOthersStaticKey) {
  TwoParties parties("Noise_XXpsk0");
  NoiseHandshake first = parties.initiator();
  NoiseHandshake second = parties.responder();
  ASSERT_TRUE(TwoParties::talk(first, second));
  EXPECT_EQ(first.remote_static(), parties.bob.public_key);
  EXPECT_EQ(second.remote_static(), parties.alice.public_key);
}

TEST(Noise, NkTellsTheResponderNothing) {
  TwoParties parties("Noise_NK");
  NoiseHandshake first = parties.initiator();
  NoiseHandshake second = parties.responder();
  ASSERT_TRUE(TwoParties::talk(first, second));
  EXPECT_EQ(second.remote_static(), std::nullopt);
}

// The live session's hello has exactly this room for it.
TEST(Noise, TheFirstMessageOfKkpsk0WithoutPayloadIsFortyEightBytes) {
  TwoParties parties("Noise_KKpsk0");
  NoiseHandshake first = parties.initiator();
  EXPECT_EQ(first.write({})->size(), 48u);
}

TEST(Noise, AHandshakeCanBeMoved) {
  TwoParties parties("Noise_KKpsk0");
  NoiseHandshake first = parties.initiator();
  NoiseHandshake second = parties.responder();
  ASSERT_TRUE(second.read(*first.write({})));
  NoiseHandshake moved = std::move(second);
  second = parties.responder();
  EXPECT_TRUE(first.read(*moved.write({})));
  EXPECT_EQ(first.handshake_hash(), moved.handshake_hash());
}

TEST(Noise, AMissingKeyThrows) {
  SeededRandom random(3);
  const TwoParties parties("Noise_KKpsk0");
  auto lacks = [&](auto&& take_away) {
    NoiseParty party = parties.initiator_party();
    take_away(party);
    EXPECT_THROW(NoiseHandshake(parties.name, std::move(party), random), std::invalid_argument);
  };
  lacks([](NoiseParty& party) { party.static_key.reset(); });
  lacks([](NoiseParty& party) { party.remote_static.reset(); });
  lacks([](NoiseParty& party) { party.psks.clear(); });
}

TEST(Noise, AStaticKeyToBeSentMustBeThere) {
  SeededRandom random(3);
  const TwoParties parties("Noise_XX");
  NoiseParty party = parties.responder_party();
  party.static_key.reset();
  EXPECT_THROW(NoiseHandshake(parties.name, std::move(party), random), std::invalid_argument);
}

TEST(Noise, FallbackNeedsTheEphemeralKeyOnBothSides) {
  SeededRandom random(3);
  const TwoParties parties("Noise_XXfallback");
  NoiseParty first = parties.initiator_party();
  first.remote_ephemeral.reset();
  EXPECT_THROW(NoiseHandshake(parties.name, std::move(first), random), std::invalid_argument);
  NoiseParty second = parties.responder_party();
  second.fixed_ephemeral.reset();
  EXPECT_THROW(NoiseHandshake(parties.name, std::move(second), random), std::invalid_argument);
}

TEST(Noise, KeysThePatternDoesNotUseAreIgnored) {
  TwoParties parties("Noise_NN");
  NoiseHandshake first = parties.initiator();
  NoiseHandshake second = parties.responder();
  EXPECT_TRUE(TwoParties::talk(first, second));
  EXPECT_EQ(first.remote_static(), std::nullopt);
}

TEST(X25519, BothSidesGetOneSecret) {
  SeededRandom random(4);
  const KeyPair a = KeyPair::generate(random);
  const KeyPair b = KeyPair::generate(random);
  EXPECT_TRUE(
      equal(x25519(a.secret, b.public_key)->view(), x25519(b.secret, a.public_key)->view()));
}

TEST(X25519, APairIsMadeAgainFromItsSecret) {
  SeededRandom random(4);
  const KeyPair pair = KeyPair::generate(random);
  EXPECT_EQ(KeyPair::from_secret(pair.secret.view()).public_key, pair.public_key);
  EXPECT_EQ(pair.clone().public_key, pair.public_key);
}

}  // namespace
}  // namespace attune::crypto
