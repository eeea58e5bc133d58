#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "tests/sim/dice.h"

namespace attune::sim {

/// What is going to happen in a world, in the order of time; what is due at one moment happens in
/// the order in which it was planned.
class Timeline {
 public:
  [[nodiscard]] Moment now() const { return now_; }
  void at(Moment when, std::function<void()> what);
  void after(Moment wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }
  /// The next thing that is due by then; false where there is none.
  bool happen_one(Moment until);
  /// Lets everything happen that is due by then.
  void run(Moment until);

 private:
  struct Plan {
    Moment when;
    std::uint64_t number = 0;
    std::function<void()> what;
    bool operator<(const Plan& other) const {
      return std::pair(when, number) > std::pair(other.when, other.number);
    }
  };
  std::vector<Plan> plans_;  // a heap: the first is the next
  std::uint64_t next_number_ = 0;
  Moment now_{0};
};

}  // namespace attune::sim
