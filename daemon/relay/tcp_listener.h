#pragma once

#include <cstdint>

#include "daemon/net/fd.h"
#include "proto/relay_url.h"

namespace attune::relay {

/// A listening TCP socket, non-blocking and close-on-exec, at a name or an address; port 0: any.
/// `::` listens to IPv4 as well. Throws BadConfig where the name means nothing, std::system_error
/// where it can't be had.
net::Fd listen_at(const HostPort& place);
/// The port that it has.
std::uint16_t port_of(const net::Fd& listener);

}  // namespace attune::relay
