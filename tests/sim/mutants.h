#pragma once

#include <span>
#include <string_view>

#include "tests/sim/planted.h"

namespace attune::sim {

/// One fault that can be planted: the name `--mutant` takes, and what it does.
struct MutantRow {
  Mutant mutant{};
  std::string_view name;
  std::string_view what;
};
std::span<const MutantRow> mutants();
/// nullptr where there is none of this name.
const MutantRow* mutant_named(std::string_view name);

}  // namespace attune::sim
