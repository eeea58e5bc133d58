#pragma once

#include <cstdint>

#include "proto/home.h"

namespace attune {

/// Last time's LAN port, so that a partner finds this device where it was. Not a secret, and read
/// before any key is there. 0 where it is missing or not a port.
std::uint16_t read_port_file(const Home& home);
/// Best effort: a port that is not remembered costs a beacon.
void write_port_file(const Home& home, std::uint16_t port) noexcept;

}  // namespace attune
