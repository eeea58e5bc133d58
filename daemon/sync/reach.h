#pragma once

#include <map>
#include <optional>
#include <vector>

#include "crypto/random.h"
#include "daemon/sync/discovery.h"
#include "daemon/sync/events.h"
#include "daemon/sync/identity.h"

namespace attune::sync {

/// Where one device of the partner was last, as one record keeps it.
struct PeerMemory {
  std::vector<Endpoint> addresses;  ///< at most limits::kAddressesMax
  LocalDay exchanged;               ///< the day of the last exchange; none: 0
  std::optional<RelayUrl> relay{};  ///< what it uses, as it said; without an invite
  friend bool operator==(const PeerMemory&, const PeerMemory&) = default;
};
RecordChange peer_record(const DeviceId& device, const PeerMemory& memory);
std::optional<PeerMemory> decode_peer(ByteView body);

/// Finding the partner's devices: known addresses first, beacons beside them. Pure; owned by the
/// Replica. Dials are bounded: known addresses at growing pauses, a heard beacon once per 5 s.
///
///   Looking --connected()--> Still --lost()--> Looking
///   Looking: dials are planned and beacons paced. Still: nothing is sent, but a beacon is
///   answered: who sends one has lost the link, whatever this end believes.
class Reach {
 public:
  Reach(crypto::Random& random, bool beacons) : random_(random), beacons_(beacons) {}

  /// A device to look for from now on; known again: only its memory is renewed.
  void look_for(const Self& self, const PartnerDevice& device, PeerMemory memory, const Now& now);
  void forget_everybody();
  void network_changed(const NetworkChanged& network, const Now& now);

  void connected(const DeviceId& device, const Now& now);
  void lost(const DeviceId& device, const Now& now);
  [[nodiscard]] bool still(const DeviceId& device) const;

  [[nodiscard]] const PeerMemory* memory(const DeviceId& device) const;
  void remember(const DeviceId& device, const PeerMemory& memory);

  struct Attempt {
    DeviceId device;
    Endpoint to;
  };
  /// Who is to be dialled because of this datagram.
  std::optional<Attempt> heard(const Now& now, const DatagramCame& datagram);
  /// What is due now: beacons go to `out`, dials are returned.
  std::vector<Attempt> due(const Now& now, Output& out);
  [[nodiscard]] std::optional<Steady> next() const;

  [[nodiscard]] const NetworkChanged& network() const { return network_; }

 private:
  struct Peer {
    Peer(crypto::Key key, const DeviceId& mine) : id_root(std::move(key)), self(mine) {}
    crypto::Key id_root;
    DeviceId self;
    PeerMemory memory;
    DialPlan plan;
    BeaconPace pace;
    bool connected = false;
    Steady since;  ///< of the connection
  };
  void restart(Peer& peer, const Now& now);

  crypto::Random& random_;
  bool beacons_;
  NetworkChanged network_;
  std::map<DeviceId, Peer> peers_;
  BeaconMemory nonces_;
};

/// Finding the other end of a spoken code: both sides announce themselves under the nameplate while
/// their command runs; the joiner dials whoever answers. A rendezvous only: the PAKE decides.
class CodeReach {
 public:
  CodeReach(crypto::Random& random, bool beacons) : random_(random), beacons_(beacons) {}

  void start(std::uint16_t nameplate, CodeRole role, const Now& now);
  void stop();
  [[nodiscard]] bool running() const { return key_.has_value(); }

  /// As a joiner: where the issuer is. As an issuer: nothing, but the answer is due at once.
  std::optional<Endpoint> heard(const Now& now, const DatagramCame& datagram);
  void due(const Now& now, const NetworkChanged& network, Output& out);
  [[nodiscard]] std::optional<Steady> next() const { return next_; }

 private:
  crypto::Random& random_;
  bool beacons_;
  std::optional<crypto::Key> key_;
  CodeRole role_{};
  std::optional<Steady> next_;
  std::optional<Steady> last_sent_;
  BeaconMemory nonces_;
};

}  // namespace attune::sync
