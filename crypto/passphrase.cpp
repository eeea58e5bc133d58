#include "crypto/passphrase.h"

#include <sodium.h>

#include <cassert>
#include <new>

#include "crypto/sodium_ready.h"
#include "proto/limits.h"

namespace attune::crypto {

PassphraseCost default_cost() {
#ifdef ATTUNE_TEST_ARGON
  return {.memory_bytes = limits::kArgonBytesMin, .passes = limits::kArgonPasses};
#else
  return {.memory_bytes = limits::kArgonBytes, .passes = limits::kArgonPasses};
#endif
}

bool cost_allowed(const PassphraseCost& cost) {
  return cost.memory_bytes >= limits::kArgonBytesMin &&
         cost.memory_bytes <= limits::kArgonBytesMax && cost.passes >= limits::kArgonPasses &&
         cost.passes <= limits::kArgonPassesMax;
}

Key hash_passphrase(ByteView passphrase, const std::array<std::uint8_t, 16>& salt,
                    const PassphraseCost& cost) {
  assert(passphrase.size() <= limits::kPassphraseBytesMax);
  sodium_ready();
  Key out;
  // The one reason for libsodium to refuse is memory that is not there: the salt's size is right
  // and the smallest costs it takes lie far below ours.
  if (crypto_pwhash(out.writable().data(), out.view().size(),
                    reinterpret_cast<const char*>(passphrase.data()), passphrase.size(),
                    salt.data(), cost.passes, cost.memory_bytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::bad_alloc();
  }
  return out;
}

}  // namespace attune::crypto
