#include "daemon/net/network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <system_error>

#include "daemon/net/fd.h"
#include "daemon/net/frame_stream.h"
#include "daemon/net/own_address.h"

namespace attune::net {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAskAgain{1'000};  // after the kernel gave no list

Fd open_notices() {
  Fd fd{socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (!fd || bind(fd.get(), generic, sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "watching the network");
  }
  return fd;
}

std::optional<std::vector<OwnAddress>> try_own_addresses() {
  try {
    return own_addresses();
  } catch (const std::system_error&) {
    return std::nullopt;  // the dump was cut short by a lack of memory: asked again soon
  }
}

}  // namespace

class NetworkWatch::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& io, LanEvents& events, std::chrono::milliseconds calm)
      : events_(&events), calm_(calm), timer_(io), notices_(io) {
    Fd fd = open_notices();
    notices_.assign(fd.get());
    static_cast<void>(fd.release());
  }

  /// An exception of the owner's passes through, and the watching goes on.
  void start() {
    asio::co_spawn(notices_.get_executor(), watch(shared_from_this()),
                   [self = shared_from_this()](const std::exception_ptr& failure) {
                     if (failure && self->events_ != nullptr) self->start();
                     rethrow(failure);
                   });
  }
  void stop() {
    events_ = nullptr;
    asio::error_code ignored;
    notices_.close(ignored);
    timer_.cancel();
  }

 private:
  static asio::awaitable<void> watch(std::shared_ptr<State> self);
  asio::awaitable<void> pause(std::chrono::milliseconds time);
  void drop_notices();

  LanEvents* events_;  // null once stopped
  std::chrono::milliseconds calm_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor notices_;
  std::optional<std::vector<OwnAddress>> told_;
};

asio::awaitable<void> NetworkWatch::State::pause(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  co_await timer_.async_wait(kAsTuple);
}

/// What a notice says does not matter: the whole list is asked for. A lost one (ENOBUFS) is a
/// notice.
void NetworkWatch::State::drop_notices() {
  std::array<char, 8'192> notice{};
  while (recv(notices_.native_handle(), notice.data(), notice.size(), 0) > 0 || errno == ENOBUFS ||
         errno == EINTR) {
  }
}

asio::awaitable<void> NetworkWatch::State::watch(std::shared_ptr<State> self) {
  co_await self->pause(std::chrono::milliseconds{0});
  while (self->events_ != nullptr) {
    self->drop_notices();
    auto addresses = try_own_addresses();
    if (!addresses) {
      co_await self->pause(kAskAgain);
      continue;
    }
    if (addresses != self->told_) {
      self->told_ = addresses;
      self->events_->network_changed(*addresses);
      if (self->events_ == nullptr) co_return;
    }
    auto [error] =
        co_await self->notices_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    if (error) co_return;
    co_await self->pause(self->calm_);
  }
}

NetworkWatch::NetworkWatch(asio::io_context& io, LanEvents& events, std::chrono::milliseconds calm)
    : state_(std::make_shared<State>(io, events, calm)) {
  state_->start();
}

// NOLINTNEXTLINE(bugprone-exception-escape): cancelling a timer fails in no way.
NetworkWatch::~NetworkWatch() { state_->stop(); }

}  // namespace attune::net
