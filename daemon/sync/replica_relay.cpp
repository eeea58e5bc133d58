#include <algorithm>

#include "daemon/sync/replica_state.h"
#include "daemon/sync/wake.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

relay::PipeId nameplate_place(std::uint16_t nameplate) {
  const crypto::Key key = nameplate_key(nameplate);
  relay::PipeId place;
  std::ranges::copy(key.view(), place.bytes.begin());
  return place;
}

Conversation conversation_of(PipeAim::Kind kind) {
  switch (kind) {
    case PipeAim::Kind::kLive:
      return Conversation::kLive;
    case PipeAim::Kind::kCode:
      return Conversation::kCode;
    case PipeAim::Kind::kQr:
      return Conversation::kQr;
  }
  return Conversation::kQr;
}

relay::PipeSide pairing_side(CodeRole role) {
  return role == CodeRole::kIssuer ? relay::PipeSide::kIssuer : relay::PipeSide::kJoiner;
}

std::string without_invite(RelayUrl relay) {
  relay.invite.reset();
  return to_text(relay);
}

}  // namespace

// ---- What is asked of it here.

/// False where the command is about something else.
bool Replica::State::relay_command(const Now& now, RequestId request, const Command& command,
                                   Step& step) {
  const auto answer = [&](Answer value) {
    step.out.answers.push_back({.request = request, .answer = std::move(value), .last = true});
    return true;
  };
  if (std::holds_alternative<RelayShow>(command)) {
    const auto& set = relay.relay();
    return answer(RelayShown{set ? without_invite(*set) : std::string()});
  }
  if (const auto* wanted = std::get_if<RelaySet>(&command)) {
    const auto url = parse_relay_url(wanted->url);
    if (!url) return answer(failed(Code::kUsage, Reason::kRelayUrl));
    if (url != relay.relay()) set_relay(url, now, step);
    return answer(Done{});
  }
  if (std::holds_alternative<RelayOff>(command)) {
    if (relay.relay()) set_relay(std::nullopt, now, step);
    return answer(Done{});
  }
  if (!std::holds_alternative<RelayTest>(command)) return false;
  begin_trial(now, request, step);
  return true;
}

void Replica::State::set_relay(std::optional<RelayUrl> wanted, const Now& now, Step& step) {
  step.out.persist.changes.push_back(relay_record(wanted));
  step.out.persist.erases = step.out.persist.erases || relay.relay().has_value();  // its invite
  live->close_relayed(step.out, step.news);
  live->set_relay(wanted);
  pairing->set_relay(wanted);
  for (auto it = strangers.begin(); it != strangers.end();) {
    const bool leaves = it->second.relay.has_value();
    if (leaves) step.out.links.emplace_back(Hangup{it->first});
    it = leaves ? strangers.erase(it) : std::next(it);
  }
  partings.set_may_dial(wanted.has_value(), now, step.out);
  RelayNews news;
  relay.set(std::move(wanted), now, step.out, news);
  relay_came(now, news, step);
}

void Replica::State::begin_trial(const Now& now, RequestId request, Step& step) {
  const auto refuse = [&](Code code, Reason reason) {
    step.out.answers.push_back({.request = request, .answer = failed(code, reason)});
  };
  if (!relay.relay()) return refuse(Code::kNotSetUp, Reason::kNoRelay);
  if (trial) return refuse(Code::kFailed, Reason::kBusy);
  trial.emplace(
      Trial{.request = request,
            .session = RelaySession(dials.next(), *relay.relay(), now, *parts.random, step.out),
            .until = now.steady + limits::kRelayTrialLife});
}

/// It ends as soon as it is known how.
void Replica::State::follow_trial(const Now& now, Step& step) {
  if (!trial) return;
  RelayNews unheard;
  trial->session.pass_time(now, relay.keepalive(), step.out, unheard);
  const bool up = trial->session.up();
  const bool refused = trial->session.refused().has_value();
  if (!up && !trial->session.gone() && now.steady < trial->until) return;
  Answer answer = Done{};
  if (!up) {
    answer = failed(Code::kNotReached, refused ? Reason::kRelayRefused : Reason::kRelayAway);
  }
  step.out.answers.push_back({.request = trial->request, .answer = std::move(answer)});
  trial->session.hang_up(step.out);
  trial.reset();
}

// ---- Links to the relay. Each says whether the link is one.

bool Replica::State::relay_opened(const Now& now, LinkId link, Step& step) {
  if (relay.owns(link)) {
    relay.opened(now, step.out);
  } else if (pipes.owns(link)) {
    pipes.opened(link, now, step.out);
  } else if (partings.owns(link)) {
    partings.opened(link, now, step.out);
  } else if (trial && trial->session.link() == link) {
    trial->session.opened(now, step.out);
  } else {
    return false;
  }
  return true;
}

bool Replica::State::relay_unit(const Now& now, UnitCame& unit, Step& step) {
  if (relay.owns(unit.link)) {
    RelayNews news;
    relay.unit(std::move(unit.bytes), now, step.out, news);
    relay_came(now, news, step);
  } else if (pipes.owns(unit.link)) {
    RelayPipes::News news;
    pipes.unit(unit.link, std::move(unit.bytes), now, step.out, news);
    if (news.issuer_waits) pairing->nameplate_is_mine(now, step.out);
    if (news.issuer_busy) pairing->nameplate_is_taken(now, step.out);
    for (const auto& each : news.met) met(now, each, step);
  } else if (partings.owns(unit.link)) {
    partings.unit(unit.link, std::move(unit.bytes), now, step.out);
  } else if (trial && trial->session.link() == unit.link) {
    RelayNews unheard;
    trial->session.unit(std::move(unit.bytes), now, step.out, unheard);
  } else {
    return false;
  }
  return true;
}

