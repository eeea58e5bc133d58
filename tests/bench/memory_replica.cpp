#include "tests/bench/memory_replica.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "proto/limits.h"

namespace attune::bench {
namespace {

constexpr CoupleId kCouple{{1, 2, 3}};
constexpr LocalDay kDay{20'832};
constexpr std::array<PersonId, 2> kPeople = {PersonId{{1}}, PersonId{{2}}};
constexpr std::array<DeviceId, 2> kDevices = {DeviceId{{3}}, DeviceId{{4}}};

couple::People people_of(std::size_t which) {
  return {.me = kPeople[which],
          .partner = kPeople[1 - which],
          .couple = kCouple,
          .devices = {{kDevices[0], kPeople[0]}, {kDevices[1], kPeople[1]}}};
}

// The workload's id stands in the nonce, so that it can be read from the entry's id.
EntryId entry_of(const WorkRecord& record, const PersonId& owner, std::uint32_t kind) {
  const Bytes id = *from_hex(record.id);
  crdt::EntryNonce nonce{};
  std::ranges::copy(id, nonce.begin());
  return crdt::make_entry_id(owner, kind, nonce);
}

}  // namespace

MemoryReplica::MemoryReplica(const RecordRow& row, std::size_t which)
    : row_(row),
      random_(which),
      people_(people_of(which)),
      kinds_(record_kinds(), people_),
      actor_{
          .stream = crdt::StreamId::both(kCouple), .device = kDevices[which], .incarnation = {{5}}},
      person_(kPeople[which]),
      log_(actor_.stream),
      view_(log_, kinds_) {}

crdt::Slot MemoryReplica::slot(Bytes wire) {
  crdt::Slot slot;
  slot.field = field_of(wire);
  slot.body = {.salt = {}, .bytes = std::move(wire)};
  return slot;
}

void MemoryReplica::enter(crdt::Op op) {
  const crdt::Dot dot = op.dot;
  const auto taken = log_.append(std::move(op), {.day = kDay, .wall = {}, .boot = {}});
  assert(taken == crdt::OpLog::Taken::kAppended);
  static_cast<void>(taken);
  const crdt::View::Effect effect = view_.apply(*log_.find(dot));
  for (const crdt::SlotRef& ref : effect.superseded) log_.erase_slot(ref.dot, ref.slot);
}

void MemoryReplica::write(const EntryId& entry, std::vector<crdt::Slot> slots) {
  crdt::Op draft;
  draft.entry = entry;
  draft.kind = row_.row().number;
  draft.day = kDay;
  draft.slots = std::move(slots);
  std::optional<crdt::SaltNode> root;
  if (log_.needs_salt_root(actor_)) root = random_.bytes<sizeof(crdt::SaltNode)>();
  log_.salt(actor_, draft.slots, root);
  enter(log_.compose(actor_, std::move(draft)));
}

void MemoryReplica::add(const WorkRecord& record) {
  std::vector<crdt::Slot> slots;
  for (Bytes& wire : row_.values(record)) slots.push_back(slot(std::move(wire)));
  const EntryId entry = entry_of(record, person_, row_.row().number);
  entries_.push_back(entry);
  write(entry, std::move(slots));
}

void MemoryReplica::edit(const WorkEdit& edit) {
  const EntryId& entry = entries_[edit.record];
  Bytes wire = row_.value(edit.field, edit.value);
  std::vector<crdt::Slot> slots;
  if (edit.field == WorkField::kTags) {
    crdt::Slot removal;
    removal.field = RecordRow::number(edit.field);
    removal.removes = true;
    const crdt::Register* stands = view_.find(entry)->find(removal.field);
    for (std::size_t i = 0; stands != nullptr && i < stands->standing.size(); ++i) {
      const crdt::Standing& standing = stands->standing[i];
      if (log_.find(standing.dot)->op.slots[standing.slot].body->bytes == wire) {
        removal.removed.push_back({standing.dot, standing.slot});
      }
    }
    if (!removal.removed.empty()) slots.push_back(std::move(removal));
  }
  if (slots.empty()) slots.push_back(slot(std::move(wire)));
  write(entry, std::move(slots));
}

std::vector<Bytes> MemoryReplica::missing(const crdt::VersionVector& has) const {
  std::vector<Bytes> messages;
  sync::OpsMessage batch;
  crdt::ActorTable actors;
  std::optional<crdt::RunWriter> run;
  std::size_t count = 0;
  std::size_t size = 0;  // of the runs that are finished
  const auto finish_run = [&] {
    if (!run) return;
    size += run->size_max();
    batch.runs.push_back({.run = run->finish(), .tag = {}});
    run.reset();
  };
  const auto finish = [&] {
    finish_run();
    batch.actors = actors.actors();
    if (count > 0) messages.push_back(sync::encode_sync(batch));
    batch = {};
    actors = {};
    count = size = 0;
  };
  for (const crdt::Kept* kept : log_.missing(has, log_.size())) {
    const std::size_t grown =
        size + (run ? run->size_max() : 0) + crdt::RunWriter::size_max(kept->op);
    if (count == limits::kBatchOpsMax || grown > limits::kBatchBytesMax) finish();
    if (run && run->next() != kept->op.dot) finish_run();
    if (!run) run.emplace(actors, kept->op.dot, &log_);
    run->add(kept->op, view_.earlier_on_entry(*kept));
    ++count;
  }
  finish();
  return messages;
}

template <typename Visit>
void MemoryReplica::read_runs(ByteView message, Visit visit) const {
  const auto decoded = sync::decode_sync(message);
  assert(decoded);
  const auto& batch = std::get<sync::OpsMessage>(*decoded);
  for (const sync::OpRun& each : batch.runs) {
    crdt::RunReader reader(batch.actors, each.run, &log_);
    crdt::RunReader::Read read;
    auto result = reader.next(read);
    for (; result == crdt::RunReader::Result::kOp; result = reader.next(read)) {
      visit(std::move(read.op));
    }
    if (result != crdt::RunReader::Result::kEnd) std::abort();
  }
}

std::vector<crdt::Op> MemoryReplica::read(const std::vector<Bytes>& messages) const {
  std::vector<crdt::Op> ops;
  for (const Bytes& message : messages) {
    read_runs(message, [&ops](crdt::Op op) { ops.push_back(std::move(op)); });
  }
  return ops;
}

void MemoryReplica::merge(ByteView message) {
  read_runs(message, [this](crdt::Op op) {
    if (view_.find(op.entry) == nullptr) entries_.push_back(op.entry);
    enter(std::move(op));
  });
}

std::vector<WorkRecord> MemoryReplica::records() const {
  std::vector<WorkRecord> records;
  for (const EntryId& entry : entries_) {
    WorkRecord record;
    record.id = to_hex(entry.view().first(8));
    for (const crdt::Register& each : view_.find(entry)->registers) {
      const FieldRow& field = *row_.row().field(each.field);
      const std::size_t count = field.merge == Merge::kSet ? each.standing.size() : 1;
      for (std::size_t i = 0; i < count; ++i) {
        const crdt::Standing& standing = each.standing[i];
        row_.read(log_.find(standing.dot)->op.slots[standing.slot].body->bytes, record);
      }
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace attune::bench
