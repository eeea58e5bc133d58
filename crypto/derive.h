#pragma once

#include <array>
#include <string_view>

#include "crypto/hash.h"
#include "crypto/secret.h"

namespace attune::crypto {

/// kdf(k, label, c..) = BLAKE2b-256(key = k, lv("attune/1") || lv(label) || lv(c1) || ...).
/// `parts` are ByteView or string_view. Source: docs/protocol.md, Keys.
template <typename... Parts>
Key kdf(std::span<const std::uint8_t, 32> key, std::string_view label, const Parts&... parts);

/// The same function, for values that are not secret (a tag on a message).
template <typename... Parts>
Hash32 mac(std::span<const std::uint8_t, 32> key, std::string_view label, const Parts&... parts);

namespace detail {
Hasher keyed(std::span<const std::uint8_t, 32> key, std::string_view label);
}

template <typename... Parts>
Key kdf(std::span<const std::uint8_t, 32> key, std::string_view label, const Parts&... parts) {
  Hasher hasher = detail::keyed(key, label);
  (hasher.lv(parts), ...);
  Key out;
  hasher.finish_into(out.writable());
  return out;
}

template <typename... Parts>
Hash32 mac(std::span<const std::uint8_t, 32> key, std::string_view label, const Parts&... parts) {
  Hasher hasher = detail::keyed(key, label);
  (hasher.lv(parts), ...);
  return hasher.finish<32>();
}

/// HMAC-BLAKE2b: RFC 2104 over unkeyed BLAKE2b-512 with a 128-byte block, as Noise and the ratchet
/// need it. Not kdf.
Hash64 hmac_blake2b(ByteView key, ByteView message);

namespace detail {
void hkdf_into(ByteView salt, ByteView input, std::string_view info, std::span<std::uint8_t> out);
}

/// HKDF (RFC 5869) over HMAC-BLAKE2b: N outputs of 64 bytes, one behind the other.
template <std::size_t N>
Secret<64 * N> hkdf_blake2b(ByteView salt, ByteView input, std::string_view info = {}) {
  Secret<64 * N> out;
  detail::hkdf_into(salt, input, info, out.writable());
  return out;
}

}  // namespace attune::crypto
