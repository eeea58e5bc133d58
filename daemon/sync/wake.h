#pragma once

#include <algorithm>
#include <optional>

#include "proto/time.h"

namespace attune::sync {

/// The first of two moments at which something is due; absent: never.
inline std::optional<Steady> earlier(const std::optional<Steady>& a,
                                     const std::optional<Steady>& b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

}  // namespace attune::sync
