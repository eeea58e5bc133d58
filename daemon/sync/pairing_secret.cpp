#include "daemon/sync/pairing_secret.h"

#include <algorithm>

#include "crypto/derive.h"
#include "crypto/hash.h"
#include "crypto/labels.h"

namespace attune::sync {
namespace {

namespace labels = crypto::labels;

constexpr std::size_t kShareBytes = 32;
constexpr std::uint32_t kCapabilities = 0;  // none yet; what the other says is bound, not read
constexpr std::size_t kAdBytes = 1 + sizeof(PairNonce) + sizeof(std::uint32_t);

Bytes password_of(const SpokenCode& code) {
  Bytes out;
  append(out, as_bytes(labels::kCode));
  for (const std::uint16_t word : code.words) {
    out.push_back(static_cast<std::uint8_t>(word));
    out.push_back(static_cast<std::uint8_t>(word >> 8));
  }
  return out;
}

/// CI: the roles, the relay of this connection (none on the LAN) and the nameplate.
Bytes channel_of(const CodeOnLink& tried) {
  Bytes nameplate;
  append_u16be(nameplate, tried.code.nameplate);
  const ByteView relay = tried.relay ? ByteView(*tried.relay) : ByteView();
  return lv(labels::kPair, labels::kPairCode, labels::kInitJoiner, labels::kRespIssuer, relay,
            ByteView(nameplate));
}

Bytes session_of(const CodeExchange::Nonces& nonces) {
  Bytes out;
  append(out, nonces.issuer);
  append(out, nonces.joiner);
  return out;
}

Bytes ad_head(CodeRole role, const CodeExchange::Nonces& nonces) {
  const bool joiner = role == CodeRole::kJoiner;
  Bytes out{static_cast<std::uint8_t>(joiner ? 'J' : 'I')};
  append(out, joiner ? nonces.joiner : nonces.issuer);
  return out;
}

Bytes ad_of(CodeRole role, const CodeExchange::Nonces& nonces) {
  Bytes out = ad_head(role, nonces);
  append_u32le(out, kCapabilities);
  return out;
}

CodeRole other(CodeRole role) {
  return role == CodeRole::kJoiner ? CodeRole::kIssuer : CodeRole::kJoiner;
}

}  // namespace

relay::PipeId qr_place(const QrOffer& offer) {
  const crypto::Key key = crypto::kdf(offer.secret.view(), labels::kPairPipe);
  relay::PipeId place;
  std::ranges::copy(key.view(), place.bytes.begin());
  return place;
}

ChannelSecret secret_of_qr(const QrOffer& offer) {
  return {
      .secret = offer.secret.clone(),
      .psk = crypto::kdf(offer.secret.view(), labels::kPairPsk, std::string_view{},
                         std::string_view{}),
      .prologue = lv(labels::kPair, labels::kPairQr, ByteView(offer.bytes), labels::kInitScanner)};
}

PairNonce OwnNonces::draw(crypto::Random& random) {
  nonces_.push_back(random.bytes<sizeof(PairNonce)>());
  if (nonces_.size() > kNoncesMax) nonces_.pop_front();
  return nonces_.back();
}

bool OwnNonces::has(const PairNonce& nonce) const {
  return std::ranges::find(nonces_, nonce) != nonces_.end();
}

CodeExchange::CodeExchange(CodeRole role, const CodeOnLink& code, const Nonces& nonces,
                           crypto::Random& random)
    : role_(role),
      nonces_(nonces),
      channel_(channel_of(code)),
      session_(session_of(nonces)),
      ad_(ad_of(role, nonces)),
      cpace_({.password = password_of(code.code), .channel = channel_, .session = session_},
             random) {}

Bytes CodeExchange::flight() const { return lv(ByteView(cpace_.share()), ByteView(ad_)); }

bool CodeExchange::is_other_ad(ByteView ad) const {
  const Bytes head = ad_head(other(role_), nonces_);
  return ad.size() == kAdBytes && std::ranges::equal(ad.first(head.size()), head);
}

std::optional<ChannelSecret> CodeExchange::finish(ByteView flight) const {
  Reader reader(flight);
  const ByteView share = reader.lv(kShareBytes);
  const ByteView ad = reader.lv(kAdBytes);
  if (!reader.done() || share.size() != kShareBytes || !is_other_ad(ad)) return std::nullopt;
  const bool joiner = role_ == CodeRole::kJoiner;
  const auto outcome = joiner ? cpace_.finish_as_initiator(ad_, share, ad)
                              : cpace_.finish_as_responder(ad_, share, ad);
  if (!outcome) return std::nullopt;

  const auto hash = crypto::blake2b_256(outcome->isk.view());
  ChannelSecret secret{
      .secret = crypto::Key(std::span<const std::uint8_t, 32>(hash)),
      .psk = {},
      .prologue = lv(labels::kPair, labels::kPairCode, ByteView(channel_), ByteView(session_))};
  secret.psk = crypto::kdf(secret.secret.view(), labels::kPairPsk, ByteView(session_),
                           ByteView(outcome->sid_output));
  append(secret.prologue, joiner ? this->flight() : Bytes(flight.begin(), flight.end()));
  append(secret.prologue, joiner ? Bytes(flight.begin(), flight.end()) : this->flight());
  return secret;
}

}  // namespace attune::sync
