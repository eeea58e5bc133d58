#include "daemon/sync/live_links.h"

#include <algorithm>

#include "daemon/crdt/op_log.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

void emit(LinkId link, std::vector<SessionUnit> units, Output& out) {
  for (SessionUnit& unit : units) {
    out.units.push_back({.link = link, .bytes = std::move(unit.bytes), .framed = unit.framed});
  }
}

}  // namespace

crdt::VersionVector LiveLinks::here() const {
  const crdt::OpLog* log = deps_.notebook->both();
  return log == nullptr ? crdt::VersionVector{} : log->vector();
}

void LiveLinks::set_relay(std::optional<RelayUrl> relay) {
  own_relay_ = std::move(relay);
  if (own_relay_) own_relay_->invite.reset();
}

void LiveLinks::dialled(LinkId link, const Callee& callee, const std::optional<Endpoint>& remote,
                        const Now& now, Output& out) {
  auto started = Session::dial(*deps_.self, *callee.partner, *callee.device, *deps_.random);
  if (!started) {
    out.links.emplace_back(Hangup{link});
    return;
  }
  links_.emplace(link, Live{.session = std::move(started->session),
                            .delivery = {},
                            .peer = callee.device->device,
                            .remote = remote,
                            .opened = now.steady,
                            .dialled = true});
  emit(link, std::move(started->units), out);
}

bool LiveLinks::accept(LinkId link, const std::optional<Endpoint>& remote, ByteView hello,
                       const Partner* pending, const Now& now, Output& out) {
  const Partner* known =
      deps_.partner->has_value() && (*deps_.partner)->paired ? &**deps_.partner : pending;
  if (known == nullptr) return false;
  auto started = Session::accept(hello, *deps_.self, *known, hellos_, *deps_.random);
  if (!started) return false;
  const DeviceId peer = started->session.peer();
  if (!has_room(peer)) return false;
  out.links.emplace_back(Widen{link});
  auto [it, fresh] = links_.emplace(link, Live{.session = std::move(started->session),
                                               .delivery = {},
                                               .peer = peer,
                                               .remote = remote,
                                               .opened = now.steady,
                                               .dialled = false});
  emit(link, std::move(started->units), out);
  greet(link, it->second, out);
  return true;
}

void LiveLinks::send(LinkId link, Live& live, const SyncMessage& message, Output& out) {
  out.units.push_back({.link = link, .bytes = live.session.seal(message), .framed = true});
}

void LiveLinks::greet(LinkId link, Live& live, Output& out) {
  if (live.greeted || !live.session.established()) return;
  live.greeted = true;
  Greeting greeting;
  greeting.moved = here();
  greeting.whole = true;
  if (const crdt::OpLog* log = deps_.notebook->both()) greeting.digest = log->digest();
  greeting.addresses = own_addresses_;
  greeting.relay = own_relay_;
  send(link, live, greeting, out);
}

void LiveLinks::unit(LinkId link, ByteView bytes, const Now& now, Ripple& ripple, Output& out,
                     LiveNews& news) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  auto step = it->second.session.on_unit(bytes);
  emit(link, std::move(step.units), out);
  if (step.dead) return hang_up(link, out, news);
  if (it->second.dialled && !it->second.greeted && it->second.session.established()) {
    out.links.emplace_back(Trust{link});  // message 2 proves the other side; message 1 proves less
  }
  greet(link, it->second, out);
  if (step.confirmed_now) confirmed(link, now, out, news);
  // A session can make a pending pairing final; what belongs to partners is said on the next link.
  if (!links_.contains(link)) return;
  if (it->second.session.confirmed() && !is_partners(it->second.peer)) {
    return hang_up(link, out, news);
  }
  for (const SyncMessage& message : step.messages) {
    if (!links_.contains(link)) return;  // another link was kept
    if (!handle(link, message, now, ripple, out, news)) return hang_up(link, out, news);
  }
}

void LiveLinks::confirmed(LinkId link, const Now& now, Output& out, LiveNews& news) {
  Live& live = links_.at(link);
  out.links.emplace_back(Trust{link});
  live.opened = now.steady;
  live.stands_since = now.steady;
  const DeviceId peer = live.peer;
  if (count(peer, false) == 1) news.connected.push_back(peer);
  if (live.remote && count(peer, true) == 1) news.found.push_back(peer);
  keep_one(link, now, out, news);
}

