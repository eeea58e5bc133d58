#pragma once

#include <cstdint>

#include "proto/kind_table.h"

namespace attune::couple {

/// Which of the two streams something stands in.
enum class Place { kMine, kBoth };

/// Where a new entry of this kind begins. `share` counts only for Audience::kChosen.
Place place_of_new(const KindRow& row, bool share);

/// Whether entries of this kind may be moved between my devices and both.
bool can_move(const KindRow& row);

/// Where a field of an entry stands: `why` stays with my devices though its entry is in both.
Place place_of(const FieldRow& field, Place entry);

/// Whether an op of the stream of both may write this field of this kind. What is not known here
/// may stand anywhere.
bool may_be_seen_by_both(const KindTable& table, std::uint32_t kind, std::uint32_t field);

}  // namespace attune::couple
