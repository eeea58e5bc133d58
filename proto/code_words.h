#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// The 2,048 words of spoken codes and check phrases: 3 to 8 letters a-z, sorted, no two with the
/// same first four letters, none that sounds like another. An index is for ever. Source:
/// docs/protocol.md.
const std::array<std::string_view, 2048>& code_words();

/// The index of a whole word or of a prefix that only one word has (four letters always do).
std::optional<std::uint16_t> find_code_word(std::string_view typed);

/// The words that start with `typed`, for completion on a terminal.
std::vector<std::string_view> complete_code_word(std::string_view typed);

/// A spoken pairing code: four digits and three words. Source: docs/protocol.md, Pairing.
struct SpokenCode {
  std::uint16_t nameplate = 0;           ///< 0..9999
  std::array<std::uint16_t, 3> words{};  ///< indices of code_words()

  friend bool operator==(const SpokenCode&, const SpokenCode&) = default;
};

/// `4711-candle-otter-lemon`.
std::string to_text(const SpokenCode& code);
/// Upper and lower case, and blanks for hyphens, are the same; nullopt where a part is not one.
std::optional<SpokenCode> parse_spoken_code(std::string_view text);

}  // namespace attune
