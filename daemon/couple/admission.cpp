#include "daemon/couple/admission.h"

#include <algorithm>

#include "daemon/couple/audience.h"
#include "daemon/couple/authorship.h"
#include "proto/limits.h"

namespace attune::couple {
namespace {

bool is_system(std::uint32_t field) { return field == kFieldLife || field == kFieldForget; }

// A rank that some body of this field can have. Any other, of which each stands beside the ones
// before it, would let one partner pile up as many as they like.
bool has_rank(const FieldRow& row, std::uint32_t rank) {
  return rank == FieldRow::kRankUnknown ||
         std::ranges::find(row.values, rank, &ValueRow::rank) != row.values.end();
}

// The bytes of a slot are one occurrence of its field, or nothing where the field is cleared.
bool slot_fits(const FieldRow& row, const crdt::Slot& slot) {
  if (slot.rank.has_value() != (row.merge == Merge::kProtective)) return false;
  if (slot.rank && !has_rank(row, *slot.rank)) return false;
  if (slot.removes && row.merge != Merge::kSet) return false;
  if (!slot.body) return true;
  const Bytes& bytes = slot.body->bytes;
  if (row.merge == Merge::kProtective) {
    return fits(row, bytes) && slot.rank == row.rank_of(bytes);
  }
  return bytes.empty() || fits(row, bytes);
}

// Fields of our own, and those that are not known here.
bool system_slot_fits(const crdt::Slot& slot) {
  if (slot.removes) return false;
  if (slot.field == kFieldLife) {
    if (slot.rank != 1u) return false;
    return !slot.body || wire_varint(slot.body->bytes) == 1u;
  }
  if (slot.field == kFieldForget) {
    return !slot.rank && (!slot.body || slot.body->bytes.empty());
  }
  return true;
}

// Only a set has room for several in one op.
bool writes_once(const KindRow* row, const std::vector<crdt::Slot>& slots) {
  for (auto slot = slots.begin(); slot != slots.end(); ++slot) {
    const FieldRow* field = row != nullptr ? row->field(slot->field) : nullptr;
    if (field != nullptr && field->merge == Merge::kSet) continue;
    const bool again = std::any_of(
        slots.begin(), slot, [&](const crdt::Slot& before) { return before.field == slot->field; });
    if (again && (field != nullptr || is_system(slot->field))) return false;
  }
  return true;
}

// The topic that an op says, where it says one.
std::optional<std::string_view> topic_of(const KindRow& row, const crdt::Op& op) {
  const FieldRow* field = row.topic();
  if (field == nullptr) return std::nullopt;
  for (const crdt::Slot& slot : op.slots) {
    if (slot.field != field->number || !slot.body) continue;
    const auto content = wire_content(slot.body->bytes);
    if (content) return as_text(*content);
  }
  return std::nullopt;
}

bool is_the_one(const Kinds& kinds, const KindRow& row, const crdt::Op& op) {
  const CoupleId& couple = op.dot.actor.stream.couple;
  const auto whose = kinds.owner(op.entry, op.kind);
  if (!whose) return false;
  switch (row.one) {
    case One::kMany:
      return true;
    case One::kPerPerson:
      return op.entry == only_one(row, *whose, couple, "");
    case One::kPerPersonAndTopic: {
      const auto topic = topic_of(row, op);
      return !topic || op.entry == only_one(row, *whose, couple, *topic);
    }
  }
  return false;
}

// What may still be said of an entry that its owner forgot: that it is over, and that it is
// forgotten, as what was written beside the first act of forgetting can be; then it may go on
// holding.
bool only_ends(const KindRow& row, const crdt::Op& op) {
  const FieldRow* field = row.ending_field();
  const bool forgets = std::ranges::any_of(
      op.slots, [](const crdt::Slot& slot) { return slot.field == kFieldForget; });
  return std::ranges::all_of(op.slots, [field, forgets](const crdt::Slot& slot) {
    if (is_system(slot.field)) return true;
    if (field == nullptr || slot.field != field->number) return false;
    return forgets || slot.rank == field->ending()->rank;
  });
}

}  // namespace

bool may_enter(const Kinds& kinds, const crdt::Op& op) {
  if (op.husk) return true;
  if (op.day < kFirstDay || op.day > kLastDay) return false;
  // Of a kind that is not known here the id still proves it and its owner: an id of another kind
  // would let a name that nobody knows write where a rule stands.
  const KindRow* row = kinds.table().kind(op.kind);
  for (const crdt::Slot& slot : op.slots) {
    const FieldRow* field = row != nullptr ? row->field(slot.field) : nullptr;
    const bool fit = field != nullptr ? slot_fits(*field, slot) : system_slot_fits(slot);
    if (!fit) return false;
  }
  if (!writes_once(row, op.slots)) return false;
  if (row == nullptr) return kinds.owner(op.entry, op.kind).has_value();
  return is_the_one(kinds, *row, op);
}

bool counts(const Kinds& kinds, const crdt::View& view, const crdt::Kept& kept) {
  const crdt::Op& op = kept.op;
  if (op.husk) return true;
  const KindRow* row = kinds.table().kind(op.kind);
  const crdt::EntryState* entry = view.find(op.entry);
  const bool is_known = entry != nullptr && entry->kind == op.kind;
  const auto whose = is_known ? entry->owner : kinds.owner(op.entry, op.kind);
  if (row == nullptr) return whose.has_value();
  const auto author = kinds.person(op.dot.actor.device);
  if (!author) return false;
  const bool hides = op.dot.actor.stream.is_mine() && op.slots.size() == 1 &&
                     op.slots.front().field == kFieldForget;
  if (!hides && !may_write(*row, whose, *author)) return false;
  if (!op.dot.actor.stream.is_mine()) {
    const bool seen_by_both = std::ranges::all_of(op.slots, [&](const crdt::Slot& slot) {
      return may_be_seen_by_both(kinds.table(), op.kind, slot.field);
    });
    if (!seen_by_both) return false;
  }
  if (row->one != One::kMany) return true;
  return !view.forgotten_in(op.entry, *author, kept.past) || only_ends(*row, op);
}

}  // namespace attune::couple
