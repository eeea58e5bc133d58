#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <set>

#include "proto/bytes.h"

namespace attune::sync {

/// The mac1 of the last hellos that were sealed to us, so that a copy of one gets silence. At most
/// limits::kHelloMemory; the oldest goes first. Who can make a new one knows the live root.
class HelloMemory {
 public:
  static constexpr std::size_t kMac1Bytes = 16;
  using Mac1 = std::array<std::uint8_t, kMac1Bytes>;

  /// False where this one was there already.
  [[nodiscard]] bool remember(const Mac1& mac1);

 private:
  std::set<Mac1> known_;
  std::deque<Mac1> order_;
};

}  // namespace attune::sync
