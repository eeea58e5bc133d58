#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "proto/bytes.h"
#include "proto/limits.h"
#include "proto/relay_frame.h"

namespace attune::sync {

// What passes between the session with a relay (RelaySession) and whoever uses it, a mailbox or a
// pipe. The session keeps the connection, its records and its pings; who uses it sees frames.

/// The session stands: the relay has said Params. What was known of an earlier session, handles and
/// questions under way, is no more.
struct RelayUp {
  relay::Params params;
};
/// A frame of the relay that is not the session's own matter: Ok, PutOk, Duplicate, Quota, Message,
/// End, Done, Wait, Ready or Error, under the correlation of the question it answers, which was
/// asked on this session. Whether it is an answer that fits the question is for the asker to say: a
/// relay may say anything.
struct RelayFrameCame {
  std::uint32_t correlation = 0;
  relay::FromRelay frame;  ///< a Message's body points into RelayNews::record
};
/// The session is gone; nothing that was asked is answered any more.
struct RelayDown {};
using RelayEvent = std::variant<RelayUp, RelayFrameCame, RelayDown>;

/// What one unit from a relay led to, in its order. Moves: the views in it stay good.
struct RelayNews {
  Bytes record;  ///< opened in place; what the views of `events` point into
  std::vector<RelayEvent> events;
};

/// Where questions to the relay go. Pure: what is asked leaves in the Output of the same step,
/// behind what the step persists.
class RelayLine {
 public:
  /// RelayUp came and RelayDown did not: only then something may be asked.
  [[nodiscard]] virtual bool up() const = 0;
  /// Asks, and gives the correlation of the answer; views in `question` are read before it returns.
  /// Requires up(). A link that has more than 1 MiB unsent is dropped: who puts whole parcels has
  /// at most limits::kPutsUnanswered of them under way.
  virtual std::uint32_t ask(const relay::ToRelay& question) = 0;

 protected:
  ~RelayLine() = default;
};

}  // namespace attune::sync