void LiveLinks::keep_one(LinkId fresh, const Now& now, Output& out, LiveNews& news) {
  Live& newer = links_.at(fresh);
  const DeviceId peer = newer.peer;
  const bool i_am_smaller = deps_.self->device < peer;
  std::vector<LinkId> closing;
  for (const auto& [id, live] : links_) {
    if (id == fresh || live.peer != peer) continue;
    if (live.dialled == newer.dialled && live.session.confirmed()) {
      newer.stands_since = live.stands_since;
    }
    if (live.remote.has_value() != newer.remote.has_value()) {
      if (live.session.confirmed()) closing.push_back(live.remote ? fresh : id);
    } else if (live.dialled && newer.dialled) {
      closing.push_back(live.session.confirmed() && !live.renewal ? fresh : id);
    } else if (live.session.confirmed() && live.dialled != newer.dialled) {
      const bool older = now.steady - live.stands_since > limits::kSimultaneous;
      const LinkId dialled_by_me = live.dialled ? id : fresh;
      const LinkId dialled_by_them = live.dialled ? fresh : id;
      closing.push_back(older ? id : i_am_smaller ? dialled_by_them : dialled_by_me);
    }
  }
  for (const LinkId link : closing) hang_up(link, out, news);
}

void LiveLinks::hang_up(LinkId link, Output& out, LiveNews& news) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  if (it->second.session.confirmed()) {
    out.units.push_back({.link = link, .bytes = it->second.session.seal_close(), .framed = true});
  }
  out.links.emplace_back(Hangup{link});
  closed(link, news);
}

void LiveLinks::closed(LinkId link, LiveNews& news) {
  const auto it = links_.find(link);
  if (it == links_.end()) return;
  const DeviceId peer = it->second.peer;
  const bool was_confirmed = it->second.session.confirmed();
  const bool direct = it->second.remote.has_value();
  links_.erase(it);
  news.dropped = news.dropped || was_confirmed;
  if (was_confirmed && direct && !found(peer)) news.lost.push_back(peer);
}

void LiveLinks::close_all(Output& out) {
  for (auto& [link, live] : links_) {
    if (live.session.confirmed()) {
      out.units.push_back({.link = link, .bytes = live.session.seal_close(), .framed = true});
    }
    out.links.emplace_back(Hangup{link});
  }
  links_.clear();
}

void LiveLinks::close_relayed(Output& out, LiveNews& news) {
  std::vector<LinkId> relayed;
  for (const auto& [link, live] : links_) {
    if (!live.remote) relayed.push_back(link);
  }
  for (const LinkId link : relayed) hang_up(link, out, news);
}

bool LiveLinks::has_room(const DeviceId& device) const {
  const auto of_device = std::count_if(
      links_.begin(), links_.end(), [&](const auto& entry) { return entry.second.peer == device; });
  return static_cast<std::size_t>(of_device) < kPerDeviceMax;
}

bool LiveLinks::is_partners(const DeviceId& device) const {
  if (!deps_.partner->has_value() || !(*deps_.partner)->paired) return false;
  const auto& devices = (*deps_.partner)->devices;
  return std::any_of(devices.begin(), devices.end(),
                     [&](const PartnerDevice& known) { return known.device == device; });
}

/// Confirmed links with this device.
std::size_t LiveLinks::count(const DeviceId& device, bool direct) const {
  const auto counted = [&](const auto& entry) {
    const Live& live = entry.second;
    return live.peer == device && live.session.confirmed() && (live.remote || !direct);
  };
  return static_cast<std::size_t>(std::ranges::count_if(links_, counted));
}

bool LiveLinks::handle(LinkId link, const SyncMessage& message, const Now& now, Ripple& ripple,
                       Output& out, LiveNews& news) {
  Live& live = links_.at(link);
  const CoupleId couple = (*deps_.partner)->couple;
  return std::visit(
      Overloaded{
          [&](const Greeting& greeting) {
            if (live.delivery.begun()) return false;
            live.delivery.begin(rows_of(greeting.moved, couple));
            news.addresses.push_back(
                {.device = live.peer, .remote = live.remote, .addresses = greeting.addresses});
            news.relays.push_back({.device = live.peer, .relay = greeting.relay});
            news.greeted.push_back(link);
            return true;
          },
          [&](const OpsMessage& batch) {
            const BatchTaken taken =
                take_batch(*deps_.notebook, now, batch, (*deps_.partner)->person, ripple);
            if (taken.refused > 0)
              out.notices.push_back({.event = "ops-refused", .count = taken.refused});
            live.delivery.has(taken.theirs);
            send(link, live, Ack{.moved = taken.moved, .whole_names = taken.unnamed}, out);
            news.exchanged = true;
            news.learnt.push_back(link);
            return true;
          },
          [&](const Ack& ack) {
            live.delivery.acknowledged(rows_in(deps_.notebook->both(), ack.moved), ack.whole_names,
                                       now);
            news.exchanged = true;
            news.learnt.push_back(link);
            return true;
          },
          [&](const Even& even) {
            const crdt::VersionVector theirs = rows_of(even.moved, couple);
            if (even.answer) {
              if (!live.delivery.asking()) return false;
              live.delivery.answered(rows_in(deps_.notebook->both(), theirs), now);
              news.answered.push_back({.number = even.number, .theirs = theirs});
              news.learnt.push_back(link);
            } else {
              send(link, live, Even{.number = even.number, .answer = true, .moved = here()}, out);
            }
            return true;
          },
          [&](const NewRatchet& ratchet) {
            if (!live.delivery.begun()) return false;
            news.ratchets.push_back({.link = link, .ratchet = ratchet});
            return true;
          },
          [&](const CloseMessage&) { return false; },
      },
      message);
}

