#pragma once

#include <array>
#include <cstdint>

#include "proto/time.h"
#include "tests/sim/dice.h"

namespace attune::sim {

/// The clocks of one device: each runs a little fast, the wall clock may be wrong by years and
/// jump, the zone may change, a suspended machine's steady clock stands still. Value type.
class Clocks {
 public:
  explicit Clocks(Dice& dice);

  [[nodiscard]] Now read(Moment at) const;
  /// When the steady clock shows this.
  [[nodiscard]] Moment when(Steady steady) const;

  void start_anew(Moment at, Dice& dice);  ///< the machine boots
  void jump(std::chrono::seconds by) { shift_ += by.count(); }
  void travel(std::chrono::seconds zone) { zone_ = zone.count(); }
  /// The machine slept this long, by its own measure, until now.
  void slept(Moment time) { steady_base_ += local(time); }

 private:
  [[nodiscard]] Moment local(Moment at) const { return at + at / 1'000'000 * drift_ppm_; }

  std::int64_t drift_ppm_ = 0;  ///< never slow, so that each clock is steady to the nanosecond
  std::int64_t shift_ = 0;      ///< seconds
  std::int64_t zone_ = 0;       ///< seconds east of UTC
  Moment steady_base_{0};
  Moment boot_base_{0};
  std::array<std::uint8_t, 16> boot_id_{};
};

}  // namespace attune::sim
