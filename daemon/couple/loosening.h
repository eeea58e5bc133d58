#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/crdt/view.h"
#include "proto/kind_table.h"
#include "proto/time.h"

namespace attune::couple {

/// One field that its owner wants to write.
struct Change {
  const FieldRow* field = nullptr;
  std::optional<std::uint32_t> rank{};  ///< protective fields
  bool differs = true;                  ///< from what stands
  bool tighter = false;                 ///< its owner says that the words are stricter
};

/// Whether a change makes an entry that holds weaker: a protective field gets a lower rank, or
/// words of which any change may weaken are changed without their owner saying that they are
/// tighter. Always false for kinds where nothing waits. Source: docs/data-model.md, Loosening.
bool loosens(const KindRow& row, const crdt::Register* stands, const Change& change);

/// How long a loosening has waited. Only time that the boot clock and the wall clock both show
/// counts, so neither a clock that is put forward nor a machine that is put to sleep and woken with
/// another date shortens the wait.
struct Wait {
  std::chrono::seconds counted{0};
  Boot boot;  ///< the clocks when it was last counted
  Wall wall;

  static Wait begin(const Now& now);
  /// Adds what passed since it was last counted.
  void count(const Now& now);
  /// What is left at least; zero when the wait is over.
  [[nodiscard]] std::chrono::seconds left(const KindRow& row) const;
  friend bool operator==(const Wait&, const Wait&) = default;
};

}  // namespace attune::couple
