#pragma once

#include <array>
#include <optional>
#include <span>

#include "crypto/secret.h"
#include "proto/bytes.h"

namespace attune::crypto {

inline constexpr std::size_t kTagBytes = 16;
using Nonce24 = std::array<std::uint8_t, 24>;
using Nonce12 = std::array<std::uint8_t, 12>;
using KeyView = std::span<const std::uint8_t, 32>;

/// XChaCha20-Poly1305 with a nonce that is random for each call. Gives ciphertext || tag.
Bytes seal(KeyView key, const Nonce24& nonce, ByteView associated, ByteView plaintext);
/// nullopt for anything that was not sealed so; gives no plaintext before the tag is right.
std::optional<Bytes> open(KeyView key, const Nonce24& nonce, ByteView associated, ByteView sealed);

/// ChaCha20-Poly1305 (RFC 8439). Twelve bytes are too few to draw at random: rooms other than this
/// one use the counter below.
Bytes seal(KeyView key, const Nonce12& nonce, ByteView associated, ByteView plaintext);
std::optional<Bytes> open(KeyView key, const Nonce12& nonce, ByteView associated, ByteView sealed);

/// The same under a counter nonce as Noise lays it out: 4 zero bytes, then the counter as 64 bits
/// little-endian. The caller never repeats a counter under one key.
Bytes seal_counter(KeyView key, std::uint64_t counter, ByteView associated, ByteView plaintext);
std::optional<Bytes> open_counter(KeyView key, std::uint64_t counter, ByteView associated,
                                  ByteView sealed);

/// The same without associated data and without a copy. `room` holds the plaintext and kTagBytes
/// more, and the ciphertext and tag afterwards.
void seal_counter_in_place(KeyView key, std::uint64_t counter, std::span<std::uint8_t> room);
/// Leaves the plaintext in front, kTagBytes shorter. false: `sealed` was not sealed so, and holds
/// nothing of use any more.
[[nodiscard]] bool open_counter_in_place(KeyView key, std::uint64_t counter,
                                         std::span<std::uint8_t> sealed);

}  // namespace attune::crypto
