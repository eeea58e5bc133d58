#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "crypto/random.h"
#include "daemon/sync/mailbox_keys.h"
#include "proto/limits.h"
#include "proto/time.h"

namespace attune::sync {

/// How long to wait before another attempt: doubled from limits::kRelayPauseMin to kRelayPauseMax,
/// each drawn between half of it and the whole, so that devices which lost one relay at one moment
/// do not all come back at one moment. Value type.
class GrowingPause {
 public:
  void reset() { pause_ = limits::kRelayPauseMin; }
  void grow_fully() { pause_ = limits::kRelayPauseMax; }
  /// When the next attempt is due; the one after it later.
  [[nodiscard]] Steady next(const Now& now, crypto::Random& random);

 private:
  std::chrono::seconds pause_ = limits::kRelayPauseMin;
};

/// How long to wait after a relay has refused something: as long as it said, at least a pause that
/// doubles from limits::kRelayPauseMin to kRelayPauseMax, at most kRelayRetryMax. Value type.
class RefusedPause {
 public:
  void reset() { pause_ = limits::kRelayPauseMin; }
  /// When it may be asked again; the time after it later.
  [[nodiscard]] Steady next(std::uint32_t retry_seconds, const Now& now);

 private:
  std::chrono::seconds pause_ = limits::kRelayPauseMin;
};

/// The clock of a relay while a session with it stands: the hour that its Params said, and what has
/// passed since. Value type.
class RelayClock {
 public:
  RelayClock(std::uint32_t hour, const Now& now) : hour_(hour), read_(now.steady) {}
  /// Weeks since 1970.
  [[nodiscard]] Week week(const Now& now) const;
  /// When that week is over.
  [[nodiscard]] Steady end_of(Week week) const {
    return read_ + std::chrono::hours((week + 1) * kHoursOfWeek - std::int64_t{hour_});
  }

 private:
  std::uint32_t hour_ = 0;
  Steady read_;
};

/// How long a connection through a relay may be silent before it is asked whether it still lives.
/// What lies between forgets silent connections after a time that nobody tells, so this learns it:
/// from limits::kRelayKeepaliveMin it doubles whenever a connection lived through such a silence,
/// up to kRelayPingPauseMax, and stays below what one did not live through until the network is
/// another. More than that saves nothing: a question and its answer are 164 bytes, 24 KB a day.
/// Value type.
class RelayKeepalive {
 public:
  [[nodiscard]] std::chrono::seconds pause() const { return pause_; }
  /// A connection answered after this much silence.
  void lived(std::chrono::nanoseconds silence);
  /// A connection did not.
  void died(std::chrono::nanoseconds silence);
  void network_changed() { *this = {}; }

 private:
  std::chrono::seconds pause_ = limits::kRelayKeepaliveMin;
  std::chrono::seconds ceiling_ = limits::kRelayPingPauseMax;
};

}  // namespace attune::sync
