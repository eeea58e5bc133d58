#include "daemon/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/net/socket_address.h"

namespace attune::net {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

int socket_option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, name, &value, &size) != 0) fail(errno, "the inherited socket");
  return value;
}

/// Empty, with errno, where this family or port cannot be had.
Fd try_listen(int family, std::uint16_t port) {
  Fd fd{socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP)};
  if (!fd) return fd;
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  Endpoint any = Endpoint::v4({0, 0, 0, 0}, port);
  if (family == AF_INET6) any.address = {};
  const SocketAddress address = to_socket_address(any);
  if (bind(fd.get(), address.get(), address.size) != 0 || listen(fd.get(), SOMAXCONN) != 0) {
    const int error = errno;
    fd = Fd{};
    errno = error;
  }
  return fd;
}

enum class AcceptFailure { kTryAgain, kOutOfRoom };

AcceptFailure judge(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return AcceptFailure::kTryAgain;
    default:  // an errno of any other name: waiting is right for each
      return AcceptFailure::kOutOfRoom;
  }
}

}  // namespace

Fd try_tcp_listener(std::uint16_t port) {
  Fd fd = try_listen(AF_INET6, port);
  if (!fd && errno != EADDRINUSE && errno != EACCES) fd = try_listen(AF_INET, port);
  return fd;
}

Fd open_tcp_listener(std::uint16_t port) {
  Fd fd = try_tcp_listener(port);
  if (!fd) fail(errno, "listening on the LAN port");
  return fd;
}

std::uint16_t listening_port(int fd) {
  SocketAddress address;
  if (getsockname(fd, address.get(), &address.size) != 0) fail(errno, "the LAN port");
  return to_endpoint(address).port;
}

Fd adopt_listener(int fd, int family) {
  if (socket_option(fd, SO_ACCEPTCONN) == 0 || socket_option(fd, SO_TYPE) != SOCK_STREAM) {
    fail(EINVAL, "the inherited socket does not listen");
  }
  const int domain = socket_option(fd, SO_DOMAIN);
  const bool fits = family == 0 ? domain == AF_INET || domain == AF_INET6 : domain == family;
  if (!fits) fail(EAFNOSUPPORT, "the inherited socket is of another family");
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    fail(errno, "the inherited socket");
  }
  return Fd{fd};
}

Listener::Listener(asio::io_context& io, Fd fd, std::chrono::milliseconds pause)
    : socket_(io, fd.get()), timer_(io), pause_(pause) {
  static_cast<void>(fd.release());
}

int Listener::fd() const { return socket_.native_handle(); }

void Listener::close() {
  asio::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
}

void Listener::pause() {
  paused_ = true;
  asio::error_code ignored;
  socket_.cancel(ignored);
  timer_.cancel();
}

asio::awaitable<Fd> Listener::accept() {
  while (socket_.is_open() && !paused_) {
    auto [error] = co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    if (error || paused_ || !socket_.is_open()) break;
    Fd fd{accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (fd) co_return fd;
    if (judge(errno) == AcceptFailure::kTryAgain) continue;
    timer_.expires_after(pause_);
    co_await timer_.async_wait(kAsTuple);
  }
  co_return Fd{};
}

}  // namespace attune::net
