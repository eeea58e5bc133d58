#include "tests/couple/two_people.h"

#include <cassert>

#include "daemon/couple/admission.h"

namespace attune::couple {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kFour = std::int64_t{4} * 3'600;

Now at(Now now, std::int64_t wall) {
  now.wall.seconds = wall;
  now.day.days = static_cast<std::int32_t>(wall / kDaySeconds);
  now.night.days = static_cast<std::int32_t>((wall - kFour) / kDaySeconds);
  now.next_four.seconds = (std::int64_t{now.night.days} + 1) * kDaySeconds + kFour;
  return now;
}

}  // namespace

TwoPeople::TwoPeople() : kinds(KindTable::standard(), people), log(stream()), view(log, kinds) {
  people = {.me = ada, .partner = ben, .couple = stream().couple, .devices = {}};
  people.devices = {{ada_phone, ada}, {ben_phone, ben}};
}

crdt::StreamId TwoPeople::stream() { return crdt::StreamId::both({{9}}); }

crdt::Op TwoPeople::op(const DeviceId& by, const EntryId& entry, std::uint32_t kind,
                       std::vector<crdt::Slot> slots) const {
  crdt::Op draft;
  draft.entry = entry;
  draft.kind = kind;
  draft.slots = std::move(slots);
  return log.compose({.stream = stream(), .device = by, .incarnation = {}}, std::move(draft));
}

const crdt::Kept& TwoPeople::enter(crdt::Op op) {
  const crdt::Dot dot = op.dot;
  const auto taken = log.append(std::move(op), {});
  assert(taken == crdt::OpLog::Taken::kAppended);
  static_cast<void>(taken);
  const crdt::Kept& kept = *log.find(dot);
  if (counts(kinds, view, kept)) {
    view.apply(kept);
  } else {
    log.mark_void(dot);
  }
  return kept;
}

const crdt::EntryState& TwoPeople::entry(const EntryId& id) const {
  const crdt::EntryState* entry = view.find(id);
  assert(entry != nullptr);
  return *entry;
}

const KindRow& row(std::string_view noun) { return *KindTable::standard().named(noun); }

const FieldRow& field(std::string_view noun, std::string_view name) {
  return *row(noun).field_named(name);
}

EntryId id_of(const PersonId& owner, std::string_view noun, std::uint8_t number) {
  return crdt::make_entry_id(owner, row(noun).number, {number});
}

crdt::Slot words(std::string_view noun, std::string_view name, std::string_view text) {
  const std::uint32_t number = field(noun, name).number;
  crdt::Slot slot;
  slot.field = number;
  slot.body = {.salt = {}, .bytes = wire_field(number, as_bytes(text))};
  return slot;
}

crdt::Slot value(std::string_view noun, std::string_view name, std::string_view word) {
  const FieldRow& of = field(noun, name);
  const ValueRow& said = *of.value_named(word);
  crdt::Slot slot;
  slot.field = of.number;
  slot.body = {.salt = {}, .bytes = wire_field(of.number, static_cast<std::uint64_t>(said.number))};
  if (of.merge == Merge::kProtective) {
    slot.rank = said.rank;
    slot.over.reach = crdt::Over::Reach::kPast;
  }
  return slot;
}

crdt::Slot forget() {
  crdt::Slot slot;
  slot.field = kFieldForget;
  slot.body = {.salt = {}, .bytes = {}};
  return slot;
}

Now evening() {
  Now now;
  now.boot = {.id = {5}, .since = std::chrono::hours(1)};
  now.steady = Steady{std::chrono::hours(1)};
  return at(now, 1'800'000'000 / kDaySeconds * kDaySeconds + 5 * kFour);
}

Now later(Now now, std::chrono::seconds by) {
  now.steady.since += by;
  now.boot.since += by;
  return at(now, now.wall.seconds + by.count());
}

}  // namespace attune::couple
