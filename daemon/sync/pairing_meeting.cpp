#include "daemon/sync/pairing_meeting.h"

#include <cassert>

#include "daemon/sync/events.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

constexpr auto kCodeByte = static_cast<std::uint8_t>(Conversation::kCode);
constexpr auto kQrByte = static_cast<std::uint8_t>(Conversation::kQr);

SessionUnit raw(Bytes bytes) { return {.bytes = std::move(bytes), .framed = false}; }
SessionUnit framed(Bytes bytes) { return {.bytes = std::move(bytes), .framed = true}; }

std::optional<PairNonce> read_nonce(ByteView bytes) {
  Reader reader(bytes);
  const auto nonce = reader.take_array<sizeof(PairNonce)>();
  if (!reader.done()) return std::nullopt;
  return nonce;
}

Meeting::Step broken() { return {.units = {}, .event = PairingChannel::Event::kBroken}; }

}  // namespace

Meeting::Started Meeting::join(const CodeOnLink& code, const Terms& terms) {
  Started started{.meeting = Meeting(terms), .units = {}};
  const PairNonce joiner = terms.nonces->draw(*terms.random);
  started.meeting.role_ = CodeRole::kJoiner;
  started.meeting.state_ = Calling{.code = code, .joiner = joiner};
  Bytes opening{kCodeByte};
  append(opening, joiner);
  started.units.push_back(raw(std::move(opening)));
  return started;
}

Meeting::Started Meeting::scan(const QrOffer& offer, const Terms& terms) {
  Started started{.meeting = Meeting(terms), .units = {}};
  PairingChannel::Setting setting{.role = crypto::NoiseRole::kInitiator,
                                  .secret = secret_of_qr(offer),
                                  .expected = offer.identity};
  auto& channel = started.meeting.state_.emplace<PairingChannel>(std::move(setting), terms.people,
                                                                 *terms.random);
  started.units.push_back(raw({kQrByte}));
  started.units.push_back(framed(channel.begin()));
  return started;
}

std::optional<Meeting::Started> Meeting::answer_joiner(ByteView opening, const CodeOnLink& code,
                                                       const Terms& terms) {
  if (opening.empty() || opening[0] != kCodeByte) return std::nullopt;
  const auto joiner = read_nonce(opening.subspan(1));
  if (!joiner || terms.nonces->has(*joiner)) return std::nullopt;
  const CodeExchange::Nonces nonces{.issuer = terms.nonces->draw(*terms.random), .joiner = *joiner};
  Started started{.meeting = Meeting(terms), .units = {}};
  started.meeting.role_ = CodeRole::kIssuer;
  started.meeting.state_.emplace<CodeExchange>(CodeRole::kIssuer, code, nonces, *terms.random);
  started.units.push_back(raw(Bytes(nonces.issuer.begin(), nonces.issuer.end())));
  return started;
}

std::optional<Meeting::Started> Meeting::answer_scanner(ByteView opening, const QrOffer& offer,
                                                        const Terms& terms) {
  if (opening.size() != 1 || opening[0] != kQrByte) return std::nullopt;
  Started started{.meeting = Meeting(terms), .units = {}};
  PairingChannel::Setting setting{
      .role = crypto::NoiseRole::kResponder, .secret = secret_of_qr(offer), .expected = {}};
  started.meeting.state_.emplace<PairingChannel>(std::move(setting), terms.people, *terms.random);
  return started;
}

Meeting::Step Meeting::on_unit(ByteView bytes) {
  return std::visit(Overloaded{
                        [&](const Calling& calling) { return heard_nonce(calling, bytes); },
                        [&](const CodeExchange& exchange) { return heard_share(exchange, bytes); },
                        [&](PairingChannel& channel) { return heard_frame(channel, bytes); },
                    },
                    state_);
}

Meeting::Step Meeting::heard_nonce(const Calling& calling, ByteView bytes) {
  const auto issuer = read_nonce(bytes);
  if (!issuer || terms_.nonces->has(*issuer)) return broken();
  const CodeExchange::Nonces nonces{.issuer = *issuer, .joiner = calling.joiner};
  CodeExchange exchange(CodeRole::kJoiner, calling.code, nonces, *terms_.random);
  Step step;
  step.units.push_back(framed(exchange.flight()));
  state_.emplace<CodeExchange>(std::move(exchange));
  return step;
}

Meeting::Step Meeting::heard_share(const CodeExchange& exchange, ByteView bytes) {
  auto secret = exchange.finish(bytes);
  if (!secret) return broken();
  const bool joiner = role_ == CodeRole::kJoiner;
  Step step;
  if (!joiner) step.units.push_back(framed(exchange.flight()));
  PairingChannel::Setting setting{
      .role = joiner ? crypto::NoiseRole::kInitiator : crypto::NoiseRole::kResponder,
      .secret = std::move(*secret),
      .expected = {}};
  PairingChannel channel(std::move(setting), terms_.people, *terms_.random);
  if (joiner) step.units.push_back(framed(channel.begin()));
  state_.emplace<PairingChannel>(std::move(channel));
  return step;
}

Meeting::Step Meeting::heard_frame(PairingChannel& channel, ByteView bytes) {
  PairingChannel::Step heard = channel.on_frame(bytes);
  Step step;
  step.event = heard.event;
  for (Bytes& frame : heard.frames) step.units.push_back(framed(std::move(frame)));
  return step;
}

bool Meeting::committed() const {
  const auto* channel = std::get_if<PairingChannel>(&state_);
  return channel != nullptr && channel->committed();
}

bool Meeting::keyed() const {
  const auto* channel = std::get_if<PairingChannel>(&state_);
  return channel != nullptr && channel->keyed();
}

PairingChannel& Meeting::channel() { return std::get<PairingChannel>(state_); }

}  // namespace attune::sync
