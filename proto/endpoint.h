#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/bytes.h"

namespace attune {

/// Where a device can be reached by TCP, or where a datagram came from: an IPv6 address, or an IPv4
/// address in its mapped form ::ffff:a.b.c.d. Value type; without a formatter, so no log prints it.
struct Endpoint {
  std::array<std::uint8_t, 16> address{};  ///< network order
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  ///< interface index of a link-local IPv6 address, else 0; never sent

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

  static Endpoint v4(std::array<std::uint8_t, 4> address, std::uint16_t port);

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] std::array<std::uint8_t, 4> v4_bytes() const;  // requires is_v4()
  [[nodiscard]] bool is_loopback() const;                      // 127.0.0.0/8 or ::1
  [[nodiscard]] bool is_link_local() const;                    // 169.254.0.0/16 or fe80::/10
  /// An address that names one machine: not all zeros, multicast or broadcast.
  [[nodiscard]] bool is_unicast() const;
};

/// u8 4 | address 4 | port u16be, or u8 6 | address 16 | port u16be. Source: docs/protocol.md.
void append_endpoint(Bytes& out, const Endpoint& endpoint);
/// Takes one endpoint off the reader. Another kind, an IPv4 address in the IPv6 form, an address
/// that is not unicast, or port 0 gives nullopt.
std::optional<Endpoint> take_endpoint(Reader& reader);

/// `192.0.2.7:4711`, `[fe80::1%3]:4711`.
std::string to_text(const Endpoint& endpoint);
/// The same back, with numeric addresses only; nullopt where the text is not one or the port is 0.
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace attune
