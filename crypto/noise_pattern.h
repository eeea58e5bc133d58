#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace attune::crypto {

enum class NoiseToken : std::uint8_t { kE, kS, kEe, kEs, kSe, kSs, kPsk };
using NoiseTokens = std::vector<NoiseToken>;

/// A handshake pattern of the Noise Protocol Framework (revision 34, sections 7, 9, 10 and 18) as
/// plain data. Alice is the party on the left of the notation: `es` is always her ephemeral and
/// Bob's static key. She speaks first, except where `fallback` has turned her first message into
/// something Bob knows.
struct NoisePattern {
  NoiseTokens alice_known;  ///< public keys of Alice that Bob has beforehand
  NoiseTokens bob_known;
  std::vector<NoiseTokens> messages;  ///< alternating
  bool bob_first = false;
  std::size_t psk_count = 0;
};

/// The pattern of a full protocol name such as `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b`. Throws
/// std::invalid_argument for every other pattern, modifier or suite.
NoisePattern parse_noise_name(std::string_view name);

/// Names of all patterns without modifiers: three one-way, twelve fundamental, the rest deferred.
std::vector<std::string_view> noise_pattern_names();

}  // namespace attune::crypto