LiveLinks::Live* LiveLinks::newest(const DeviceId& device, LinkId* link) {
  Live* best = nullptr;
  for (auto& [id, live] : links_) {
    if (live.peer != device || !live.session.confirmed() || !live.delivery.begun()) continue;
    if (best != nullptr && live.opened < best->opened) continue;
    best = &live;
    *link = id;
  }
  return best;
}

void LiveLinks::pump(const Now& now, Output& out) {
  if (!deps_.partner->has_value()) return;
  for (const PartnerDevice& device : (*deps_.partner)->devices) {
    LinkId link;
    Live* live = newest(device.device, &link);
    if (live == nullptr) continue;
    for (const OpsMessage& batch : live->delivery.pump(*deps_.notebook, now))
      send(link, *live, batch, out);
  }
}

bool LiveLinks::ask(std::uint64_t number, const Now& now, Output& out) {
  bool asked = false;
  if (!deps_.partner->has_value()) return asked;
  for (const PartnerDevice& device : (*deps_.partner)->devices) {
    LinkId link;
    Live* live = newest(device.device, &link);
    if (live == nullptr) continue;
    live->delivery.asked(now);
    send(link, *live, Even{.number = number, .answer = false, .moved = here()}, out);
    asked = true;
  }
  return asked;
}

/// The way through a relay is longer, and longer still where a proxy stands before it.
Steady LiveLinks::proof_due(const Live& live) {
  return live.opened + (live.remote ? limits::kHandshakePatience : limits::kRelayPatience);
}

bool LiveLinks::is_old(const Live& live, const Now& now) {
  return live.session.confirmed() && (now.steady >= live.opened + limits::kRenewalAge ||
                                      live.session.frames() >= limits::kRenewalFrames);
}

void LiveLinks::pass_time(const Now& now, Output& out, LiveNews& news) {
  std::vector<LinkId> dead;
  for (const auto& [link, live] : links_) {
    const auto patience = live.delivery.patience();
    const bool silent = patience && now.steady >= *patience;
    const bool unconfirmed = !live.session.confirmed() && now.steady >= proof_due(live);
    const bool old = !live.remote && live.dialled && is_old(live, now);
    if (silent || unconfirmed || old) dead.push_back(link);
  }
  for (const LinkId link : dead) hang_up(link, out, news);
}

std::vector<std::pair<DeviceId, Endpoint>> LiveLinks::renewals(const Now& now) {
  std::vector<std::pair<DeviceId, Endpoint>> due;
  for (auto& [link, live] : links_) {
    if (!live.remote || !live.dialled || !is_old(live, now)) continue;
    if (live.renewal && now.steady < *live.renewal) continue;
    live.renewal = now.steady + limits::kRenewalPause;
    due.emplace_back(live.peer, *live.remote);
  }
  return due;
}

std::optional<Steady> LiveLinks::next() const {
  std::optional<Steady> next;
  const auto consider = [&next](Steady at) {
    if (!next || at < *next) next = at;
  };
  for (const auto& [link, live] : links_) {
    if (const auto patience = live.delivery.patience()) consider(*patience);
    if (!live.session.confirmed()) {
      consider(proof_due(live));
    } else if (live.dialled) {
      consider(live.renewal.value_or(live.opened + limits::kRenewalAge));
    }
  }
  return next;
}

std::optional<LiveLinks::Standing> LiveLinks::standing(LinkId link) const {
  const auto at = links_.find(link);
  if (at == links_.end() || !at->second.session.confirmed()) return std::nullopt;
  return Standing{.peer = at->second.peer,
                  .dialled = at->second.dialled,
                  .handshake = at->second.session.handshake_hash(),
                  .theirs = &at->second.delivery.theirs()};
}

void LiveLinks::say(LinkId link, const NewRatchet& ratchet, Output& out) {
  send(link, links_.at(link), ratchet, out);
}

std::optional<crdt::VersionVector> LiveLinks::theirs() const {
  const Live* best = nullptr;
  for (const auto& [link, live] : links_) {
    if (!live.session.confirmed() || !live.delivery.begun()) continue;
    if (best == nullptr || live.opened > best->opened) best = &live;
  }
  if (best == nullptr) return std::nullopt;
  return best->delivery.theirs();
}

}  // namespace attune::sync
