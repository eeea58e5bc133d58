#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>

#include "daemon/net/fd.h"

namespace attune::net {

/// A TCP socket listening on [::] and 0.0.0.0, or on 0.0.0.0 alone where IPv6 is off. Port 0: any.
/// Throws std::system_error.
Fd open_tcp_listener(std::uint16_t port);
/// The same; empty where that cannot be.
Fd try_tcp_listener(std::uint16_t port);
/// The port that a listening TCP socket has.
std::uint16_t listening_port(int fd);
/// Takes a listening stream socket that this process inherited, and makes it close-on-exec. Throws
/// std::system_error where `fd` is not one of this family (AF_UNIX, or 0 for TCP of either).
Fd adopt_listener(int fd, int family);

/// Accepts connections from a listening socket. One coroutine at a time waits in accept() and
/// borrows the listener. One thread.
class Listener {
 public:
  /// `pause`: how long it accepts nothing after the machine ran out of descriptors or memory.
  Listener(asio::io_context& io, Fd fd, std::chrono::milliseconds pause);

  [[nodiscard]] int fd() const;
  /// The next connection, non-blocking and close-on-exec; empty once the listener is closed or
  /// paused.
  asio::awaitable<Fd> accept();
  void close();
  /// accept() gives nobody any more, and the socket listens on: who connects waits for a process
  /// that inherits it.
  void pause();

 private:
  mutable asio::posix::stream_descriptor socket_;
  asio::steady_timer timer_;
  std::chrono::milliseconds pause_;
  bool paused_ = false;
};

}  // namespace attune::net
