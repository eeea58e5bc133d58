#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/net/fd.h"
#include "daemon/net/frame_stream.h"
#include "proto/endpoint.h"
#include "proto/relay_url.h"

namespace attune::net {

/// How many lookups of names run on Asio's thread for them. A lookup can't be stopped, so a process
/// that ends meanwhile must not wait for that thread.
using Lookups = std::shared_ptr<std::size_t>;

/// One attempt to connect to a place that has a name: directly, where the name is looked up here
/// and its addresses are tried in turn, or through a SOCKS5 proxy (RFC 1928, without
/// authentication), which is given the name, so that nobody here is asked for it. Shared, as a
/// lookup under way keeps it alive; one thread. The io_context outlives it.
class NamedDial : public std::enable_shared_from_this<NamedDial> {
 public:
  struct Route {
    HostPort to;
    std::optional<HostPort> proxy;
  };
  NamedDial(asio::io_context& io, Route route, Lookups lookups);

  /// True: `socket` is connected to the place. The socket outlives it.
  static asio::awaitable<bool> connect(std::shared_ptr<NamedDial> self, StreamSocket& socket);
  /// connect() ends soon, with false. The owner closes the socket.
  void give_up();

 private:
  asio::awaitable<bool> connect_to(StreamSocket& socket, const HostPort& place);
  asio::awaitable<bool> connect_one(StreamSocket& socket, const Endpoint& where);
  asio::awaitable<bool> ask_proxy(StreamSocket& socket);
  asio::awaitable<std::vector<Endpoint>> look_up(const HostPort& place);

  Route route_;
  Lookups lookups_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer found_;  ///< never rings: cancelled when a lookup has ended
  asio::steady_timer turn_;   ///< of one address: it makes way for the next
  std::size_t turns_ = 0;     ///< that are over
  std::vector<Endpoint> addresses_;
  bool over_ = false;
};

/// A socket of this family, connected with nothing; false where the kernel has no room for it.
bool open_stream(StreamSocket& socket, int family);
/// Hands the descriptor over to Asio; false where the kernel has no room to watch it.
bool take_over(StreamSocket& socket, Fd fd, int family);

}  // namespace attune::net
