#include "crypto/derive.h"

#include <sodium.h>

#include <cassert>

#include "crypto/labels.h"

namespace attune::crypto {

Hasher detail::keyed(std::span<const std::uint8_t, 32> key, std::string_view label) {
  Hasher hasher(32, key);
  hasher.lv(labels::kVersion).lv(label);
  return hasher;
}

Hash64 hmac_blake2b(ByteView key, ByteView message) {
  constexpr std::size_t kBlockBytes = 128;
  std::array<std::uint8_t, kBlockBytes> block{};
  if (key.size() > kBlockBytes) {
    Hash64 hashed = blake2b_512(key);
    std::memcpy(block.data(), hashed.data(), hashed.size());
    sodium_memzero(hashed.data(), hashed.size());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  for (std::uint8_t& byte : block) byte ^= 0x36;
  Hash64 inner = Hasher(64).add(block).add(message).finish<64>();
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  Hash64 out = Hasher(64).add(block).add(inner).finish<64>();
  sodium_memzero(block.data(), block.size());
  sodium_memzero(inner.data(), inner.size());
  return out;
}

void detail::hkdf_into(ByteView salt, ByteView input, std::string_view info,
                       std::span<std::uint8_t> out) {
  assert(out.size() % sizeof(Hash64) == 0 && out.size() / sizeof(Hash64) <= 255);
  Hash64 extracted = hmac_blake2b(salt, input);
  Bytes block;  // T(i-1) | info | i; never moved, so that no copy of an output stays behind
  block.reserve(sizeof(Hash64) + info.size() + 1);
  for (std::size_t i = 0; i * sizeof(Hash64) < out.size(); ++i) {
    append(block, as_bytes(info));
    block.push_back(static_cast<std::uint8_t>(i + 1));
    Hash64 output = hmac_blake2b(extracted, block);
    std::memcpy(out.data() + i * sizeof(Hash64), output.data(), output.size());
    sodium_memzero(block.data(), block.size());
    block.assign(output.begin(), output.end());
    sodium_memzero(output.data(), output.size());
  }
  sodium_memzero(block.data(), block.size());
  sodium_memzero(extracted.data(), extracted.size());
}

}  // namespace attune::crypto
