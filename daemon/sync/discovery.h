#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "crypto/random.h"
#include "crypto/secret.h"
#include "daemon/sync/events.h"
#include "daemon/sync/identity.h"

namespace attune::sync {

/// Datagrams of 32 bytes that only who shares a key can tell from noise:
/// n8 | port u16be | mac(kdf(key, "beacon", who), "beacon", n, port, source address)[:22].
/// `who` is the sender's device id between partners, a role between the two ends of a spoken code.
/// Source: docs/protocol.md, Beacons.
Bytes make_beacon(const crypto::Key& key, ByteView who, std::uint16_t port,
                  const std::array<std::uint8_t, 16>& source, crypto::Random& random);
/// The port it names; nullopt where it is none of this key and sender from this source.
std::optional<std::uint16_t> check_beacon(ByteView datagram, const crypto::Key& key, ByteView who,
                                          const std::array<std::uint8_t, 16>& source);

/// The last nonces of valid beacons, so that each counts once. At most limits::kBeaconMemory.
class BeaconMemory {
 public:
  /// False where this nonce was there already.
  bool remember(ByteView nonce);

 private:
  std::set<std::array<std::uint8_t, 8>> known_;
  std::deque<std::array<std::uint8_t, 8>> order_;
};

/// How a search for somebody paces itself: a burst, then slowly, then not at all until the network
/// changes.
///
///   Burst --3 sent--> Slow --10 min unanswered--> Silent
///     ^---------- restart(): start, network change, link lost --------'
class BeaconPace {
 public:
  void restart(Steady now);
  void stop() { next_.reset(); }
  /// True when one is due; plans the next.
  bool due(Steady now, crypto::Random& random);
  [[nodiscard]] std::optional<Steady> next() const { return next_; }

 private:
  std::optional<Steady> next_;
  Steady started_;
  std::size_t sent_ = 0;
};

/// When to dial one device of the partner, whose addresses are known or heard by beacon.
/// After a failure of all known addresses the pause doubles, from 1 s to 5 min.
class DialPlan {
 public:
  void set_known(std::vector<Endpoint> known) { known_ = std::move(known); }
  [[nodiscard]] const std::vector<Endpoint>& known() const { return known_; }
  /// Start, network change, link lost: try the known ones now.
  void restart(Steady now);
  /// The link was lost as soon as it stood: not at once again, and later each time.
  void retry(Steady now);
  /// Where to dial now, and plans the next time.
  std::vector<Endpoint> due(Steady now);
  /// A valid beacon named this endpoint: true when it is to be dialled (once per 5 s, peer and
  /// address).
  bool heard(Steady now, const Endpoint& endpoint);
  void stop() { next_.reset(); }
  [[nodiscard]] std::optional<Steady> next() const { return next_; }

 private:
  std::vector<Endpoint> known_;
  std::optional<Steady> next_;
  std::optional<Steady> last_heard_;
  std::optional<Endpoint> last_endpoint_;
  std::size_t heard_count_ = 0;
  std::chrono::nanoseconds pause_{std::chrono::seconds{1}};
};

/// Roles in beacons of a spoken code: the joiner dials who says kIssuer; the issuer answers
/// kJoiner.
enum class CodeRole : std::uint8_t { kIssuer = 1, kJoiner = 2 };
/// BLAKE2b-256(lv("attune/1") lv("nameplate") lv(nameplate as u16be)): a rendezvous only.
crypto::Key nameplate_key(std::uint16_t nameplate);

}  // namespace attune::sync
