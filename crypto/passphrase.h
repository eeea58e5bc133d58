#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "crypto/secret.h"
#include "proto/bytes.h"

namespace attune::crypto {

/// Argon2id's cost, as it stands in a key slot. p is 1, the salt 16 bytes: libsodium knows no
/// other.
struct PassphraseCost {
  std::uint64_t memory_bytes = 0;
  std::uint64_t passes = 0;
  friend bool operator==(const PassphraseCost&, const PassphraseCost&) = default;
};

/// What new slots are made with: 256 MiB and 3 passes. A test build (compile definition
/// ATTUNE_TEST_ARGON) lowers it, and only it.
PassphraseCost default_cost();
/// Within limits::kArgon*: neither a downgrade nor a bomb. Asked before any hashing of a slot from
/// disk.
bool cost_allowed(const PassphraseCost& cost);

/// Argon2id of the passphrase (UTF-8, already NFC) and salt. Takes about 0.4 s and 256 MiB, so it
/// runs on its own thread; throws std::bad_alloc when the memory is not there. Source: RFC 9106.
Key hash_passphrase(ByteView passphrase, const std::array<std::uint8_t, 16>& salt,
                    const PassphraseCost& cost);

}  // namespace attune::crypto
