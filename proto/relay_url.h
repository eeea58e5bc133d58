#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attune {

/// Where something listens, as people write it: `relay.example:443`, `192.0.2.7:443`, `[::1]:443`.
struct HostPort {
  std::string host;  ///< a name or an address, without brackets; 1 to kRelayHostMax characters
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};
std::optional<HostPort> parse_host_port(std::string_view text);
std::string to_text(const HostPort& place);

/// `attune-relay://HOST:PORT[/?invite=TOKEN]#KEY`: a relay, the key it proves, and what lets one
/// in. KEY is 32 bytes in base64url without padding. Value type; without a formatter, as the invite
/// is a secret of the relay's operator.
struct RelayUrl {
  HostPort place;
  std::optional<std::string> invite;  ///< 1 to kRelayInviteMax of A-Z a-z 0-9 _ -
  std::array<std::uint8_t, 32> key{};
  friend bool operator==(const RelayUrl&, const RelayUrl&) = default;
};
/// nullopt for everything that to_text() would write differently.
std::optional<RelayUrl> parse_relay_url(std::string_view text);
std::string to_text(const RelayUrl& url);

/// What an invite may look like.
bool is_relay_invite(std::string_view text);

}  // namespace attune