void Replica::State::relay_gone(const Now& now, LinkId link, Step& step) {
  RelayNews news;
  if (relay.owns(link)) relay.lost(now, news);
  relay_came(now, news, step);
  pipes.gone(link, now);
  partings.lost(link, now);
  if (trial && trial->session.link() == link) trial->session.lost(news);
}

/// What the standing session says.
void Replica::State::relay_came(const Now& now, const RelayNews& news, Step& step) {
  for (const RelayEvent& event : news.events) {
    mailbox->happened(event, now, step.ripple, step.out);
    partings.standing(event);
    if (std::holds_alternative<RelayUp>(event)) {
      step.out.notices.push_back({.event = "relay-reached", .count = 1});
    } else if (std::holds_alternative<RelayDown>(event)) {
      step.out.notices.push_back({.event = "relay-lost", .count = 1});
      live->ask(0, now, step.out);  // what goes through the relay may be gone with it, untold
    }
  }
}

/// The other end of a pipe is there: from here on it is a link like any other.
void Replica::State::met(const Now& now, const RelayPipes::News::Met& met, Step& step) {
  const bool dialler =
      met.side == relay::PipeSide::kDialler || met.side == relay::PipeSide::kJoiner;
  step.out.links.emplace_back(
      Recut{.link = met.link, .conversation = conversation_of(met.kind), .dialler = dialler});
  const RelayKey key = relay.relay()->key;
  if (!dialler) {
    strangers.emplace(met.link, Stranger{.remote = {}, .relay = key});
    return;
  }
  if (met.kind != PipeAim::Kind::kLive) return pairing->piped(met.link, key, now, step.out);
  const Partner* of = nullptr;
  const PartnerDevice* peer = reachable(met.device, &of);
  if (peer == nullptr) {
    step.out.links.emplace_back(Hangup{met.link});
    return;
  }
  live->dialled(met.link, {.partner = of, .device = peer}, std::nullopt, now, step.out);
}

// ---- What follows.

/// Devices of the partner with which no direct link stands, and the other end of a code or QR.
std::vector<PipeAim> Replica::State::pipe_aims(const Now& now) const {
  std::vector<PipeAim> aims;
  if (!relay.relay()) return aims;
  const auto meet = [&](const Partner& who) {
    for (const PartnerDevice& known : who.devices) {
      if (live->found(known.device)) continue;
      aims.push_back({.kind = PipeAim::Kind::kLive,
                      .device = known.device,
                      .root = &known.id_root,
                      .place = {},
                      .side = self.device < known.device ? relay::PipeSide::kDialler
                                                         : relay::PipeSide::kListener});
    }
  };
  if (partner && partner->paired) meet(*partner);
  if (pairing->pending()) meet(pairing->pending()->partner);
  if (const auto wanted = pairing->rendezvous()) {
    aims.push_back({.kind = PipeAim::Kind::kCode,
                    .device = {},
                    .root = nullptr,
                    .place = nameplate_place(wanted->nameplate),
                    .side = pairing_side(wanted->role)});
  }
  if (const auto wanted = pairing->qr_rendezvous(now)) {
    aims.push_back({.kind = PipeAim::Kind::kQr,
                    .device = {},
                    .root = nullptr,
                    .place = wanted->place,
                    .side = pairing_side(wanted->role)});
  }
  return aims;
}

void Replica::State::follow_relay(const Now& now, Step& step) {
  RelayNews news;
  relay.pass_time(now, dials, step.out, news);
  relay_came(now, news, step);
  pipes.want(pipe_aims(now), relay, now, step.out);
  pipes.pass_time(relay, dials, now, step.out);
  follow_trial(now, step);
}

/// The last of a step: what was asked becomes records, and a link that was hung up is gone.
void Replica::State::flush_relay(const Now& now, Step& step) {
  for (const LinkAct& act : step.out.links) {
    if (const auto* closed = std::get_if<Hangup>(&act)) pipes.gone(closed->link, now);
  }
  relay.flush(now, step.out);
  pipes.flush(now, step.out);
  partings.flush(now, step.out);
  if (trial) trial->session.flush(now, step.out);
}

std::optional<Steady> Replica::State::relay_next() const {
  std::optional<Steady> next = earlier(relay.next(), pipes.next(relay.keepalive()));
  if (trial) next = earlier(next, trial->until);
  return earlier(next, partings.next());
}

void Replica::State::remember_relay(const LiveNews::Relay& told, Step& step) {
  const PeerMemory* known = reach.memory(told.device);
  if (known == nullptr || known->relay == told.relay) return;
  PeerMemory memory = *known;
  memory.relay = told.relay;
  reach.remember(told.device, memory);
  step.out.persist.changes.push_back(peer_record(told.device, memory));
}

/// Both must use one relay: it is one where its key is.
void Replica::State::relay_findings(Findings& out) const {
  const auto& mine = relay.relay();
  if (mine) {
    const Verdict away = relay.refused() ? Verdict::kFix : Verdict::kLook;
    out.items.push_back({.check = "relay", .verdict = relay.up() ? Verdict::kOk : away});
  }
  if (!partner || !partner->paired) return;
  for (const PartnerDevice& known : partner->devices) {
    const PeerMemory* memory = reach.memory(known.device);
    if (memory == nullptr || (!mine && !memory->relay)) continue;
    const bool same = mine && memory->relay && mine->key == memory->relay->key;
    out.items.push_back(
        {.check = "relay-partner", .verdict = same ? Verdict::kOk : Verdict::kLook});
  }
}

}  // namespace attune::sync
