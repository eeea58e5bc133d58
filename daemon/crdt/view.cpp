#include "daemon/crdt/view.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <tuple>

#include "daemon/crdt/merge.h"
#include "proto/kind_table.h"

namespace attune::crdt {
namespace {

bool is_forget(const Op& op) {
  return std::ranges::any_of(op.slots, [](const Slot& s) { return s.field == kFieldForget; });
}

using RegisterKey = std::tuple<std::uint32_t, std::optional<PersonId>>;
bool is_before(const Register& entry, const RegisterKey& key) {
  return std::tie(entry.field, entry.person) < key;
}

template <typename Which>
bool take_off(EntryState& entry, Which which) {
  std::size_t taken = 0;
  for (Register& each : entry.registers) taken += erase_if(each.standing, which);
  std::erase_if(entry.registers, [](const Register& each) { return each.standing.empty(); });
  return taken > 0;
}

}  // namespace

const Register* EntryState::find(std::uint32_t field, const std::optional<PersonId>& person) const {
  const RegisterKey key{field, person};
  auto it = std::lower_bound(registers.begin(), registers.end(), key, is_before);
  return it != registers.end() && it->field == field && it->person == person ? &*it : nullptr;
}

const VersionVector& EntryState::touched() const {
  for (; touched_ops_ < ops.size(); ++touched_ops_) {
    const Dot& dot = ops[touched_ops_]->op.dot;
    touched_.raise(dot.actor, dot.counter);
  }
  return touched_;
}

void EntryState::note(const Kept& kept) {
  const std::uint64_t weight = kept.past.total();
  const bool is_first = ops.empty() || weight < first_weight_ ||
                        (weight == first_weight_ && kept.op.dot < ops.front()->op.dot);
  if (!is_first) return ops.push_back(&kept);
  ops.insert(ops.begin(), &kept);
  first_weight_ = weight;
  day = kept.op.day;
  touched_ops_ = 0;
}

template <typename Which>
void EntryState::unnote(Which which) {
  const Few<const Kept*> before = std::move(ops);
  ops.clear();
  touched_ = {};
  touched_ops_ = 0;
  for (const Kept* kept : before) {
    if (!which(*kept)) note(*kept);
  }
}

const EntryState* View::find(const EntryId& id) const {
  if (recent_ == nullptr || recent_->id != id) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return nullptr;
    recent_ = &at->second;
  }
  return recent_;
}

// It belongs to this View, which is not const here.
EntryState* View::held(const EntryId& id) { return const_cast<EntryState*>(find(id)); }

EntryState& View::entry_of(const Op& op) {
  EntryState* entry = held(op.entry);
  if (entry == nullptr) {
    entry = &entries_[op.entry];
    entry->id = op.entry;
    recent_ = entry;
  }
  if (entry->ops.empty() && entry->kind == 0) {
    entry->kind = op.kind;
    entry->owner = schema_.owner(op.entry, op.kind);
    entry->registers.reserve(op.slots.size());
  }
  return *entry;
}

void View::people_changed() {
  for (auto& [id, entry] : entries_) entry.owner = schema_.owner(id, entry.kind);
}

std::optional<Dot> View::earlier_on_entry(const Kept& kept) const {
  if (kept.op.husk) return std::nullopt;
  const EntryState* entry = find(kept.op.entry);
  if (entry == nullptr || entry->ops.empty()) return std::nullopt;
  const Op& first = entry->ops.front()->op;
  if (first.husk || !kept.past.contains(first.dot)) return std::nullopt;
  return first.dot;
}

bool View::forgotten_in(const EntryId& id, const PersonId& person, const Past& past) const {
  const EntryState* entry = find(id);
  if (entry == nullptr) return false;
  auto acts = entry->forgets.find(person);
  return acts != entry->forgets.end() &&
         std::ranges::any_of(acts->second, [&past](const Dot& dot) { return past.contains(dot); });
}

