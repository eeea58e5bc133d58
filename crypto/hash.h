#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proto/bytes.h"

namespace attune::crypto {

using Hash32 = std::array<std::uint8_t, 32>;
using Hash64 = std::array<std::uint8_t, 64>;

/// BLAKE2b (RFC 7693) of `N` output bytes over what is added, keyed where a key of 16..64 bytes is
/// given. Finish once.
class Hasher {
 public:
  explicit Hasher(std::size_t output_bytes, ByteView key = {});
  Hasher& add(ByteView bytes);
  Hasher& lv(ByteView bytes);  ///< LEB128(len) || bytes
  Hasher& lv(std::string_view text) { return lv(as_bytes(text)); }
  template <std::size_t N>
  std::array<std::uint8_t, N> finish() {
    std::array<std::uint8_t, N> out;
    finish_into(out);
    return out;
  }
  void finish_into(std::span<std::uint8_t> out);

 private:
  alignas(64)
      std::array<std::uint8_t, 384> state_{};  // crypto_generichash_state, kept out of this header
  std::size_t output_bytes_;
};

/// BLAKE2b of the concatenation of lv() of each part.
template <std::size_t N, typename... Parts>
std::array<std::uint8_t, N> hash_lv(const Parts&... parts) {
  Hasher hasher(N);
  (hasher.lv(parts), ...);
  return hasher.finish<N>();
}
Hash32 blake2b_256(ByteView bytes);
Hash64 blake2b_512(ByteView bytes);

/// Constant time; false for unequal lengths.
[[nodiscard]] bool equal(ByteView a, ByteView b);

}  // namespace attune::crypto
