#pragma once

#include <optional>

#include "crypto/noise.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/transport_frame.h"

namespace attune::fuzz {

/// A partner's device that holds the right keys and says whatever it likes: the handshake of a live
/// session written from docs/protocol.md, then any plaintext under the session's own keys. Borrows
/// the Random while the handshake runs.
class RawPeer {
 public:
  struct Setting {
    const sync::Self* self = nullptr;
    const sync::Partner* partner = nullptr;  ///< its first device is the other end
    crypto::Random* random = nullptr;
  };
  /// Dials: hello() is the first unit, on_answer() takes the second.
  static RawPeer dialler(const Setting& setting);
  /// Listens: on_hello() takes the first unit and gives the second.
  static RawPeer listener(const Setting& setting);

  Bytes hello();
  std::optional<Bytes> on_hello(ByteView hello);
  bool on_answer(ByteView answer);
  [[nodiscard]] bool keyed() const { return transport_.has_value(); }

  // Require keyed().
  /// A frame's body around any plaintext, padded or not.
  Bytes seal_plain(ByteView plain) { return transport_->send.encrypt({}, plain); }
  Bytes seal(sync::FrameType type, ByteView body) {
    return sync::seal_frame(transport_->send, type, body);
  }
  std::optional<sync::Frame> open(ByteView sealed) {
    return sync::open_frame(transport_->receive, sealed);
  }

 private:
  RawPeer(const Setting& setting, crypto::NoiseRole role);
  static crypto::NoiseParty party(const Setting& setting, crypto::NoiseRole role);

  Setting setting_;
  crypto::NoiseHandshake handshake_;
  std::optional<crypto::NoiseHandshake::Transport> transport_;
};

}  // namespace attune::fuzz
