#include "tests/sim/timeline.h"

#include <algorithm>

namespace attune::sim {

void Timeline::at(Moment when, std::function<void()> what) {
  plans_.push_back(
      {.when = std::max(when, now_), .number = next_number_++, .what = std::move(what)});
  std::push_heap(plans_.begin(), plans_.end());
}

bool Timeline::happen_one(Moment until) {
  if (plans_.empty() || plans_.front().when > until) return false;
  std::pop_heap(plans_.begin(), plans_.end());
  const Plan plan = std::move(plans_.back());
  plans_.pop_back();
  now_ = plan.when;
  plan.what();
  return true;
}

void Timeline::run(Moment until) {
  while (happen_one(until)) {
  }
  now_ = std::max(now_, until);
}

}  // namespace attune::sim
