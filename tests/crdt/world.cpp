#include "tests/crdt/world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/kind_table.h"

namespace attune::crdt::testing {

PersonId person(std::uint8_t number) { return {{number}}; }

Actor actor(std::uint8_t of_person, std::uint8_t device, std::uint8_t incarnation) {
  return {.stream = stream(), .device = {{device, of_person}}, .incarnation = {{incarnation}}};
}

EntryId entry(std::uint8_t owner, std::uint8_t number) {
  return make_entry_id(person(owner), kKind, {number});
}

Policy TestSchema::policy(std::uint32_t, std::uint32_t field) const {
  if (field == kFieldLife) return Policy::kProtective;
  switch (field / 100) {
    case 2:
      return Policy::kSideBySide;
    case 3:
      return Policy::kProtective;
    case 4:
      return Policy::kSet;
    default:
      return Policy::kLatest;
  }
}

bool TestSchema::per_person(std::uint32_t, std::uint32_t field) const { return field % 10 == 9; }

std::optional<PersonId> TestSchema::person(const DeviceId& device) const {
  return PersonId{{device.bytes[1]}};
}

const TestSchema& schema() {
  static const TestSchema kSchema;
  return kSchema;
}

Slot words(std::uint32_t field, std::string_view text) {
  Slot slot;
  slot.field = field;
  const ByteView bytes = as_bytes(text);
  slot.body = SlotBody{.salt = {9, 9}, .bytes = {bytes.begin(), bytes.end()}};
  return slot;
}

Slot ranked(std::uint32_t field, std::uint32_t rank, Over over) {
  Slot slot = words(field, "value");
  slot.rank = rank;
  slot.over = std::move(over);
  return slot;
}

Slot add(std::string_view element) { return words(kTags, element); }

Slot remove(std::vector<SlotRef> removed) {
  Slot slot = words(kTags, "");
  slot.removes = true;
  slot.removed = std::move(removed);
  return slot;
}

Slot forgetting() { return words(kFieldForget, ""); }

Over over_past() { return {.reach = Over::Reach::kPast, .dots = {}}; }
Over over_dots(std::vector<Dot> dots) {
  return {.reach = Over::Reach::kDots, .dots = std::move(dots)};
}

Op draft(const EntryId& on, std::vector<Slot> slots) {
  Op op;
  op.entry = on;
  op.kind = kKind;
  op.day = {20'000};
  op.slots = std::move(slots);
  return op;
}

Seen seen(const View& view) {
  Seen all;
  for (const auto& [id, state] : view.entries()) {
    all[id] = {state.kind, state.day, state.registers, state.touched(), state.forgets};
  }
  return all;
}

Op Device::write(const Actor& self, Op op) {
  log.salt(self, op.slots, random_.bytes<16>());
  op = log.compose(self, std::move(op));
  EXPECT_TRUE(within_limits(op));
  EXPECT_EQ(append(op), OpLog::Taken::kAppended);
  return op;
}

OpLog::Taken Device::append(const Op& op) {
  const OpLog::Taken taken = log.append(op, {});
  if (taken != OpLog::Taken::kAppended) return taken;
  const View::Effect effect = view.apply(*log.find(op.dot));
  if (!erases_) return taken;
  for (const SlotRef& gone : effect.superseded) log.erase_slot(gone.dot, gone.slot);
  for (const Dot& gone : effect.forgotten) EXPECT_TRUE(log.husk(gone));
  return taken;
}

OpLog::Taken Device::take(const Op& op) {
  const OpLog::Taken taken = append(op);
  if (taken == OpLog::Taken::kWaits) {
    EXPECT_TRUE(waiting.hold({.op = op, .tag = {}, .bytes = 100}));
  }
  while (auto item = waiting.next(log)) {
    const OpLog::Taken later = append(item->op);
    EXPECT_TRUE(later == OpLog::Taken::kAppended || later == OpLog::Taken::kDuplicate);
  }
  return taken;
}

void Device::pull(const Device& other, std::size_t count) {
  const std::vector<const Kept*> missing = other.log.missing(log.vector(), count);
  if (take_runs(other, missing, true)) return;
  ++unnamed;
  EXPECT_TRUE(take_runs(other, missing, false));
}

// False at the first op that nothing here names.
bool Device::take_runs(const Device& other, const std::vector<const Kept*>& ops, bool by_ops) {
  const OnWire wire = on_wire(other, ops, by_ops);
  for (const Run& run : wire.runs) {
    RunReader reader(wire.actors, run, &log);
    RunReader::Read read;
    RunReader::Result result = reader.next(read);
    for (; result == RunReader::Result::kOp; result = reader.next(read)) {
      const Kept* kept = other.log.find(read.op.dot);
      EXPECT_TRUE(kept != nullptr && read.op == kept->op);
      EXPECT_EQ(read.bytes, encode_op(read.op).size());
      take(read.op);
    }
    if (result == RunReader::Result::kUnnamed) return false;
    EXPECT_EQ(result, RunReader::Result::kEnd);
  }
  return true;
}

OnWire on_wire(const Device& from, const std::vector<const Kept*>& ops, bool by_ops) {
  OnWire wire;
  ActorTable actors;
  std::optional<RunWriter> writer;
  const auto finish = [&] {
    if (!writer) return;
    const std::size_t size_max = writer->size_max();
    const Run run = writer->finish();
    EXPECT_LE(run.ops.size() + run.salts.size(), size_max);
    wire.runs.push_back(run);
    writer.reset();
  };
  for (const Kept* kept : ops) {
    if (writer && writer->next() != kept->op.dot) finish();
    if (!writer) writer.emplace(actors, kept->op.dot, &from.log);
    if (kept->op.dot.counter % 3 == 0) writer->tighten();
    const std::size_t before = writer->size_max();
    writer->add(kept->op, by_ops ? from.view.earlier_on_entry(*kept) : std::optional<Dot>());
    EXPECT_LE(writer->size_max(), before + RunWriter::size_max(kept->op));
  }
  finish();
  wire.actors = actors.actors();
  return wire;
}

Seen Device::refolded() const {
  View fresh(log, schema());
  log.for_each([&fresh](const Kept& kept) { fresh.apply(kept); });
  return seen(fresh);
}

std::size_t Device::husks() const {
  std::size_t count = 0;
  log.for_each([&count](const Kept& kept) { count += kept.op.husk ? 1 : 0; });
  return count;
}

std::vector<Dot> standing(const View& view, const EntryId& on, std::uint32_t field) {
  std::vector<Dot> dots;
  const EntryState* state = view.find(on);
  const Register* found = state == nullptr ? nullptr : state->find(field);
  if (found == nullptr) return dots;
  for (const Standing& each : found->standing) dots.push_back(each.dot);
  return dots;
}

std::uint32_t top_rank(const View& view, const EntryId& on, std::uint32_t field) {
  const EntryState* state = view.find(on);
  const Register* found = state == nullptr ? nullptr : state->find(field);
  return found == nullptr ? 0 : found->standing.front().rank;
}

}  // namespace attune::crdt::testing
