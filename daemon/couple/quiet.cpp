#include "daemon/couple/quiet.h"

namespace attune::couple {

bool OpenPauses::holds_back(const KindRow& row, const EntryId& id) const {
  if (!row.asks || topics_.empty()) return false;
  return on_all() || topics_.contains(row.noun) || topics_.contains(entry_name(row.letter, id));
}

}  // namespace attune::couple
