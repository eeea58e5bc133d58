#include "daemon/net/beacons.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "daemon/net/fd.h"
#include "daemon/net/frame_stream.h"
#include "daemon/net/socket_address.h"

namespace attune::net {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::array<std::uint8_t, 4> kGroup4{239, 255, 77, 9};
constexpr std::array<std::uint8_t, 16> kGroup6{0xff, 0x02, 0, 0, 0, 0, 0,    0,
                                               0,    0,    0, 0, 0, 0, 0x4d, 0x09};
constexpr int kDatagramsPerWakeUp = 64;  // then others have their turn
#ifndef IPV6_MULTICAST_ALL
constexpr int IPV6_MULTICAST_ALL = 29;  // linux/in6.h has it, netinet/in.h of Debian 12 has not
#endif

Endpoint group(bool v4, std::uint16_t port) {
  if (v4) return Endpoint::v4(kGroup4, port);
  Endpoint endpoint;
  endpoint.address = kGroup6;
  endpoint.port = port;
  return endpoint;
}

bool set_option(const Fd& fd, int level, int name, int value) {
  return setsockopt(fd.get(), level, name, &value, sizeof value) == 0;
}

/// Bound to the group itself, so that nothing sent to this machine alone arrives.
bool set_up_v4(const Fd& fd, std::uint16_t port) {
  const SocketAddress address = to_socket_address(group(true, port));
  return set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1) &&
         set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1) &&
         set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
         bind(fd.get(), address.get(), address.size) == 0;
}

/// A socket bound to a link-local group would hear one interface only; so the destination is looked
/// at.
bool set_up_v6(const Fd& fd, std::uint16_t port) {
  Endpoint any;
  any.port = port;
  const SocketAddress address = to_socket_address(any);
  set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);  // not known to every kernel, not needed
  return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1) &&
         set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
         bind(fd.get(), address.get(), address.size) == 0;
}

/// Empty where the machine lacks the family or the port is not to be shared.
Fd open_group_socket(bool v4, std::uint16_t port) {
  const int family = v4 ? AF_INET : AF_INET6;
  Fd fd{socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd || !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return Fd{};
  const bool ready = v4 ? set_up_v4(fd, port) : set_up_v6(fd, port);
  return ready ? std::move(fd) : Fd{};
}

/// Room for one control message that says by which interface and address a datagram travels.
struct alignas(cmsghdr) PathNote {
  std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
};

template <typename Info>
void write_note(msghdr& message, int level, int type, const Info& info) {
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = level;
  head->cmsg_type = type;
  head->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(head), &info, sizeof info);
}

void write_note(msghdr& message, const BeaconPath& path) {
  if (path.source.is_v4()) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(path.interface);
    const auto source = path.source.v4_bytes();
    std::memcpy(&info.ipi_spec_dst, source.data(), source.size());
    write_note(message, IPPROTO_IP, IP_PKTINFO, info);
    return;
  }
  in6_pktinfo info{};
  info.ipi6_ifindex = path.interface;
  std::memcpy(&info.ipi6_addr, path.source.address.data(), path.source.address.size());
  write_note(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

bool sent_to_group6(msghdr& message) {
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != IPPROTO_IPV6 || head->cmsg_type != IPV6_PKTINFO) continue;
    in6_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(head), sizeof info);
    return std::memcmp(&info.ipi6_addr, kGroup6.data(), kGroup6.size()) == 0;
  }
  return false;
}

struct Datagram {
  Bytes bytes;
  Endpoint source;
};

/// The socket of one family and where it listens.
class GroupSocket {
 public:
  GroupSocket(asio::io_context& io, bool v4, std::uint16_t port) : v4_(v4), socket_(io) {
    Fd fd = open_group_socket(v4, port);
    if (!fd) return;
    asio::error_code error;
    socket_.assign(fd.get(), error);
    if (!error) static_cast<void>(fd.release());
  }

