#pragma once

#include "crypto/hash.h"
#include "daemon/sync/commands.h"

namespace attune::sync {

/// Four words that both people see and compare: the first 44 bits of kdf(h[0:32], "sas", h[32:64]),
/// 11 a word, most significant first. Who stands between the two devices has two handshakes with
/// two hashes. Source: docs/protocol.md, Pairing.
CheckPhrase check_phrase(const crypto::Hash64& handshake_hash);

}  // namespace attune::sync
