#include "daemon/sync/replica.h"

#include <algorithm>

#include "daemon/sync/replica_state.h"
#include "daemon/sync/wake.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

constexpr int kWeekDays = 7;

bool is_live_hello(ByteView unit) {
  return unit.size() == limits::kHelloBytes &&
         unit[0] == static_cast<std::uint8_t>(Conversation::kLive);
}

}  // namespace

Replica::State::State(const Parts& given, Self self_given)
    : parts(given),
      self(std::move(self_given)),
      reach(*given.random, given.beacons),
      code_reach(*given.random, given.beacons),
      relay(*given.random),
      partings(*given.random),
      pipes(*given.random) {}

Replica::Replica(std::unique_ptr<State> state) : state_(std::move(state)) {}
Replica::~Replica() = default;

RecordBatch Replica::create(std::string name, crypto::Random& random) {
  const Self self = make_self(std::move(name), random);
  RecordBatch batch;
  batch.changes.push_back(self_record(self));
  return batch;
}

std::unique_ptr<Replica> Replica::open(const Parts& parts, const std::vector<Record>& records,
                                       const Now& now) {
  std::optional<Self> self;
  std::optional<Partner> partner;
  std::map<DeviceId, PeerMemory> memories;
  std::optional<RelayUrl> relay;
  std::vector<PartingPlan> partings;
  for (const Record& record : records) {
    if (record.type == RecordType::kSelf) {
      self = decode_self(record.body);
      if (!self) return nullptr;
    } else if (record.type == RecordType::kPartner) {
      partner = decode_partner(record.body);
      if (!partner) return nullptr;
    } else if (record.type == RecordType::kPeer) {
      auto device = DeviceId::from(record.name);
      auto memory = decode_peer(record.body);
      if (!device || !memory) return nullptr;
      memories.emplace(*device, std::move(*memory));
    } else if (record.type == RecordType::kParting) {
      auto plan = decode_parting(record.body);
      if (!plan) return nullptr;
      partings.push_back(std::move(*plan));
    } else if (is_relay_record(record)) {
      relay = decode_relay(record.body);
      if (!relay) return nullptr;
    }
  }
  if (!self) return nullptr;
  auto state = std::make_unique<State>(parts, std::move(*self));
  state->partner = std::move(partner);
  state->memories = std::move(memories);
  state->notebook = Notebook::open({.kinds = parts.kinds, .random = parts.random}, state->self,
                                   state->partner, records, now);
  if (!state->notebook) return nullptr;
  state->pairing = Pairing::open(
      {.self = &state->self, .partner = &state->partner, .random = parts.random}, records);
  if (!state->pairing) return nullptr;
  state->live = std::make_unique<LiveLinks>(LiveLinks::Deps{.self = &state->self,
                                                            .partner = &state->partner,
                                                            .notebook = state->notebook.get(),
                                                            .random = parts.random});
  std::optional<Steady> rests_until;
  if (parts.was_full) rests_until = now.steady + limits::kFullPause;
  state->mailbox = Mailbox::open({.self = &state->self,
                                  .partner = &state->partner,
                                  .notebook = state->notebook.get(),
                                  .random = parts.random,
                                  .relay = &state->mail_line,
                                  .rests_until = rests_until},
                                 records);
  if (!state->mailbox) return nullptr;
  state->look_for_partner(now);
  state->live->set_relay(relay);
  state->pairing->set_relay(relay);
  state->partings.begin(std::move(partings), relay.has_value(), now);
  state->relay.begin(std::move(relay), now);
  return std::unique_ptr<Replica>(new Replica(std::move(state)));
}

Output Replica::step(const Now& now, Input input) {
  State::Step step;
  state_->route(now, input, step);
  state_->conclude(now, step);
  return std::move(step.out);
}

