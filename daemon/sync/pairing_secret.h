#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "crypto/cpace.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "daemon/sync/discovery.h"
#include "daemon/sync/qr_text.h"
#include "proto/code_words.h"
#include "proto/relay_frame.h"

namespace attune::sync {

/// What both ends of a pairing channel must share before its first Noise message.
struct ChannelSecret {
  crypto::Key secret;  ///< s: q of the QR, or what CPace agreed on
  crypto::Key psk;
  Bytes prologue;
};

/// kdf(q, "pair-pipe"): what both ends of a QR meet under at a relay.
relay::PipeId qr_place(const QrOffer& offer);

/// s = q. Who has not read exactly these QR bytes fails at the first message.
ChannelSecret secret_of_qr(const QrOffer& offer);

using PairNonce = std::array<std::uint8_t, 16>;

/// The relay through which a connection comes: the key that it proved on this side.
using RelayKey = std::array<std::uint8_t, 32>;

/// A spoken code as it is tried on one connection: both ends must have come the same way.
struct CodeOnLink {
  SpokenCode code;
  std::optional<RelayKey> relay;  ///< nullopt: a direct connection
};

/// The nonces this device drew while one command runs, so that it never meets itself. Keeps the
/// last kNoncesMax.
class OwnNonces {
 public:
  PairNonce draw(crypto::Random& random);
  [[nodiscard]] bool has(const PairNonce& nonce) const;

 private:
  static constexpr std::size_t kNoncesMax = 256;
  std::deque<PairNonce> nonces_;
};

/// One run of CPace over one link, from a spoken code to a ChannelSecret. The joiner is CPace's
/// initiator. A wrong code shows only in the first Noise message after it.
/// Source: docs/protocol.md, Pairing by code.
class CodeExchange {
 public:
  struct Nonces {
    PairNonce issuer{};
    PairNonce joiner{};
  };
  CodeExchange(CodeRole role, const CodeOnLink& code, const Nonces& nonces, crypto::Random& random);

  /// lv(Ya) lv(ADa) of the joiner, lv(Yb) lv(ADb) of the issuer.
  [[nodiscard]] Bytes flight() const;
  /// nullopt for bytes that are not the other's flight, or a share that gives no secret.
  [[nodiscard]] std::optional<ChannelSecret> finish(ByteView flight) const;

 private:
  [[nodiscard]] bool is_other_ad(ByteView ad) const;

  CodeRole role_;
  Nonces nonces_;
  Bytes channel_;  // CI
  Bytes session_;  // sid
  Bytes ad_;
  crypto::Cpace cpace_;
};

}  // namespace attune::sync
