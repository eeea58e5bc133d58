#include "daemon/sync/pairing.h"

#include <algorithm>

#include "daemon/sync/pairing_state.h"
#include "daemon/sync/wake.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

/// A scanned QR's addresses have this long in all; each dial ends by itself well before.
constexpr std::chrono::seconds kScanLife = 30s;

SpokenCode draw_code(crypto::Random& random) {
  SpokenCode code;
  code.nameplate = static_cast<std::uint16_t>(random.below(10'000));
  for (std::uint16_t& word : code.words) {
    word = static_cast<std::uint16_t>(random.below(limits::kCodeWords));
  }
  return code;
}

}  // namespace

Pairing::Pairing(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pairing::~Pairing() = default;

std::unique_ptr<Pairing> Pairing::open(const Deps& deps, const std::vector<Record>& records) {
  auto state = std::make_unique<State>(deps);
  for (const Record& record : records) {
    if (record.type == RecordType::kBurnt) {
      auto burnt = BurntCodes::decode(record.body);
      if (!burnt) return nullptr;
      state->burnt = std::move(*burnt);
    } else if (record.type == RecordType::kPending) {
      state->pending = decode_pending(record.body);
      if (!state->pending) return nullptr;
    }
  }
  return std::unique_ptr<Pairing>(new Pairing(std::move(state)));
}

void Pairing::set_addresses(std::vector<Endpoint> own) { state_->own = std::move(own); }
void Pairing::set_relay(std::optional<RelayUrl> relay) { state_->relay = std::move(relay); }

// ---- The command that runs.

void Pairing::invite(RequestId request, bool by_relay, const Now& now, Output& out) {
  State& state = *state_;
  if (state.burnt.forget_the_future(now.wall)) out.persist.changes.push_back(state.burnt.record());
  if (!state.admit(request, out)) return;
  if (const auto pause = state.burnt.pause(now.wall); pause > 0s) {
    Failed failed = pairing_failure(Code::kRefused, Reason::kPairingPause);
    failed.wait = pause;
    return state.fail(failed, out);
  }
  crypto::Random& random = *state.deps.random;
  state.offer.emplace(
      PairingOffer{.code = draw_code(random),
                   .qr = make_qr_offer(state.deps.self->identity.public_key, state.own,
                                       by_relay ? state.relay : std::nullopt, random)});
  if (!by_relay) return state.show(now, out);
  state.offer->hidden_until = now.steady + limits::kRelayNameplatePatience;
}

void Pairing::nameplate_is_mine(const Now& now, Output& out) {
  if (state_->offer && state_->offer->hidden_until) state_->show(now, out);
}

void Pairing::nameplate_is_taken(const Now& now, Output& out) {
  State& state = *state_;
  if (!state.offer || !state.offer->hidden_until) return;
  if (++state.offer->taken >= limits::kRelayNameplatesMax) return state.show(now, out);
  state.offer->code = draw_code(*state.deps.random);
}

void Pairing::join_by_code(RequestId request, const PairByCode& asked, const Now& now,
                           Output& out) {
  State& state = *state_;
  if (!state.admit(request, out)) return;
  const auto code = parse_spoken_code(asked.code);
  if (!code) return state.fail(pairing_failure(Code::kUsage, Reason::kCodeWord), out);
  const auto wait = std::clamp(asked.wait, std::chrono::seconds(0), limits::kInvitationLife);
  state.search.emplace(*code, now.steady + wait);
}

void Pairing::join_by_qr(RequestId request, const PairByQr& asked, const Now& now, Output& out) {
  State& state = *state_;
  if (!state.admit(request, out)) return;
  auto offer = parse_qr_text(asked.text);
  if (!offer) return state.fail(pairing_failure(Code::kUsage, Reason::kQrUnreadable), out);
  if (offer->identity == hash_identity(state.deps.self->identity.public_key)) {
    return state.fail(pairing_failure(Code::kRefused, Reason::kSamePerson), out);
  }
  state.to_dial = offer->endpoints;
  for (const Endpoint& endpoint : offer->endpoints) state.dials.asked(endpoint);
  state.search.emplace(std::move(*offer), now.steady + kScanLife);
  const auto& there = state.search->qr()->relay;
  if (there && state.relay && there->key == state.relay->key) state.search->look_at_relay();
  state.next_try(now, out);
}

void Pairing::reply(RequestId request, bool yes, const Now& now, Output& out) {
  State& state = *state_;
  if (state.request != request || !state.talk) return;
  PairingTalk& talk = *state.talk;
  if (talk.stage != PairingTalk::Stage::kAsking) return;
  if (!yes) {
    state.decline(out);
    return state.fail(pairing_failure(Code::kCancelled, Reason::kYouDeclined), out);
  }
  if (talk.link) state.say({{.bytes = talk.meeting.channel().seal(Confirm{})}}, out);
  if (talk.peer_said_yes) return state.settle(std::move(*talk.partner), out);
  state.agree(now, out);
}

void Pairing::client_gone(RequestId request, const Now&, Output& out) {
  State& state = *state_;
  if (state.request != request) return;
  state.request.reset();
  if (state.talk && state.talk->stage == PairingTalk::Stage::kAgreed) return;
  if (state.talk && state.talk->stage == PairingTalk::Stage::kAsking) state.decline(out);
  state.stop(out);
}

// ---- Finding the other end.

std::optional<Pairing::Rendezvous> Pairing::rendezvous() const {
  const State& state = *state_;
  if (state.talk && state.talk->meeting.committed()) return std::nullopt;
  if (state.offer) {
    return Rendezvous{.nameplate = state.offer->code.nameplate, .role = CodeRole::kIssuer};
  }
  if (state.search && state.search->code() != nullptr) {
    return Rendezvous{.nameplate = state.search->code()->nameplate, .role = CodeRole::kJoiner};
  }
  return std::nullopt;
}

std::optional<Pairing::QrRendezvous> Pairing::qr_rendezvous(const Now& now) const {
  const State& state = *state_;
  if (state.talk && state.talk->meeting.committed()) return std::nullopt;
  if (state.offer && state.offer->qr.relay && !state.offer->hidden_until &&
      now.steady < state.offer->qr_until) {
    return QrRendezvous{.place = qr_place(state.offer->qr), .role = CodeRole::kIssuer};
  }
  if (state.search && state.search->looks_at_relay()) {
    return QrRendezvous{.place = qr_place(*state.search->qr()), .role = CodeRole::kJoiner};
  }
  return std::nullopt;
}

bool Pairing::wants_dial(const Endpoint& issuer, const Now& now) {
  State& state = *state_;
  const auto wanted = rendezvous();
  if (!wanted || wanted->role != CodeRole::kJoiner) return false;
  if (!state.search->wants_dial(issuer, now.steady, state.dials.under_way())) return false;
  state.dials.asked(issuer);
  return true;
}

std::vector<Endpoint> Pairing::take_dials() { return std::exchange(state_->to_dial, {}); }

void Pairing::dialled(LinkId link, const Endpoint& remote, const Now& now, Output& out) {
  State& state = *state_;
  const bool committed = state.talk && state.talk->meeting.keyed();
  if (!state.dials.arrived(remote) || !state.search || committed) {
    out.links.emplace_back(Hangup{link});
    return;
  }
  state.search->put_by({.link = link, .remote = remote});
  state.next_try(now, out);
}

void Pairing::piped(LinkId link, const RelayKey& relay, const Now& now, Output& out) {
  State& state = *state_;
  const bool keyed = state.talk && state.talk->meeting.keyed();
  if (!state.search || keyed) {
    out.links.emplace_back(Hangup{link});
    return;
  }
  state.search->put_by({.link = link, .remote = {}, .relay = relay});
  state.next_try(now, out);
}

void Pairing::dial_failed(LinkId, const Now& now, Output& out) {
  state_->dials.failed();
  if (state_->search) state_->next_try(now, out);
}

// ---- Links.

bool Pairing::accept(LinkId link, ByteView opening, const Now& now, Output& out,
                     const std::optional<RelayKey>& relay) {
  State& state = *state_;
  if (!state.offer || state.talk || state.offer->hidden_until) return false;
  if (now.steady >= state.offer->until) return false;
  const bool scanner = opening.size() == 1;
  if (scanner && now.steady >= state.offer->qr_until) return false;
  auto started = scanner ? Meeting::answer_scanner(opening, state.offer->qr, state.terms())
                         : Meeting::answer_joiner(
                               opening, {.code = state.offer->code, .relay = relay}, state.terms());
  if (!started) return false;
  state.hold(std::move(*started), {.link = link, .remote = {}, .relay = relay}, now, out);
  return true;
}

bool Pairing::owns(LinkId link) const {
  const State& state = *state_;
  if (state.talk && state.talk->link == link) return true;
  return state.search && state.search->has(link);
}

void Pairing::unit(LinkId link, ByteView bytes, const Now& now, Output& out) {
  State& state = *state_;
  if (!state.talk || state.talk->link != link) {
    // A link that waits for its turn was asked nothing yet: whoever speaks there is not an issuer.
    if (state.search && state.search->drop(link)) out.links.emplace_back(Hangup{link});
    return;
  }
  if (bytes.size() > limits::kHandshakeBytesMax) {
    return state.heard(PairingChannel::Event::kBroken, now, out);
  }
  auto step = state.talk->meeting.on_unit(bytes);
  if (state.talk->stage == PairingTalk::Stage::kHandshake) state.wait_for_flight(now, out);
  state.say(std::move(step.units), out);
  state.heard(step.event, now, out);
}

void Pairing::closed(LinkId link, const Now& now, Output& out) {
  State& state = *state_;
  if (!state.talk || state.talk->link != link) {
    if (state.search) state.search->drop(link);
    return;
  }
  state.talk->link.reset();
  state.lost(State::Loss::kClosed, now, out);
}

// ---- The outcome.

const std::optional<PendingPairing>& Pairing::pending() const { return state_->pending; }

void Pairing::confirmed_by_session(const DeviceId& device, const Now&, Output& out) {
  State& state = *state_;
  if (!state.pending || state.pending->partner.devices.front().device != device) return;
  const bool other_command =
      state.running() && !(state.talk && state.talk->stage == PairingTalk::Stage::kAgreed);
  if (other_command) state.fail(pairing_failure(Code::kRefused, Reason::kAlreadyPaired), out);
  state.settle(std::move(state.pending->partner), out);
}

std::optional<Pairing::Finished> Pairing::take_finished() {
  return std::exchange(state_->finished, std::nullopt);
}

void Pairing::pass_time(const Now& now, Output& out) {
  State& state = *state_;
  state.talk_time(now, out);
  state.pending_time(now, out);
  if (state.offer && state.offer->hidden_until) {
    if (now.steady >= *state.offer->hidden_until) state.show(now, out);
  } else if (state.offer && !state.talk && now.steady >= state.offer->until) {
    state.fail(pairing_failure(Code::kNotReached, Reason::kInvitationExpired), out);
  }
  const bool trying = state.talk && state.talk->meeting.committed();
  if (state.search && !trying && now.steady >= state.search->until()) {
    const Reason reason = state.search->met() ? Reason::kCodeSpent : Reason::kNobodyFound;
    state.fail(pairing_failure(Code::kNotReached, reason), out);
  }
}

std::optional<Steady> Pairing::next() const {
  const State& state = *state_;
  std::optional<Steady> next = state.pending_until;
  if (state.talk) {
    next = earlier(next, state.talk->deadline);
  } else if (state.offer) {
    next = earlier(next, state.offer->hidden_until.value_or(state.offer->until));
  }
  const bool trying = state.talk && state.talk->meeting.committed();
  if (state.search && !trying) next = earlier(next, state.search->until());
  return next;
}

}  // namespace attune::sync
