#include "crypto/noise_pattern.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/crypto/noise_fixture.h"

namespace attune::crypto {
namespace {

using testing::TwoParties;

std::string full_name(const std::string& pattern) {
  return "Noise_" + pattern + "_25519_ChaChaPoly_BLAKE2b";
}

// Where a fallback is possible, the first message is keys in the clear and another one follows.
bool can_fall_back(const NoisePattern& pattern) {
  if (pattern.messages.size() < 2) return false;
  for (NoiseToken token : pattern.messages.front()) {
    if (token != NoiseToken::kE && token != NoiseToken::kS) return false;
  }
  return true;
}

TEST(NoisePattern, TheSpecificationHasThirtyEight) {
  EXPECT_EQ(noise_pattern_names().size(), 3u + 12u + 23u);
}

TEST(NoisePattern, EveryOneRunsToTheEnd) {
  for (std::string_view name : noise_pattern_names()) {
    EXPECT_TRUE(TwoParties("Noise_" + std::string(name)).agree()) << name;
  }
}

TEST(NoisePattern, EveryOneRunsWithAPskAtEveryPlace) {
  for (std::string_view name : noise_pattern_names()) {
    const std::size_t places = parse_noise_name(full_name(std::string(name))).messages.size();
    for (std::size_t place = 0; place <= places; ++place) {
      const std::string with_psk = std::string(name) + "psk" + std::to_string(place);
      EXPECT_TRUE(TwoParties("Noise_" + with_psk).agree()) << with_psk;
    }
    EXPECT_THROW(
        parse_noise_name(full_name(std::string(name) + "psk" + std::to_string(places + 1))),
        std::invalid_argument);
  }
}

TEST(NoisePattern, EveryOneThatCanFallBackRunsSo) {
  int count = 0;
  for (std::string_view name : noise_pattern_names()) {
    const std::string with_fallback = std::string(name) + "fallback";
    if (!can_fall_back(parse_noise_name(full_name(std::string(name))))) {
      EXPECT_THROW(parse_noise_name(full_name(with_fallback)), std::invalid_argument);
      continue;
    }
    EXPECT_TRUE(TwoParties("Noise_" + with_fallback).agree()) << with_fallback;
    EXPECT_TRUE(TwoParties("Noise_" + with_fallback + "+psk0").agree()) << with_fallback;
    ++count;
  }
  EXPECT_GT(count, 20);
}

TEST(NoisePattern, SeveralPsksAreTakenInOrder) {
  EXPECT_TRUE(TwoParties("Noise_XXpsk0+psk3").agree());
  EXPECT_TRUE(TwoParties("Noise_NNpsk0+psk1+psk2", 3).agree());
  TwoParties swapped("Noise_XXpsk0+psk3");
  std::swap(swapped.bob_psks[0], swapped.bob_psks[1]);
  EXPECT_FALSE(swapped.agree());
}

TEST(NoisePattern, TokensOfXx) {
  using enum NoiseToken;
  const NoisePattern pattern = parse_noise_name(full_name("XXpsk0"));
  EXPECT_TRUE(pattern.alice_known.empty() && pattern.bob_known.empty());
  EXPECT_EQ(pattern.messages,
            (std::vector<NoiseTokens>{{kPsk, kE}, {kE, kEe, kS, kEs}, {kS, kSe}}));
  EXPECT_EQ(pattern.psk_count, 1u);
}

TEST(NoisePattern, FallbackMakesTheFirstMessageKnown) {
  using enum NoiseToken;
  const NoisePattern pattern = parse_noise_name(full_name("XXfallback"));
  EXPECT_EQ(pattern.alice_known, NoiseTokens{kE});
  EXPECT_EQ(pattern.messages, (std::vector<NoiseTokens>{{kE, kEe, kS, kEs}, {kS, kSe}}));
  EXPECT_TRUE(pattern.bob_first);
}

TEST(NoisePattern, BadNamesThrow) {
  for (const char* pattern : {"",
                              "x",
                              "ZZ",
                              "NNN",
                              "XX2",
                              "XX11",
                              "1XX",
                              "psk0",
                              "XXpsk",
                              "XXpskx",
                              "XXpsk10",
                              "XXpsk9",
                              "XXpsk4",
                              "XX+psk0",
                              "XXpsk0+",
                              "XXpsk0++psk1",
                              "XXpsk0psk1",
                              "XXpsk1+psk0",
                              "XXpsk0+psk0",
                              "XXfallback+fallback",
                              "XXpsk0+fallback",
                              "IKfallback",
                              "Nfallback",
                              "XXnothing",
                              "Npsk2",
                              "xx",
                              "XX ",
                              " XX",
                              "XXfall",
                              "XX_",
                              "XXhfs"}) {
    EXPECT_THROW(parse_noise_name(full_name(pattern)), std::invalid_argument) << pattern;
  }
}

TEST(NoisePattern, OtherSuitesThrow) {
  for (const char* name :
       {"", "Noise_", "Noise_XX", "Noise_XX_25519_ChaChaPoly_BLAKE2s",
        "Noise_XX_25519_AESGCM_BLAKE2b", "Noise_XX_448_ChaChaPoly_BLAKE2b",
        "Noise_XX_25519_ChaChaPoly_BLAKE2b ", "Noise_XX_25519_ChaChaPoly_BLAKE2",
        "noise_XX_25519_ChaChaPoly_BLAKE2b", "NoisePSK_XX_25519_ChaChaPoly_BLAKE2b",
        "Noise_XX_25519+448_ChaChaPoly_BLAKE2b", "Noise__25519_ChaChaPoly_BLAKE2b"}) {
    EXPECT_THROW(parse_noise_name(name), std::invalid_argument) << name;
  }
}

}  // namespace
}  // namespace attune::crypto