  [[nodiscard]] bool open() const { return socket_.is_open(); }
  asio::posix::stream_descriptor& socket() { return socket_; }
  std::uint16_t port();
  void join_exactly(const std::set<std::uint32_t>& interfaces);
  bool send(const BeaconPath& path, std::uint16_t port, ByteView bytes);
  /// Empty bytes where a datagram is not for us; nullopt where none is left.
  std::optional<Datagram> receive();

 private:
  bool change(std::uint32_t interface, bool join);

  bool v4_;
  asio::posix::stream_descriptor socket_;
  std::set<std::uint32_t> joined_;
};

std::uint16_t GroupSocket::port() {
  SocketAddress address;
  if (!open() || getsockname(socket_.native_handle(), address.get(), &address.size) != 0) return 0;
  return to_endpoint(address).port;
}

bool GroupSocket::change(std::uint32_t interface, bool join) {
  if (v4_) {
    ip_mreqn member{};
    std::memcpy(&member.imr_multiaddr, kGroup4.data(), kGroup4.size());
    member.imr_ifindex = static_cast<int>(interface);
    return setsockopt(socket_.native_handle(), IPPROTO_IP,
                      join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &member, sizeof member) == 0;
  }
  ipv6_mreq member{};
  std::memcpy(&member.ipv6mr_multiaddr, kGroup6.data(), kGroup6.size());
  member.ipv6mr_interface = interface;
  return setsockopt(socket_.native_handle(), IPPROTO_IPV6,
                    join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &member, sizeof member) == 0;
}

void GroupSocket::join_exactly(const std::set<std::uint32_t>& interfaces) {
  if (!open()) return;
  for (std::uint32_t interface : joined_) {
    if (!interfaces.contains(interface)) change(interface, false);
  }
  std::erase_if(joined_, [&](std::uint32_t one) { return !interfaces.contains(one); });
  for (std::uint32_t interface : interfaces) {
    if (!joined_.contains(interface) && change(interface, true)) joined_.insert(interface);
  }
}

bool GroupSocket::send(const BeaconPath& path, std::uint16_t port, ByteView bytes) {
  if (!open()) return false;
  Endpoint to = group(v4_, port);
  if (!v4_) to.scope = path.interface;
  SocketAddress address = to_socket_address(to);
  Bytes copy(bytes.begin(), bytes.end());
  iovec piece{.iov_base = copy.data(), .iov_len = copy.size()};
  PathNote note;
  msghdr message{};
  message.msg_name = address.get();
  message.msg_namelen = address.size;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = note.bytes.data();
  message.msg_controllen = note.bytes.size();
  write_note(message, path);
  return sendmsg(socket_.native_handle(), &message, 0) == static_cast<ssize_t>(copy.size());
}

std::optional<Datagram> GroupSocket::receive() {
  std::array<std::uint8_t, kDatagramBytesMax> bytes{};
  iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  SocketAddress source;
  PathNote note;
  msghdr message{};
  message.msg_name = source.get();
  message.msg_namelen = source.size;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = note.bytes.data();
  message.msg_controllen = note.bytes.size();
  const ssize_t size = recvmsg(socket_.native_handle(), &message, 0);
  if (size < 0) return std::nullopt;
  Datagram datagram;
  if ((message.msg_flags & MSG_TRUNC) != 0 || (!v4_ && !sent_to_group6(message))) return datagram;
  datagram.bytes.assign(bytes.begin(), bytes.begin() + size);
  datagram.source = to_endpoint(source);
  return datagram;
}

}  // namespace

