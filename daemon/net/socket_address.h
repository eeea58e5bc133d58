#pragma once

#include <sys/socket.h>

#include "proto/endpoint.h"

namespace attune::net {

/// An address as the kernel takes it. Value type.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// AF_INET for an IPv4 endpoint, else AF_INET6 with its scope.
SocketAddress to_socket_address(const Endpoint& endpoint);
/// Requires AF_INET or AF_INET6. The scope is kept where the address is link-local IPv6.
Endpoint to_endpoint(const SocketAddress& address);

}  // namespace attune::net
