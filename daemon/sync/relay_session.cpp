#include "daemon/sync/relay_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "crypto/labels.h"
#include "crypto/relay_record.h"
#include "daemon/sync/wake.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

constexpr std::string_view kPattern = "Noise_NK_25519_ChaChaPoly_BLAKE2b";
constexpr std::uint32_t kHelloCorrelation = 1;
/// Of every Ping: no other question gets so far, so an answer to a Ping is nobody else's.
constexpr std::uint32_t kPingCorrelation = 0xffff'ffff;

crypto::NoiseHandshake begin_handshake(const RelayUrl& relay, crypto::Random& random) {
  crypto::NoiseParty party;
  party.role = crypto::NoiseRole::kInitiator;
  party.prologue = lv(crypto::labels::kRelay);
  party.remote_static = relay.key;
  return {kPattern, std::move(party), random};
}

std::span<std::uint8_t, crypto::kRelayRecordMax> whole(Bytes& room) {
  return std::span<std::uint8_t, crypto::kRelayRecordMax>(room.data(), crypto::kRelayRecordMax);
}

}  // namespace

RelaySession::RelaySession(LinkId link, RelayUrl relay, const Now& now, crypto::Random& random,
                           Output& out)
    : link_(link),
      relay_(std::move(relay)),
      handshake_(begin_handshake(relay_, random)),
      deadline_(now.steady),
      last_heard_(now.steady),
      last_sent_(now.steady) {
  out.links.emplace_back(DialRelay{.link = link_, .to = relay_.place});
}

void RelaySession::opened(const Now& now, Output& out) {
  if (state_ != State::kDialling) return;
  auto message = handshake_.write({});
  if (!message) {  // no key of a relay: nobody could answer
    state_ = State::kGone;
    out.links.emplace_back(Hangup{link_});
    return;
  }
  state_ = State::kCalling;
  deadline_ = now.steady + limits::kRelayPatience;
  out.units.push_back({.link = link_, .bytes = std::move(*message), .framed = false});
}

void RelaySession::unit(Bytes bytes, const Now& now, Output& out, RelayNews& news) {
  switch (state_) {
    case State::kCalling:
      return heard_answer(bytes, now, out, news);
    case State::kGreeted:
    case State::kOpen:
      return heard_record(std::move(bytes), now, out, news);
    case State::kDialling:
    case State::kPiped:
    case State::kGone:
      break;
  }
}

/// The other end has the relay's key, or the session is over: then Hello, in the first record.
void RelaySession::heard_answer(ByteView answer, const Now& now, Output& out, RelayNews& news) {
  if (answer.size() != limits::kRelayHandshakeBytes) return die(out, news);
  const auto payload = handshake_.read(answer);
  if (!payload || !payload->empty()) return die(out, news);
  transport_ = handshake_.split();
  state_ = State::kGreeted;
  last_heard_ = now.steady;
  const std::string invite = relay_.invite.value_or("");
  const relay::Hello hello{
      .version = limits::kRelayVersion,
      .keepalive_seconds = static_cast<std::uint16_t>(limits::kRelayPingPauseMax.count()),
      .invite = as_bytes(invite)};
  pack(kHelloCorrelation, hello);
  asked_ = kHelloCorrelation;
}

/// A record counts as a whole: where one frame of it is wrong, nothing of it is news.
void RelaySession::heard_record(Bytes bytes, const Now& now, Output& out, RelayNews& news) {
  news.record = std::move(bytes);
  const auto plain = crypto::open_relay_body(transport_->receive, news.record);
  if (!plain) return die(out, news);
  relay::FrameReader frames(*plain);
  const State before = state_;
  bool right = true;
  while (right) {
    const auto frame = frames.next();
    if (!frame) break;
    right = heard(*frame, news);
  }
  if (!right || !frames.ok()) {
    news.events.clear();
    state_ = before;
    return die(out, news);
  }
  last_heard_ = now.steady;
  if (before == State::kGreeted) out.links.emplace_back(Trust{link_});
}

bool RelaySession::heard(const relay::Frame& frame, RelayNews& news) {
  const auto message = relay::decode_from_relay(frame);
  if (!message) return false;
  switch (state_) {
    case State::kGreeted:
      return heard_greeted(frame, *message, news);
    case State::kOpen:
      return heard_open(frame, *message, news);
    default:
      return false;  // Ready was its last
  }
}

