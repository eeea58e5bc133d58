#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/crdt/view.h"
#include "proto/kind_table.h"
#include "proto/time.h"

namespace attune::couple {

/// Whether an entry is over: its ending value stands (an unknown rank is the strictest), its life
/// was ended, or nothing of it is left.
bool is_ended(const KindRow& row, const crdt::EntryState& entry);

/// Whether its ending value is the strictest of its field, as a withdrawal is: then an ending
/// stands against whatever else was said at the same time. False for a kind without such a field.
bool ends_at_strictest(const KindRow& row);

/// Whether its owner forgot it. What must go on holding (a boundary's firmness) may still stand. Of
/// what there is one of, forgetting leaves no trace: it is said anew under the same id.
bool is_forgotten(const KindRow& row, const crdt::EntryState& entry, const PersonId& owner);

/// Whether a write of this rank would take effect: everything stricter that stands was seen.
bool takes_effect(const crdt::Register* stands, std::uint32_t rank,
                  const crdt::VersionVector& seen);

/// Whether all that stands was seen.
bool is_seen(const crdt::Register* stands, const crdt::VersionVector& seen);

/// What an item's state is made of.
struct StateFacts {
  bool ended = false;
  bool waits = false;                ///< a loosening of it waits
  std::optional<LocalDay> review{};  ///< its day of review
  LocalDay today{};
};
/// The word for it, of the row where the row has one. Valid as long as the row.
std::string_view state_name(const KindRow& row, const StateFacts& facts);
/// Whether its review is due.
bool is_due(const StateFacts& facts);

}  // namespace attune::couple
