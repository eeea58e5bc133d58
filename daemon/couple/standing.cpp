#include "daemon/couple/standing.h"

#include <algorithm>

namespace attune::couple {
namespace {

// The ending value is the weakest of its field (a boundary's) or the strictest (a withdrawal).
bool ends_with(const KindRow& row, std::uint32_t rank) {
  const std::uint32_t ending = row.ending_field()->ending()->rank;
  return ends_at_strictest(row) ? rank >= ending : rank <= ending;
}

}  // namespace

bool ends_at_strictest(const KindRow& row) {
  const FieldRow* field = row.ending_field();
  return field != nullptr && std::ranges::all_of(field->values, [field](const ValueRow& value) {
           return value.rank <= field->ending()->rank;
         });
}

bool is_ended(const KindRow& row, const crdt::EntryState& entry) {
  if (entry.registers.empty() || entry.find(kFieldLife) != nullptr) return true;
  const FieldRow* field = row.ending_field();
  if (field == nullptr) return false;
  const crdt::Register* stands = entry.find(field->number);
  return stands != nullptr && ends_with(row, stands->standing.front().rank);
}

bool is_forgotten(const KindRow& row, const crdt::EntryState& entry, const PersonId& owner) {
  return row.one == One::kMany && entry.forgets.contains(owner);
}

bool takes_effect(const crdt::Register* stands, std::uint32_t rank,
                  const crdt::VersionVector& seen) {
  if (stands == nullptr) return true;
  return std::ranges::all_of(stands->standing, [&](const crdt::Standing& standing) {
    return standing.rank <= rank || seen.contains(standing.dot);
  });
}

bool is_seen(const crdt::Register* stands, const crdt::VersionVector& seen) {
  return stands == nullptr || std::ranges::all_of(stands->standing, [&](const auto& standing) {
           return seen.contains(standing.dot);
         });
}

bool is_due(const StateFacts& facts) {
  return !facts.ended && facts.review && *facts.review <= facts.today;
}

std::string_view state_name(const KindRow& row, const StateFacts& facts) {
  if (facts.ended) return row.state_ended;
  if (facts.waits) return "loosening";
  if (is_due(facts)) return "review";
  return row.state_live;
}

}  // namespace attune::couple
