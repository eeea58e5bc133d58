// What an unlocked store gives back: key slots, sealed records and what is in them. Records are
// authentic or are not read at all, so these bytes are a disk's only where a key was stolen too;
// still nothing in them may do more than be refused.
#include <algorithm>
#include <array>

#include "daemon/store/locks.h"
#include "daemon/store/record_log.h"
#include "daemon/store/root.h"
#include "daemon/store/segment.h"
#include "daemon/store/slot.h"
#include "daemon/sync/burnt_codes.h"
#include "daemon/sync/control_codec.h"
#include "daemon/sync/mailbox_memory.h"
#include "daemon/sync/notebook_records.h"
#include "daemon/sync/parting_plan.h"
#include "daemon/sync/ratchets.h"
#include "daemon/sync/reach.h"
#include "daemon/sync/replica.h"
#include "proto/limits.h"
#include "tests/fuzz/samples.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

// ---- The key slot, with a checksum that is right and one that is as it came.

constexpr std::size_t kSumBytes = 32;

Bytes with_sum(ByteView body) {
  Bytes file(body.begin(), body.end());
  append(file, crypto::hash_lv<kSumBytes>(std::string_view("slot-sum/1"), body));
  return file;
}

void check_slot(ByteView file) {
  const store::DecodedSlot read = store::decode_slot(file);
  require(read.slot.has_value() == (read.reading == store::SlotReading::kSlot), "a slot is there");
  if (!read.slot) return;
  require(crypto::cost_allowed(read.slot->header.cost), "no cost is believed that nobody may ask");
  require(std::ranges::equal(store::encode_slot(*read.slot), file), "a slot has one form");
}

void run_slot(ByteView input) {
  check_slot(input);
  check_slot(with_sum(input));
}

std::vector<Bytes> slot_seeds() {
  crypto::SeededRandom random(3);
  const store::StoreId store{random.bytes<16>()};
  const auto header = store::new_slot_header(store, random);
  const Bytes file =
      store::encode_slot(store::make_slot(header, random.key(), random.key(), random));
  return {file, Bytes(file.begin(), file.end() - kSumBytes)};
}

// ---- Sealed boxes.

struct Box {
  crypto::SeededRandom random{4};
  store::StoreId store{random.bytes<16>()};
  store::Sealer sealer{store, random.key(), random};
};

void run_box(ByteView input) {
  Box box;
  Script script(input);
  const auto kind = static_cast<store::BoxKind>(1 + script.u8() % 3);
  const store::Row row = script.u8();
  const ByteView body = script.rest();
  const Bytes sealed = box.sealer.seal(kind, row, body);
  const auto opened = box.sealer.open(kind, row, sealed);
  require(opened && std::ranges::equal(*opened, body), "a box gives back what was put in");
  require(!box.sealer.open(kind, row, body), "nobody makes a box without the key");
  require(!box.sealer.open(kind, row + 1, sealed), "a box has one place");
  const store::Lock lock = box.sealer.fresh_locks(1).front();
  require(!box.sealer.reopen(lock, body), "nobody closes anything without the lock");
  const auto words = box.sealer.reopen(lock, box.sealer.close(lock, body));
  require(words && std::ranges::equal(*words, body), "a lock opens what it closed");
  Bytes damaged = sealed;
  damaged[body.size() % damaged.size()] ^= 1;
  require(!box.sealer.open(kind, row, damaged), "a damaged box stays shut");
}

// ---- What is in a box of the store's own.

void check_root(ByteView body) {
  auto decoded = store::decode_root(body);
  if (!decoded) return;
  const Bytes again = store::encode_root(decoded->root, decoded->records, {});
  require(std::ranges::equal(again, body), "a root has one form");
}

void check_segment(ByteView body) {
  store::SegmentReader frames(body);
  store::SegmentDraft draft;
  std::vector<store::Frame> all;
  while (auto frame = frames.next()) {
    require(frame->at + frame->size <= body.size(), "a frame is within its segment");
    draft.append(frame->slot, frame->type, frame->name, frame->closed);
    all.push_back(std::move(*frame));
  }
  store::SegmentReader again(draft.body());
  for (const store::Frame& before : all) {
    const auto frame = again.next();
    require(frame && frame->slot == before.slot && frame->type == before.type &&
                frame->name == before.name && std::ranges::equal(frame->closed, before.closed),
            "a frame is read as it was written");
  }
  require(again.done(), "nothing else is written");
}

void check_locks(ByteView body) {
  store::Locks locks;
  if (!locks.decode(body)) return;
  const auto page = static_cast<std::uint32_t>(locks.pages() - 1);
  require(std::ranges::equal(locks.encode(page), body), "a page of locks has one form");
}

void run_page(ByteView input) {
  check_root(input);
  check_segment(input);
  check_locks(input);
  crypto::SeededRandom random(5);
  store::Sealer sealer(store::StoreId{}, random.key(), random);
  store::RecordLog log(sealer);
  if (log.read(1, Bytes(input.begin(), input.end()))) log.finish({});
}

