#include "crypto/noise_pattern.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace attune::crypto {
namespace {

constexpr std::string_view kPrefix = "Noise_";
constexpr std::string_view kSuite = "_25519_ChaChaPoly_BLAKE2b";

// What each knows of the other beforehand, then the messages, with spaces between tokens and a
// comma between messages.
struct Row {
  std::string_view name;
  std::string_view alice_known;
  std::string_view bob_known;
  std::string_view messages;
};

constexpr std::array kRows = {
    // One-way.
    Row{"N", "", "s", "e es"},
    Row{"K", "s", "s", "e es ss"},
    Row{"X", "", "s", "e es s ss"},
    // Fundamental.
    Row{"NN", "", "", "e,e ee"},
    Row{"NK", "", "s", "e es,e ee"},
    Row{"NX", "", "", "e,e ee s es"},
    Row{"KN", "s", "", "e,e ee se"},
    Row{"KK", "s", "s", "e es ss,e ee se"},
    Row{"KX", "s", "", "e,e ee se s es"},
    Row{"XN", "", "", "e,e ee,s se"},
    Row{"XK", "", "s", "e es,e ee,s se"},
    Row{"XX", "", "", "e,e ee s es,s se"},
    Row{"IN", "", "", "e s,e ee se"},
    Row{"IK", "", "s", "e es s ss,e ee se"},
    Row{"IX", "", "", "e s,e ee se s es"},
    // Deferred: a 1 moves that party's authentication to its next message.
    Row{"NK1", "", "s", "e,e ee es"},
    Row{"NX1", "", "", "e,e ee s,es"},
    Row{"X1N", "", "", "e,e ee,s,se"},
    Row{"X1K", "", "s", "e es,e ee,s,se"},
    Row{"XK1", "", "s", "e,e ee es,s se"},
    Row{"X1K1", "", "s", "e,e ee es,s,se"},
    Row{"X1X", "", "", "e,e ee s es,s,se"},
    Row{"XX1", "", "", "e,e ee s,es s se"},
    Row{"X1X1", "", "", "e,e ee s,es s,se"},
    Row{"K1N", "s", "", "e,e ee,se"},
    Row{"K1K", "s", "s", "e es,e ee,se"},
    Row{"KK1", "s", "s", "e,e ee se es"},
    Row{"K1K1", "s", "s", "e,e ee es,se"},
    Row{"K1X", "s", "", "e,e ee s es,se"},
    Row{"KX1", "s", "", "e,e ee se s,es"},
    Row{"K1X1", "s", "", "e,e ee s,se es"},
    Row{"I1N", "", "", "e s,e ee,se"},
    Row{"I1K", "", "s", "e es s,e ee,se"},
    Row{"IK1", "", "s", "e s,e ee se es"},
    Row{"I1K1", "", "s", "e s,e ee es,se"},
    Row{"I1X", "", "", "e s,e ee s es,se"},
    Row{"IX1", "", "", "e s,e ee se s,es"},
    Row{"I1X1", "", "", "e s,e ee s,se es"},
};

[[noreturn]] void refuse(std::string_view name) {
  throw std::invalid_argument("no such Noise protocol: " + std::string(name));
}

NoiseToken token_of(std::string_view word) {
  if (word == "e") return NoiseToken::kE;
  if (word == "s") return NoiseToken::kS;
  if (word == "ee") return NoiseToken::kEe;
  if (word == "es") return NoiseToken::kEs;
  if (word == "se") return NoiseToken::kSe;
  if (word == "ss") return NoiseToken::kSs;
  refuse(word);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

NoiseTokens tokens_of(std::string_view words) {
  NoiseTokens tokens;
  if (words.empty()) return tokens;
  for (std::string_view word : split(words, ' ')) tokens.push_back(token_of(word));
  return tokens;
}

NoisePattern pattern_of(const Row& row) {
  NoisePattern pattern;
  pattern.alice_known = tokens_of(row.alice_known);
  pattern.bob_known = tokens_of(row.bob_known);
  for (std::string_view message : split(row.messages, ',')) {
    pattern.messages.push_back(tokens_of(message));
  }
  return pattern;
}

// pskN stands at the end of message N; psk0 at the beginning of the first.
bool add_psk(NoisePattern& pattern, std::size_t place) {
  if (place > pattern.messages.size()) return false;
  if (place == 0) {
    NoiseTokens& first = pattern.messages.front();
    first.insert(first.begin(), NoiseToken::kPsk);
  } else {
    pattern.messages[place - 1].push_back(NoiseToken::kPsk);
  }
  ++pattern.psk_count;
  return true;
}

// Only keys that travel in the clear can be known beforehand, so the first message is `e` or `e s`.
bool fall_back(NoisePattern& pattern) {
  if (pattern.bob_first || pattern.messages.size() < 2) return false;
  NoiseTokens known = pattern.messages.front();
  const bool keys_alone = std::all_of(known.begin(), known.end(), [](NoiseToken token) {
    return token == NoiseToken::kE || token == NoiseToken::kS;
  });
  if (!keys_alone) return false;
  known.insert(known.end(), pattern.alice_known.begin(), pattern.alice_known.end());
  pattern.alice_known = std::move(known);
  pattern.messages.erase(pattern.messages.begin());
  pattern.bob_first = true;
  return true;
}

// Neighbouring psk modifiers stand in ascending order (section 8), so that a pattern has one name.
bool modify(NoisePattern& pattern, std::string_view modifiers) {
  std::size_t place_min = 0;
  for (std::string_view modifier : split(modifiers, '+')) {
    if (modifier == "fallback") {
      if (!fall_back(pattern)) return false;
      place_min = 0;
      continue;
    }
    if (modifier.size() != 4 || !modifier.starts_with("psk")) return false;
    if (modifier[3] < '0' || modifier[3] > '9') return false;
    const auto place = static_cast<std::size_t>(modifier[3] - '0');
    if (place < place_min || !add_psk(pattern, place)) return false;
    place_min = place + 1;
  }
  return true;
}

}  // namespace

NoisePattern parse_noise_name(std::string_view name) {
  if (name.size() <= kPrefix.size() + kSuite.size()) refuse(name);
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuite)) refuse(name);
  std::string_view middle = name;
  middle.remove_prefix(kPrefix.size());
  middle.remove_suffix(kSuite.size());

  const std::size_t base_size = std::min(middle.find_first_not_of("NKXI1"), middle.size());
  const std::string_view base = middle.substr(0, base_size);
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [base](const Row& candidate) { return candidate.name == base; });
  if (row == kRows.end()) refuse(name);

  NoisePattern pattern = pattern_of(*row);
  const std::string_view modifiers = middle.substr(base_size);
  if (!modifiers.empty() && !modify(pattern, modifiers)) refuse(name);
  return pattern;
}

std::vector<std::string_view> noise_pattern_names() {
  std::vector<std::string_view> names;
  names.reserve(kRows.size());
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}

}  // namespace attune::crypto
