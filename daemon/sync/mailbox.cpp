#include "daemon/sync/mailbox.h"

#include <algorithm>
#include <cassert>

#include "daemon/sync/delivery.h"
#include "daemon/sync/wake.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

/// Beside a whole batch a parcel has room for so many bytes of an acknowledgement.
constexpr std::size_t kAckBesideOps = 3'800;
static_assert(limits::kBatchBytesMax + kAckBesideOps + 16 <= crypto::Ratchet::kBodyBytesMax);

}  // namespace

// ---- Records and people.

std::unique_ptr<Mailbox> Mailbox::open(const Deps& deps, const std::vector<Record>& records) {
  std::unique_ptr<Mailbox> mailbox(new Mailbox(deps));
  for (const Record& record : records) {
    if (!mailbox->load(record)) return nullptr;
  }
  for (auto& [id, peer] : mailbox->peers_) recount(peer);
  return mailbox;
}

bool Mailbox::load(const Record& record) {
  if (record.type == RecordType::kRatchet) {
    const auto name = decode_ratchet_name(record.name);
    if (!name || device(name->device) == nullptr) return false;
    return make_peer(name->device).ratchets.load(name->number, record.body);
  }
  if (record.type != RecordType::kMailbox) return true;
  const auto id = DeviceId::from(record.name);
  auto memory = decode_mailbox(record.body);
  if (!id || !memory || device(*id) == nullptr) return false;
  Peer& made = make_peer(*id);
  made.memory = std::move(*memory);
  made.in_step = made.memory.in_step;
  return true;
}

const PartnerDevice* Mailbox::device(const DeviceId& id) const {
  if (!deps_.partner->has_value() || !(*deps_.partner)->paired) return nullptr;
  const auto& devices = (*deps_.partner)->devices;
  const auto at = std::ranges::find(devices, id, &PartnerDevice::device);
  return at == devices.end() ? nullptr : &*at;
}

Mailbox::Peer* Mailbox::peer(const DeviceId& id) {
  const auto at = peers_.find(id);
  return at == peers_.end() ? nullptr : &at->second;
}

Mailbox::Peer& Mailbox::make_peer(const DeviceId& id) {
  if (Peer* known = peer(id)) return *known;
  Peer& made = peers_.emplace(id, Peer(Ratchets((*deps_.partner)->couple, deps_.self->device, id)))
                   .first->second;
  if (week_) made.outbox.enter(*week_, 0);
  return made;
}

void Mailbox::paired(const DeviceId& id, const crypto::Key& mailbox_root, RecordBatch& batch) {
  parted(batch);
  deps_.rests_until.reset();
  Peer& made = make_peer(id);
  made.ratchets.begin_paired(mailbox_root, *deps_.random);
  made.in_step = true;
  made.changed = true;
}

std::vector<Mailbox::Leave> Mailbox::part(const RelayUrl& relay, const Now& now, Ripple& ripple) {
  std::vector<Leave> leaves;
  for (auto& [id, peer] : peers_) {
    const PartnerDevice* of = device(id);
    if (of == nullptr) continue;
    PartingPlan plan{.mine = deps_.self->device,
                     .theirs = id,
                     .relay = relay,
                     .id_root = of->id_root.clone(),
                     .since = now.wall,
                     .parcels = {}};
    // What a store seals that was put back is not read.
    if (peer.ratchets.can_send() && !peer.outbox.is_ahead()) seal_last(peer, plan, now, ripple);
    std::optional<std::uint32_t> behind;
    if (clock_ && deps_.relay->up()) {
      const Direction way{.from = plan.mine, .to = plan.theirs};
      behind = deps_.relay->ask(
          relay::Open{.capability = mailbox_capability(plan.id_root, way, *week_),
                      .role = relay::MailboxRole::kWriter});
    }
    leaves.push_back({.plan = std::move(plan), .behind = behind});
  }
  return leaves;
}

void Mailbox::seal_last(Peer& peer, PartingPlan& plan, const Now& now, Ripple& ripple) {
  crdt::VersionVector before =
      deps_.notebook->say_what_protects(now, peer.memory.there, peer.memory.posted, ripple);
  while (plan.parcels.size() < PartingPlan::kParcelsMax) {
    const OpsMessage ops = next_batch(*deps_.notebook, before, EntryNames::kWhole);
    if (ops.runs.empty()) return;
    plan.parcels.push_back(
        peer.ratchets.seal(encode_parcel({.ops = ops, .ack = {}}), *deps_.random));
  }
}

