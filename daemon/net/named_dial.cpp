#include "daemon/net/named_dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/experimental/as_tuple.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <utility>

#include "daemon/net/fd.h"
#include "daemon/net/socket_address.h"
#include "proto/limits.h"

namespace attune::net {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);

constexpr std::uint8_t kSocksVersion = 5;
constexpr std::uint8_t kSocksConnect = 1;
constexpr std::uint8_t kSocksV4 = 1;
constexpr std::uint8_t kSocksName = 3;
constexpr std::uint8_t kSocksV6 = 4;

Endpoint endpoint_of(const asio::ip::address& address, std::uint16_t port) {
  if (address.is_v4()) return Endpoint::v4(address.to_v4().to_bytes(), port);
  Endpoint endpoint;
  const auto bytes = address.to_v6().to_bytes();
  std::ranges::copy(bytes, endpoint.address.begin());
  endpoint.port = port;
  endpoint.scope = static_cast<std::uint32_t>(address.to_v6().scope_id());
  return endpoint;
}

std::optional<asio::ip::address> literal(const HostPort& place) {
  asio::error_code error;
  auto address = asio::ip::make_address(place.host, error);
  if (error) return std::nullopt;
  return address;
}

/// CONNECT, with the address as it was given: a name stays a name.
Bytes connect_request(const HostPort& to) {
  Bytes request{kSocksVersion, kSocksConnect, 0};
  const auto address = literal(to);
  if (!address) {
    request.push_back(kSocksName);
    request.push_back(static_cast<std::uint8_t>(to.host.size()));
    append(request, as_bytes(to.host));
  } else if (address->is_v4()) {
    request.push_back(kSocksV4);
    append(request, address->to_v4().to_bytes());
  } else {
    request.push_back(kSocksV6);
    append(request, address->to_v6().to_bytes());
  }
  append_u16be(request, to.port);
  return request;
}

static_assert(limits::kRelayHostMax <= 255, "a SOCKS5 request has one byte for the name's length");

/// What a proxy says of its own end comes behind the answer, and must be read to the last byte: the
/// relay's are next.
std::size_t bound_bytes(std::uint8_t type, std::uint8_t first) {
  if (type == kSocksV4) return 4 + 2;
  if (type == kSocksV6) return 16 + 2;
  return std::size_t{1} + first + 2;
}

}  // namespace

bool open_stream(StreamSocket& socket, int family) {
  Fd fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
  return fd && take_over(socket, std::move(fd), family);
}

bool take_over(StreamSocket& socket, Fd fd, int family) {
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  asio::error_code error;
  socket.assign(asio::generic::stream_protocol(family, IPPROTO_TCP), fd.get(), error);
  if (error) return false;
  static_cast<void>(fd.release());
  return true;
}

NamedDial::NamedDial(asio::io_context& io, Route route, Lookups lookups)
    : route_(std::move(route)),
      lookups_(std::move(lookups)),
      resolver_(io),
      found_(io),
      turn_(io) {}

void NamedDial::give_up() {
  over_ = true;
  resolver_.cancel();
  found_.cancel();
  turn_.cancel();
}

asio::awaitable<bool> NamedDial::connect(std::shared_ptr<NamedDial> self, StreamSocket& socket) {
  if (!self->route_.proxy) co_return co_await self->connect_to(socket, self->route_.to);
  const bool there = co_await self->connect_to(socket, *self->route_.proxy);
  if (!there) co_return false;
  co_return co_await self->ask_proxy(socket);
}

asio::awaitable<bool> NamedDial::connect_to(StreamSocket& socket, const HostPort& place) {
  const std::vector<Endpoint> addresses = co_await look_up(place);
  for (const Endpoint& where : addresses) {
    if (over_) co_return false;
    const bool connected = co_await connect_one(socket, where);
    if (connected) co_return !over_;
  }
  co_return false;
}

asio::awaitable<bool> NamedDial::connect_one(StreamSocket& socket, const Endpoint& where) {
  const SocketAddress remote = to_socket_address(where);
  if (!open_stream(socket, remote.storage.ss_family)) co_return false;
  // A turn that is over may be said behind the connection's success, or when the socket is gone.
  turn_.expires_after(limits::kAddressTurn);
  turn_.async_wait(
      [self = shared_from_this(), &socket, turn = turns_](const asio::error_code& error) {
        asio::error_code ignored;
        if (!error && turn == self->turns_) socket.close(ignored);
      });
  const asio::generic::stream_protocol::endpoint to(remote.get(), remote.size, IPPROTO_TCP);
  auto [error] = co_await socket.async_connect(to, kAsTuple);
  ++turns_;
  turn_.cancel();
  if (!error && socket.is_open()) co_return true;
  asio::error_code ignored;
  socket.close(ignored);
  co_return false;
}

asio::awaitable<std::vector<Endpoint>> NamedDial::look_up(const HostPort& place) {
  if (const auto address = literal(place)) {
    co_return std::vector<Endpoint>{endpoint_of(*address, place.port)};
  }
  addresses_.clear();
  found_.expires_at(std::chrono::steady_clock::time_point::max());
  ++*lookups_;
  resolver_.async_resolve(
      place.host, std::to_string(place.port), asio::ip::resolver_base::numeric_service,
      [self = shared_from_this(), port = place.port](const asio::error_code& error,
                                                     const auto& results) {
        --*self->lookups_;
        if (!error) {
          for (const auto& each : results) {
            if (self->addresses_.size() == limits::kAddressesMax) break;
            self->addresses_.push_back(endpoint_of(each.endpoint().address(), port));
          }
        }
        self->found_.cancel();
      });
  co_await found_.async_wait(kAsTuple);
  co_return std::move(addresses_);
}

asio::awaitable<bool> NamedDial::ask_proxy(StreamSocket& socket) {
  const Bytes greeting{kSocksVersion, 1, 0};  // one method: no authentication
  const auto [lost, sent] = co_await asio::async_write(socket, asio::buffer(greeting), kAsTuple);
  if (lost || sent != greeting.size()) co_return false;
  const auto method = co_await read_raw(socket, 2);
  if (!method || (*method)[0] != kSocksVersion || (*method)[1] != 0) co_return false;
  const Bytes request = connect_request(route_.to);
  const auto [gone, asked] = co_await asio::async_write(socket, asio::buffer(request), kAsTuple);
  if (gone || asked != request.size()) co_return false;
  const auto answer = co_await read_raw(socket, 5);
  if (!answer || (*answer)[0] != kSocksVersion || (*answer)[1] != 0) co_return false;
  const std::uint8_t type = (*answer)[3];
  if (type != kSocksV4 && type != kSocksV6 && type != kSocksName) co_return false;
  const auto rest = co_await read_raw(socket, bound_bytes(type, (*answer)[4]) - 1);
  co_return rest.has_value() && !over_;
}

}  // namespace attune::net
