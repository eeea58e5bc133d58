#include "crypto/seal.h"

#include <sodium.h>

#include <cassert>

#include "crypto/sodium_ready.h"

namespace attune::crypto {
namespace {

static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(kTagBytes == crypto_aead_chacha20poly1305_ietf_ABYTES);

Nonce12 counter_nonce(std::uint64_t counter) {
  Nonce12 nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
  return nonce;
}

}  // namespace

Bytes seal(KeyView key, const Nonce24& nonce, ByteView associated, ByteView plaintext) {
  sodium_ready();
  Bytes sealed(plaintext.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, plaintext.data(),
                                             plaintext.size(), associated.data(), associated.size(),
                                             nullptr, nonce.data(), key.data());
  return sealed;
}

std::optional<Bytes> open(KeyView key, const Nonce24& nonce, ByteView associated, ByteView sealed) {
  sodium_ready();
  if (sealed.size() < kTagBytes) return std::nullopt;
  Bytes plaintext(sealed.size() - kTagBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plaintext.data(), nullptr, nullptr, sealed.data(), sealed.size(), associated.data(),
          associated.size(), nonce.data(), key.data()) != 0) {
    return std::nullopt;
  }
  return plaintext;
}

Bytes seal(KeyView key, const Nonce12& nonce, ByteView associated, ByteView plaintext) {
  sodium_ready();
  Bytes sealed(plaintext.size() + kTagBytes);
  crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, plaintext.data(),
                                            plaintext.size(), associated.data(), associated.size(),
                                            nullptr, nonce.data(), key.data());
  return sealed;
}

std::optional<Bytes> open(KeyView key, const Nonce12& nonce, ByteView associated, ByteView sealed) {
  sodium_ready();
  if (sealed.size() < kTagBytes) return std::nullopt;
  Bytes plaintext(sealed.size() - kTagBytes);
  if (crypto_aead_chacha20poly1305_ietf_decrypt(plaintext.data(), nullptr, nullptr, sealed.data(),
                                                sealed.size(), associated.data(), associated.size(),
                                                nonce.data(), key.data()) != 0) {
    return std::nullopt;
  }
  return plaintext;
}

Bytes seal_counter(KeyView key, std::uint64_t counter, ByteView associated, ByteView plaintext) {
  return seal(key, counter_nonce(counter), associated, plaintext);
}

std::optional<Bytes> open_counter(KeyView key, std::uint64_t counter, ByteView associated,
                                  ByteView sealed) {
  return open(key, counter_nonce(counter), associated, sealed);
}

void seal_counter_in_place(KeyView key, std::uint64_t counter, std::span<std::uint8_t> room) {
  sodium_ready();
  assert(room.size() >= kTagBytes);
  const Nonce12 nonce = counter_nonce(counter);
  crypto_aead_chacha20poly1305_ietf_encrypt(room.data(), nullptr, room.data(),
                                            room.size() - kTagBytes, nullptr, 0, nullptr,
                                            nonce.data(), key.data());
}

bool open_counter_in_place(KeyView key, std::uint64_t counter, std::span<std::uint8_t> sealed) {
  sodium_ready();
  if (sealed.size() < kTagBytes) return false;
  const Nonce12 nonce = counter_nonce(counter);
  return crypto_aead_chacha20poly1305_ietf_decrypt(sealed.data(), nullptr, nullptr, sealed.data(),
                                                   sealed.size(), nullptr, 0, nonce.data(),
                                                   key.data()) == 0;
}

}  // namespace attune::crypto
