#include "crypto/hash.h"

#include <sodium.h>

#include <cassert>

#include "crypto/sodium_ready.h"

namespace attune::crypto {
namespace {

crypto_generichash_state* state_of(std::array<std::uint8_t, 384>& bytes) {
  static_assert(sizeof(crypto_generichash_state) <= 384 && alignof(crypto_generichash_state) <= 64);
  return reinterpret_cast<crypto_generichash_state*>(bytes.data());
}

}  // namespace

Hasher::Hasher(std::size_t output_bytes, ByteView key) : output_bytes_(output_bytes) {
  assert(output_bytes >= crypto_generichash_BYTES_MIN &&
         output_bytes <= crypto_generichash_BYTES_MAX);
  assert(key.empty() || (key.size() >= crypto_generichash_KEYBYTES_MIN &&
                         key.size() <= crypto_generichash_KEYBYTES_MAX));
  sodium_ready();
  int result = crypto_generichash_init(state_of(state_), key.data(), key.size(), output_bytes);
  assert(result == 0);
  static_cast<void>(result);
}

Hasher& Hasher::add(ByteView bytes) {
  crypto_generichash_update(state_of(state_), bytes.data(), bytes.size());
  return *this;
}

Hasher& Hasher::lv(ByteView bytes) {
  // At most ten bytes of LEB128, on the stack: hashing takes no memory from the heap.
  std::array<std::uint8_t, 10> length{};
  std::size_t used = 0;
  std::uint64_t value = bytes.size();
  while (value >= 0x80) {
    length[used++] = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  length[used++] = static_cast<std::uint8_t>(value);
  add(ByteView(length).first(used));
  return add(bytes);
}

void Hasher::finish_into(std::span<std::uint8_t> out) {
  assert(out.size() == output_bytes_);
  crypto_generichash_final(state_of(state_), out.data(), out.size());
  sodium_memzero(state_.data(), state_.size());
  output_bytes_ = 0;
}

Hash32 blake2b_256(ByteView bytes) { return Hasher(32).add(bytes).finish<32>(); }
Hash64 blake2b_512(ByteView bytes) { return Hasher(64).add(bytes).finish<64>(); }

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace attune::crypto
