#include "daemon/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cassert>
#include <cstring>

namespace attune::net {

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    const auto bytes = endpoint.v4_bytes();
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
    return address;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(endpoint.port);
  in6.sin6_scope_id = endpoint.scope;
  std::memcpy(&in6.sin6_addr, endpoint.address.data(), endpoint.address.size());
  std::memcpy(&address.storage, &in6, sizeof in6);
  address.size = sizeof in6;
  return address;
}

Endpoint to_endpoint(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return Endpoint::v4(bytes, ntohs(in.sin_port));
  }
  assert(address.storage.ss_family == AF_INET6);
  sockaddr_in6 in6{};
  std::memcpy(&in6, &address.storage, sizeof in6);
  Endpoint endpoint;
  std::memcpy(endpoint.address.data(), &in6.sin6_addr, endpoint.address.size());
  endpoint.port = ntohs(in6.sin6_port);
  if (!endpoint.is_v4() && endpoint.is_link_local()) endpoint.scope = in6.sin6_scope_id;
  return endpoint;
}

}  // namespace attune::net
