#pragma once

#include <vector>

#include "daemon/crdt/view.h"

namespace attune::crdt {

/// One slot on its way into its register. Borrows its op's past and, for a slot whose `over` names
/// dots, the closure of those that are in that past.
struct Write {
  const Slot& slot;
  Standing standing;
  const Past& past;
  const VersionVector* over = nullptr;
};

/// The policies: which writes of one field stand. Each takes off the register what the write
/// replaces, adds it there to `gone`, and puts the write in its place among those that stand. They
/// read headers alone, and a write reaches them after everything in its past, so the outcome is a
/// function of the set of writes. Source: docs/protocol.md, Registers.
void merge_maximal(Register& into, const Write& write, std::vector<SlotRef>& gone);
void merge_protective(Register& into, const Write& write, std::vector<SlotRef>& gone);
void merge_set(Register& into, const Write& write, std::vector<SlotRef>& gone);
void merge(Policy policy, Register& into, const Write& write, std::vector<SlotRef>& gone);

/// Of a protective field: whether `write` lifts what stands. It must have it in its past, and be at
/// least as strict or have had it on screen.
[[nodiscard]] bool covers(const Write& write, const Standing& standing);

}  // namespace attune::crdt
