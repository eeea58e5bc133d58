#include "daemon/sync/pairing_state.h"

#include <algorithm>

#include "proto/limits.h"

namespace attune::sync {
namespace {

/// After the link is gone a command waits this long for a live session to say the other's yes.
constexpr std::chrono::seconds kLostPatience = 15s;

}  // namespace

// ---- The command that runs.

Meeting::Terms Pairing::State::terms() {
  const std::optional<Partner>& known = *deps.partner;
  return {.people = {.self = deps.self, .known = known ? &*known : nullptr},
          .nonces = &nonces,
          .random = deps.random};
}

bool Pairing::State::admit(RequestId asking, Output& out) {
  const std::optional<Partner>& known = *deps.partner;
  const bool paired = known && known->paired;
  if (paired || running()) {
    const Reason reason = paired ? Reason::kAlreadyPaired : Reason::kPairingRuns;
    out.answers.push_back({.request = asking, .answer = pairing_failure(Code::kRefused, reason)});
    return false;
  }
  request = asking;
  dials.new_command();
  return true;
}

void Pairing::State::answer(Answer value, bool last, Output& out) {
  if (!request) return;
  out.answers.push_back({.request = *request, .answer = std::move(value), .last = last});
  if (last) request.reset();
}

/// Inviting: from now on the code and the QR are good.
void Pairing::State::show(const Now& now, Output& out) {
  offer->hidden_until.reset();
  offer->until = now.steady + limits::kInvitationLife;
  offer->qr_until = now.steady + limits::kQrLife;
  answer(Invitation{.code = to_text(offer->code), .qr = qr_text(offer->qr)}, false, out);
}

void Pairing::State::fail(const Failed& failed, Output& out) {
  answer(failed, true, out);
  stop(out);
}

void Pairing::State::hang_up(Output& out) {
  if (talk && talk->link) out.links.emplace_back(Hangup{*talk->link});
  end_search(out);
}

void Pairing::State::end_search(Output& out) {
  if (!search) return;
  while (const auto found = search->next()) out.links.emplace_back(Hangup{found->link});
  search.reset();
}

/// Idle again. A pending pairing stays.
void Pairing::State::stop(Output& out) {
  hang_up(out);
  request.reset();
  offer.reset();
  talk.reset();
  to_dial.clear();
  dials.new_command();
}

/// The next link that stands, unless one is being tried. A scan ends when nothing is left to try; a
/// spoken code waits for the next beacon, and both for the relay.
void Pairing::State::next_try(const Now& now, Output& out) {
  if (talk) return;
  if (const auto found = search->next()) return begin(*found, now, out);
  if (search->qr() == nullptr || search->looks_at_relay() || dials.under_way() > 0) return;
  fail(
      pairing_failure(Code::kNotReached, search->met() ? Reason::kCodeSpent : Reason::kNobodyFound),
      out);
}

// ---- Links.

void Pairing::State::begin(const FoundLink& found, const Now& now, Output& out) {
  auto started = search->code() != nullptr
                     ? Meeting::join({.code = *search->code(), .relay = found.relay}, terms())
                     : Meeting::scan(*search->qr(), terms());
  hold(std::move(started), found, now, out);
  if (found.remote) talk->addresses = {*found.remote};
  if (search->qr() == nullptr) return;
  for (const Endpoint& other : search->qr()->endpoints) {
    if (other != found.remote) talk->addresses.push_back(other);
  }
}

void Pairing::State::hold(Meeting::Started started, const FoundLink& found, const Now& now,
                          Output& out) {
  talk.emplace(std::move(started.meeting), found.link, found.relay.has_value());
  wait_for_flight(now, out);
  say(std::move(started.units), out);
}

/// A direct link has a stranger's deadline in all; one through a relay has one for each message, as
/// each may take that long.
void Pairing::State::wait_for_flight(const Now& now, Output& out) {
  talk->deadline = now.steady + talk->patience();
  if (talk->relayed) {
    out.links.emplace_back(Extend{.link = *talk->link, .by = talk->patience()});
  }
}

void Pairing::State::say(std::vector<SessionUnit> units, Output& out) {
  for (SessionUnit& unit : units) {
    out.units.push_back(
        {.link = *talk->link, .bytes = std::move(unit.bytes), .framed = unit.framed});
  }
}

void Pairing::State::heard(PairingChannel::Event event, const Now& now, Output& out) {
  using Event = PairingChannel::Event;
  switch (event) {
    case Event::kNothing:
      return;
    case Event::kWrongProof:
      return wrong_proof(now, out);
    case Event::kBroken:
      out.links.emplace_back(Hangup{*talk->link});
      talk->link.reset();
      return lost(Loss::kSilent, now, out);
    case Event::kSamePerson:
      return fail(pairing_failure(Code::kRefused, Reason::kSamePerson), out);
    case Event::kIntroduced:
      return ask(now, out);
    case Event::kConfirmed:
      if (talk->stage == PairingTalk::Stage::kAgreed)
        return settle(std::move(pending->partner), out);
      talk->peer_said_yes = true;
      return;
    case Event::kDeclined:
      if (talk->stage == PairingTalk::Stage::kAgreed) set_pending(std::nullopt, out);
      return fail(pairing_failure(Code::kNotReached, Reason::kPeerDeclined), out);
  }
}

/// The one guess that a code gives was wrong, or the issuer could not prove that it made the code.
/// Where it was mine to give out, the burn is durable before the link says anything by closing.
void Pairing::State::wrong_proof(const Now& now, Output& out) {
  if (offer) {
    burnt.burn(now.wall);
    out.persist.changes.push_back(burnt.record());
  }
  fail(pairing_failure(Code::kCheckFailed, Reason::kWrongCode), out);
}

// ---- The two people.

void Pairing::State::ask(const Now& now, Output& out) {
  talk->stage = PairingTalk::Stage::kAsking;
  talk->partner = talk->meeting.channel().take_partner();
  talk->deadline = now.steady + limits::kConfirmLife;
  out.links.emplace_back(Extend{.link = *talk->link, .by = limits::kConfirmLife});
  answer(talk->meeting.channel().check_phrase(), false, out);
  offer.reset();  // the code and the QR are used
  end_search(out);
}

void Pairing::State::agree(const Now& now, Output& out) {
  talk->stage = PairingTalk::Stage::kAgreed;
  talk->deadline = now.steady + limits::kConfirmLife;
  set_pending(PendingPairing{.partner = std::move(*talk->partner), .since = now.wall}, out);
  talk->partner.reset();
  pending_until = talk->deadline;
  if (talk->link) {
    out.links.emplace_back(Extend{.link = *talk->link, .by = limits::kConfirmLife});
  }
}

void Pairing::State::decline(Output& out) {
  if (talk->link) say({{.bytes = talk->meeting.channel().seal(Decline{})}}, out);
}

void Pairing::State::set_pending(std::optional<PendingPairing> fresh, Output& out) {
  if (!fresh && !pending) return;
  out.persist.erases = out.persist.erases || pending.has_value();
  pending = std::move(fresh);
  pending_until.reset();
  out.persist.changes.push_back(pending_record(pending));
}

/// Both said yes.
void Pairing::State::settle(Partner partner, Output& out) {
  out.persist.changes.push_back(partner_record(partner));
  out.persist.erases = true;  // roots of an earlier pairing
  set_pending(std::nullopt, out);
  answer(Paired{partner.name}, true, out);
  finished.emplace(Finished{.partner = std::move(partner), .addresses = {}});
  if (talk) finished->addresses = std::move(talk->addresses);
  stop(out);
}

// ---- A link that is gone.

/// The link of this talk is no more; it is hung up already.
void Pairing::State::lost(Loss how, const Now& now, Output& out) {
  switch (talk->stage) {
    case PairingTalk::Stage::kHandshake:
      return lost_handshake(how, now, out);
    case PairingTalk::Stage::kAsking:
      // With the other's yes in hand, mine alone decides: the other's daemon learns of it by a live
      // session.
      if (!talk->peer_said_yes) fail(pairing_failure(Code::kNotReached, Reason::kLinkLost), out);
      return;
    case PairingTalk::Stage::kAgreed:
      talk->deadline = now.steady + kLostPatience;
      return;
  }
}

void Pairing::State::lost_handshake(Loss how, const Now& now, Output& out) {
  const bool committed = talk->meeting.committed();
  const bool keyed = talk->meeting.keyed();
  const bool scanning = search && search->qr() != nullptr;
  if (!committed || (scanning && !keyed)) return left(now, out);
  // An issuer that can't open my first message closes; so does one that falls over just then.
  const bool wrong = search && !keyed && how == Loss::kClosed;
  fail(wrong ? pairing_failure(Code::kCheckFailed, Reason::kWrongCode)
             : pairing_failure(Code::kNotReached, Reason::kLinkLost),
       out);
}

/// The other end is gone and has learnt nothing.
void Pairing::State::left(const Now& now, Output& out) {
  talk.reset();
  if (search) {
    search->met_somebody();
    return next_try(now, out);
  }
  if (++offer->joiners >= limits::kJoinersMax) {
    fail(pairing_failure(Code::kNotReached, Reason::kCodeSpent), out);
  }
}

// ---- Time.

void Pairing::State::talk_time(const Now& now, Output& out) {
  if (!talk || now.steady < talk->deadline) return;
  const bool asking = talk->stage == PairingTalk::Stage::kAsking;
  const bool agreed = talk->stage == PairingTalk::Stage::kAgreed;
  if (asking) decline(out);
  if (agreed && !talk->link)
    return fail(pairing_failure(Code::kNotReached, Reason::kLinkLost), out);
  if (asking || agreed) {
    return fail(pairing_failure(Code::kNotReached, Reason::kInvitationExpired), out);
  }
  out.links.emplace_back(Hangup{*talk->link});
  talk->link.reset();
  lost(Loss::kSilent, now, out);
}

/// A pending pairing ends ten minutes after my yes. A restart reads its age off the wall clock; one
/// that was put back makes it no older than new.
void Pairing::State::pending_time(const Now& now, Output& out) {
  if (!pending) return;
  if (!pending_until) {
    const std::chrono::seconds age(
        std::max<std::int64_t>(0, now.wall.seconds - pending->since.seconds));
    pending_until = now.steady + (limits::kConfirmLife - std::min(age, limits::kConfirmLife));
  }
  if (now.steady >= *pending_until) set_pending(std::nullopt, out);
}

}  // namespace attune::sync
