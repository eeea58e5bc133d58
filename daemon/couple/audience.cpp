#include "daemon/couple/audience.h"

namespace attune::couple {

Place place_of_new(const KindRow& row, bool share) {
  switch (row.audience) {
    case Audience::kMine:
      return Place::kMine;
    case Audience::kBoth:
      return Place::kBoth;
    case Audience::kChosen:
      return share ? Place::kBoth : Place::kMine;
  }
  return Place::kMine;
}

bool can_move(const KindRow& row) { return row.audience == Audience::kChosen; }

Place place_of(const FieldRow& field, Place entry) {
  return field.mine_only ? Place::kMine : entry;
}

bool may_be_seen_by_both(const KindTable& table, std::uint32_t kind, std::uint32_t field) {
  const KindRow* row = table.kind(kind);
  if (row == nullptr) return true;
  if (row->audience == Audience::kMine) return false;
  const FieldRow* known = row->field(field);
  return known == nullptr || !known->mine_only;
}

}  // namespace attune::couple
