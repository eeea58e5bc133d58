#include "crypto/cpace.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "crypto/cpace_strings.h"

namespace attune::crypto {
namespace {

// Both ends of one run; each end's inputs can be changed before they meet.
struct Meeting {
  std::string joiner_password = "code1moss";
  std::string issuer_password = "code1moss";
  std::string joiner_channel = "channel";
  std::string issuer_channel = "channel";
  std::string joiner_session = "session";
  std::string issuer_session = "session";
  std::string joiner_ad = "J";
  std::string issuer_ad = "I";
  std::string joiner_ad_as_heard = "J";
  std::string issuer_ad_as_heard = "I";

  // Do both ends hold the same key afterwards?
  [[nodiscard]] bool agrees() const {
    SeededRandom random(5);
    const Cpace joiner(setting(joiner_password, joiner_channel, joiner_session), random);
    const Cpace issuer(setting(issuer_password, issuer_channel, issuer_session), random);
    auto first = joiner.finish_as_initiator(as_bytes(joiner_ad), issuer.share(),
                                            as_bytes(issuer_ad_as_heard));
    auto second = issuer.finish_as_responder(as_bytes(issuer_ad), joiner.share(),
                                             as_bytes(joiner_ad_as_heard));
    if (!first || !second) return false;
    return equal(first->isk.view(), second->isk.view());
  }
  static Cpace::Setting setting(const std::string& password, const std::string& channel,
                                const std::string& session) {
    return {
        .password = as_bytes(password), .channel = as_bytes(channel), .session = as_bytes(session)};
  }
};

class CpaceShare : public ::testing::Test {
 protected:
  SeededRandom random_{6};
  Cpace::Setting setting_ = {
      .password = as_bytes("p"), .channel = as_bytes("c"), .session = as_bytes("s")};
  Cpace mine_{setting_, random_};
  Cpace other_{setting_, random_};

  bool refused(ByteView share) {
    return !mine_.finish_as_initiator({}, share, {}) && !mine_.finish_as_responder({}, share, {});
  }
};

TEST(Cpace, TheSamePasswordAgrees) { EXPECT_TRUE(Meeting{}.agrees()); }

TEST(Cpace, AnotherPasswordDoesNot) {
  EXPECT_FALSE(Meeting{.joiner_password = "code1mist"}.agrees());
  EXPECT_FALSE(Meeting{.joiner_password = ""}.agrees());
}

TEST(Cpace, AnotherChannelOrSessionDoesNot) {
  EXPECT_FALSE(Meeting{.joiner_channel = "elsewhere"}.agrees());
  EXPECT_FALSE(Meeting{.joiner_session = "later"}.agrees());
}

TEST(Cpace, ChangedAssociatedDataDoesNot) {
  EXPECT_FALSE(Meeting{.joiner_ad_as_heard = "K"}.agrees());
  EXPECT_FALSE(Meeting{.issuer_ad_as_heard = ""}.agrees());
}

TEST_F(CpaceShare, BothEndsHaveOneSidOutput) {
  auto first = mine_.finish_as_initiator({}, other_.share(), {});
  auto second = other_.finish_as_responder({}, mine_.share(), {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->sid_output, second->sid_output);
}

TEST_F(CpaceShare, RolesAreNotInterchangeable) {
  auto first = mine_.finish_as_initiator({}, other_.share(), {});
  auto second = other_.finish_as_initiator({}, mine_.share(), {});
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(equal(first->isk.view(), second->isk.view()));
}

TEST_F(CpaceShare, IsFreshInEachRun) { EXPECT_NE(mine_.share(), other_.share()); }

TEST_F(CpaceShare, TheIdentityIsRefused) { EXPECT_TRUE(refused(std::array<std::uint8_t, 32>{})); }

TEST_F(CpaceShare, AnotherSizeIsRefused) {
  Bytes share(other_.share().begin(), other_.share().end());
  for (std::size_t size = 0; size < share.size(); ++size) {
    EXPECT_TRUE(refused(ByteView(share).first(size))) << size;
  }
  share.push_back(0);
  EXPECT_TRUE(refused(share));
}

// Half of all encodings are none: what is taken for a share must not lead to the same key.
TEST_F(CpaceShare, AFlippedBitIsRefusedOrDisagrees) {
  auto expected = other_.finish_as_responder({}, mine_.share(), {});
  ASSERT_TRUE(expected);
  int refusals = 0;
  for (std::size_t bit = 0; bit < 256; ++bit) {
    std::array<std::uint8_t, 32> share = other_.share();
    share[bit / 8] = static_cast<std::uint8_t>(share[bit / 8] ^ (1u << (bit % 8)));
    auto outcome = mine_.finish_as_initiator({}, share, {});
    if (!outcome) {
      ++refusals;
      continue;
    }
    EXPECT_FALSE(equal(outcome->isk.view(), expected->isk.view())) << bit;
  }
  EXPECT_GT(refusals, 64);
}

// RFC 9496, A.2: a negative encoding, one beyond the field, and one whose x would be negative.
TEST_F(CpaceShare, EncodingsOfNoElementAreRefused) {
  for (std::string_view hex :
       {"0100000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    EXPECT_TRUE(refused(*from_hex(hex))) << hex;
  }
}

// The draft's vector for ristretto255, with the session identifier output that its JSON file gives.
TEST(Cpace, GivesTheKeyAndSidOutputOfTheDraft) {
  const Bytes channel = *from_hex("6f630b425f726573706f6e6465720b415f696e69746961746f72");
  const Bytes session = *from_hex("7e4b4791d6a8ef019b936c79fb7f2c57");
  const Bytes scalar =
      *from_hex("da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08");
  const Bytes other = *from_hex("08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307");
  const Cpace cpace({.password = as_bytes("Password"), .channel = channel, .session = session},
                    std::span<const std::uint8_t, 32>(scalar.data(), 32));
  EXPECT_EQ(to_hex(cpace.share()),
            "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a");
  auto outcome = cpace.finish_as_initiator(as_bytes("ADa"), other, as_bytes("ADb"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(to_hex(outcome->isk.view()),
            "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d"
            "8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1");
  EXPECT_EQ(to_hex(outcome->sid_output),
            "2a76d3bbc499dfdc4dcacc9ff042f4e1a54e3843258e100ccd7c60f0a541f9d3"
            "ebf025e68a460dde218bd39f0711bc6fa11409c9d7b69d8ccf6b32fc51ddb699");
}

TEST(CpaceStrings, TheFirstHashBlockHoldsDomainPasswordAndZeros) {
  const Bytes input = cpace_generator_string({.domain = as_bytes("D"),
                                              .password = as_bytes("secret"),
                                              .channel = as_bytes("C"),
                                              .session = as_bytes("S"),
                                              .hash_block = 128});
  EXPECT_EQ(input.size(), 128u + 4u);
  const Bytes longer_password(300, 'x');
  const Bytes no_zeros = cpace_generator_string({.domain = as_bytes("D"),
                                                 .password = longer_password,
                                                 .channel = as_bytes("C"),
                                                 .session = as_bytes("S"),
                                                 .hash_block = 128});
  EXPECT_EQ(no_zeros, lv(as_bytes("D"), longer_password, ByteView{}, as_bytes("C"), as_bytes("S")));
}

}  // namespace
}  // namespace attune::crypto
