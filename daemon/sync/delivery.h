#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/crdt/op_log.h"
#include "daemon/sync/notebook.h"
#include "daemon/sync/sync_codec.h"
#include "proto/time.h"

namespace attune::sync {

/// What one confirmed session still owes the other device, and what that device has: one stream,
/// one link. Knows vectors and nothing of frames. A value per link: a lost link loses only what it
/// knew, and the next one starts from the vectors of both Greetings.
///
///   Waiting --Greeting--> Sending --Ack--> Sending ...
///   Waiting: what the other has is not known, nothing is sent.
///   Sending: at most limits of depth batches are unacknowledged.
/// Source: docs/protocol.md, Delivery.
class Delivery {
 public:
  static constexpr std::size_t kDepthMax = 8;  ///< batches on their way

  /// The other side's vector, of its Greeting.
  void begin(crdt::VersionVector theirs);
  [[nodiscard]] bool begun() const { return begun_; }

  /// The next batches of what they lack, as many as depth allows.
  std::vector<OpsMessage> pump(const Notebook& notebook, const Now& now);
  /// So much of what the log has is durable there.
  void has(const crdt::VersionVector& rows);
  /// An Ack for one batch came. `whole_names`: what is not acknowledged goes out again, and from
  /// now on entries are named by their ids alone.
  void acknowledged(const crdt::VersionVector& moved, bool whole_names, const Now& now);

  /// A question that wants an answer is under way: counts as unacknowledged.
  void asked(const Now& now);
  [[nodiscard]] bool asking() const { return questions_ > 0; }
  void answered(const crdt::VersionVector& theirs, const Now& now);

  /// What is durable there, as far as is known here.
  [[nodiscard]] const crdt::VersionVector& theirs() const { return theirs_; }
  /// When the link counts as dead unless something is acknowledged; nullopt: nothing is owed.
  [[nodiscard]] std::optional<Steady> patience() const;

 private:
  void settle(const Now& now);

  bool begun_ = false;
  bool whole_names_ = false;
  crdt::VersionVector theirs_;  ///< acknowledged
  crdt::VersionVector sent_;    ///< acknowledged or on its way
  std::size_t on_their_way_ = 0;
  std::size_t questions_ = 0;
  Steady since_;  ///< of the oldest unacknowledged thing, renewed by each acknowledgement
};

/// How a batch names entries. kByOps: by an op on it that the receiver holds, if all went well;
/// whoever can't be asked again is told kWhole.
enum class EntryNames { kByOps, kWhole };
/// The next batch of what `sent` lacks, in an order in which each op's past comes first; `sent` has
/// it then. Without runs where nothing is missing. Requires a shared stream.
OpsMessage next_batch(const Notebook& notebook, crdt::VersionVector& sent, EntryNames names);

/// Rows of the stream that a couple shares; anything else in a peer's vector is not our matter.
crdt::VersionVector rows_of(const crdt::VersionVector& vector, const CoupleId& couple);

/// The rows of actors that `log` has, which may be none. Others say nothing of what a peer lacks,
/// and a peer may name any number of them.
crdt::VersionVector rows_in(const crdt::OpLog* log, const crdt::VersionVector& vector);

/// How many ops of `log` a vector does not contain.
std::uint64_t count_missing(const crdt::OpLog& log, const crdt::VersionVector& theirs);

/// What a batch changed and showed.
struct BatchTaken {
  crdt::VersionVector moved;   ///< rows to acknowledge
  crdt::VersionVector theirs;  ///< who sends an op has it: of these, what the log has too
  std::uint64_t refused = 0;
  bool unnamed = false;  ///< an op that named an entry is not here: all after it was not taken
};
/// Gate TAKE for a whole batch of the partner's device.
BatchTaken take_batch(Notebook& notebook, const Now& now, const OpsMessage& batch,
                      const PersonId& from, Ripple& ripple);

}  // namespace attune::sync
