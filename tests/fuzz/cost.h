#pragma once

#include <cstddef>
#include <functional>

namespace attune::fuzz {

/// What a call cost. Allocations are those of operator new in the whole process, libraries
/// included.
struct Cost {
  std::size_t held_bytes_max = 0;  ///< at once, beyond what was held before
  std::size_t work = 0;  ///< allocations, and basic blocks of code that is compiled to count
};
/// One thread.
Cost cost_of(const std::function<void()>& call);

}  // namespace attune::fuzz
