#include "tests/sim/dice.h"

#include <algorithm>

namespace attune::sim {

void Dice::fill(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    if (used_ == buffer_.size()) {
      source_.fill(buffer_);
      used_ = 0;
    }
    const std::size_t now = std::min(out.size() - done, buffer_.size() - used_);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(used_), now,
                out.begin() + static_cast<std::ptrdiff_t>(done));
    used_ += now;
    done += now;
  }
}

Moment Dice::between(Moment least, Moment most) {
  using std::chrono::microseconds;
  const auto span = std::chrono::duration_cast<microseconds>(most - least).count();
  if (span < 4'000'000'000) {
    return least + microseconds(below(static_cast<std::uint32_t>(span) + 1));
  }
  return least + std::chrono::milliseconds(below(static_cast<std::uint32_t>(span / 1'000) + 1));
}

}  // namespace attune::sim