void Mailbox::parted(RecordBatch& batch) {
  for (auto& [id, peer] : peers_) {
    peer.ratchets.erase_all(batch);
    batch.changes.push_back({.type = RecordType::kMailbox,
                             .name = Bytes(id.bytes.begin(), id.bytes.end()),
                             .body = {}});
  }
  peers_.clear();
  talks_.clear();
}

void Mailbox::recount(Peer& peer) {
  peer.covered = peer.memory.there;
  peer.covered.merge(peer.memory.posted);
}

// ---- Inside live sessions.

std::optional<NewRatchet> Mailbox::greeted(const LiveSession& session,
                                           const crdt::VersionVector& theirs, const Now& now) {
  if (device(session.peer) == nullptr) return std::nullopt;
  Peer& with = make_peer(session.peer);
  // A store there may have been put back: what it says now holds, not what it said before. What
  // this side has, the other knows from this side's Greeting.
  // What was posted it may have read, acknowledged and lost again. This session brings it all.
  with.changed = with.changed || (!theirs.covers(with.covered) && !rests(now));
  with.memory.there = rows_in(deps_.notebook->both(), theirs);
  with.memory.posted = {};
  with.memory.owed = {};
  with.learnt = true;
  recount(with);
  const bool wants = !with.made || now.steady - *with.made >= limits::kRatchetAge;
  if (!wants || rests(now)) return std::nullopt;
  const auto [talk, is_new] = talks_.try_emplace(session.link, session.dialled);
  return talk->second.start(*deps_.random);
}

std::optional<NewRatchet> Mailbox::heard(const LiveSession& session, const NewRatchet& said,
                                         const Now& now) {
  const PartnerDevice* of = device(session.peer);
  if (of == nullptr || rests(now)) return std::nullopt;
  Peer& with = make_peer(session.peer);
  RatchetTalk& talk = talks_.try_emplace(session.link, session.dialled).first->second;
  const RatchetTalk::State before = talk.state();
  auto reply = talk.heard(said, {.live_root = &of->live_root, .handshake = &session.handshake},
                          with.ratchets, *deps_.random);
  if (talk.state() == before) return reply;
  if (talk.state() == RatchetTalk::State::kTurned) {
    // The other erases the older ratchets when it hears this, with what was sealed under them.
    post_all_again(with);
    now_in_step(with);
  }
  if (talk.state() == RatchetTalk::State::kDone) {
    now_in_step(with);
    with.made = now.steady;
  }
  follow(with);
  return reply;
}

// Durable only until a relay is reached: who puts back a copy of later is found out as before.
void Mailbox::now_in_step(Peer& peer) {
  peer.in_step = true;
  if (peer.checked || peer.memory.in_step) return;
  peer.memory.in_step = true;
  peer.changed = true;
}

void Mailbox::forget_links(const std::function<bool(LinkId)>& stands) {
  std::erase_if(talks_, [&stands](const auto& talk) { return !stands(talk.first); });
}

void Mailbox::learnt(const DeviceId& id, const crdt::VersionVector& theirs) {
  Peer* with = peer(id);
  if (with == nullptr) return;
  const crdt::VersionVector known = rows_in(deps_.notebook->both(), theirs);
  with->memory.there.merge(known);
  with->covered.merge(known);
  with->learnt = true;
}

// ---- At a relay.

void Mailbox::happened(const RelayEvent& event, const Now& now, Ripple& ripple, Output& out) {
  std::visit(Overloaded{
                 [&](const RelayUp& came) { up(came.params, now); },
                 [&](const RelayFrameCame& came) { frame(came, now, ripple, out); },
                 [&](const RelayDown&) {
                   clock_.reset();
                   for (auto& [id, peer] : peers_) {
                     peer.outbox.down();
                     peer.inbox.down();
                   }
                 },
             },
             event);
}

void Mailbox::up(const relay::Params& params, const Now& now) {
  clock_.emplace(params.hour, now);
  for (auto& [id, peer] : peers_) {
    peer.outbox.down();
    peer.inbox.down();
  }
  if (clock_->week(now) != week_) enter_week(now);
}

