#include "tests/sim/clocks.h"

namespace attune::sim {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kFour = std::int64_t{4} * 3'600;
constexpr std::int64_t kBegin = 1'800'000'000;  // 2027-01-15 08:00 UTC
constexpr std::int64_t kDriftPpmMax = 200;
constexpr Moment kUptime = 1h;  // of a machine when the world begins

std::int64_t day_of(std::int64_t seconds) {
  return seconds >= 0 ? seconds / kDay : -((kDay - 1 - seconds) / kDay);
}

}  // namespace

Clocks::Clocks(Dice& dice)
    : drift_ppm_(dice.below(kDriftPpmMax + 1)),
      shift_(static_cast<std::int64_t>(dice.below(240)) - 120),
      steady_base_(-kUptime),
      boot_base_(-kUptime),
      boot_id_(dice.bytes<16>()) {}

Now Clocks::read(Moment at) const {
  using std::chrono::seconds;
  const Moment here = local(at);
  Now now;
  now.steady.since = here - steady_base_;
  now.boot.id = boot_id_;
  now.boot.since = std::chrono::duration_cast<seconds>(here - boot_base_);
  now.wall.seconds = kBegin + std::chrono::duration_cast<seconds>(here).count() + shift_;
  const std::int64_t there = now.wall.seconds + zone_;
  now.day.days = static_cast<std::int32_t>(day_of(there));
  now.night.days = static_cast<std::int32_t>(day_of(there - kFour));
  now.next_four.seconds = (now.night.days + std::int64_t{1}) * kDay + kFour - zone_;
  return now;
}

Moment Clocks::when(Steady steady) const {
  const Moment wanted = steady.since + steady_base_;
  Moment at = wanted - wanted / 1'000'000 * drift_ppm_;
  while (local(at) < wanted) at += wanted - local(at);
  return at;
}

void Clocks::start_anew(Moment at, Dice& dice) {
  steady_base_ = boot_base_ = local(at);
  boot_id_ = dice.bytes<16>();
}

}  // namespace attune::sim
