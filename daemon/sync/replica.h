#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "daemon/sync/events.h"
#include "proto/kind_table.h"
#include "proto/record.h"

namespace attune::sync {

/// The mind of an unlocked daemon: log, views and every conversation behind one pure function. It
/// does no I/O, reads no clock and starts no thread; the same class runs in the daemon, in the
/// simulator and under the fuzzers. Owned by the lifecycle between unlock and lock. One thread.
///
/// step() takes one thing that happened and gives what is to be done, which the owner performs from
/// top to bottom. When `persist` cannot be made durable the owner performs nothing else, closes all
/// links and opens a new Replica from the store: what this one has in memory is ahead of the disk.
/// Source: docs/architecture.md, The heart.
class Replica {
 public:
  struct Parts {
    const KindTable* kinds = nullptr;  ///< outlives the Replica
    crypto::Random* random = nullptr;  ///< outlives the Replica
    bool beacons = true;               ///< whether it may announce itself and answer beacons
    bool was_full = false;  ///< the one before met a full disk: what can wait, waits for a minute
  };

  /// The records of a new person on a new device.
  static RecordBatch create(std::string name, crypto::Random& random);

  /// nullptr when the records contradict each other: the store is damaged. The first Input must be
  /// NetworkChanged.
  static std::unique_ptr<Replica> open(const Parts& parts, const std::vector<Record>& records,
                                       const Now& now);
  ~Replica();

  Output step(const Now& now, Input input);
  /// After Leaving: parcels are on their way to a relay that has not yet said that it holds them.
  [[nodiscard]] bool is_posting() const;

 private:
  struct State;
  explicit Replica(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace attune::sync
