#pragma once

#include <optional>

#include "crypto/noise.h"
#include "daemon/sync/commands.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/pairing_codec.h"
#include "daemon/sync/pairing_secret.h"

namespace attune::sync {

/// The encrypted part of a pairing over one link: Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b, then one
/// Introduction, one Confirm or Decline of each side as padded frames. Pure; borrows Self, Partner
/// and Random. The joiner or scanner is the initiator and so proves first.
/// Source: docs/protocol.md, Pairing.
///
///   Proving --message--> Introducing --Introduction--> Introduced --Confirm, Decline--> Over
///   any --anything else--> Over
///
///   Proving      handshake()    initiator: message 1 is sent; responder: none has come, or 2 is
///   sent Introducing  introduced()   keys agreed, my Introduction is sent Introduced   decided()
///   the check phrase and the Partner are known; people decide Over         nothing may come any
///   more
class PairingChannel {
 public:
  struct Setting {
    crypto::NoiseRole role{};
    ChannelSecret secret;
    std::optional<IdentityHash> expected;  ///< a scanner's: whose key must answer
  };
  struct People {
    const Self* self = nullptr;
    const Partner* known = nullptr;  ///< an earlier partner, where there is one
  };
  PairingChannel(Setting setting, const People& people, crypto::Random& random);

  enum class Event {
    kNothing,     ///< all is well, go on
    kWrongProof,  ///< the other's first message is not under the same secret
    kBroken,      ///< later bytes that nobody who plays by the rules sends
    kSamePerson,  ///< that is a device of my own person
    kIntroduced,  ///< check_phrase() and take_partner() are there
    kConfirmed,
    kDeclined,
  };
  struct Step {
    std::vector<Bytes> frames;
    Event event = Event::kNothing;
  };
  /// Message 1. Requires the initiator, once.
  Bytes begin();
  Step on_frame(ByteView bytes);
  /// Once the other side has shown that it knows the secret, or had its one chance to test mine.
  [[nodiscard]] bool committed() const { return committed_; }
  /// Whether the handshake is done.
  [[nodiscard]] bool keyed() const { return transport_.has_value(); }

  /// Require kIntroduced. take_partner() once: the couple, its one new device and both roots; what
  /// they were made from is wiped.
  [[nodiscard]] CheckPhrase check_phrase() const;
  [[nodiscard]] Partner take_partner();
  /// One frame. Requires keyed().
  Bytes seal(const PairingMessage& message);

 private:
  enum class State { kProving, kIntroducing, kIntroduced, kOver };

  Step handshake(ByteView message);
  Step introduced(ByteView sealed);
  Step decided(ByteView sealed);
  Step end(Event event);
  void introduce(Step& step);
  [[nodiscard]] bool initiator() const { return setting_.role == crypto::NoiseRole::kInitiator; }
  /// What the end of this role says of the couple I know: who only hears mine cannot say it.
  [[nodiscard]] std::array<std::uint8_t, 16> same(bool of_initiator) const;
  [[nodiscard]] Partner make_partner(const Introduction& theirs) const;
  [[nodiscard]] crypto::Key make_root(const Introduction& theirs) const;

  State state_ = State::kProving;
  Setting setting_;
  People people_;
  crypto::Random& random_;
  crypto::NoiseHandshake handshake_;
  std::optional<crypto::NoiseHandshake::Transport> transport_;
  Introduction mine_;
  std::optional<Partner> partner_;
  bool committed_ = false;
};

}  // namespace attune::sync
