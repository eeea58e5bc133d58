#include "proto/relay_url.h"

#include <algorithm>
#include <charconv>

#include "proto/bytes.h"
#include "proto/limits.h"

namespace attune {
namespace {

constexpr std::string_view kScheme = "attune-relay://";
constexpr std::string_view kInvite = "/?invite=";
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kKeyDigits = 43;

std::string to_base64url(ByteView bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) out += kDigits[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kDigits[bits << (6 - held) & 63];
  return out;
}

/// Only what to_base64url() gives: no other digit, no bit set beyond the last byte.
std::optional<std::array<std::uint8_t, 32>> parse_key(std::string_view text) {
  if (text.size() != kKeyDigits) return std::nullopt;
  Bytes bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held));
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
  std::array<std::uint8_t, 32> key{};
  std::ranges::copy(bytes, key.begin());
  return key;
}

bool is_host(std::string_view text, bool bracketed) {
  if (text.empty() || text.size() > limits::kRelayHostMax) return false;
  return std::ranges::all_of(text, [bracketed](char c) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    return plain || (bracketed ? c == ':' : c == '-');
  });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (std::to_string(port) != text) return std::nullopt;
  return port;
}

}  // namespace

bool is_relay_invite(std::string_view text) {
  return !text.empty() && text.size() <= limits::kRelayInviteMax &&
         text.find_first_not_of(kDigits) == std::string_view::npos;
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = parse_port(text.substr(colon + 1));
  if (!port || !is_host(host, bracketed)) return std::nullopt;
  if (bracketed && host.find(':') == std::string_view::npos) return std::nullopt;
  return HostPort{.host = std::string(host), .port = *port};
}

std::string to_text(const HostPort& place) {
  const bool address = place.host.find(':') != std::string::npos;
  return (address ? '[' + place.host + ']' : place.host) + ':' + std::to_string(place.port);
}

std::optional<RelayUrl> parse_relay_url(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const auto hash = text.find('#');
  if (hash == std::string_view::npos) return std::nullopt;
  const auto key = parse_key(text.substr(hash + 1));
  text = text.substr(0, hash);
  RelayUrl url;
  const auto query = text.find(kInvite);
  if (query != std::string_view::npos) {
    url.invite = std::string(text.substr(query + kInvite.size()));
    if (!is_relay_invite(*url.invite)) return std::nullopt;
    text = text.substr(0, query);
  }
  const auto place = parse_host_port(text);
  if (!key || !place || place->port == 0) return std::nullopt;
  url.place = *place;
  url.key = *key;
  return url;
}

std::string to_text(const RelayUrl& url) {
  std::string out(kScheme);
  out += to_text(url.place);
  if (url.invite) out.append(kInvite).append(*url.invite);
  return out + '#' + to_base64url(url.key);
}

}  // namespace attune
