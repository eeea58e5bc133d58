#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "crypto/secret.h"
#include "daemon/sync/events.h"
#include "daemon/sync/mailbox_keys.h"
#include "daemon/sync/relay_line.h"
#include "proto/ids.h"
#include "proto/record.h"
#include "proto/relay_url.h"
#include "proto/time.h"

namespace attune::sync {

/// What is left to do at a relay after a pairing has ended. A value; one record keeps it until it
/// is done, so that a relay which is away, or a process that ends, only delays it.
struct PartingPlan {
  DeviceId mine;
  DeviceId theirs;
  std::array<std::uint8_t, 32> relay{};  ///< key of the relay that keeps the mailboxes
  crypto::Key id_root;
  std::vector<Bytes> parcels;  ///< sealed: what protects and the other may not have
  /// Of each mailbox for the other, once it was looked at: through which parcel it is deleted. No
  /// later try deletes more, since the other can skip so many and no more.
  std::map<Week, std::uint64_t> withdrawn{};
  static constexpr std::size_t kParcelsMax = RelayLine::kPutsUnanswered;
  /// Of its record: one device may be parted from twice.
  [[nodiscard]] Bytes name() const;
};
RecordChange parting_record(const PartingPlan& plan);
RecordChange parting_gone(const PartingPlan& plan);
/// nullopt for bytes that no version of this program writes: the store is damaged.
std::optional<PartingPlan> decode_parting(ByteView body);

/// Carries it out: what this device posted for the other and what the other posted for it is
/// deleted in all mailboxes of theirs that may hold something, and in the place of what was posted
/// the plan's parcels are put. Pure; owned by the Replica. What of it an end of the session leaves
/// open is begun again on the next. Source: docs/protocol.md, Parcels.
///
///   Idle --pump()--> Looking --all opened--> Putting --all taken--> Checking --gone--> Done
///     ^---- the session ends, or an answer is another: later ----'
class Parting {
 public:
  explicit Parting(PartingPlan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] const PartingPlan& plan() const { return plan_; }
  void happened(const RelayEvent& event, RelayLine& relay, const Now& now);
  /// Asks what is to be asked now. Requires relay.up(), and that it is the plan's relay.
  void pump(RelayLine& relay, const Now& now);
  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  /// Whether the plan's record must be written again before anything of this step leaves.
  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }
  /// Questions are under way.
  [[nodiscard]] bool is_busy() const { return !asked_.empty(); }
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  enum class State { kIdle, kLooking, kPutting, kChecking, kDone };
  enum class Asked { kReader, kWriter, kPut, kEmpty };
  struct Place {
    Direction way;
    Week week = 0;
    std::uint16_t reads = 0;  ///< handles
    std::uint16_t writes = 0;
    std::uint64_t first = 0;  ///< the oldest that waits; 0: none
    std::uint64_t last = 0;   ///< the last that was put
    std::uint64_t up_to = 0;  ///< deleted through this one
    [[nodiscard]] std::uint64_t waiting() const {
      return first == 0 || first > last ? 0 : last - first + 1;
    }
  };
  struct Question {
    std::uint32_t correlation = 0;
    Asked what{};
    std::size_t place = 0;
    friend bool operator<(const Question& a, const Question& b) {
      return a.correlation < b.correlation;
    }
  };

  void ask(RelayLine& relay, const relay::ToRelay& question, Asked what, std::size_t place);
  void begin(RelayLine& relay, const Now& now);
  void answered(const RelayFrameCame& came, RelayLine& relay, const Now& now);
  [[nodiscard]] bool heard(const Question& question, const relay::FromRelay& answer);
  void go_on(RelayLine& relay);
  void plan_withdrawal();
  void withdraw(RelayLine& relay);
  void put(RelayLine& relay);
  void check(RelayLine& relay);
  void rest(std::uint32_t retry_seconds, const Now& now);

  PartingPlan plan_;
  bool changed_ = false;
  State state_ = State::kIdle;
  std::vector<Place> places_;
  std::size_t current_ = 0;  ///< place of this week's mailbox for the other
  std::set<Question> asked_;
  struct Clock {
    std::uint32_t hour = 0;
    Steady at;
  };
  std::optional<Clock> clock_;
  std::optional<Steady> not_before_;
  std::chrono::seconds pause_ = limits::kRelayPauseMin;
};

}  // namespace attune::sync
