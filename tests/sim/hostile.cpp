#include "tests/sim/hostile.h"

#include <algorithm>
#include <stdexcept>
#include <variant>

#include "daemon/sync/notebook_records.h"
#include "daemon/sync/transport_frame.h"
#include "proto/limits.h"
#include "tests/sync/batch_of.h"

namespace attune::sim {
namespace {

constexpr std::uint64_t kDialBit = std::uint64_t{1} << 63;
constexpr std::uint32_t kUnknownKind = 900;

template <typename Decoded>
Decoded needed(std::optional<Decoded> decoded) {
  if (!decoded) throw std::runtime_error("a patched client finds no store to begin with");
  return std::move(*decoded);
}

}  // namespace

Hostile::Hostile(const Parts& parts, const Disk& disk) : parts_(parts), dice_(parts.seed, 5) {
  load(disk);
}

void Hostile::load(const Disk& disk) {
  const Bytes* self = disk.find(RecordType::kSelf);
  const Bytes* partner = disk.find(RecordType::kPartner);
  self_ = needed(self ? sync::decode_self(*self) : std::nullopt);
  partner_ = needed(partner ? sync::decode_partner(*partner) : std::nullopt);
  const auto both = crdt::StreamId::both(partner_.couple);
  log_ = std::make_unique<crdt::OpLog>(both);
  actor_ = fresh_actor();
  // Each goes in once its past is there.
  std::vector<crdt::Op> ops;
  for (const auto& [key, body] : disk.all()) {
    if (key.first != RecordType::kOp) continue;
    auto record = sync::decode_op_record(key.second, body);
    if (record && record->op.dot.actor.stream == both) ops.push_back(std::move(record->op));
  }
  for (bool moved = true; moved;) {
    moved = std::erase_if(ops, [this](const crdt::Op& op) {
              return log_->append(op, {}) == crdt::OpLog::Taken::kAppended;
            }) > 0;
  }
}

crdt::Actor Hostile::fresh_actor() {
  return {.stream = crdt::StreamId::both(partner_.couple),
          .device = self_.device,
          .incarnation = {dice_.bytes<8>()}};
}

// ---- Sessions.

sync::Output Hostile::step(const Now& now, sync::Input input) {
  sync::Output out;
  if (const auto* opened = std::get_if<sync::LinkOpened>(&input); opened && opened->dialled) {
    auto started = sync::Session::dial(self_, partner_, partner_.devices.back(), dice_);
    if (started) {
      links_.emplace(opened->link, Link{.session = std::move(started->session)});
      for (sync::SessionUnit& unit : started->units) {
        out.units.push_back(
            {.link = opened->link, .bytes = std::move(unit.bytes), .framed = unit.framed});
      }
    }
  } else if (const auto* unit = std::get_if<sync::UnitCame>(&input)) {
    unit_came(*unit, out);
  } else if (const auto* closed = std::get_if<sync::LinkClosed>(&input)) {
    links_.erase(closed->link);
  } else if (std::holds_alternative<sync::TimeReached>(input)) {
    const bool ready =
        std::ranges::any_of(links_, [](const auto& each) { return each.second.confirmed; });
    if (!ready) dial(out);
    if (ready) act(now, out);
  }
  out.wake = now.steady + dice_.between(Moment(1s), Moment(90s));
  return out;
}

void Hostile::dial(sync::Output& out) {
  out.links.emplace_back(sync::Dial{.link = LinkId{kDialBit | ++dials_},
                                    .to = parts_.victim,
                                    .conversation = sync::Conversation::kLive});
}

void Hostile::unit_came(const sync::UnitCame& unit, sync::Output& out) {
  auto at = links_.find(unit.link);
  if (at == links_.end()) {
    auto started = sync::Session::accept(unit.bytes, self_, partner_, hellos_, dice_);
    if (!started) {
      out.links.emplace_back(sync::Hangup{unit.link});
      return;
    }
    at = links_.emplace(unit.link, Link{.session = std::move(started->session)}).first;
    for (sync::SessionUnit& first : started->units) {
      out.units.push_back(
          {.link = unit.link, .bytes = std::move(first.bytes), .framed = first.framed});
    }
    out.links.emplace_back(sync::Trust{unit.link});
    return greet(unit.link, at->second, out);
  }
  auto step = at->second.session.on_unit(unit.bytes);
  if (step.dead) {
    out.links.emplace_back(sync::Hangup{unit.link});
    links_.erase(at);
    return;
  }
  if (at->second.session.established()) {
    out.links.emplace_back(sync::Trust{unit.link});
    greet(unit.link, at->second, out);
  }
  at->second.confirmed = at->second.session.confirmed();
  for (const sync::SyncMessage& message : step.messages) hear(unit.link, message, out);
}

// The truth, or that it has everything, or nothing.
void Hostile::greet(LinkId link, Link& at, sync::Output& out) {
  if (at.greeted) return;
  at.greeted = true;
  sync::Greeting greeting;
  greeting.whole = true;
  if (!dice_.one_in(6)) greeting.moved = log_->vector();
  if (dice_.one_in(12)) {
    const crdt::VersionVector all = greeting.moved;
    for (const auto& row : all.rows()) greeting.moved.raise(row.actor, row.counter + 50);
  }
  out.units.push_back({.link = link, .bytes = at.session.seal(greeting)});
}

void Hostile::say(const sync::SyncMessage& message, sync::Output& out) {
  for (auto& [id, link] : links_) {
    if (!link.confirmed) continue;
    out.units.push_back({.link = id, .bytes = link.session.seal(message)});
    return;
  }
}

void Hostile::hear(LinkId link, const sync::SyncMessage& message, sync::Output& out) {
  parts_.judge->heard(message);
  const auto answer = [&](const sync::SyncMessage& with) {
    const auto at = links_.find(link);
    if (at != links_.end())
      out.units.push_back({.link = link, .bytes = at->second.session.seal(with)});
  };
  if (const auto* batch = std::get_if<sync::OpsMessage>(&message)) {
    const bool named = take(*batch);
    answer(sync::Ack{.moved = log_->vector(), .whole_names = !named || dice_.one_in(50)});
  } else if (const auto* greeting = std::get_if<sync::Greeting>(&message)) {
    // What was lost with an earlier session is said again, so that what it wrote since is taken.
    for (const crdt::Kept* kept : log_->missing(greeting->moved, 200)) {
      if (kept->op.dot.actor.device == self_.device) send(kept->op, Then::kThrownAway, out);
    }
  } else if (const auto* even = std::get_if<sync::Even>(&message); even && !even->answer) {
    answer(sync::Even{.number = even->number, .answer = true, .moved = log_->vector()});
  } else if (std::holds_alternative<sync::CloseMessage>(message)) {
    out.links.emplace_back(sync::Hangup{link});
    links_.erase(link);
  }
}

// False where an entry was named by an op that it doesn't have.
bool Hostile::take(const sync::OpsMessage& batch) {
  using Result = crdt::RunReader::Result;
  for (const sync::OpRun& each : batch.runs) {
    crdt::RunReader reader(batch.actors, each.run, log_.get());
    crdt::RunReader::Read read;
    Result result = reader.next(read);
    for (; result == Result::kOp; result = reader.next(read)) {
      if (read.op.dot.actor.stream == log_->stream()) log_->append(std::move(read.op), {});
    }
    if (result == Result::kUnnamed) return false;
  }
  return true;
}

// ---- What it makes up.

crdt::Slot Hostile::slot(const FieldRow& field) {
  crdt::Slot slot;
  slot.field = field.number;
  Bytes bytes;
  switch (field.type) {
    case FieldType::kText:
      bytes = wire_field(field.number, as_bytes("made up"));
      break;
    case FieldType::kEnum:
      bytes = wire_field(field.number, static_cast<std::uint64_t>(dice_.pick(field.values).number));
      break;
    case FieldType::kBool:
    case FieldType::kInt32:
    case FieldType::kBytes:
      break;
  }
  if (field.merge == Merge::kProtective) {
    if (dice_.one_in(10)) bytes = wire_field(field.number, 99);  // a value that nobody knows
    slot.rank = field.rank_of(bytes);
    if (dice_.one_in(2)) slot.over.reach = crdt::Over::Reach::kPast;
  }
  slot.body = {.salt = dice_.bytes<16>(), .bytes = std::move(bytes)};
  return slot;
}

crdt::Slot Hostile::ending(const KindRow& row) {
  crdt::Slot slot;
  const FieldRow* field = row.ending_field();
  slot.field = field == nullptr ? kFieldLife : field->number;
  slot.rank = field == nullptr ? 1 : field->ending()->rank;
  slot.over.reach = crdt::Over::Reach::kPast;
  const auto number = field == nullptr ? 1 : static_cast<std::uint64_t>(field->ending()->number);
  slot.body = {.salt = dice_.bytes<16>(), .bytes = wire_field(slot.field, number)};
  return slot;
}

crdt::Op Hostile::draft(const Now& now, const KindRow& row, const EntryId& entry) {
  crdt::Op op;
  op.entry = entry;
  op.kind = row.number;
  op.day = row.life == Life::kTonight ? now.night : now.day;
  for (const FieldRow& field : row.fields) {
    if (field.mine_only || field.form == Form::kTopic) continue;
    if (field.merge == Merge::kProtective || dice_.one_in(2)) op.slots.push_back(slot(field));
  }
  if (op.slots.empty()) op.slots.push_back(ending(row));
  return op;
}

crdt::Op Hostile::compose(const crdt::Actor& as, crdt::Op draft) {
  return log_->compose(as, std::move(draft));
}

void Hostile::send(const crdt::Op& op, Then then, sync::Output& out) {
  const bool own = op.dot.actor.device == self_.device;
  const crdt::Kept* before = log_->find({op.dot.actor, op.dot.counter - 1});
  const crdt::Hash32 chain =
      crdt::next_chain(before == nullptr ? crdt::first_chain(op.dot.actor) : before->chain, op);
  if (then == Then::kKept) log_->append(op, {});
  sync::OpsMessage batch =
      sync::batch_of(op, sync::make_author_tag(self_.author_key, op.dot, chain));
  if (!own && dice_.one_in(2)) batch.runs.front().tag.reset();
  say(batch, out);
}

const crdt::Op* Hostile::any_op(const DeviceId& by) {
  std::vector<const crdt::Op*> ops;
  log_->for_each([&](const crdt::Kept& kept) {
    if (kept.op.dot.actor.device == by && !kept.op.husk) ops.push_back(&kept.op);
  });
  return ops.empty() ? nullptr : dice_.pick(ops);
}

const KindRow& Hostile::any_shared_kind() {
  for (;;) {
    const KindRow& row = dice_.pick(parts_.kinds->kinds());
    if (row.audience != Audience::kMine) return row;
  }
}

EntryId Hostile::own_entry(const KindRow& row) {
  if (row.one != One::kMany) {
    const auto nonce = crdt::topic_nonce(partner_.couple, row.topic() ? "all" : "");
    return crdt::make_entry_id(self_.person, row.number, nonce);
  }
  const auto at = entries_.find(row.number);
  if (at != entries_.end() && !dice_.one_in(4)) return at->second;
  return entries_[row.number] = crdt::make_entry_id(self_.person, row.number, dice_.bytes<10>());
}

void Hostile::act(const Now& now, sync::Output& out) {
  for (std::uint32_t times = dice_.between(1, 3); times > 0; --times) {
    switch (dice_.below(3)) {
      case 0:
        act_on_own(now, dice_.below(9), out);
        break;
      case 1:
        act_on_theirs(now, dice_.below(7), out);
        break;
      default:
        act_on_the_session(dice_.below(8), out);
    }
  }
}

// On its own entries, where it may say what it likes, but not so.
void Hostile::act_on_own(const Now& now, std::uint32_t which, sync::Output& out) {
  const KindRow& row = any_shared_kind();
  crdt::Op op = draft(now, row, own_entry(row));
  switch (which) {
    case 0:  // another day than today's
      op.day.days += static_cast<std::int32_t>(dice_.below(800)) - 400;
      break;
    case 1:  // a rank that its words don't have
      for (crdt::Slot& slot : op.slots) {
        if (slot.rank) slot.rank = *slot.rank + 1;
      }
      return send(compose(fresh_actor(), std::move(op)), Then::kThrownAway, out);
    case 2: {  // two ops with one dot
      if (!parts_.equivocates) break;
      const crdt::Actor actor = fresh_actor();
      const crdt::Op first = compose(actor, op);
      send(first, Then::kKept, out);
      op = draft(now, row, own_entry(row));
      op = compose(actor, std::move(op));
      op.dot.counter = first.dot.counter;
      return send(op, Then::kThrownAway, out);
    }
    case 3: {  // a past that nobody has
      crdt::Op waits = compose(fresh_actor(), std::move(op));
      waits.dot.counter += dice_.between(1, 3);
      return send(waits, Then::kThrownAway, out);
    }
    case 4:  // a husk that comes without its op
      op = compose(actor_, std::move(op));
      crdt::make_husk(op);
      return send(op, Then::kKept, out);
    case 5: {  // an act of forgetting, and what is written after it
      crdt::Slot forget;
      forget.field = kFieldForget;
      forget.body = {.salt = dice_.bytes<16>(), .bytes = {}};
      op.slots.insert(op.slots.begin(), forget);
      break;
    }
    case 6: {  // an over of one dot: this and what was before it, and no more
      const crdt::Op* named = any_op(self_.device);
      for (crdt::Slot& slot : op.slots) {
        if (!slot.rank || named == nullptr) continue;
        slot.over = {.reach = crdt::Over::Reach::kDots, .dots = {named->dot}};
      }
      break;
    }
    case 7:  // more than fits
      op.slots.front().body->bytes =
          wire_field(op.slots.front().field, as_bytes(std::string(9'000, 'x')));
      return send(compose(fresh_actor(), std::move(op)), Then::kThrownAway, out);
    default:
      break;
  }
  send(compose(actor_, std::move(op)), Then::kKept, out);
}

// On the other's entries, or in the other's name.
void Hostile::act_on_theirs(const Now& now, std::uint32_t which, sync::Output& out) {
  const crdt::Op* theirs = any_op(partner_.devices.back().device);
  if (theirs == nullptr) return;
  const KindRow* row = parts_.kinds->kind(theirs->kind);
  if (row == nullptr) return;
  crdt::Op op = draft(now, *row, theirs->entry);
  switch (which) {
    case 0:
      op.slots = {ending(*row)};
      break;
    case 1:
      break;
    case 2: {
      crdt::Slot forget;
      forget.field = kFieldForget;
      forget.body = {.salt = dice_.bytes<16>(), .bytes = {}};
      op.slots = {forget};
      break;
    }
    case 3:  // under a name that has no rules
      op.kind = dice_.one_in(2) ? kUnknownKind : any_shared_kind().number;
      if (op.kind == row->number) op.kind = kUnknownKind;
      return send(compose(fresh_actor(), std::move(op)), Then::kThrownAway, out);
    case 4: {  // as the other's device, with the next counter
      op = compose(theirs->dot.actor, std::move(op));
      parts_.judge->forged(op);
      return send(op, Then::kThrownAway, out);
    }
    case 5: {  // as a device of the other that starts anew
      crdt::Actor actor = theirs->dot.actor;
      actor.incarnation = {dice_.bytes<8>()};
      op = compose(actor, std::move(op));
      parts_.judge->forged(op);
      return send(op, Then::kThrownAway, out);
    }
    default: {  // another op in the place of one that is there
      op = compose(theirs->dot.actor, std::move(op));
      op.dot = theirs->dot;
      op.seen = theirs->seen;
      op.rest_hash = crdt::hash_rest(op);
      if (crdt::same_header(op, *theirs)) return;
      parts_.judge->forged(op);
      return send(op, Then::kThrownAway, out);
    }
  }
  send(compose(actor_, std::move(op)), Then::kKept, out);
}

void Hostile::act_on_the_session(std::uint32_t which, sync::Output& out) {
  switch (which) {
    case 0: {  // acknowledges what it can't have
      crdt::VersionVector more = log_->vector();
      const crdt::VersionVector all = more;
      for (const auto& row : all.rows()) more.raise(row.actor, row.counter + dice_.below(9));
      return say(sync::Ack{.moved = more}, out);
    }
    case 1:  // an answer that nobody asked for
      return say(sync::Even{.number = dice_.below(5), .answer = true, .moved = log_->vector()},
                 out);
    case 2:  // what it should never say twice
      return say(sync::Greeting{.digest = {}, .moved = {}, .whole = true, .addresses = {}}, out);
    case 3: {  // everything once more
      const crdt::Op* old = any_op(dice_.one_in(2) ? self_.device : partner_.devices.back().device);
      if (old != nullptr) send(*old, Then::kThrownAway, out);
      return;
    }
    case 4: {  // no op at all
      sync::OpsMessage batch{.actors = {fresh_actor()}, .runs = {{}}};
      crdt::Run& run = batch.runs.front().run;
      run = {
          .first = {batch.actors.front(), 1}, .count = dice_.between(1, 9), .ops = {}, .salts = {}};
      run.ops.resize(dice_.between(1, 300));
      dice_.fill(run.ops);
      run.salts.resize(dice_.between(0, 40));
      dice_.fill(run.salts);
      return say(batch, out);
    }
    case 5:  // no frame at all
      for (const auto& [id, link] : links_) {
        Bytes noise(dice_.between(1, 900));
        dice_.fill(noise);
        out.units.push_back({.link = id, .bytes = std::move(noise)});
      }
      return;
    case 6: {  // many that wait for ever
      crdt::ActorTable actors;
      crdt::Op op;
      op.dot = {fresh_actor(), 1'000};
      op.kind = 1;
      op.slots.emplace_back().field = 1;
      crdt::RunWriter run(actors, op.dot, nullptr);
      for (; op.dot.counter < 1'064; ++op.dot.counter) run.add(op, std::nullopt);
      return say(
          sync::OpsMessage{.actors = actors.actors(), .runs = {{.run = run.finish(), .tag = {}}}},
          out);
    }
    default:
      return say(sync::Even{.number = dice_.below(100), .answer = false, .moved = {}}, out);
  }
}

}  // namespace attune::sim