void Replica::State::route(const Now& now, Input& input, Step& step) {
  std::visit(Overloaded{
                 [&](CommandCame& came) { command(now, came.request, came.command, step); },
                 [&](const ClientGone& gone) {
                   waiting.gone(gone.request);
                   if (trial && trial->request == gone.request) {
                     trial->session.hang_up(step.out);
                     trial.reset();
                   }
                   pairing->client_gone(gone.request, now, step.out);
                   if (pair_request == gone.request) pair_request.reset();
                 },
                 [&](const LinkOpened& opened) { link_opened(now, opened, step); },
                 [&](UnitCame& unit) { unit_came(now, unit, step); },
                 [&](const LinkClosed& closed) { link_gone(now, closed.link, step); },
                 [&](const DialFailed& dial_failed) { link_gone(now, dial_failed.link, step); },
                 [&](const DatagramCame& came) { datagram(now, came, step); },
                 [&](const NetworkChanged& network) { network_changed(now, network, step); },
                 [&](const TimeReached&) {},
                 [&](const Leaving&) { mailbox->leave(); },
             },
             input);
}

void Replica::State::command(const Now& now, RequestId request, Command& asked, Step& step) {
  const auto answer = [&](Answer value) {
    step.out.answers.push_back({.request = request, .answer = std::move(value), .last = true});
  };
  std::visit(Overloaded{
                 [&](const Watch&) {
                   if (!waiting.has_room()) return answer(failed(Code::kFailed, Reason::kBusy));
                   waiting.watch(request);
                 },
                 [&](const SyncNow& wanted) { begin_sync(now, request, wanted, step); },
                 [&](const AskStatus&) { answer(status(now)); },
                 [&](const Diagnose&) { answer(findings(now)); },
                 [&](const PairInvite&) { pair_command(now, request, asked, step); },
                 [&](const PairByCode&) { pair_command(now, request, asked, step); },
                 [&](const PairByQr&) { pair_command(now, request, asked, step); },
                 [&](const PairReply&) { pair_command(now, request, asked, step); },
                 [&](const Unpair&) { unpair(now, request, step); },
                 [&](const auto&) {
                   if (relay_command(now, request, asked, step)) return;
                   notebook->pass_time(now, step.ripple);  // what is due by now comes first
                   answer(notebook->perform(now, asked, step.ripple));
                 },
             },
             asked);
}

void Replica::State::begin_sync(const Now& now, RequestId request, const SyncNow& wanted,
                                Step& step) {
  const auto refuse = [&](Failed failure) {
    step.out.answers.push_back({.request = request, .answer = failure});
  };
  if (!partner || !partner->paired) return refuse(failed(Code::kNotPaired, Reason::kNotPaired));
  if (!waiting.has_room()) return refuse(failed(Code::kFailed, Reason::kBusy));
  const crdt::OpLog* log = notebook->both();
  const Steady until = now.steady + wanted.wait;
  waiting.sync(request, log == nullptr ? crdt::VersionVector{} : log->vector(), until,
               std::min(until, now.steady + limits::kMailboxPause));
  mailbox->look();
  for (const PartnerDevice& known : partner->devices) {
    if (!reach.still(known.device)) reach.lost(known.device, now);
  }
  relay.hurry(now);
  pipes.restart(now);
}

const PartnerDevice* Replica::State::reachable(const DeviceId& id, const Partner** of) const {
  const auto find = [&](const Partner& who) -> const PartnerDevice* {
    const auto it = std::find_if(who.devices.begin(), who.devices.end(),
                                 [&](const PartnerDevice& known) { return known.device == id; });
    if (it == who.devices.end()) return nullptr;
    *of = &who;
    return &*it;
  };
  if (partner && partner->paired) {
    if (const PartnerDevice* known = find(*partner)) return known;
  }
  return pairing->pending() ? find(pairing->pending()->partner) : nullptr;
}

void Replica::State::dial(const Now&, const DeviceId& id, const Endpoint& to, Step& step) {
  const bool under_way = std::any_of(dialling.begin(), dialling.end(), [&](const auto& entry) {
    return entry.second.purpose == Purpose::kLive && entry.second.device == id &&
           entry.second.to == to;
  });
  if (under_way) return;
  const LinkId link = dials.next();
  dialling.emplace(link, Dialling{.purpose = Purpose::kLive, .device = id, .to = to});
  step.out.links.emplace_back(Dial{.link = link, .to = to, .conversation = Conversation::kLive});
}

