#pragma once

#include <vector>

#include "daemon/net/own_address.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"
#include "proto/ids.h"

namespace attune::net {

/// What Lan, Beacons and NetworkWatch tell their owner, on the thread of the io_context. An event
/// never comes from inside a call to one of them, so the owner may call them from any event. An
/// exception thrown by an event leaves through io_context::run(); where it concerned a link, that
/// link is closed without another event.
class LanEvents {
 public:
  /// A dialled link is connected, or an incoming link has sent its whole first unit, which comes
  /// next.
  virtual void link_opened(LinkId link, bool dialled, const Endpoint& remote) = 0;
  /// One unit: a raw one, or the body of a frame without its length (which may be empty).
  virtual void frame(LinkId link, Bytes unit) = 0;
  /// The link is gone: the other side left, broke the framing or a limit, or was too slow. Comes
  /// once for each link_opened, except after close(): from then on no event names the link.
  virtual void link_closed(LinkId link) = 0;
  /// Instead of link_opened, for dials.
  virtual void dial_failed(LinkId link) = 0;
  /// At most kDatagramBytesMax bytes that were sent to the beacon group. The source keeps its UDP
  /// port, and the scope of a link-local IPv6 address.
  virtual void datagram(Bytes bytes, const Endpoint& source) = 0;
  /// The addresses of this machine: once after the start, and whenever they have changed.
  virtual void network_changed(const std::vector<OwnAddress>& addresses) = 0;

 protected:
  ~LanEvents() = default;
};

}  // namespace attune::net
