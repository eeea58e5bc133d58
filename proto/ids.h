#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/bytes.h"

namespace attune {

/// N opaque bytes whose meaning is in the tag; ordered bytewise. A value type without a formatter.
template <typename Tag, std::size_t N>
struct Id {
  static constexpr std::size_t kSize = N;
  std::array<std::uint8_t, N> bytes{};

  friend auto operator<=>(const Id&, const Id&) = default;
  [[nodiscard]] ByteView view() const { return bytes; }
  [[nodiscard]] bool is_zero() const { return *this == Id{}; }
  static std::optional<Id> from(ByteView view) {
    if (view.size() != N) return std::nullopt;
    Id id;
    std::copy(view.begin(), view.end(), id.bytes.begin());
    return id;
  }
};

/// BLAKE2b-128(lv("dev") lv(IK)): one installed attune. Source: crypto.md, Encodings.
using DeviceId = Id<struct DeviceIdTag, 16>;
/// Random, made at `init`: a human being, whatever devices they use.
using PersonId = Id<struct PersonIdTag, 16>;
/// What two people share; from their first pairing.
using CoupleId = Id<struct CoupleIdTag, 16>;
/// nonce 10 || BLAKE2b-48(owner, kind, nonce). Source: data-model.md, Operations.
using EntryId = Id<struct EntryIdTag, 16>;
/// New whenever an opened store first writes to a stream, so that no counter is used twice.
using Incarnation = Id<struct IncarnationTag, 8>;

/// A connection the driver holds. Never reused within one process.
struct LinkId {
  std::uint64_t value = 0;
  friend auto operator<=>(const LinkId&, const LinkId&) = default;
};
/// A request of a local client, numbered by the driver. Never reused within one process.
struct RequestId {
  std::uint64_t value = 0;
  friend auto operator<=>(const RequestId&, const RequestId&) = default;
};

/// Lower-case Crockford base32 (no i, l, o, u), most significant bits first, zero bits at the end.
std::string to_base32(ByteView bytes);

/// `b-7k2q...`: the kind's letter, `-`, 26 characters of base32.
std::string entry_name(char letter, const EntryId& id);

/// An entry as a person typed it: a letter and 4 to 26 characters of base32, matched as a prefix.
/// Upper case and the look-alikes i, l (1) and o (0) are accepted.
struct EntryPrefix {
  char letter = 0;
  std::string digits;
  [[nodiscard]] bool matches(char kind_letter, const EntryId& id) const;
};
std::optional<EntryPrefix> parse_entry_prefix(std::string_view text);

}  // namespace attune
