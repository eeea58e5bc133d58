#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "daemon/net/fd.h"

namespace attune::net {

/// Runs `body` in a child process inside a network namespace of its own, with only an idle loopback
/// interface in it, and fails where an expectation in it fails. Where this machine allows no
/// namespace it checks nothing and says so on stderr.
void expect_in_room(const std::function<void()>& body);

// For use inside a room. Each throws std::system_error where the kernel refuses.

/// The namespace that this process is in now; enter() goes back to it.
Fd current_room();
/// Makes another one and goes into it.
Fd another_room();
void enter(const Fd& room);

/// Two interfaces joined by a cable: `here` in this room, `there` in the other one. Both are down.
void lay_cable(const std::string& here, const std::string& there, const Fd& other_room);
void set_up(const std::string& name, bool up);
/// An interface without ARP is a tunnel to us.
void switch_arp_off(const std::string& name);
void give_address(const std::string& name, std::array<std::uint8_t, 4> address);  // a /24
std::uint32_t index_of(const std::string& name);

}  // namespace attune::net
