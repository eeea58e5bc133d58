#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "daemon/net/lan_events.h"

namespace attune::net {

/// Tells LanEvents::network_changed the addresses of this machine: once soon after construction,
/// then when links or addresses have changed (netlink), after `calm` without which a burst of
/// notices would be a burst of events. Notices that change no usable address tell nothing; it costs
/// no wake-up while the network is still. The io_context and the events outlive it; one thread.
/// Throws std::system_error where the kernel offers no netlink socket.
class NetworkWatch {
 public:
  NetworkWatch(asio::io_context& io, LanEvents& events,
               std::chrono::milliseconds calm = std::chrono::milliseconds{100});
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace attune::net