bool RelaySession::heard_greeted(const relay::Frame& frame, const relay::FromRelay& message,
                                 RelayNews& news) {
  if (frame.correlation != kHelloCorrelation) return false;
  if (const auto* error = std::get_if<relay::Error>(&message)) {
    refused_ = error->code;
    return false;
  }
  const auto* params = std::get_if<relay::Params>(&message);
  if (params == nullptr || params->version != limits::kRelayVersion) return false;
  params_ = *params;
  state_ = State::kOpen;
  news.events.emplace_back(RelayUp{params_});
  return true;
}

bool RelaySession::heard_open(const relay::Frame& frame, const relay::FromRelay& message,
                              RelayNews& news) {
  if (const auto* leaving = std::get_if<relay::GoAway>(&message)) {
    away_for_ = std::chrono::seconds(leaving->retry_seconds);
    return true;  // it says what it has to say, and closes
  }
  if (std::holds_alternative<relay::Pong>(message)) {
    if (!pinged_ || frame.correlation != kPingCorrelation) return false;
    pinged_.reset();
    return true;
  }
  const bool asked = frame.correlation > kHelloCorrelation && frame.correlation <= asked_;
  if (!asked || std::holds_alternative<relay::Params>(message)) return false;
  const bool of_pipe = std::ranges::find(pipes_, frame.correlation) != pipes_.end();
  const bool ready = std::holds_alternative<relay::Ready>(message);
  if ((ready || std::holds_alternative<relay::Wait>(message)) && !of_pipe) return false;
  news.events.emplace_back(RelayFrameCame{.correlation = frame.correlation, .frame = message});
  if (!ready) return true;
  pack(++asked_, relay::PipeAck{});
  state_ = State::kPiped;
  return true;
}

std::uint32_t RelaySession::ask(const relay::ToRelay& question) {
  assert(up());
  const std::uint32_t correlation = ++asked_;
  if (std::holds_alternative<relay::Pipe>(question)) pipes_.push_back(correlation);
  pack(correlation, question);
  return correlation;
}

void RelaySession::pack(std::uint32_t correlation, const relay::ToRelay& question) {
  for (;;) {
    if (room_.empty()) room_.resize(crypto::kRelayRecordMax);
    relay::FramePacker packer(crypto::relay_plain_room(whole(room_)).subspan(packed_));
    if (packer.add(correlation, question)) {
      packed_ += packer.size();
      return;
    }
    assert(packed_ > 0);
    seal();
  }
}

void RelaySession::seal() {
  const ByteView record = crypto::seal_relay_record(transport_->send, whole(room_), packed_);
  records_.emplace_back(record.begin(), record.end());
  packed_ = 0;
}

void RelaySession::flush(const Now& now, Output& out) {
  if (gone()) return;
  if (packed_ > 0) seal();
  room_ = {};
  if (records_.empty()) return;
  last_sent_ = now.steady;
  for (Bytes& record : records_) {
    out.units.push_back({.link = link_, .bytes = std::move(record), .framed = false});
  }
  records_.clear();
}

void RelaySession::pass_time(const Now& now, RelayKeepalive& keepalive, Output& out,
                             RelayNews& news) {
  const bool greeting = state_ == State::kCalling || state_ == State::kGreeted;
  if (greeting && now.steady >= deadline_) return die(out, news);
  if (!up()) return;
  if (!pinged_ && silence_ > 0ns) {  // its Pong has come
    keepalive.lived(silence_);
    silence_ = 0ns;
  }
  if (pinged_) {
    if (now.steady < pong_due()) return;
    if (silence_ > 0ns) keepalive.died(silence_);
    return die(out, news);
  }
  const auto silence = now.steady - idle_since();
  if (!probing_ && silence < keepalive.pause()) return;
  silence_ = probing_ ? 0ns : silence;
  probing_ = false;
  pinged_ = now.steady;
  pack(kPingCorrelation, relay::Ping{});
}

std::optional<Steady> RelaySession::next(const RelayKeepalive& keepalive) const {
  switch (state_) {
    case State::kCalling:
    case State::kGreeted:
      return deadline_;
    case State::kOpen:
      if (pinged_) return pong_due();
      return idle_since() + keepalive.pause();
    case State::kDialling:
    case State::kPiped:
    case State::kGone:
      break;
  }
  return std::nullopt;
}

void RelaySession::lost(RelayNews& news) {
  if (up()) news.events.emplace_back(RelayDown{});
  state_ = State::kGone;
}

void RelaySession::die(Output& out, RelayNews& news) {
  if (gone()) return;
  out.links.emplace_back(Hangup{link_});
  lost(news);
}

void RelaySession::hang_up(Output& out) {
  RelayNews unheard;
  die(out, unheard);
}

}  // namespace attune::sync
