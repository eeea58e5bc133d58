#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proto/bytes.h"
#include "proto/record.h"
#include "proto/time.h"

namespace attune::sync {

/// When invitations were ended by a wrong guess: limits::kBurntMax of them within kBurntWindow
/// start a pause of kBurntPause, so that guessing at 33 bits takes longer than anybody lives. Kept
/// in one record. Counted by the wall clock, as it must outlive the process: a clock put back makes
/// the pause no longer than its full length from then on.
class BurntCodes {
 public:
  /// nullopt for a damaged record.
  static std::optional<BurntCodes> decode(ByteView body);
  [[nodiscard]] RecordChange record() const;

  void burn(Wall now);
  /// How much of a pause is left; zero where there is none.
  [[nodiscard]] std::chrono::seconds pause(Wall now) const;
  /// Times that lie ahead become `now`. True where there were any: the record is to be written.
  [[nodiscard]] bool forget_the_future(Wall now);

 private:
  std::vector<Wall> times_;  // the last kBurntMax, oldest first
};

}  // namespace attune::sync
