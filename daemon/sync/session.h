#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/noise.h"
#include "daemon/sync/hello_memory.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/sync_codec.h"

namespace attune::sync {

/// Bytes for the other side: an opening without a length, or the body of a frame.
struct SessionUnit {
  Bytes bytes;
  bool framed = true;
};

/// One live link with a device of the partner: Noise_KKpsk0_25519_ChaChaPoly_BLAKE2b under the live
/// root of this pair of devices, then padded frames. Pure; a value that moves; borrows the Random.
/// Unconfirmed means: whatever was read may be an old hello that somebody else sends again.
/// Source: docs/protocol.md, Live session.
///
///   dial()   -> Calling --answer--> Established --frame--> Confirmed
///   accept() ---------------------> Established --frame--> Confirmed      any wrong byte -> Dead
///
///   Calling      on_answer()   the hello is sent; only the 48 bytes of message 2 may come
///   Established  on_frame()    keys agreed, this side may send; the other has proved nothing yet
///   Confirmed    on_frame()    a frame of the other side was opened: it holds the keys now
///   Dead                       nothing is read any more; the owner hangs up
class Session {
 public:
  struct Started;
  /// As the dialler: the hello, which goes out at once. nullopt where the device's key is no key.
  static std::optional<Started> dial(const Self& self, const Partner& partner,
                                     const PartnerDevice& device, crypto::Random& random);
  /// As the listener: nullopt, and silence is the answer, for a hello of nobody we know or one that
  /// came before. Costs one MAC a device of the partner, and a handshake only for a right one.
  static std::optional<Started> accept(ByteView hello, const Self& self, const Partner& partner,
                                       HelloMemory& memory, crypto::Random& random);

  struct Step {
    std::vector<SessionUnit> units;     ///< what is to be sent for it
    std::vector<SyncMessage> messages;  ///< in the order in which they were said
    bool confirmed_now = false;
    bool dead = false;
  };
  Step on_unit(ByteView bytes);

  /// One frame. Requires established().
  Bytes seal(const SyncMessage& message);
  Bytes seal_close() { return seal(CloseMessage{}); }

  [[nodiscard]] const DeviceId& peer() const { return peer_; }
  [[nodiscard]] bool established() const { return transport_.has_value(); }
  [[nodiscard]] bool confirmed() const { return state_ == State::kConfirmed; }
  /// Frames of the busier direction: past limits::kRenewalFrames the dialler opens a new session.
  [[nodiscard]] std::uint64_t frames() const;
  /// Requires established().
  [[nodiscard]] const crypto::Hash64& handshake_hash() const;

 private:
  enum class State { kCalling, kEstablished, kConfirmed, kDead };

  Session(crypto::NoiseHandshake handshake, const DeviceId& peer)
      : handshake_(std::move(handshake)), peer_(peer) {}
  Step on_answer(ByteView answer);
  Step on_frame(ByteView sealed);
  Step die();

  State state_ = State::kCalling;
  crypto::NoiseHandshake handshake_;
  std::optional<crypto::NoiseHandshake::Transport> transport_;
  DeviceId peer_;
};

/// A session, and the first unit it sends.
struct Session::Started {
  Session session;
  std::vector<SessionUnit> units;
};

}  // namespace attune::sync
