#include "proto/ids.h"

namespace attune {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";

char canonical_digit(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (c == 'i' || c == 'l') return '1';
  if (c == 'o') return '0';
  return c;
}

}  // namespace

std::string to_base32(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  unsigned pending = 0;
  int bits = 0;
  for (std::uint8_t byte : bytes) {
    pending = (pending << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out.push_back(kDigits[pending >> (bits - 5) & 31]);
  }
  if (bits > 0) out.push_back(kDigits[pending << (5 - bits) & 31]);
  return out;
}

std::string entry_name(char letter, const EntryId& id) {
  return std::string{letter} + '-' + to_base32(id.view());
}

bool EntryPrefix::matches(char kind_letter, const EntryId& id) const {
  return letter == kind_letter && to_base32(id.view()).starts_with(digits);
}

std::optional<EntryPrefix> parse_entry_prefix(std::string_view text) {
  constexpr std::size_t kDigitsMin = 4;
  constexpr std::size_t kDigitsMax = 26;
  if (text.size() < 2 + kDigitsMin || text.size() > 2 + kDigitsMax || text[1] != '-') {
    return std::nullopt;
  }
  char letter = text[0];
  if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  if (letter < 'a' || letter > 'z') return std::nullopt;
  EntryPrefix prefix{.letter = letter, .digits = {}};
  for (char c : text.substr(2)) {
    char digit = canonical_digit(c);
    if (kDigits.find(digit) == std::string_view::npos) return std::nullopt;
    prefix.digits.push_back(digit);
  }
  return prefix;
}

}  // namespace attune
