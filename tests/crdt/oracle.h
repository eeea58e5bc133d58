#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "tests/crdt/world.h"

namespace attune::crdt::testing {

/// What stands by definition: every write against every other, with pasts walked from op to op.
/// Slow, holds every op as it was written, and shares no code with merge, view or the vectors.
class Oracle {
 public:
  using Key = std::tuple<EntryId, std::uint32_t, std::optional<PersonId>>;
  using Stands = std::map<Key, std::set<SlotRef>>;

  /// Its past was added before; an op that is here already is passed over.
  void add(const Op& op);
  [[nodiscard]] Stands stands() const;
  [[nodiscard]] bool is_in_past(const Dot& dot, const Dot& of) const;
  [[nodiscard]] const std::map<Dot, Op>& ops() const { return ops_; }

 private:
  [[nodiscard]] bool is_forgotten(const Op& op) const;
  [[nodiscard]] bool is_replaced(const Op& op, std::size_t slot) const;

  std::map<Dot, Op> ops_;
  std::map<Dot, std::set<Dot>> pasts_;
};

/// What stands in a view, in the same form.
Oracle::Stands stands(const View& view);

}  // namespace attune::crdt::testing