void Replica::State::link_opened(const Now& now, const LinkOpened& opened, Step& step) {
  if (!opened.dialled) {
    strangers.emplace(opened.link, Stranger{.remote = opened.remote, .relay = {}});
    return;
  }
  if (relay_opened(now, opened.link, step)) return;
  const auto it = dialling.find(opened.link);
  if (it == dialling.end()) {
    step.out.links.emplace_back(Hangup{opened.link});
    return;
  }
  const Dialling dialled = it->second;
  dialling.erase(it);
  if (dialled.purpose == Purpose::kPairing) {
    return pairing->dialled(opened.link, opened.remote, now, step.out);
  }
  const Partner* of = nullptr;
  const PartnerDevice* peer = reachable(dialled.device, &of);
  if (peer == nullptr) {
    step.out.links.emplace_back(Hangup{opened.link});
    return;
  }
  live->dialled(opened.link, {.partner = of, .device = peer}, opened.remote, now, step.out);
}

void Replica::State::unit_came(const Now& now, UnitCame& unit, Step& step) {
  if (live->owns(unit.link))
    return live->unit(unit.link, unit.bytes, now, step.ripple, step.out, step.news);
  if (pairing->owns(unit.link)) {
    pairing->unit(unit.link, unit.bytes, now, step.out);
    return;
  }
  if (relay_unit(now, unit, step)) return;
  const auto it = strangers.find(unit.link);
  if (it == strangers.end()) return;
  const Stranger from = it->second;
  strangers.erase(it);
  const std::optional<PendingPairing>& pending = pairing->pending();
  const bool welcome = is_live_hello(unit.bytes)
                           ? live->accept(unit.link, from.remote, unit.bytes,
                                          pending ? &pending->partner : nullptr, now, step.out)
                           : pairing->accept(unit.link, unit.bytes, now, step.out, from.relay);
  if (!welcome) step.out.links.emplace_back(Hangup{unit.link});
}

void Replica::State::link_gone(const Now& now, LinkId link, Step& step) {
  strangers.erase(link);
  relay_gone(now, link, step);
  if (const auto it = dialling.find(link); it != dialling.end()) {
    const Purpose purpose = it->second.purpose;
    dialling.erase(it);
    if (purpose == Purpose::kPairing) pairing->dial_failed(link, now, step.out);
    return;
  }
  live->closed(link, step.news);
  if (pairing->owns(link)) pairing->closed(link, now, step.out);
}

void Replica::State::datagram(const Now& now, const DatagramCame& came, Step& step) {
  if (const auto issuer = code_reach.heard(now, came)) {
    if (pairing->wants_dial(*issuer, now)) dial_pairing(*issuer, Conversation::kCode, step);
    return;
  }
  if (const auto attempt = reach.heard(now, came)) dial(now, attempt->device, attempt->to, step);
}

void Replica::State::network_changed(const Now& now, const NetworkChanged& network, Step& step) {
  reach.network_changed(network, now);
  std::vector<Endpoint> own = network.own;
  std::erase_if(own, [](const Endpoint& endpoint) { return endpoint.is_link_local(); });
  if (own.size() > limits::kAddressesMax) own.resize(limits::kAddressesMax);
  live->set_addresses(own);
  pairing->set_addresses(own);
  live->ask(0, now, step.out);  // an answer shows that the links survived the change
  relay.network_changed(now);
  partings.network_changed(now);
  pipes.restart(now);
}

// ---- What follows from an Input, whichever it was.

void Replica::State::conclude(const Now& now, Step& step) {
  const auto notebook_next = notebook->pass_time(now, step.ripple);
  live->pass_time(now, step.out, step.news);
  pairing->pass_time(now, step.out);
  draw_conclusions(now, step);
  follow_pairing(now, step);
  speak_of_ratchets(now, step);
  live->pump(now, step.out);
  for (const auto& attempt : reach.due(now, step.out)) dial(now, attempt.device, attempt.to, step);
  for (const auto& [id, to] : live->renewals(now)) dial(now, id, to, step);
  code_reach.due(now, reach.network(), step.out);
  follow_relay(now, step);
  follow_mailbox(now, step);
  partings.pass_time(now, dials, step.out);

  for (const std::uint64_t number : waiting.unasked()) {
    if (!live->ask(number, now, step.out)) waiting.ask_again();
  }
  settle_syncs(now, step);
  waiting.tell(step.ripple.changed_kinds, step.out);

  RecordBatch& persist = step.out.persist;
  persist.changes.insert(persist.changes.end(),
                         std::make_move_iterator(step.ripple.persist.changes.begin()),
                         std::make_move_iterator(step.ripple.persist.changes.end()));
  persist.erases = persist.erases || step.ripple.persist.erases;
  write_mailbox(now, step);

  flush_relay(now, step);
  step.out.wake = earlier(
      earlier(earlier(notebook_next, live->next()), earlier(pairing->next(), reach.next())),
      earlier(earlier(code_reach.next(), waiting.next()), earlier(relay_next(), mailbox->next())));
}

