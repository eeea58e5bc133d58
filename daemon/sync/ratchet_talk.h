#pragma once

#include <optional>

#include "crypto/random.h"
#include "daemon/sync/ratchets.h"
#include "daemon/sync/sync_codec.h"

namespace attune::sync {

/// How two devices make a new ratchet inside one live session. A value per link; the dialler is the
/// one who sends parcels first. A lost link loses at most this attempt. Source: docs/protocol.md,
/// Parcels.
///
///   dialler    Quiet --start(): ask--> Asked --offer: begin--> Begun --turn: turn--> Done
///   listener   Quiet --start() or ask: offer--> Offered --begin: turn--> Turned --turn--> Done
///   Quiet      nothing was said; the dialler takes an offer without having asked
///   Begun      the new ratchet is durable here and not in use
///   Turned     it is in use here; the older ones are kept, as the other may not have heard so
///   Done       both use it. Everything else that comes is passed over, and changes nothing.
class RatchetTalk {
 public:
  explicit RatchetTalk(bool dialled) : dialled_(dialled) {}

  /// What both ends know of the session.
  struct Session {
    const crypto::Key* live_root = nullptr;
    const crypto::Hash64* handshake = nullptr;
  };
  /// This side wants one. nullopt where it was said already.
  std::optional<NewRatchet> start(crypto::Random& random);
  /// What is to be said to it; `ratchets` may change.
  std::optional<NewRatchet> heard(const NewRatchet& said, const Session& session,
                                  Ratchets& ratchets, crypto::Random& random);

  enum class State { kQuiet, kAsked, kOffered, kBegun, kTurned, kDone };
  [[nodiscard]] State state() const { return state_; }

 private:
  NewRatchet offer(crypto::Random& random);
  std::optional<NewRatchet> begin(const NewRatchet& offered, const Session& session,
                                  Ratchets& ratchets, crypto::Random& random);
  std::optional<NewRatchet> turn(const NewRatchet& begun, const Session& session,
                                 Ratchets& ratchets, crypto::Random& random);

  bool dialled_;
  State state_ = State::kQuiet;
  std::array<std::uint8_t, 32> random_{};  ///< kOffered: this side's half ...
  std::optional<crypto::KeyPair> key_;     ///< ... and its first key pair
};

}  // namespace attune::sync
