#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "crypto/random.h"

namespace attune::sim {

using namespace std::chrono_literals;

/// Time in a world, from its beginning. Every device reads it through clocks of its own.
using Moment = std::chrono::nanoseconds;

/// Chance, from a seed: the same draws in the same order on every machine. Several are made of one
/// seed, so that a draw for one purpose moves none of another.
class Dice final : public crypto::Random {
 public:
  Dice(std::uint64_t seed, std::uint64_t purpose) : source_(seed * 64 + purpose) {}

  void fill(std::span<std::uint8_t> out) override;
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  /// True in `part` of `whole` cases.
  bool chance(std::uint32_t part, std::uint32_t whole) { return below(whole) < part; }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + below(most - least + 1);
  }
  Moment between(Moment least, Moment most);
  template <typename Value>
  Value& pick(std::vector<Value>& from) {
    return from[below(static_cast<std::uint32_t>(from.size()))];
  }
  template <typename Value>
  const Value& pick(const std::vector<Value>& from) {
    return from[below(static_cast<std::uint32_t>(from.size()))];
  }

 private:
  crypto::SeededRandom source_;
  std::array<std::uint8_t, 1024> buffer_{};
  std::size_t used_ = buffer_.size();
};

}  // namespace attune::sim
