#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proto/bytes.h"
#include "tests/vectors/tally.h"

/// Reads values out of a vector. Every function throws Wrong for a value that is missing or
/// misshapen.
namespace attune::vectors {

using Json = nlohmann::json;

/// Hexadecimal of either case.
Bytes bytes_of_hex(std::string_view text);
/// Hexadecimal, else base64: the CPace draft publishes its vectors in both.
Bytes bytes_of_either(std::string_view text);

[[nodiscard]] bool has(const Json& object, std::string_view key);
const Json& at(const Json& object, std::string_view key);
std::string text(const Json& object, std::string_view key);
Bytes hex(const Json& object, std::string_view key);
/// nullopt where the key is missing, null or an empty text.
std::optional<Bytes> hex_if_given(const Json& object, std::string_view key);
std::uint64_t number(const Json& object, std::string_view key);
bool flag(const Json& object, std::string_view key);  ///< false where missing

template <std::size_t N>
std::array<std::uint8_t, N> fixed(ByteView bytes, std::string_view what) {
  if (bytes.size() != N) throw Wrong(std::string(what) + " has the wrong size");
  std::array<std::uint8_t, N> out{};
  std::memcpy(out.data(), bytes.data(), N);
  return out;
}

void expect(bool holds, std::string_view what);
void expect_equal(ByteView got, ByteView stated, std::string_view what);

}  // namespace attune::vectors
