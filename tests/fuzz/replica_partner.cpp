// What the partner's device says on the stage: anything at all, and what is well made.
#include <algorithm>

#include "crypto/derive.h"
#include "daemon/sync/discovery.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "tests/fuzz/replica_stage.h"
#include "tests/fuzz/target.h"
#include "tests/sync/batch_of.h"

namespace attune::fuzz {
namespace {

constexpr std::size_t kLinksMax = 8;
constexpr std::array<std::uint32_t, 8> kFields = {1, 2, 3, 4, 5, kFieldLife, kFieldForget, 77};

crdt::Actor partners_actor(std::size_t incarnation) {
  crdt::Actor actor;
  actor.stream = crdt::StreamId::both(stage_devices().couple);
  actor.device = stage_devices().ada.device;
  actor.incarnation.bytes[0] = static_cast<std::uint8_t>(incarnation + 1);
  return actor;
}

}  // namespace

void ReplicaStage::say_step(Step what) {
  switch (what) {
    case Step::kKnock: {
      if (links_.size() >= kLinksMax) return;
      const LinkId id{next_id_++};
      links_.push_back({.id = id, .peer = std::nullopt});
      const ByteView bytes = script_.piece();
      happen(sync::LinkOpened{.link = id, .dialled = false, .remote = stage_elsewhere()});
      return happen(sync::UnitCame{.link = id, .bytes = Bytes(bytes.begin(), bytes.end())});
    }
    case Step::kHello:
      return hello();
    case Step::kMessage: {
      Link* to = session();
      const ByteView body = script_.piece();
      if (to == nullptr) return;
      return happen(
          sync::UnitCame{.link = to->id, .bytes = to->peer->seal(sync::FrameType::kMessage, body)});
    }
    case Step::kOps:
      return say_ops();
    case Step::kVector:
      return say_vector();
    case Step::kEcho:
      if (!told_.empty()) say(told_[script_.below(told_.size())]);
      return;
    case Step::kFrame: {
      Link* to = session();
      const ByteView plain = script_.piece();
      if (to == nullptr) return;
      return happen(sync::UnitCame{.link = to->id, .bytes = to->peer->seal_plain(plain)});
    }
    case Step::kUnit: {
      const Link* to = link();
      const ByteView bytes = script_.piece();
      if (to == nullptr) return;
      return happen(sync::UnitCame{.link = to->id, .bytes = Bytes(bytes.begin(), bytes.end())});
    }
    case Step::kClose:
      return say(sync::CloseMessage{});
    case Step::kCut: {
      Link* to = link();
      if (to == nullptr) return;
      to->open = false;
      return happen(sync::LinkClosed{to->id});
    }
    default:
      return;
  }
}

ReplicaStage::Link* ReplicaStage::link() {
  std::erase_if(links_, [](const Link& each) { return !each.open; });
  return links_.empty() ? nullptr : &links_[script_.below(links_.size())];
}

ReplicaStage::Link* ReplicaStage::session() {
  Link* chosen = link();
  return chosen != nullptr && chosen->peer && chosen->peer->keyed() ? chosen : nullptr;
}

void ReplicaStage::hello() {
  if (links_.size() >= kLinksMax) return;
  const LinkId id{next_id_++};
  links_.push_back({.id = id, .peer = RawPeer::dialler(partner_setting())});
  const Bytes hello = links_.back().peer->hello();
  happen(sync::LinkOpened{.link = id, .dialled = false, .remote = stage_elsewhere()});
  happen(sync::UnitCame{.link = id, .bytes = hello});
}

void ReplicaStage::say(const sync::SyncMessage& message) {
  Link* to = session();
  if (to == nullptr) return;
  const bool close = std::holds_alternative<sync::CloseMessage>(message);
  happen(sync::UnitCame{
      .link = to->id,
      .bytes = to->peer->seal(close ? sync::FrameType::kClose : sync::FrameType::kMessage,
                              sync::encode_sync(message))});
}

void ReplicaStage::say_vector() {
  crdt::VersionVector vector = script_.coin() ? theirs_ : crdt::VersionVector{};
  if (script_.coin()) vector.raise(partners_actor(0), 1 + counters_[0] + script_.u8());
  if (script_.coin()) {
    crdt::Actor strange = partners_actor(7);
    strange.stream.couple.bytes[0] ^= script_.u8();
    vector.raise(strange, ~std::uint64_t{0});
  }
  switch (script_.below(4)) {
    case 0:
      return say(sync::Greeting{
          .digest = {}, .moved = vector, .whole = true, .addresses = {stage_elsewhere()}});
    case 1:
      return say(sync::Ack{.moved = vector, .whole_names = script_.coin()});
    case 2:
      return say(sync::Even{.number = script_.u8(), .answer = false, .moved = vector});
    default:
      return say(sync::Even{.number = script_.u8(), .answer = true, .moved = vector});
  }
}

std::vector<crdt::Dot> ReplicaStage::some_dots(const crdt::Actor& but, std::size_t count) {
  std::vector<crdt::Dot> out;
  for (std::size_t i = 0; i < count && !dots_.empty(); ++i) {
    const crdt::Dot& dot = dots_[script_.below(dots_.size())];
    const bool again =
        std::ranges::any_of(out, [&dot](const crdt::Dot& each) { return each.actor == dot.actor; });
    if (!again && dot.actor != but) out.push_back(dot);
  }
  std::ranges::sort(out);
  return out;
}

crdt::Slot ReplicaStage::make_slot(const crdt::Op& op) {
  crdt::Slot slot;
  slot.field = kFields[script_.below(kFields.size())];
  const KindRow* kind = KindTable::standard().kind(op.kind);
  const FieldRow* row = kind == nullptr ? nullptr : kind->field(slot.field);
  const std::uint8_t value = script_.u8();
  crdt::SlotBody body;
  body.salt[0] = value;
  if (slot.field == kFieldLife) {
    body.bytes = wire_field(kFieldLife, std::uint64_t{1});
    slot.rank = 1;
  } else if (row != nullptr && row->type == FieldType::kText) {
    body.bytes =
        wire_field(slot.field, row->form == Form::kTopic ? as_bytes("all") : script_.piece());
  } else if (row != nullptr && row->type == FieldType::kBytes) {
    body.bytes = wire_field(slot.field, script_.piece());
  } else if (slot.field != kFieldForget) {
    body.bytes = wire_field(slot.field, std::uint64_t{value});
  }
  if (row != nullptr && row->merge == Merge::kProtective) slot.rank = row->rank_of(body.bytes);
  const std::uint8_t shape = script_.u8();
  if (slot.rank && (shape & 1) != 0) slot.over.reach = crdt::Over::Reach::kPast;
  if (slot.rank && (shape & 3) == 2) {
    slot.over = {.reach = crdt::Over::Reach::kDots, .dots = some_dots({}, 2)};
  }
  if (row != nullptr && row->merge == Merge::kSet && (shape & 4) != 0) {
    slot.removes = true;
    for (const crdt::Dot& dot : some_dots({}, 2)) slot.removed.push_back({.dot = dot, .slot = 0});
  }
  if ((shape & 8) != 0) slot.rank = shape;
  slot.commitment = crdt::commit_body(slot.field, body);
  if ((shape & 16) == 0) slot.body = std::move(body);
  return slot;
}

crdt::Op ReplicaStage::make_op() {
  const auto& kinds = KindTable::standard().kinds();
  const std::uint8_t shape = script_.u8();
  const std::size_t incarnation = shape & 1;
  crdt::Op op;
  op.dot.actor = partners_actor(incarnation);
  op.dot.counter = (shape & 2) != 0 ? 1 + script_.u8() : ++counters_[incarnation];
  const std::size_t which = script_.below(kinds.size() + 1);
  op.kind = which < kinds.size() ? kinds[which].number : 4'000u;
  const PersonId& owner =
      (shape & 4) != 0 ? stage_devices().ben.person : stage_devices().ada.person;
  crdt::EntryNonce nonce{};
  nonce[0] = static_cast<std::uint8_t>(script_.below(3));
  const bool one = which < kinds.size() && kinds[which].one != One::kMany;
  if (one) nonce = crdt::topic_nonce(stage_devices().couple, kinds[which].topic() ? "all" : "");
  op.entry = crdt::make_entry_id(owner, op.kind, nonce);
  op.day.days = now_.day.days;
  op.seen = some_dots(op.dot.actor, (shape >> 3) & 3);
  const std::size_t slots = 1 + ((shape >> 5) & 3);
  for (std::size_t i = 0; i < slots; ++i) op.slots.push_back(make_slot(op));
  std::ranges::stable_sort(op.slots, {}, &crdt::Slot::field);
  op.rest_hash = crdt::hash_rest(op);
  if ((shape & 0x80) != 0) crdt::make_husk(op);
  return op;
}

void ReplicaStage::say_ops() {
  sync::OpsMessage batch;
  const std::size_t count = 1 + script_.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    const crdt::Op op = make_op();
    if (!op.husk && !crdt::within_limits(op)) continue;
    dots_.push_back(op.dot);
    sync::add_run(batch, op);
  }
  if (!batch.runs.empty()) say(batch);
}

void ReplicaStage::datagram() {
  const Endpoint source = stage_elsewhere();
  if (script_.coin()) {
    const auto& device = stage_devices().ada_as_partner.devices[0];
    return happen(
        sync::DatagramCame{.bytes = sync::make_beacon(device.id_root, device.device.view(),
                                                      script_.u16(), source.address, random_),
                           .source = source});
  }
  const ByteView bytes = script_.piece();
  happen(sync::DatagramCame{.bytes = Bytes(bytes.begin(), bytes.end()), .source = source});
}

}  // namespace attune::fuzz