// Everything of the person in the act's past goes. An earlier act of forgetting keeps its op, so
// that what comes after it is still seen to, but leaves the list: however often somebody forgets,
// the next act finds one before it. What it wrote beside goes like the rest.
void View::forget(EntryState& entry, const Kept& act, const PersonId& person, Effect& effect) {
  take_off(entry, [&](const Standing& standing) {
    if (standing.person != person || !act.past.contains(standing.dot)) return false;
    effect.superseded.push_back({standing.dot, standing.slot});
    return true;
  });
  entry.unnote([&](const Kept& kept) {
    const Dot& dot = kept.op.dot;
    if (!act.past.contains(dot) || schema_.person(dot.actor.device) != person) return false;
    if (!is_forget(kept.op)) effect.forgotten.push_back(dot);
    return true;
  });
  std::vector<Dot>& acts = entry.forgets[person];
  const auto in_past = [&act](const Dot& dot) { return act.past.contains(dot); };
  if (std::ranges::none_of(acts, in_past)) acts.push_back(act.op.dot);
  std::ranges::sort(acts);
}

void View::write(EntryState& entry, const Kept& kept, Standing standing, Effect& effect) {
  const Slot& written = kept.op.slots[standing.slot];
  const Policy policy = schema_.policy(kept.op.kind, written.field);
  if (policy == Policy::kOpaque) return;
  if (policy == Policy::kProtective) {
    standing.rank = written.rank.value_or(FieldRow::kRankUnknown);
  }
  Write write{.slot = written, .standing = standing, .past = kept.past};
  VersionVector over;
  if (policy == Policy::kProtective && written.over.reach == Over::Reach::kDots) {
    // Dots outside the past may be held here and not there: they say nothing.
    std::vector<Dot> named;
    std::ranges::copy_if(written.over.dots, std::back_inserter(named),
                         [&kept](const Dot& dot) { return kept.past.contains(dot); });
    over = log_.closure(named);
    write.over = &over;
  }
  std::optional<PersonId> owner;
  if (schema_.per_person(kept.op.kind, written.field)) owner = standing.person;
  const RegisterKey key{written.field, owner};
  auto at = entry.registers.end();  // of a new entry each comes after those before
  if (at != entry.registers.begin() && !is_before(*std::prev(at), key)) {
    at = std::lower_bound(entry.registers.begin(), at, key, is_before);
  }
  if (at == entry.registers.end() || at->field != written.field || at->person != owner) {
    at = entry.registers.insert(at, {.field = written.field, .person = owner, .standing = {}});
  }
  merge(policy, *at, write, effect.superseded);
  if (at->standing.empty()) entry.registers.erase(at);
}

View::Effect View::apply(const Kept& kept) {
  Effect effect;
  if (kept.op.husk) return effect;
  assert(kept.counted);
  const Op& op = kept.op;
  const PersonId person = schema_.person(op.dot.actor.device).value_or(PersonId{});
  EntryState& entry = entry_of(op);
  effect.entry = op.entry;
  effect.kind = op.kind;
  effect.changed = true;
  if (is_forget(op)) forget(entry, kept, person, effect);
  entry.note(kept);
  Standing standing{.dot = op.dot, .weight = kept.past.total() + 1, .person = person};
  for (standing.slot = 0; standing.slot < op.slots.size(); ++standing.slot) {
    if (op.slots[standing.slot].field != kFieldForget) write(entry, kept, standing, effect);
  }
  return effect;
}

bool View::lose(const Kept& kept) {
  EntryState* held_entry = held(kept.op.entry);
  if (kept.op.husk || held_entry == nullptr) return false;
  EntryState& entry = *held_entry;
  const bool stood = take_off(entry, [&kept](const Standing& s) { return s.dot == kept.op.dot; });
  entry.unnote([&kept](const Kept& each) { return &each == &kept; });
  if (entry.ops.empty()) {
    recent_ = nullptr;
    entries_.erase(kept.op.entry);
  }
  return stood;
}

}  // namespace attune::crdt
