#include "daemon/sync/relay_pace.h"

namespace attune::sync {

Steady GrowingPause::next(const Now& now, crypto::Random& random) {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(pause_);
  const auto half = static_cast<std::uint32_t>(whole.count() / 2);
  pause_ = std::min(pause_ * 2, limits::kRelayPauseMax);
  return now.steady + whole / 2 + std::chrono::milliseconds(random.below(half + 1));
}

Steady RefusedPause::next(std::uint32_t retry_seconds, const Now& now) {
  const auto wait =
      std::clamp(std::chrono::seconds(retry_seconds), pause_, limits::kRelayRetryMax);
  pause_ = std::min(pause_ * 2, limits::kRelayPauseMax);
  return now.steady + wait;
}

Week RelayClock::week(const Now& now) const {
  const auto gone = std::chrono::duration_cast<std::chrono::hours>(now.steady - read_);
  return (std::int64_t{hour_} + gone.count()) / kHoursOfWeek;
}

void RelayKeepalive::lived(std::chrono::nanoseconds silence) {
  if (silence < pause_) return;
  pause_ = std::min(pause_ * 2, ceiling_);
}

void RelayKeepalive::died(std::chrono::nanoseconds silence) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silence);
  ceiling_ = std::clamp(seconds * 3 / 4, limits::kRelayKeepaliveMin, ceiling_);
  pause_ = std::clamp(pause_ / 2, limits::kRelayKeepaliveMin, ceiling_);
}

}  // namespace attune::sync
