#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "daemon/sync/pairing_channel.h"
#include "daemon/sync/pairing_secret.h"
#include "daemon/sync/session.h"

namespace attune::sync {

/// One link on which two devices try to pair, from its first byte. Pure; borrows what its People
/// and the Random are. Source: docs/protocol.md, On the LAN.
///
///   joiner:  Calling --n_i--> Sharing --Yb, ADb--> Channel        scanner: Channel
///   issuer:           (2|n_j) Sharing --Ya, ADa--> Channel        issuer of a QR: Channel
///
///   Calling  heard_nonce()   2 | n_j is sent
///   Sharing  heard_share()   joiner: Ya, ADa are sent; issuer: n_i is sent
///   Channel  on_frame()      the states of PairingChannel
class Meeting {
 public:
  struct Terms {
    PairingChannel::People people;
    OwnNonces* nonces = nullptr;
    crypto::Random* random = nullptr;
  };
  struct Started;
  static Started join(const CodeOnLink& code, const Terms& terms);
  static Started scan(const QrOffer& offer, const Terms& terms);
  /// The opening 2 | n_j. nullopt where it is none, or one of my own.
  static std::optional<Started> answer_joiner(ByteView opening, const CodeOnLink& code,
                                              const Terms& terms);
  /// The opening 3. nullopt where it is none.
  static std::optional<Started> answer_scanner(ByteView opening, const QrOffer& offer,
                                               const Terms& terms);

  struct Step {
    std::vector<SessionUnit> units;
    PairingChannel::Event event{};
  };
  /// kBroken while not committed(): the other end does not play by the rules, and nothing is lost.
  Step on_unit(ByteView bytes);

  /// Once one of the two has tested the secret: before that the link may go as it came.
  [[nodiscard]] bool committed() const;
  /// Whether the handshake is done: who closes the link then has not guessed wrong.
  [[nodiscard]] bool keyed() const;
  [[nodiscard]] PairingChannel& channel();  // requires committed()

 private:
  struct Calling {
    CodeOnLink code;
    PairNonce joiner;
  };

  explicit Meeting(const Terms& terms) : terms_(terms) {}
  Step heard_nonce(const Calling& calling, ByteView bytes);
  Step heard_share(const CodeExchange& exchange, ByteView bytes);
  Step heard_frame(PairingChannel& channel, ByteView bytes);

  Terms terms_;
  CodeRole role_{};
  std::variant<Calling, CodeExchange, PairingChannel> state_;
};

/// A meeting, and what it says first.
struct Meeting::Started {
  Meeting meeting;
  std::vector<SessionUnit> units;
};

}  // namespace attune::sync
