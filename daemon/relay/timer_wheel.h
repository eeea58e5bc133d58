#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/relay/batch.h"

namespace attune::relay {

/// Deadlines of many sessions in whole seconds, without a timer each. Pure. A session is put in
/// once; whoever takes it out at its time looks whether the deadline still stands or has moved on,
/// and puts it in again.
class TimerWheel {
 public:
  using Second = std::uint32_t;
  /// How far ahead of the last turn a deadline may be.
  static constexpr Second kFarthest = 500;

  void put(Second at, SessionId session) { slots_[at % kSlots].push_back(session); }
  /// Everything whose second has come since the last call.
  template <typename Take>
  void turn(Second now, Take take) {
    if (now - last_ > kSlots) last_ = now - static_cast<Second>(kSlots);
    while (last_ != now) {
      ++last_;
      std::vector<SessionId> due = std::exchange(slots_[last_ % kSlots], {});
      for (const SessionId session : due) take(session);
    }
  }

 private:
  static constexpr std::size_t kSlots = 512;
  std::array<std::vector<SessionId>, kSlots> slots_;
  Second last_ = 0;
};

}  // namespace attune::relay