std::vector<Bytes> page_seeds() {
  crypto::SeededRandom random(5);
  store::Sealer sealer(store::StoreId{}, random.key(), random);
  store::Root root;
  root.generation = 7;
  root.add({{2}});
  const store::FreshRecords records{{.type = RecordType::kSelf, .name = {1}, .body = {2, 3}},
                                    {.type = RecordType::kOp, .name = {1, 4}, .body = {5}}};
  store::SegmentDraft segment;
  store::Locks locks;
  for (const Record& record : records) {
    const store::Lock lock = sealer.fresh_locks(1).front();
    segment.append(locks.add(lock), record.type, record.name, sealer.close(lock, record.body));
  }
  return {store::encode_root(root, records, {}), segment.body(), locks.encode(0)};
}

// ---- One record's body, without its box.

void same(const RecordChange& change, ByteView body) {
  require(change.body && std::ranges::equal(*change.body, body), "a record has one form");
}

void check_op(ByteView name, ByteView body) {
  const auto record = sync::decode_op_record(name, body);
  if (!record) return;
  crdt::Kept kept;
  kept.op = record->op;
  kept.tag = record->tag;
  kept.counted = record->counted;
  kept.arrival = record->arrival;
  const bool whole = (body[0] & 4) != 0;
  same(sync::op_record(kept, whole ? sync::ArrivalKept::kAll : sync::ArrivalKept::kDay,
                       record->bare),
       body);
}

void check_intent(ByteView name, ByteView body) {
  const auto intent = sync::decode_intent(name, body);
  if (!intent) return;
  const RecordChange change = sync::intent_record(*intent);
  const auto again = sync::decode_intent(change.name, change.body.value());
  require(again && again->slots == intent->slots && again->entry == intent->entry,
          "an intent is read as it was written");
}

void check_act(ByteView body) {
  const auto act = sync::decode_act(body);
  if (!act) return;
  const RecordChange change = sync::act_record(act);
  const auto again = sync::decode_act(change.body.value());
  require(again && again->before == act->before && again->empty == act->empty,
          "an act is read as it was written");
  same(sync::act_record(again), change.body.value());
}

