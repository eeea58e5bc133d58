#include "tests/sync/pure_relay.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "crypto/labels.h"
#include "crypto/relay_record.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr Steady kNever{std::chrono::hours(1'000'000)};

relay::SessionId name_of(PureRelay::Connection connection) { return {.value = connection}; }

}  // namespace

std::optional<RelayEnd> RelayEnd::shake_hands(const crypto::KeyPair& key, ByteView message,
                                              crypto::Random& random) {
  crypto::NoiseParty party;
  party.role = crypto::NoiseRole::kResponder;
  party.prologue = lv(crypto::labels::kRelay);
  party.static_key = key.clone();
  crypto::NoiseHandshake handshake("Noise_NK_25519_ChaChaPoly_BLAKE2b", std::move(party), random);
  const auto payload = handshake.read(message);
  if (!payload || !payload->empty()) return std::nullopt;
  auto answer = handshake.write({});
  if (!answer) return std::nullopt;
  RelayEnd end(handshake.split());
  end.answer_ = std::move(*answer);
  return end;
}

std::optional<std::vector<Framed<relay::ToRelay>>> RelayEnd::read(ByteView record) {
  opened_.assign(record.begin(), record.end());
  const auto plain = crypto::open_relay_record(transport_.receive, opened_);
  if (!plain) return std::nullopt;
  std::vector<Framed<relay::ToRelay>> out;
  relay::FrameReader frames(*plain);
  while (const auto frame = frames.next()) {
    const auto message = relay::decode_to_relay(*frame);
    if (!message) return std::nullopt;
    out.push_back({.correlation = frame->correlation, .message = *message});
  }
  if (!frames.ok()) return std::nullopt;
  return out;
}

Bytes RelayEnd::record(const std::vector<Framed<relay::FromRelay>>& frames) {
  Bytes plain(limits::kRelayPlainMax);
  relay::FramePacker packer(plain);
  for (const auto& frame : frames) {
    const bool fits = packer.add(frame.correlation, frame.message);
    assert(fits);
    static_cast<void>(fits);
  }
  plain.resize(packer.size());
  return seal(plain);
}

Bytes RelayEnd::seal(ByteView plain) {
  Bytes room(crypto::kRelayRecordMax);
  const std::span<std::uint8_t, crypto::kRelayRecordMax> whole(room.data(),
                                                               crypto::kRelayRecordMax);
  std::ranges::copy(plain, crypto::relay_plain_room(whole).begin());
  const ByteView record = crypto::seal_relay_record(transport_.send, whole, plain.size());
  return {record.begin() + 2, record.end()};
}

PureRelay::PureRelay(crypto::Random& random)
    : random_(random), key_(crypto::KeyPair::generate(random)) {}

