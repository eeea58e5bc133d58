#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"
#include "proto/relay_url.h"

namespace attune::sync {

/// Base45 (RFC 9285): two bytes in three of the 45 characters that a QR holds most densely.
std::string encode_base45(ByteView bytes);
/// nullopt for what encode_base45 never gives.
std::optional<Bytes> decode_base45(std::string_view text);

/// BLAKE2b-128(lv("ik") lv(IK)): says which key will answer, without showing it.
using IdentityHash = std::array<std::uint8_t, 16>;
IdentityHash hash_identity(const crypto::PublicKey& identity);

/// What the QR of an invitation says: ver u8 (1) | q 32 | identity hash 16 | endpoints, in base45
/// without a prefix. q is a one-time secret; who reads the QR may pair. Source: docs/protocol.md,
/// Pairing by QR.
struct QrOffer {
  Bytes bytes;  ///< as they stand in the QR; both handshakes are bound to them
  crypto::Key secret;
  IdentityHash identity{};
  std::vector<Endpoint> endpoints;
  std::optional<RelayUrl> relay{};  ///< where the issuer waits too; without an invite
};

/// With a fresh q. Of `own` it names as many as keep the QR small: the first of each family, then
/// the others in their order; the relay where there is room for its name.
QrOffer make_qr_offer(const crypto::PublicKey& identity, const std::vector<Endpoint>& own,
                      const std::optional<RelayUrl>& relay, crypto::Random& random);
std::string qr_text(const QrOffer& offer);
/// nullopt for a text that is not exactly one such QR. Of several relays the first counts.
std::optional<QrOffer> parse_qr_text(std::string_view text);

}  // namespace attune::sync
