#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/sync/parting_plan.h"
#include "daemon/sync/relay_line.h"
#include "proto/time.h"

namespace attune::sync {

/// Carries a plan out: what this device posted for the other and what the other posted for it is
/// deleted in all mailboxes of theirs that may hold something, and in the place of what was posted
/// the plan's parcels are put. Pure; owned by Partings, which gives it sessions of its own. Each
/// opens as many mailboxes as its relay allows, since no handle is given back; what is left then is
/// done on the next. Source: docs/protocol.md, Parcels.
///
///   Away --up()--> Asking --pump()--> Full, Refused, Done        any but Done --down()--> Away
///   Full --renewed()--> Away
///
///   Away     no session stands; nothing that an earlier one said is believed but where it was Full
///   Asking   pump()      looks into each mailbox, empties them, sees that they are, puts
///   Full     renewed()   no handle is left; what was learnt holds for the next session
///   Refused  down()      an answer was another: it begins again after a pause
///   Done     the record may go
class Parting {
 public:
  enum class State { kAway, kAsking, kFull, kRefused, kDone };

  explicit Parting(PartingPlan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] const PartingPlan& plan() const { return plan_; }
  [[nodiscard]] State state() const { return state_; }
  /// Its time is over: what waits is deleted by the relay itself, or nobody looks there any more.
  [[nodiscard]] bool is_over(const Now& now) const;
  /// A clock that was ahead when the pairing ended, and is no more, makes it no younger.
  void pass_time(const Now& now);

  void up(const relay::Params& params);
  void down();
  void renewed();
  void answered(const RelayFrameCame& came);
  /// Asks what is to be asked now, where it is Asking. Requires relay.up().
  void pump(RelayLine& relay);
  /// Refused: so long the relay said to wait.
  [[nodiscard]] std::uint32_t retry_seconds() const { return retry_seconds_; }
  /// Whether the plan's record must be written again before anything of this step leaves.
  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }

 private:
  enum class Asked { kReader, kWriter, kPut, kEmpty };
  struct Place {
    Direction way;
    Week week = 0;
    std::optional<std::uint64_t> first{};  ///< the oldest that waits; 0: none
    std::optional<std::uint64_t> last{};   ///< the last that was put
    bool gone = false;                     ///< seen: what is to be deleted there is
    // On this session.
    std::optional<std::uint16_t> reads{};  ///< handles
    std::optional<std::uint16_t> writes{};
    bool acknowledged = false;
  };
  struct Question {
    std::uint32_t correlation = 0;
    Asked what{};
    std::size_t place = 0;
    friend bool operator<(const Question& a, const Question& b) {
      return a.correlation < b.correlation;
    }
  };

  void begin(Week week);
  void leave_session();
  void full();
  void refused(std::uint32_t retry_seconds);
  bool open(RelayLine& relay, std::size_t place, relay::MailboxRole role);
  void ask(RelayLine& relay, const relay::ToRelay& question, Asked what, std::size_t place);
  [[nodiscard]] bool heard(const Question& question, const relay::FromRelay& answer);
  [[nodiscard]] bool is_mine(const Place& place) const { return place.way.from == plan_.mine; }
  [[nodiscard]] bool wants_last(std::size_t place) const;
  [[nodiscard]] std::uint64_t up_to(const Place& place) const;
  bool looked(RelayLine& relay);
  void plan_withdrawal();
  bool withdrawn(RelayLine& relay);
  bool put(RelayLine& relay);

  PartingPlan plan_;
  bool changed_ = false;
  State state_ = State::kAway;
  std::uint32_t retry_seconds_ = 0;
  Week week_ = 0;
  std::vector<Place> places_;
  std::size_t current_ = 0;  ///< place of this week's mailbox for the other
  std::size_t taken_ = 0;    ///< of the parcels, by any session of this process
  // On this session.
  std::set<Question> asked_;
  std::size_t handles_ = 0;  ///< that the relay allows
  std::size_t opened_ = 0;
  bool learnt_ = false;
};

}  // namespace attune::sync
