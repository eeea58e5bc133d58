#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "daemon/sync/mailbox_keys.h"
#include "daemon/sync/relay_line.h"
#include "daemon/sync/relay_pace.h"
#include "proto/limits.h"
#include "proto/time.h"

namespace attune::sync {

/// The writer's end of one mailbox a week: parcels that were sealed and that the relay has not yet
/// said to hold, and their numbers (wseq). Pure; owned by the Mailbox. At most
/// limits::kPutsUnanswered parcels. Source: docs/protocol.md, Parcels and Mailboxes.
///
///   Closed --pump()--> Opening --Ok--> Ready        Ready --Error--> Closed, after a pause
///   any --down()--> Closed        Opening --Ok, the relay took more than I put--> Ahead
///
///   Closed   pump()      no handle; opened again as soon as the pause is over
///   Opening  answered()  the relay is asked what it took last
///   Ready    answered()  parcels are put; one that was refused is put again with all behind it
///   Ahead    follow()    this store is older than the one that put those: nothing is put
class Outbox {
 public:
  /// This week's mailbox, into which `mine` parcels were put. Those of another week are dropped.
  void enter(Week week, std::uint64_t mine);
  [[nodiscard]] Week week() const { return week_; }
  /// The number of the last parcel that was added in this week.
  [[nodiscard]] std::uint64_t mine() const { return mine_; }

  /// The session with the relay is gone.
  void down();
  /// Asks what is to be asked now. Requires relay.up().
  void pump(RelayLine& relay, const crypto::Key& id_root, const Direction& way, const Now& now);

  [[nodiscard]] bool takes_more() const {
    return state_ == State::kReady && parcels_.size() < limits::kPutsUnanswered;
  }
  /// Requires takes_more(). Put by the next pump().
  void add(Bytes parcel);

  enum class Heard {
    kNotMine,  ///< an answer to somebody else
    kNothing,
    kLost,   ///< parcels are gone, at the relay or before they left: all is to be posted again
    kAhead,  ///< the relay took more than was put
  };
  Heard answered(const RelayFrameCame& came, const Now& now);
  /// Requires is_ahead(): goes on from what the relay has.
  void follow();

  /// Everything that was added is at the relay, as far as it said so on this session.
  [[nodiscard]] bool settled() const { return state_ == State::kReady && parcels_.empty(); }
  [[nodiscard]] bool under_way() const { return state_ == State::kReady && !parcels_.empty(); }
  [[nodiscard]] bool is_ready() const { return state_ == State::kReady; }
  [[nodiscard]] bool is_opening() const { return state_ == State::kOpening; }
  [[nodiscard]] bool is_ahead() const { return state_ == State::kAhead; }
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  enum class State { kClosed, kOpening, kReady, kAhead };
  struct Parcel {
    std::uint64_t wseq = 0;
    Bytes bytes;
    std::optional<std::uint32_t> asked{};  ///< correlation of its Put
  };
  Heard opened(const relay::FromRelay& answer, const Now& now);
  Heard found(std::uint64_t last);
  void refused(std::uint32_t retry_seconds, const Now& now);
  void close(std::uint32_t retry_seconds, const Now& now);
  void drop_through(std::uint64_t wseq);

  State state_ = State::kClosed;
  Week week_ = 0;
  std::uint64_t mine_ = 0;
  std::uint64_t theirs_ = 0;  ///< kAhead: what the relay said
  std::uint16_t handle_ = 0;
  std::optional<std::uint32_t> opening_;
  std::deque<Parcel> parcels_;  ///< ascending without gaps, up to mine_
  std::optional<Steady> not_before_;
  RefusedPause pause_;
};

}  // namespace attune::sync
