#include "proto/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace attune {
namespace {

constexpr std::uint8_t kKindV4 = 4;
constexpr std::uint8_t kKindV6 = 6;
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const char* first = text.data();
  const char* end = first + text.size();
  auto [stop, error] = std::from_chars(first, end, value);
  if (error != std::errc{} || stop != end || value == 0) return std::nullopt;
  return value;
}

/// `fe80::1%3` without the brackets.
std::optional<Endpoint> parse_v6(std::string_view text, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    auto scope = parse_number<std::uint32_t>(text.substr(percent + 1));
    if (!scope) return std::nullopt;
    endpoint.scope = *scope;
    text = text.substr(0, percent);
  }
  const std::string address{text};
  if (inet_pton(AF_INET6, address.c_str(), endpoint.address.data()) != 1) return std::nullopt;
  if (endpoint.scope != 0 && (endpoint.is_v4() || !endpoint.is_link_local())) return std::nullopt;
  return endpoint;
}

}  // namespace

Endpoint Endpoint::v4(std::array<std::uint8_t, 4> address, std::uint16_t port) {
  Endpoint endpoint;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
  std::copy(address.begin(), address.end(), endpoint.address.begin() + kMappedPrefix.size());
  endpoint.port = port;
  return endpoint;
}

bool Endpoint::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

std::array<std::uint8_t, 4> Endpoint::v4_bytes() const {
  assert(is_v4());
  return {address[12], address[13], address[14], address[15]};
}

bool Endpoint::is_loopback() const {
  if (is_v4()) return address[12] == 127;
  constexpr std::array<std::uint8_t, 16> kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address == kLoopback;
}

bool Endpoint::is_link_local() const {
  if (is_v4()) return address[12] == 169 && address[13] == 254;
  return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

bool Endpoint::is_unicast() const {
  if (is_v4()) return address[12] != 0 && address[12] < 224;
  return address[0] != 0xff && address != std::array<std::uint8_t, 16>{};
}

void append_endpoint(Bytes& out, const Endpoint& endpoint) {
  if (endpoint.is_v4()) {
    out.push_back(kKindV4);
    append(out, endpoint.v4_bytes());
  } else {
    out.push_back(kKindV6);
    append(out, endpoint.address);
  }
  append_u16be(out, endpoint.port);
}

std::optional<Endpoint> take_endpoint(Reader& reader) {
  Endpoint endpoint;
  const std::uint8_t kind = reader.u8();
  if (kind == kKindV4) {
    endpoint = Endpoint::v4(reader.take_array<4>(), 0);
  } else if (kind == kKindV6) {
    endpoint.address = reader.take_array<16>();
    if (endpoint.is_v4()) return std::nullopt;
  } else {
    return std::nullopt;
  }
  endpoint.port = reader.u16be();
  if (!reader.ok() || endpoint.port == 0 || !endpoint.is_unicast()) return std::nullopt;
  return endpoint;
}

std::string to_text(const Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::string out;
  if (endpoint.is_v4()) {
    const auto bytes = endpoint.v4_bytes();
    inet_ntop(AF_INET, bytes.data(), text.data(), text.size());
    out = text.data();
  } else {
    inet_ntop(AF_INET6, endpoint.address.data(), text.data(), text.size());
    out = std::string{"["} + text.data();
    if (endpoint.scope != 0) out += '%' + std::to_string(endpoint.scope);
    out += ']';
  }
  return out + ':' + std::to_string(endpoint.port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 2 || host.back() != ']') return std::nullopt;
    return parse_v6(host.substr(1, host.size() - 2), *port);
  }
  std::array<std::uint8_t, 4> address{};
  if (inet_pton(AF_INET, std::string{host}.c_str(), address.data()) != 1) return std::nullopt;
  return Endpoint::v4(address, *port);
}

}  // namespace attune
