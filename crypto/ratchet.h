#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "crypto/secret.h"
#include "proto/bytes.h"

namespace attune::crypto {

/// The Double Ratchet with header encryption, for parcels that a stranger keeps: each parcel has a
/// key of its own that is gone once it was read, a seized state opens nothing of before, and one
/// parcel in each direction heals it. Nothing in a parcel is in clear, not even a counter.
///
///   parcel = nonce 24 | sealed header 56 | sealed body        of 960, 4032, 16320 or 65455 bytes
///   header = public key 32 | u32le parcels of the chain before | u32le number in this chain
///   body   = u32le length | bytes | zeros
///
/// Header and body are sealed under keys of their own with the parcel's random nonce, so a state
/// that is put back repeats keys, never a key with a nonce. A Ratchet changes by a parcel that
/// opens, and by the header of one beyond a gap where it begins a chain; by nothing else. Value
/// type that moves; one thread. Source: The Double Ratchet Algorithm, revision 1, section 4;
/// docs/protocol.md, Mailbox.
class Ratchet {
 public:
  /// The party that has the other's first public key, and sends first. nullopt where that key is of
  /// low order.
  static std::optional<Ratchet> initiator(KeyView secret, const PublicKey& theirs, Random& random);
  /// The other party: its first key pair. It sends once it has opened a parcel.
  static Ratchet responder(KeyView secret, KeyPair own);

  static constexpr std::size_t kBodyBytesMax = 65'355;  ///< of one parcel

  [[nodiscard]] bool can_send() const { return sending_.chain.has_value(); }
  /// Requires can_send() and at most kBodyBytesMax. `associated` is bound, not sent.
  Bytes seal(ByteView body, ByteView associated, Random& random);

  enum class Refused {
    kForeign,  ///< not of this state: forged, of another, or read before
    /// More than limits::kSkippedKeysMax before it are missing: no key was derived for them. The
    /// next parcel of this side, an empty one will do, makes the other begin a chain that is read.
    kGap,
  };
  std::variant<Bytes, Refused> open(ByteView parcel, ByteView associated, Random& random);

  /// Keys in clear: for a sealed record alone; the caller wipes it.
  [[nodiscard]] Bytes encode() const;
  /// nullopt for bytes that encode() does not write.
  static std::optional<Ratchet> decode(ByteView bytes);

 private:
  struct Chain {
    std::optional<Key> header;  ///< seals headers of this chain
    std::optional<Key> chain;   ///< gives the key of the next parcel
    std::uint32_t number = 0;   ///< of the next parcel
    Key next_header;            ///< seals headers of the chain after this
    [[nodiscard]] Chain clone() const;
  };
  struct SkippedChain {
    Key header;
    std::vector<std::pair<std::uint32_t, Key>> keys;  ///< of parcels that have not come, ascending
  };
  struct Header {
    PublicKey key{};
    std::uint32_t before = 0;
    std::uint32_t number = 0;
  };

  Ratchet() = default;
  [[nodiscard]] Ratchet without_skipped() const;
  static std::optional<Header> open_header(const Key& key, ByteView parcel, ByteView associated);
  std::optional<Bytes> open_skipped(ByteView parcel, ByteView associated);
  [[nodiscard]] bool turn(const PublicKey& theirs, Random& random);
  /// Gives the key of parcel `number` of the receiving chain, keeping those before it.
  Key reach(std::uint32_t number);
  void keep_of_receiving(std::uint32_t up_to);
  void adopt_skipped(std::vector<SkippedChain> older);

  Key root_;
  KeyPair own_;
  std::optional<PublicKey> theirs_;
  Chain sending_;
  Chain receiving_;
  std::uint32_t before_ = 0;  ///< parcels of the sending chain before this one
  std::vector<SkippedChain> skipped_;
};

}  // namespace attune::crypto
