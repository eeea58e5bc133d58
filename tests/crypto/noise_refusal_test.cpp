#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/noise.h"
#include "tests/crypto/noise_fixture.h"

namespace attune::crypto {
namespace {

using testing::TwoParties;

// The points of small order on the curve and its twist, and their other encodings (Wycheproof).
constexpr std::array<std::string_view, 7> kLowOrder = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

PublicKey key_from(std::string_view hex) {
  PublicKey key{};
  const Bytes bytes = *from_hex(hex);
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

// A handshake stopped just before one of its messages is read.
struct Moment {
  NoiseHandshake reader;
  Bytes message;
};

class NoiseRefusal : public ::testing::TestWithParam<const char*> {
 protected:
  TwoParties parties_{GetParam()};

  std::size_t message_count() {
    NoiseHandshake first = parties_.initiator();
    NoiseHandshake second = parties_.responder();
    std::size_t count = 0;
    while (!first.finished()) {
      step(first, second);
      ++count;
    }
    return count;
  }
  Moment before(std::size_t message) {
    NoiseHandshake first = parties_.initiator();
    NoiseHandshake second = parties_.responder();
    for (std::size_t i = 0; i < message; ++i) step(first, second);
    const bool first_writes = first.my_turn();
    Bytes bytes = *(first_writes ? first : second).write(as_bytes("payload"));
    return {std::move(first_writes ? second : first), std::move(bytes)};
  }

 private:
  static void step(NoiseHandshake& first, NoiseHandshake& second) {
    NoiseHandshake& writer = first.my_turn() ? first : second;
    NoiseHandshake& reader = first.my_turn() ? second : first;
    const Bytes message = *writer.write(as_bytes("payload"));
    ASSERT_TRUE(reader.read(message));
  }
};
INSTANTIATE_TEST_SUITE_P(UsedByUs, NoiseRefusal,
                         ::testing::Values("Noise_KKpsk0", "Noise_XXpsk0", "Noise_NK"));

TEST_P(NoiseRefusal, EveryMessageWithAFlippedByte) {
  for (std::size_t message = 0; message < message_count(); ++message) {
    const std::size_t size = before(message).message.size();
    for (std::size_t at = 0; at < size; ++at) {
      Moment moment = before(message);
      const auto bit = static_cast<std::uint8_t>(1u << (at % 8));
      moment.message[at] ^= bit;
      EXPECT_EQ(moment.reader.read(moment.message), std::nullopt) << message << ", byte " << at;
    }
  }
}

TEST_P(NoiseRefusal, EveryMessageCutAtEveryByte) {
  for (std::size_t message = 0; message < message_count(); ++message) {
    const std::size_t size = before(message).message.size();
    for (std::size_t cut = 0; cut < size; ++cut) {
      Moment moment = before(message);
      EXPECT_EQ(moment.reader.read(ByteView(moment.message).first(cut)), std::nullopt)
          << message << ", " << cut << " bytes";
    }
  }
}

TEST_P(NoiseRefusal, EveryMessageWithAByteTooManyOrFarTooLong) {
  for (std::size_t message = 0; message < message_count(); ++message) {
    Moment longer = before(message);
    longer.message.push_back(0);
    EXPECT_EQ(longer.reader.read(longer.message), std::nullopt);
    Moment far_longer = before(message);
    far_longer.message.resize(65'536);
    EXPECT_EQ(far_longer.reader.read(far_longer.message), std::nullopt);
  }
}

TEST_P(NoiseRefusal, ARefusedMessageEndsTheHandshake) {
  Moment moment = before(0);
  const Bytes good = moment.message;
  moment.message.back() ^= 1;
  EXPECT_EQ(moment.reader.read(moment.message), std::nullopt);
  EXPECT_EQ(moment.reader.read(good), std::nullopt);
  EXPECT_EQ(moment.reader.write({}), std::nullopt);
  EXPECT_FALSE(moment.reader.finished());
  EXPECT_FALSE(moment.reader.my_turn());
}

TEST_P(NoiseRefusal, AnotherPrologue) {
  parties_.bob_prologue.push_back(0);
  EXPECT_FALSE(parties_.agree());
}

TEST_P(NoiseRefusal, AnotherResponderThanTheInitiatorExpects) {
  if (std::string_view(GetParam()) == "Noise_XXpsk0") {
    // XX expects nobody in particular: the key arrives in the second message.
    parties_.remote_of_alice = parties_.alice.public_key;
    EXPECT_TRUE(parties_.agree());
    return;
  }
  parties_.remote_of_alice = parties_.alice.public_key;
  EXPECT_FALSE(parties_.agree());
}

TEST_P(NoiseRefusal, AnotherPattern) {
  NoiseHandshake first = parties_.initiator();
  parties_.name = "Noise_IK_25519_ChaChaPoly_BLAKE2b";
  NoiseHandshake second = parties_.responder();
  EXPECT_EQ(second.read(*first.write({})), std::nullopt);
}

TEST(NoiseRefusalOf, AnotherPsk) {
  for (const char* pattern : {"Noise_KKpsk0", "Noise_XXpsk0", "Noise_XXpsk3", "Noise_NNpsk2"}) {
    TwoParties parties(pattern);
    parties.bob_psks[0].writable()[31] ^= 1;
    EXPECT_FALSE(parties.agree()) << pattern;
  }
}

TEST(NoiseRefusalOf, AnEphemeralKeyOfLowOrderWhenItIsRead) {
  for (std::string_view hex : kLowOrder) {
    TwoParties parties("Noise_NK");
    Bytes message = *parties.initiator().write({});
    const PublicKey low = key_from(hex);
    std::copy(low.begin(), low.end(), message.begin());
    NoiseHandshake second = parties.responder();
    EXPECT_EQ(second.read(message), std::nullopt) << hex;
  }
}

// Nothing but the zero check can notice here: NN's first message is in the clear.
TEST(NoiseRefusalOf, AnEphemeralKeyOfLowOrderWhenItIsAnswered) {
  for (std::string_view hex : kLowOrder) {
    TwoParties parties("Noise_NN");
    NoiseHandshake second = parties.responder();
    ASSERT_TRUE(second.read(key_from(hex)));
    EXPECT_EQ(second.write({}), std::nullopt) << hex;
    EXPECT_EQ(second.write({}), std::nullopt);
    EXPECT_FALSE(second.my_turn());
  }
}

TEST(NoiseRefusalOf, AStaticKeyOfLowOrder) {
  for (std::string_view hex : kLowOrder) {
    TwoParties parties("Noise_NK");
    parties.remote_of_alice = key_from(hex);
    NoiseHandshake first = parties.initiator();
    EXPECT_EQ(first.write({}), std::nullopt) << hex;
  }
}

TEST(NoiseRefusalOf, LowOrderPointsInX25519) {
  SeededRandom random(9);
  const Key secret = random.key();
  for (std::string_view hex : kLowOrder) {
    EXPECT_FALSE(x25519(secret, key_from(hex)).has_value()) << hex;
  }
}

// Both directions of a finished session.
class Transport : public ::testing::Test {
 protected:
  static NoiseHandshake::Transport& started(TwoParties& parties,
                                            std::optional<NoiseHandshake::Transport>& mine,
                                            std::optional<NoiseHandshake::Transport>& theirs) {
    NoiseHandshake first = parties.initiator();
    NoiseHandshake second = parties.responder();
    EXPECT_TRUE(TwoParties::talk(first, second));
    mine.emplace(first.split());
    theirs.emplace(second.split());
    return *mine;
  }

  TwoParties parties_{"Noise_KKpsk0"};
  std::optional<NoiseHandshake::Transport> mine_;
  std::optional<NoiseHandshake::Transport> theirs_;
  CipherState& send_ = started(parties_, mine_, theirs_).send;
  CipherState& receive_ = theirs_->receive;
};

TEST_F(Transport, RefusesEveryFlippedBitAndStillTakesTheTrueMessage) {
  const Bytes message = send_.encrypt({}, as_bytes("tonight"));
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    Bytes spoiled = message;
    spoiled[bit / 8] = static_cast<std::uint8_t>(spoiled[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_EQ(receive_.decrypt({}, spoiled), std::nullopt);
  }
  EXPECT_EQ(receive_.counter(), 0u);
  EXPECT_TRUE(receive_.decrypt({}, message));
}

TEST_F(Transport, RefusesReplaysAndGaps) {
  const Bytes first = send_.encrypt({}, as_bytes("1"));
  const Bytes second = send_.encrypt({}, as_bytes("2"));
  EXPECT_EQ(receive_.decrypt({}, second), std::nullopt);
  EXPECT_TRUE(receive_.decrypt({}, first));
  EXPECT_EQ(receive_.decrypt({}, first), std::nullopt);
  EXPECT_TRUE(receive_.decrypt({}, second));
}

TEST_F(Transport, RefusesOtherAssociatedData) {
  const Bytes message = send_.encrypt(as_bytes("a"), as_bytes("x"));
  EXPECT_EQ(receive_.decrypt(as_bytes("b"), message), std::nullopt);
  EXPECT_EQ(receive_.decrypt({}, message), std::nullopt);
  EXPECT_TRUE(receive_.decrypt(as_bytes("a"), message));
}

}  // namespace
}  // namespace attune::crypto
