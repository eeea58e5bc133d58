#pragma once

#include <asio/io_context.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/net/lan_events.h"
#include "daemon/net/own_address.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"
#include "proto/limits.h"

namespace attune::net {

inline constexpr std::size_t kDatagramBytesMax = 64;  ///< a beacon has 32; longer ones are dropped

/// A way for a datagram: out of one interface, from the address it names. Value type.
struct BeaconPath {
  std::uint32_t interface = 0;
  Endpoint source;  ///< port 0; IPv4, or IPv6 (the link-local address where there is one)

  friend auto operator<=>(const BeaconPath&, const BeaconPath&) = default;
};

struct BeaconSettings {
  std::uint16_t port = limits::kBeaconPort;  ///< 0: any, for tests
};

/// The multicast groups 239.255.77.9 and ff02::4d09 with hop limit 1, on every interface that
/// carries beacons; loopback has IPv4 only. Several processes of one machine share the port, and
/// each hears its own datagrams too. A family that this machine lacks, or whose port another
/// program keeps to itself, has no paths; that is no failure. The io_context and the events outlive
/// it; one thread.
class Beacons {
 public:
  Beacons(asio::io_context& io, LanEvents& events, const BeaconSettings& settings = {});
  ~Beacons();
  Beacons(const Beacons&) = delete;
  Beacons& operator=(const Beacons&) = delete;

  /// Joins the groups where `addresses` (of LanEvents::network_changed) says, leaves them
  /// elsewhere.
  void network_changed(const std::vector<OwnAddress>& addresses);

  /// One per interface and family. The owner makes one datagram for each, as it names its source.
  [[nodiscard]] const std::vector<BeaconPath>& paths() const;
  /// False where the kernel did not take it, for example because the interface has just gone.
  bool send(const BeaconPath& path, ByteView datagram);

  [[nodiscard]] std::uint16_t port() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace attune::net
