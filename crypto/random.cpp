#include "crypto/random.h"

#include <sodium.h>

#include <cassert>
#include <cstring>

#include "crypto/hash.h"
#include "crypto/sodium_ready.h"

namespace attune::crypto {

std::uint32_t Random::below(std::uint32_t bound) {
  assert(bound > 0);
  // The lowest 2^32 mod bound values are drawn again, so that each remainder has as many values.
  const std::uint32_t unfair = (0u - bound) % bound;
  for (;;) {
    const std::array<std::uint8_t, 4> four = bytes<4>();
    const std::uint32_t drawn = Reader(four).u32le();
    if (drawn >= unfair) return drawn % bound;
  }
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  sodium_ready();
  randombytes_buf(out.data(), out.size());
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  Bytes seed_bytes;
  append_u64le(seed_bytes, seed);
  key_ = blake2b_256(seed_bytes);
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  if (out.empty()) return;
  Bytes nonce;
  append_u64le(nonce, block_++);
  crypto_stream_chacha20(out.data(), out.size(), nonce.data(), key_.data());
}

}  // namespace attune::crypto
