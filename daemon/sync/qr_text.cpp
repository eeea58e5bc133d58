#include "daemon/sync/qr_text.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
constexpr std::uint32_t kBase = 45;
static_assert(kAlphabet.size() == kBase);

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kRelayKind = 7;
constexpr std::size_t kRelayKeyBytes = 32;
constexpr std::size_t kRelayHostMax = 64;  ///< of a QR; a longer name is not worth so many cells
/// Endpoints of a QR of 41 x 21 cells on a terminal: one IPv4 and one IPv6 address.
constexpr std::size_t kEndpointBytesMax = 26;

/// `count` characters of which the first is the lowest digit.
void append_digits(std::string& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i, value /= kBase) out.push_back(kAlphabet[value % kBase]);
}

std::optional<std::uint32_t> read_digits(std::string_view digits) {
  std::uint32_t value = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    const std::size_t index = kAlphabet.find(*digit);
    if (index == std::string_view::npos) return std::nullopt;
    value = value * kBase + static_cast<std::uint32_t>(index);
  }
  return value;
}

/// 07 | port u16be | key 32 | length of the host u8 | host
void append_relay(Bytes& out, const RelayUrl& relay) {
  out.push_back(kRelayKind);
  append_u16be(out, relay.place.port);
  append(out, relay.key);
  out.push_back(static_cast<std::uint8_t>(relay.place.host.size()));
  append(out, as_bytes(relay.place.host));
}

/// nullopt for one whose place nobody could dial: it is passed over.
std::optional<RelayUrl> take_relay(Reader& reader) {
  reader.u8();
  RelayUrl relay;
  relay.place.port = reader.u16be();
  relay.key = reader.take_array<kRelayKeyBytes>();
  relay.place.host = as_text(reader.take(reader.u8()));
  if (!reader.ok() || parse_relay_url(to_text(relay)) != relay) return std::nullopt;
  return relay;
}

bool take_endpoints(ByteView bytes, QrOffer& offer) {
  Reader reader(bytes);
  while (reader.left() > 0) {
    if (bytes[bytes.size() - reader.left()] == kRelayKind) {
      const auto relay = take_relay(reader);
      if (!offer.relay) offer.relay = relay;
      continue;
    }
    const auto endpoint = take_endpoint(reader);
    if (!endpoint || offer.endpoints.size() == limits::kAddressesMax) return false;
    offer.endpoints.push_back(*endpoint);
  }
  return reader.ok();
}

/// The first of each family, then the rest; each once.
std::vector<Endpoint> by_worth(const std::vector<Endpoint>& own) {
  std::vector<Endpoint> out;
  for (const bool v4 : {true, false}) {
    const auto first =
        std::ranges::find_if(own, [v4](const Endpoint& each) { return each.is_v4() == v4; });
    if (first != own.end()) out.push_back(*first);
  }
  for (const Endpoint& each : own) {
    if (std::ranges::find(out, each) == out.end()) out.push_back(each);
  }
  return out;
}

}  // namespace

std::string encode_base45(ByteView bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    if (i + 1 == bytes.size()) {
      append_digits(out, bytes[i], 2);
    } else {
      append_digits(out, std::uint32_t{bytes[i]} << 8 | bytes[i + 1], 3);
    }
  }
  return out;
}

std::optional<Bytes> decode_base45(std::string_view text) {
  Bytes out;
  while (!text.empty()) {
    const std::string_view digits = text.substr(0, 3);
    text.remove_prefix(digits.size());
    const auto value = read_digits(digits);
    const std::uint32_t value_max = digits.size() == 3 ? 0xffff : 0xff;
    if (!value || digits.size() == 1 || *value > value_max) return std::nullopt;
    if (digits.size() == 3) out.push_back(static_cast<std::uint8_t>(*value >> 8));
    out.push_back(static_cast<std::uint8_t>(*value));
  }
  return out;
}

IdentityHash hash_identity(const crypto::PublicKey& identity) {
  return crypto::hash_lv<16>(crypto::labels::kIdentityKey, ByteView(identity));
}

QrOffer make_qr_offer(const crypto::PublicKey& identity, const std::vector<Endpoint>& own,
                      const std::optional<RelayUrl>& relay, crypto::Random& random) {
  QrOffer offer;
  offer.secret = random.key();
  offer.identity = hash_identity(identity);
  offer.bytes.push_back(kVersion);
  append(offer.bytes, offer.secret.view());
  append(offer.bytes, offer.identity);
  const std::size_t bytes_max = offer.bytes.size() + kEndpointBytesMax;
  for (const Endpoint& endpoint : by_worth(own)) {
    Bytes encoded;
    append_endpoint(encoded, endpoint);
    if (offer.bytes.size() + encoded.size() > bytes_max) continue;
    append(offer.bytes, encoded);
    offer.endpoints.push_back(endpoint);
  }
  if (relay && relay->place.host.size() <= kRelayHostMax) {
    append_relay(offer.bytes, *relay);
    offer.relay = relay;
    offer.relay->invite.reset();
  }
  return offer;
}

std::string qr_text(const QrOffer& offer) { return encode_base45(offer.bytes); }

std::optional<QrOffer> parse_qr_text(std::string_view text) {
  if (text.size() > limits::kQrBytesMax / 2 * 3) return std::nullopt;
  auto bytes = decode_base45(text);
  if (!bytes) return std::nullopt;
  Reader reader(*bytes);
  if (reader.u8() != kVersion) return std::nullopt;
  QrOffer offer;
  const auto secret = reader.take(offer.secret.view().size());
  offer.identity = reader.take_array<sizeof(IdentityHash)>();
  if (!reader.ok() || !take_endpoints(reader.take(reader.left()), offer)) {
    return std::nullopt;
  }
  std::ranges::copy(secret, offer.secret.writable().begin());
  offer.bytes = std::move(*bytes);
  return offer;
}

}  // namespace attune::sync