void Replica::State::draw_conclusions(const Now& now, Step& step) {
  for (const DeviceId& id : step.news.connected) pairing->confirmed_by_session(id, now, step.out);
  for (const DeviceId& id : step.news.found) {
    reach.connected(id, now);
    std::erase_if(dialling, [&](const auto& entry) {
      const bool same = entry.second.purpose == Purpose::kLive && entry.second.device == id;
      if (same) step.out.links.emplace_back(Hangup{entry.first});
      return same;
    });
  }
  for (const DeviceId& id : step.news.lost) reach.lost(id, now);
  if (step.news.dropped || !step.news.connected.empty()) waiting.ask_again();
  for (const LiveNews::Addresses& told : step.news.addresses) {
    const PeerMemory* known = reach.memory(told.device);
    if (known == nullptr) continue;
    PeerMemory memory = *known;
    memory.addresses = told.addresses;
    // A partner elsewhere has no business in naming this machine to itself.
    std::erase_if(memory.addresses, [&](const Endpoint& endpoint) {
      return endpoint.is_loopback() && !(told.remote && told.remote->is_loopback());
    });
    if (memory == *known) continue;
    reach.remember(told.device, memory);
    step.out.persist.changes.push_back(peer_record(told.device, memory));
  }
  for (const LiveNews::Relay& told : step.news.relays) remember_relay(told, step);
  for (const LiveNews::Answered& answered : step.news.answered)
    waiting.answered(answered.number, answered.theirs);
  if (step.news.exchanged || !step.news.answered.empty())
    remember_exchange(now, Exchange::kLive, step);
}

void Replica::State::remember_exchange(const Now& now, Exchange how, Step& step) {
  if (!partner) return;
  for (const PartnerDevice& known : partner->devices) {
    const PeerMemory* memory = reach.memory(known.device);
    if (memory == nullptr || memory->exchanged == now.day) continue;
    if (how == Exchange::kLive && !live->connected(known.device)) continue;
    PeerMemory fresh = *memory;
    fresh.exchanged = now.day;
    reach.remember(known.device, fresh);
    step.out.persist.changes.push_back(peer_record(known.device, fresh));
  }
}

StatusShown Replica::State::status(const Now& now) const {
  StatusShown shown;
  shown.name = self.name;
  shown.devices = 1;
  shown.relay = !relay.relay() ? "none" : relay.up() ? "reached" : "away";
  if (!partner || !partner->paired) return shown;
  shown.paired = true;
  shown.partner = partner->name;
  for (const PartnerDevice& known : partner->devices) {
    const PeerMemory* memory = reach.memory(known.device);
    if (memory == nullptr || memory->exchanged.days == 0) continue;
    const int ago = now.day.days - memory->exchanged.days;
    shown.exchanged_this_week = shown.exchanged_this_week || (ago >= 0 && ago < kWeekDays);
  }
  return shown;
}

Findings Replica::State::findings(const Now& now) const {
  const StatusShown shown = status(now);
  Findings out;
  out.items.push_back(
      {.check = "pairing", .verdict = shown.paired ? Verdict::kOk : Verdict::kLook});
  if (shown.paired) {
    out.items.push_back({.check = "exchange",
                         .verdict = shown.exchanged_this_week ? Verdict::kOk : Verdict::kLook});
  }
  out.items.push_back(
      {.check = "network", .verdict = reach.network().own.empty() ? Verdict::kLook : Verdict::kOk});
  relay_findings(out);
  return out;
}

}  // namespace attune::sync
