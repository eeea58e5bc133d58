#pragma once

#include <algorithm>
#include <chrono>

#include "crypto/random.h"
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
