#include "tests/crdt/oracle.h"

#include <algorithm>

#include "proto/kind_table.h"

namespace attune::crdt::testing {
namespace {

PersonId author(const Op& op) { return *schema().person(op.dot.actor.device); }

std::uint32_t rank_of(const Slot& slot) { return slot.rank.value_or(FieldRow::kRankUnknown); }

bool is_same_register(const Op& a, const Slot& x, const Op& b, const Slot& y) {
  return a.entry == b.entry && x.field == y.field &&
         (!schema().per_person(a.kind, x.field) || author(a) == author(b));
}

}  // namespace

void Oracle::add(const Op& op) {
  if (!ops_.emplace(op.dot, op).second) return;
  std::set<Dot>& past = pasts_[op.dot];
  std::vector<Dot> direct = op.seen;
  if (op.dot.counter > 1) direct.push_back({op.dot.actor, op.dot.counter - 1});
  for (const Dot& each : direct) {
    past.insert(each);
    const std::set<Dot>& before = pasts_.at(each);
    past.insert(before.begin(), before.end());
  }
}

bool Oracle::is_in_past(const Dot& dot, const Dot& of) const { return pasts_.at(of).contains(dot); }

bool Oracle::is_forgotten(const Op& op) const {
  return std::ranges::any_of(ops_, [&](const auto& each) {
    const Op& act = each.second;
    return act.entry == op.entry && author(act) == author(op) && is_in_past(op.dot, act.dot) &&
           std::ranges::any_of(act.slots, [](const Slot& s) { return s.field == kFieldForget; });
  });
}

bool Oracle::is_replaced(const Op& op, std::size_t slot) const {
  const Slot& x = op.slots[slot];
  const auto by = [&](const Op& other, const Slot& y) {
    if (!is_same_register(op, x, other, y) || !is_in_past(op.dot, other.dot)) return false;
    switch (schema().policy(op.kind, x.field)) {
      case Policy::kLatest:
      case Policy::kSideBySide:
        return true;
      case Policy::kSet:
        return std::ranges::find(y.removed, SlotRef{op.dot, slot}) != y.removed.end();
      case Policy::kProtective:
        break;
      case Policy::kOpaque:
        return false;
    }
    if (rank_of(y) >= rank_of(x) || y.over.reach == Over::Reach::kPast) return true;
    return std::ranges::any_of(y.over.dots, [&](const Dot& dot) {
      return is_in_past(dot, other.dot) && (dot == op.dot || is_in_past(op.dot, dot));
    });
  };
  return std::ranges::any_of(ops_, [&](const auto& each) {
    return std::ranges::any_of(each.second.slots,
                               [&](const Slot& slot_of) { return by(each.second, slot_of); });
  });
}

Oracle::Stands Oracle::stands() const {
  Stands all;
  for (const auto& [dot, op] : ops_) {
    if (is_forgotten(op)) continue;
    for (std::size_t slot = 0; slot < op.slots.size(); ++slot) {
      const Slot& each = op.slots[slot];
      if (each.field == kFieldForget || each.removes || is_replaced(op, slot)) continue;
      if (schema().policy(op.kind, each.field) == Policy::kOpaque) continue;
      std::optional<PersonId> person;
      if (schema().per_person(op.kind, each.field)) person = author(op);
      all[{op.entry, each.field, person}].insert({dot, slot});
    }
  }
  return all;
}

Oracle::Stands stands(const View& view) {
  Oracle::Stands all;
  for (const auto& [id, state] : view.entries()) {
    for (const Register& each : state.registers) {
      for (const Standing& standing : each.standing) {
        all[{id, each.field, each.person}].insert({standing.dot, standing.slot});
      }
    }
  }
  return all;
}

}  // namespace attune::crdt::testing