void check_burnt(ByteView body) {
  auto burnt = sync::BurntCodes::decode(body);
  if (!burnt) return;
  same(burnt->record(), body);
  const Wall now{1'800'000'000};
  const bool changed = burnt->forget_the_future(now);
  require(!changed || !burnt->forget_the_future(now), "the future is forgotten once");
  require(burnt->pause(now) >= std::chrono::seconds(0) && burnt->pause(now) <= limits::kBurntPause,
          "a pause has a length");
  burnt->burn(now);
  require(sync::BurntCodes::decode(burnt->record().body.value()).has_value(), "burns are few");
}

void check_heads(ByteView name, ByteView body) {
  sync::HeadPages pages;
  if (!pages.load(name, body)) return;
  const auto heads = pages.all();
  if (!heads) return;
  RecordBatch batch;
  for (const auto& [actor, head] : *heads) pages.set(actor, head, batch);
  require(batch.changes.size() == 1, "one page is one record");
  same(batch.changes[0], body);
}

void check_salts(ByteView name, ByteView body) {
  const auto tree = sync::parse_salts_name(name);
  crdt::SaltTrees trees;
  if (!tree || !trees.load(*tree, body)) return;
  same(sync::salts_record(*tree, trees.encode(*tree)), body);
  const crdt::Dot first{tree->actor, tree->first()};
  require(!trees.needs_root(first), "a tree that was read is here");
  trees.forget(first);
  require(!trees.node(first, 0), "a leaf that is forgotten is gone");
}

void check_ratchet(ByteView body) {
  sync::Ratchets ratchets({}, {}, {});
  if (!ratchets.load(0, body) || !ratchets.can_send()) return;
  crypto::SeededRandom random(1);
  require(ratchets.seal({}, random).size() == limits::kParcelBytesMin, "it seals");
  RecordBatch batch;
  ratchets.write(batch);
  require(batch.changes.size() == 1 && batch.erases, "its next key is written, the last is gone");
  require(sync::Ratchets({}, {}, {}).load(0, *batch.changes[0].body), "it is read again");
}

void run_record(ByteView input) {
  Script script(input);
  const auto type = store::record_type(script.u8());
  if (!type) return;
  const ByteView name = script.piece();
  const ByteView body = script.rest();
  switch (*type) {
    case RecordType::kRoot:
      return;  // the store's own
    case RecordType::kOp:
      return check_op(name, body);
    case RecordType::kHeads:
      return check_heads(name, body);
    case RecordType::kSelf:
      if (const auto self = sync::decode_self(body)) same(sync::self_record(*self), body);
      return;
    case RecordType::kPartner:
      if (const auto partner = sync::decode_partner(body)) {
        same(sync::partner_record(*partner), body);
      }
      return;
    case RecordType::kPeer:
      if (const auto peer = sync::decode_peer(body)) same(sync::peer_record({}, *peer), body);
      return;
    case RecordType::kPending:
      if (auto pending = sync::decode_pending(body)) same(sync::pending_record(pending), body);
      return;
    case RecordType::kBurnt:
      return check_burnt(body);
    case RecordType::kIntent:
      return check_intent(name, body);
    case RecordType::kUndo:
      return check_act(body);
    case RecordType::kMailbox:
      if (const auto memory = sync::decode_mailbox(body)) {
        same(sync::mailbox_record({}, *memory), body);
      }
      return;
    case RecordType::kRatchet:
      return check_ratchet(body);
    case RecordType::kParting:
      if (const auto plan = sync::decode_parting(body)) same(sync::parting_record(*plan), body);
      return;
    case RecordType::kSalts:
      return check_salts(name, body);
    case RecordType::kSetting:
      return;  // nobody reads one
  }
}

Bytes record_script(RecordType type, ByteView name, ByteView body) {
  Bytes script{static_cast<std::uint8_t>(type)};
  add_piece(script, name);
  append(script, body);
  return script;
}

std::vector<Bytes> record_seeds() {
  std::vector<Bytes> out;
  std::array<int, 256> of_type{};
  for (const Record& record : evening().records) {
    if (++of_type[static_cast<std::uint8_t>(record.type)] > 6) continue;
    out.push_back(record_script(record.type, record.name, record.body));
    if (record.type != RecordType::kPartner) continue;
    sync::PendingPairing pending{.partner = {}, .since = Wall{1'800'000'000}};
    pending.partner = std::move(*sync::decode_partner(record.body));
    out.push_back(
        record_script(RecordType::kPending, {}, *sync::pending_record(std::move(pending)).body));
  }
  sync::Ratchets ratchets({}, {}, {});
  crypto::SeededRandom random(1);
  RecordBatch batch;
  ratchets.begin_paired(random.key(), random);
  ratchets.write(batch);
  sync::MailboxMemory memory;
  memory.wrote(2'976, 3);
  batch.changes.push_back(sync::mailbox_record({}, memory));
  for (const RecordChange& change : batch.changes) {
    out.push_back(record_script(change.type, change.name, *change.body));
  }
  return out;
}

// ---- A whole store: what opens, answers, and opens again from what it wrote.

Now an_evening() {
  Now now;
  now.steady = Steady{std::chrono::hours(2)};
  now.boot.since = std::chrono::hours(2);
  now.wall.seconds = 1'800'014'400;
  now.day.days = 20'833;
  now.night.days = 20'833;
  now.next_four.seconds = 1'800'014'400 + 40'000;
  return now;
}

void ask(sync::Replica& replica, sync::Command command) {
  const auto out = replica.step(
      an_evening(), sync::CommandCame{.request = RequestId{1}, .command = std::move(command)});
  require(out.answers.size() == 1, "a question has one answer");
  sync::encode_answer(out.answers[0].answer, out.answers[0].last);
}

void run_store(ByteView input) {
  std::vector<Record> records;
  Script script(input);
  while (!script.done() && records.size() < 64) {
    Record record;
    const auto type = store::record_type(script.u8());
    const ByteView name = script.piece();
    const ByteView body = script.piece();
    if (!type) continue;
    record.type = *type;
    record.name.assign(name.begin(), name.end());
    record.body.assign(body.begin(), body.end());
    records.push_back(std::move(record));
  }
  crypto::SeededRandom random(6);
  const auto replica = sync::Replica::open(
      {.kinds = &KindTable::standard(), .random = &random, .beacons = true}, records, an_evening());
  if (!replica) return;
  replica->step(an_evening(), sync::NetworkChanged{});
  ask(*replica, sync::ListEntries{});
  ask(*replica, sync::ListToday{});
  ask(*replica, sync::ShowOwn{11});
  ask(*replica, sync::AskStatus{});
  ask(*replica, sync::Diagnose{});
  ask(*replica, sync::Undo{});
  replica->step(an_evening(), sync::TimeReached{});
}

std::vector<Bytes> store_seeds() {
  Bytes script;
  for (const Record& record : evening().records) {
    script.push_back(static_cast<std::uint8_t>(record.type));
    add_piece(script, record.name);
    add_piece(script, record.body);
  }
  return {script};
}

}  // namespace

std::vector<Target> disk_targets() {
  return {{.name = "slot", .run = run_slot, .seeds = slot_seeds},
          {.name = "box", .run = run_box, .seeds = record_seeds, .damages_max = 500},
          {.name = "page", .run = run_page, .seeds = page_seeds},
          {.name = "record", .run = run_record, .seeds = record_seeds},
          {.name = "store",
           .run = run_store,
           .seeds = store_seeds,
           .bytes_max = 16'384,
           .damages_max = 400}};
}

}  // namespace attune::fuzz
