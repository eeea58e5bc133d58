#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/relay/batch.h"
#include "proto/time.h"

namespace attune::relay {

/// One end that waits for the other.
struct PipeEnd {
  SessionId session{};
  std::uint32_t correlation = 0;
  PipeSide side = PipeSide::kDialler;
  Steady until{};
};

/// What two ends meet under. Live and pairing pipes never meet, whatever their ids.
struct PipeKey {
  bool pairing = false;
  PipeId id{};
  friend auto operator<=>(const PipeKey&, const PipeKey&) = default;
};
/// Whoever has a pipe that was met: a name that the owner gave and can find them by.
using PipeHolder = std::uint64_t;
inline bool is_pairing(PipeSide side) {
  return side == PipeSide::kJoiner || side == PipeSide::kIssuer;
}

/// Where the two ends of a pipe find each other. Pure.
///   (nobody) --come--> Waiting --the other side comes--> Taken --close--> (nobody)
/// A second end of the same side: of a live pipe it takes the place of the first, whose connection
/// has most likely died, also where that one was met already. Who knows the id of a live pipe is
/// one of its two devices, as it is said to nobody but the relay. Of a pairing pipe a second end
/// finds it busy, since a spoken nameplate can be guessed.
class PipeMeeting {
 public:
  struct Outcome {
    enum class Kind : std::uint8_t {
      kWaits,
      kMet,
      kBusy,
      kTaken,  ///< live, and met: nothing is changed; it waits there once that pipe is closed
    };
    Kind kind = Kind::kWaits;
    std::optional<PipeEnd> other;     ///< kMet: who waited
    std::optional<PipeEnd> replaced;  ///< kWaits: who waited on this side until now
    PipeHolder holder = 0;            ///< kTaken: who has that pipe
  };
  Outcome come(const PipeId& id, const PipeEnd& end);
  /// This session waits there no more.
  void leave(const PipeKey& key, SessionId session);
  /// From now on this is who has the pipe that was met there.
  void hold(const PipeKey& key, PipeHolder holder);
  /// The pipe that was met there is over.
  void close(const PipeKey& key);
  /// Those who have waited too long, and wait no more.
  std::vector<std::pair<PipeKey, PipeEnd>> expire(Steady now);

  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  struct Place {
    std::optional<PipeEnd> waiting;  ///< nullopt: taken ...
    PipeHolder holder = 0;           ///< ... by them
  };
  std::map<PipeKey, Place> places_;
};

}  // namespace attune::relay
