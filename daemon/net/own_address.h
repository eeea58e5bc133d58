#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "proto/endpoint.h"

namespace attune::net {

/// An address of this machine on an interface that is up and running, and that the kernel lets us
/// use now (an IPv6 address still being checked for duplicates is not listed). Value type.
struct OwnAddress {
  Endpoint endpoint;            ///< port 0; scope is set where the address is link-local IPv6
  std::uint32_t interface = 0;  ///< interface index, 1 and up
  bool loopback = false;
  bool carries_beacons = false;  ///< loopback, or able to multicast and no tunnel

  friend auto operator<=>(const OwnAddress&, const OwnAddress&) = default;
};

/// Asks the kernel now: routable addresses first, then link-local, then loopback; within these by
/// interface. Throws std::system_error where the kernel does not answer.
std::vector<OwnAddress> own_addresses();

}  // namespace attune::net