class Beacons::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& io, LanEvents& events, const BeaconSettings& settings)
      : events_(&events),
        v4_(io, true, settings.port),
        v6_(io, false, settings.port != 0 ? settings.port : v4_.port()),
        port_(v4_.open() ? v4_.port() : v6_.port()) {}

  void start() {
    for (GroupSocket* one : {&v4_, &v6_}) {
      if (one->open()) spawn_listen(*one);
    }
  }
  void stop() {
    events_ = nullptr;
    asio::error_code ignored;
    v4_.socket().close(ignored);
    v6_.socket().close(ignored);
  }
  void network_changed(const std::vector<OwnAddress>& addresses);
  bool send(const BeaconPath& path, ByteView bytes) {
    return (path.source.is_v4() ? v4_ : v6_).send(path, port_, bytes);
  }
  [[nodiscard]] const std::vector<BeaconPath>& paths() const { return paths_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  /// `one` is a member of `self`.
  static asio::awaitable<void> listen(std::shared_ptr<State> self, GroupSocket& one);
  void spawn_listen(GroupSocket& one);
  void take_datagrams(GroupSocket& one);
  void add_path(const OwnAddress& own);

  LanEvents* events_;  // null once stopped
  GroupSocket v4_;
  GroupSocket v6_;
  std::uint16_t port_;
  std::vector<BeaconPath> paths_;
};

/// An exception of the owner's passes through, and the listening goes on.
void Beacons::State::spawn_listen(GroupSocket& one) {
  asio::co_spawn(one.socket().get_executor(), listen(shared_from_this(), one),
                 [self = shared_from_this(), &one](const std::exception_ptr& failure) {
                   if (failure && self->events_ != nullptr) self->spawn_listen(one);
                   rethrow(failure);
                 });
}

asio::awaitable<void> Beacons::State::listen(std::shared_ptr<State> self, GroupSocket& one) {
  for (;;) {
    auto [error] =
        co_await one.socket().async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    if (error) co_return;
    self->take_datagrams(one);
    if (self->events_ == nullptr) co_return;
  }
}

void Beacons::State::take_datagrams(GroupSocket& one) {
  for (int i = 0; i < kDatagramsPerWakeUp && events_ != nullptr; ++i) {
    auto datagram = one.receive();
    if (!datagram) return;
    if (!datagram->bytes.empty()) events_->datagram(std::move(datagram->bytes), datagram->source);
  }
}

void Beacons::State::network_changed(const std::vector<OwnAddress>& addresses) {
  paths_.clear();
  for (const auto& own : addresses) add_path(own);
  std::set<std::uint32_t> with_v4;
  std::set<std::uint32_t> with_v6;
  for (const auto& path : paths_) {
    (path.source.is_v4() ? with_v4 : with_v6).insert(path.interface);
  }
  v4_.join_exactly(with_v4);
  v6_.join_exactly(with_v6);
}

void Beacons::State::add_path(const OwnAddress& own) {
  const bool v4 = own.endpoint.is_v4();
  if (!own.carries_beacons || !(v4 ? v4_ : v6_).open()) return;
  if (!v4 && own.loopback) return;  // ff02:: has no way over loopback
  auto same = std::find_if(paths_.begin(), paths_.end(), [&](const BeaconPath& path) {
    return path.interface == own.interface && path.source.is_v4() == v4;
  });
  if (same == paths_.end()) {
    paths_.push_back(BeaconPath{.interface = own.interface, .source = own.endpoint});
  } else if (!v4 && own.endpoint.is_link_local() && !same->source.is_link_local()) {
    same->source = own.endpoint;
  }
}

Beacons::Beacons(asio::io_context& io, LanEvents& events, const BeaconSettings& settings)
    : state_(std::make_shared<State>(io, events, settings)) {
  state_->start();
}

Beacons::~Beacons() { state_->stop(); }

void Beacons::network_changed(const std::vector<OwnAddress>& addresses) {
  state_->network_changed(addresses);
}
const std::vector<BeaconPath>& Beacons::paths() const { return state_->paths(); }
bool Beacons::send(const BeaconPath& path, ByteView datagram) {
  return state_->send(path, datagram);
}
std::uint16_t Beacons::port() const { return state_->port(); }

}  // namespace attune::net
