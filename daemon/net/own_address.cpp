#include "daemon/net/own_address.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <system_error>
#include <tuple>

#include "daemon/net/fd.h"
#include "proto/bytes.h"

namespace attune::net {
namespace {

constexpr std::size_t kAnswerBytes = 64u << 10;  // more than the kernel puts into one datagram

[[noreturn]] void fail() {
  throw std::system_error(errno, std::generic_category(), "listing this machine's addresses");
}

std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// The kernel's structures, read without regard to alignment; all zero where bytes are missing.
template <typename T>
T read_as(ByteView bytes) {
  T value{};
  if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

ByteView after(ByteView bytes, std::size_t size) {
  return bytes.subspan(std::min(bytes.size(), aligned(size)));
}

/// Calls visit(type, payload) for each message; false once the dump is over.
template <typename Visit>
bool for_each_message(ByteView bytes, Visit visit) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    const auto head = read_as<nlmsghdr>(bytes);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > bytes.size()) return false;
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) return false;
    visit(head.nlmsg_type, after(bytes.first(head.nlmsg_len), sizeof head));
    bytes = after(bytes, head.nlmsg_len);
  }
  return true;
}

template <typename Visit>
void for_each_attribute(ByteView bytes, Visit visit) {
  while (bytes.size() >= sizeof(rtattr)) {
    const auto head = read_as<rtattr>(bytes);
    if (head.rta_len < sizeof head || head.rta_len > bytes.size()) return;
    visit(head.rta_type, after(bytes.first(head.rta_len), sizeof head));
    bytes = after(bytes, head.rta_len);
  }
}

/// Asks for all links (RTM_GETLINK) or addresses (RTM_GETADDR) and visits each.
template <typename Visit>
void dump(const Fd& socket, std::uint16_t request, Visit visit) {
  struct {
    nlmsghdr head{};
    rtgenmsg body{};
  } ask;
  ask.head.nlmsg_len = sizeof ask;
  ask.head.nlmsg_type = request;
  ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  ask.body.rtgen_family = AF_UNSPEC;
  if (send(socket.get(), &ask, sizeof ask, 0) != static_cast<ssize_t>(sizeof ask)) fail();
  Bytes answer(kAnswerBytes);
  for (bool more = true; more;) {
    const ssize_t size = recv(socket.get(), answer.data(), answer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) fail();
    more = for_each_message(ByteView{answer}.first(static_cast<std::size_t>(size)), visit);
  }
}

using Flags = std::map<std::uint32_t, unsigned>;  // interface index -> IFF_*

Flags interface_flags(const Fd& socket) {
  Flags flags;
  dump(socket, RTM_GETLINK, [&](std::uint16_t type, ByteView payload) {
    if (type != RTM_NEWLINK) return;
    const auto info = read_as<ifinfomsg>(payload);
    flags[static_cast<std::uint32_t>(info.ifi_index)] = info.ifi_flags;
  });
  return flags;
}

bool usable(std::uint32_t address_flags) {
  if ((address_flags & (IFA_F_DADFAILED | IFA_F_DEPRECATED)) != 0) return false;
  return (address_flags & IFA_F_TENTATIVE) == 0 || (address_flags & IFA_F_OPTIMISTIC) != 0;
}

std::optional<Endpoint> address_of(std::uint8_t family, ByteView bytes) {
  Reader reader{bytes};
  Endpoint endpoint;
  if (family == AF_INET) {
    endpoint = Endpoint::v4(reader.take_array<4>(), 0);
  } else if (family == AF_INET6) {
    endpoint.address = reader.take_array<16>();
  } else {
    return std::nullopt;
  }
  if (!reader.done() || !endpoint.is_unicast()) return std::nullopt;
  return endpoint;
}

std::optional<OwnAddress> own_address(ByteView payload, const Flags& interfaces) {
  const auto info = read_as<ifaddrmsg>(payload);
  std::uint32_t flags = info.ifa_flags;
  ByteView local;
  ByteView address;
  for_each_attribute(after(payload, sizeof info), [&](std::uint16_t type, ByteView value) {
    if (type == IFA_LOCAL) local = value;
    if (type == IFA_ADDRESS) address = value;
    if (type == IFA_FLAGS) flags = read_as<std::uint32_t>(value);
  });
  const auto found = interfaces.find(info.ifa_index);
  if (found == interfaces.end() || !usable(flags)) return std::nullopt;
  const unsigned link = found->second;
  if ((link & IFF_UP) == 0 || (link & IFF_RUNNING) == 0) return std::nullopt;
  auto endpoint = address_of(info.ifa_family, local.empty() ? address : local);
  if (!endpoint) return std::nullopt;
  OwnAddress own;
  own.endpoint = *endpoint;
  own.interface = info.ifa_index;
  own.loopback = (link & IFF_LOOPBACK) != 0;
  const bool tunnel = (link & (IFF_POINTOPOINT | IFF_NOARP)) != 0;
  own.carries_beacons = own.loopback || ((link & IFF_MULTICAST) != 0 && !tunnel);
  if (!endpoint->is_v4() && endpoint->is_link_local()) own.endpoint.scope = own.interface;
  return own;
}

int reach(const OwnAddress& own) {
  if (own.loopback) return 2;
  return own.endpoint.is_link_local() ? 1 : 0;
}

}  // namespace

std::vector<OwnAddress> own_addresses() {
  Fd socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket) fail();
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const Flags interfaces = interface_flags(socket);
  std::vector<OwnAddress> addresses;
  dump(socket, RTM_GETADDR, [&](std::uint16_t type, ByteView payload) {
    if (type != RTM_NEWADDR) return;
    if (auto own = own_address(payload, interfaces)) addresses.push_back(*own);
  });
  // Stable, so that an interface's first address stays its first.
  std::stable_sort(addresses.begin(), addresses.end(), [](const auto& a, const auto& b) {
    return std::tuple{reach(a), a.interface} < std::tuple{reach(b), b.interface};
  });
  return addresses;
}

}  // namespace attune::net