RelayUrl PureRelay::url() const {
  RelayUrl url{
      .place = {.host = "relay.example", .port = 47'110}, .invite = {}, .key = key_.public_key};
  if (!invite.empty()) url.invite = invite;
  return url;
}

PureRelay::Connection PureRelay::connect() {
  guests_.try_emplace(++last_);
  return last_;
}

std::vector<PureRelay::Said> PureRelay::hear(Connection connection, ByteView bytes) {
  std::vector<Said> out;
  const auto it = guests_.find(connection);
  if (it == guests_.end()) return out;
  Guest& guest = it->second;
  if (guest.lost) return out;
  if (guest.held || (holds_pipes && guest.acknowledged)) {
    guest.unread.emplace_back(bytes.begin(), bytes.end());
    return out;
  }
  if (guest.acknowledged) {
    const auto other = guests_.find(*guest.other);
    if (other != guests_.end() && other->second.acknowledged) {
      ++spliced_units_;
      out.push_back({.to = *guest.other, .unit = Bytes(bytes.begin(), bytes.end())});
    } else {
      guest.early.emplace_back(bytes.begin(), bytes.end());
    }
    return out;
  }
  if (!guest.end) {
    guest.end = RelayEnd::shake_hands(key_, bytes, random_);
    if (!guest.end) {
      drop(connection, out);
    } else {
      out.push_back({.to = connection, .unit = guest.end->answer()});
    }
    return out;
  }
  const auto questions = guest.end->read(bytes);
  if (!questions) {
    drop(connection, out);
    return out;
  }
  for (const auto& question : *questions) {
    if (guests_.contains(connection)) ask(connection, question, out);
  }
  return out;
}

void PureRelay::ask(Connection connection, const Framed<relay::ToRelay>& question,
                    std::vector<Said>& out) {
  Guest& guest = guests_.at(connection);
  if (const auto* hello = std::get_if<relay::Hello>(&question.message)) {
    if (as_text(hello->invite) != invite) {
      say(connection, question.correlation, relay::Error{.code = relay::ErrorCode::kInvite}, out);
      return drop(connection, out);
    }
    guest.greeted = true;
    guest.session = mailboxes.connect();
    mailboxes.hour = hour;
    relay::Params params = mailboxes.params();
    params.handles = handles_said.value_or(params.handles);
    return say(connection, question.correlation, params, out);
  }
  if (!guest.greeted) return drop(connection, out);
  if (std::holds_alternative<relay::Ping>(question.message)) {
    return say(connection, question.correlation, relay::Pong{}, out);
  }
  if (const auto* wanted = std::get_if<relay::Pipe>(&question.message)) {
    return pipe(connection, question.correlation, *wanted, out);
  }
  if (std::holds_alternative<relay::PipeAck>(question.message) && guest.other) {
    guest.acknowledged = true;
    return splice(connection, out);
  }
  mailboxes.ask(guest.session, question.correlation, question.message);
  while (const auto said = mailboxes.next()) {
    const auto to = std::ranges::find_if(
        guests_, [&](const auto& each) { return each.second.session == said->to; });
    if (to == guests_.end()) continue;
    relay::FromRelay frame = said->whole();
    const bool answers = to->first == connection && said->correlation == question.correlation;
    const Fate fate = answers && lies ? lies(question.message, frame) : Fate::kSaid;
    say(to->first, said->correlation, frame, out);
    if (fate == Fate::kSaid) continue;
    out.back().unit->resize(out.back().unit->size() / 2);
    return drop(to->first, out);
  }
}

void PureRelay::pipe(Connection connection, std::uint32_t correlation, const relay::Pipe& pipe,
                     std::vector<Said>& out) {
  if (busy && busy(pipe)) {
    return say(connection, correlation, relay::Error{.code = relay::ErrorCode::kBusy}, out);
  }
  const relay::PipeKey key{.pairing = relay::is_pairing(pipe.side), .id = pipe.id};
  const relay::PipeEnd end{.session = name_of(connection),
                           .correlation = correlation,
                           .side = pipe.side,
                           .until = kNever};
  auto outcome = meeting_.come(pipe.id, end);
  using Kind = relay::PipeMeeting::Outcome::Kind;
  if (outcome.kind == Kind::kTaken) {
    const auto has = [&key](const auto& guest) {
      return guest.second.other.has_value() && guest.second.met == key;
    };
    const auto old = std::ranges::find_if(guests_, has);
    if (old != guests_.end()) drop(old->first, out);
    outcome = meeting_.come(pipe.id, end);
  }
  if (outcome.kind == Kind::kBusy) {
    return say(connection, correlation, relay::Error{.code = relay::ErrorCode::kBusy}, out);
  }
  if (outcome.kind == Kind::kWaits) {
    if (outcome.replaced) {
      const auto other = static_cast<Connection>(outcome.replaced->session.value);
      std::erase(guests_.at(other).waits, key);
      say(other, outcome.replaced->correlation, relay::Error{.code = relay::ErrorCode::kGone}, out);
    }
    guests_.at(connection).waits.push_back(key);
    return say(connection, correlation, relay::Wait{}, out);
  }
  ++pipes_;
  const auto other = static_cast<Connection>(outcome.other->session.value);
  std::erase(guests_.at(other).waits, key);
  for (const auto& [one, two] : {std::pair{connection, other}, std::pair{other, connection}}) {
    Guest& guest = guests_.at(one);
    for (const relay::PipeKey& each : guest.waits) meeting_.leave(each, name_of(one));
    guest.waits.clear();
    guest.other = two;
    guest.met = key;
  }
  say(other, outcome.other->correlation, relay::Ready{}, out);
  say(connection, correlation, relay::Ready{}, out);
}

void PureRelay::splice(Connection connection, std::vector<Said>& out) {
  const Connection other = *guests_.at(connection).other;
  if (!guests_.contains(other) || !guests_.at(other).acknowledged) return;
  for (const auto& [from, to] : {std::pair{connection, other}, std::pair{other, connection}}) {
    for (Bytes& early : std::exchange(guests_.at(from).early, {})) {
      ++spliced_units_;
      out.push_back({.to = to, .unit = std::move(early)});
    }
  }
}

void PureRelay::say(Connection to, std::uint32_t correlation, const relay::FromRelay& message,
                    std::vector<Said>& out) {
  Bytes unit = guests_.at(to).end->record({{.correlation = correlation, .message = message}});
  out.push_back({.to = to, .unit = std::move(unit)});
}

void PureRelay::drop(Connection connection, std::vector<Said>& out) {
  out.push_back({.to = connection, .unit = {}});
  const std::vector<Said> more = gone(connection);
  out.insert(out.end(), more.begin(), more.end());
}

std::vector<PureRelay::Said> PureRelay::gone(Connection connection) {
  std::vector<Said> out;
  const auto it = guests_.find(connection);
  if (it == guests_.end()) return out;
  const Guest guest = std::move(it->second);
  guests_.erase(it);
  for (const relay::PipeKey& key : guest.waits) meeting_.leave(key, name_of(connection));
  mailboxes.disconnect(guest.session);
  if (!guest.other) return out;
  meeting_.close(guest.met);
  if (guests_.contains(*guest.other)) drop(*guest.other, out);
  return out;
}

void PureRelay::lose_everybody() {
  for (auto& [connection, guest] : guests_) {
    guest.lost = true;
    for (const relay::PipeKey& key : guest.waits) meeting_.leave(key, name_of(connection));
    guest.waits.clear();
    if (guest.other) meeting_.close(guest.met);
    guest.other.reset();
  }
}

void PureRelay::hold() {
  for (auto& [connection, guest] : guests_) guest.held = true;
}

std::vector<PureRelay::Said> PureRelay::release() {
  const bool goes_on = std::exchange(holds_pipes, false);
  std::map<Connection, std::vector<Bytes>> unread;
  for (auto& [connection, guest] : guests_) {
    guest.held = false;
    unread[connection] = std::exchange(guest.unread, {});
  }
  std::vector<Said> out;
  for (const auto& [connection, units] : unread) {
    for (const Bytes& unit : units) {
      std::vector<Said> said = hear(connection, unit);
      std::ranges::move(said, std::back_inserter(out));
    }
  }
  holds_pipes = goes_on;
  return out;
}

std::vector<PureRelay::Said> PureRelay::end() {
  std::vector<Said> out;
  while (!guests_.empty()) drop(guests_.begin()->first, out);
  meeting_ = {};
  return out;
}

}  // namespace attune::sync