void Mailbox::enter_week(const Now& now) {
  week_ = clock_->week(now);
  for (auto& [id, peer] : peers_) {
    if (peer.memory.week != 0 && peer.memory.week != week_) post_all_again(peer);
    peer.outbox.enter(*week_, peer.memory.written_in(*week_));
  }
}

void Mailbox::frame(const RelayFrameCame& came, const Now& now, Ripple& ripple, Output& out) {
  if (!deps_.relay->up()) return;  // the session ended behind this frame; the next says all again
  for (auto& [id, peer] : peers_) {
    const Outbox::Heard put = peer.outbox.answered(came, now);
    if (put != Outbox::Heard::kNotMine) return heard_outbox(peer, put);
    const Inbox::Heard got = peer.inbox.answered(came, *deps_.relay, now);
    if (got == Inbox::Heard::kNotMine) continue;
    if (got == Inbox::Heard::kMessage) {
      read(peer, std::get<relay::Message>(came.frame).body, now, ripple, out);
      peer.inbox.acknowledge(came, *deps_.relay);
    }
    return;
  }
}

void Mailbox::heard_outbox(Peer& peer, Outbox::Heard heard) {
  if (heard == Outbox::Heard::kLost) post_all_again(peer);
  follow(peer);
}

// Where the relay took more than this store knows of, the store is an older copy: what its ratchet
// seals is not read. One that was made since is.
void Mailbox::follow(Peer& peer) {
  if (peer.outbox.is_ahead() && peer.in_step) {
    peer.outbox.follow();
    peer.memory.wrote(peer.outbox.week(), peer.outbox.mine());  // over a restart too
    post_all_again(peer);
  }
  if (!peer.outbox.is_ready()) return;
  peer.checked = true;
  if (!peer.memory.in_step) return;
  peer.memory.in_step = false;
  peer.changed = true;
}

void Mailbox::post_all_again(Peer& peer) {
  peer.memory.posted = {};
  if (const crdt::OpLog* log = deps_.notebook->both()) peer.memory.owed = log->vector();
  peer.changed = true;
  recount(peer);
}

void Mailbox::read(Peer& peer, ByteView parcel, const Now& now, Ripple& ripple, Output& out) {
  const auto opened = peer.ratchets.open(parcel, *deps_.random);
  if (const auto* refused = std::get_if<crypto::Ratchet::Refused>(&opened)) {
    out.notices.push_back({.event = "parcels-refused", .count = 1});
    if (*refused != crypto::Ratchet::Refused::kGap) return;
    peer.memory.owes_turn = true;
    peer.changed = true;
    return;
  }
  peer.changed = true;
  const auto body = decode_parcel(std::get<Bytes>(opened));
  if (!body) {
    out.notices.push_back({.event = "parcels-refused", .count = 1});
    return;
  }
  take(peer, *body, now, ripple, out);
}

void Mailbox::take(Peer& peer, const ParcelBody& body, const Now& now, Ripple& ripple,
                   Output& out) {
  const Partner& partner = **deps_.partner;
  exchanged_ = true;
  const BatchTaken taken = take_batch(*deps_.notebook, now, body.ops, partner.person, ripple);
  peer.memory.owed.merge(taken.moved);
  peer.memory.there.merge(taken.theirs);
  peer.memory.there.merge(rows_in(deps_.notebook->both(), body.ack));
  deps_.notebook->delivered(peer.memory.there);
  recount(peer);
  if (taken.refused > 0) out.notices.push_back({.event = "ops-refused", .count = taken.refused});
}

// ---- Posting.

bool Mailbox::has_to_post(const Peer& peer) const {
  if (peer.memory.owes_turn || !peer.memory.owed.empty()) return true;
  const crdt::OpLog* log = deps_.notebook->both();
  return log != nullptr && !peer.covered.covers(log->vector());
}

bool Mailbox::is_due(const Peer& peer, const Now& now, bool live) const {
  if (leaving_) return true;
  return !live && peer.waits && now.steady - *peer.waits >= limits::kMailboxPause;
}

void Mailbox::pump(const Now& now, bool live) {
  if (rests(now)) return;
  deps_.rests_until.reset();
  if (!clock_ || !deps_.relay->up()) return;
  if (clock_->week(now) != week_) enter_week(now);
  for (auto& [id, peer] : peers_) {
    const PartnerDevice* of = device(id);
    if (of != nullptr) pump(*of, peer, now, live);
  }
}

void Mailbox::pump(const PartnerDevice& of, Peer& peer, const Now& now, bool live) {
  const Direction out{.from = deps_.self->device, .to = of.device};
  const Direction in{.from = of.device, .to = deps_.self->device};
  peer.inbox.pump(*deps_.relay, {.id_root = &of.id_root, .way = in, .week = *week_}, looking_, now);
  if (!peer.ratchets.can_send()) return;
  const bool posts = (leaving_ || !live) && has_to_post(peer);
  if (posts && !peer.waits) peer.waits = now.steady;
  peer.outbox.pump(*deps_.relay, of.id_root, out, now);
  while (posts && is_due(peer, now, live) && peer.outbox.takes_more() && has_to_post(peer)) {
    post(peer);
  }
  peer.outbox.pump(*deps_.relay, of.id_root, out, now);
  if (!posts || !has_to_post(peer)) peer.waits.reset();
}

// One parcel: what is owed, and as much as there is room for of what is not posted. The ratchet and
// the number it is put under are durable before it leaves.
void Mailbox::post(Peer& peer) {
  ParcelBody body;
  body.ack = std::exchange(peer.memory.owed, {});
  if (deps_.notebook->both() != nullptr && encode_vector(body.ack).size() <= kAckBesideOps) {
    body.ops = next_batch(*deps_.notebook, peer.covered, EntryNames::kWhole);
    peer.memory.posted = peer.covered;
  }
  peer.memory.owes_turn = false;
  peer.outbox.add(peer.ratchets.seal(encode_parcel(body), *deps_.random));
  peer.memory.wrote(peer.outbox.week(), peer.outbox.mine());
  peer.changed = true;
}

bool Mailbox::is_posting() const {
  if (!clock_) return false;
  return std::ranges::any_of(peers_, [this](const auto& entry) {
    const Peer& peer = entry.second;
    if (peer.outbox.under_way()) return true;
    const bool can = peer.outbox.takes_more() || peer.outbox.is_opening();
    return can && peer.ratchets.can_send() && has_to_post(peer);
  });
}

// ---- What `sync` asks.

void Mailbox::look() {
  looking_ = true;
  for (auto& [id, peer] : peers_) peer.inbox.look();
}

bool Mailbox::is_at_rest() const {
  if (!clock_ || peers_.empty()) return false;
  return std::ranges::all_of(peers_, [this](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.outbox.settled() && peer.inbox.seen_empty() && !has_to_post(peer);
  });
}

std::uint64_t Mailbox::pending() const {
  const crdt::OpLog* log = deps_.notebook->both();
  std::uint64_t pending = 0;
  if (log == nullptr) return pending;
  for (const auto& [id, peer] : peers_) {
    pending = std::max(pending, count_missing(*log, peer.memory.there));
  }
  return pending;
}

// ---- Records; time.

void Mailbox::write(RecordBatch& batch, Save save, const Now& now) {
  if (rests(now)) return;
  const bool spare = saved_ && now.steady - *saved_ < limits::kMailboxSavePause;
  for (auto& [id, peer] : peers_) {
    const bool used = clock_.has_value() || !peer.memory.written.empty();
    const bool may = peer.learnt && used && (save == Save::kAll || (!batch.empty() && !spare));
    peer.ratchets.write(batch);
    if (!peer.changed && !may) continue;
    batch.changes.push_back(mailbox_record(id, peer.memory));
    peer.changed = false;
    peer.learnt = false;
    saved_ = now.steady;
  }
}

std::optional<Steady> Mailbox::next() const {
  if (!clock_) return std::nullopt;
  if (deps_.rests_until) return deps_.rests_until;
  std::optional<Steady> next = clock_->end_of(*week_);
  for (const auto& [id, peer] : peers_) {
    next = earlier(next, earlier(peer.outbox.next(), peer.inbox.next()));
    // Where nothing can be posted now, what makes it possible comes as an Input.
    if (peer.waits && peer.outbox.takes_more()) {
      next = earlier(next, *peer.waits + limits::kMailboxPause);
    }
  }
  return next;
}

}  // namespace attune::sync
