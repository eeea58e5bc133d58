#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "daemon/crdt/version_vector.h"
#include "daemon/sync/events.h"

namespace attune::sync {

/// Requests that stay open: `watch`, and `sync` until both have what either had. Bounded by
/// limits::kWaitingRequestsMax together. Owned by the Replica; pure.
class WaitingRequests {
 public:
  /// False when there is no room for one more.
  [[nodiscard]] bool has_room() const;

  void watch(RequestId request) { watchers_.insert(request); }
  /// One neutral line a kind that changed, to every watcher.
  void tell(const std::vector<std::uint32_t>& kinds, Output& out) const;

  /// A `sync` that began: `mine` is what this device had then. Until `patient` it waits for the
  /// partner alone, and is content with a relay after that.
  void sync(RequestId request, crdt::VersionVector mine, Steady until,
            std::optional<Steady> patient = {});
  /// Whether any waits.
  [[nodiscard]] bool syncs() const { return !syncs_.empty(); }
  /// Numbers of questions (Even) that are to be asked on a live link now.
  std::vector<std::uint64_t> unasked();
  /// The link is gone on which they were asked: ask again on the next.
  void ask_again();
  /// The partner's device answered: this is what it had.
  void answered(std::uint64_t number, const crdt::VersionVector& theirs);
  /// The partner is away, all of mine is at the relay, and nothing waits there: answers every sync
  /// that is content with it.
  void posted(Steady now, std::uint64_t pending_out, Output& out);
  /// Answers every sync that is done, given what is here and what is known to be durable there, and
  /// every one whose time is over.
  void settle(Steady now, const crdt::VersionVector& here, const crdt::VersionVector& there,
              std::uint64_t pending_out, Output& out);

  void gone(RequestId request);
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  struct Sync {
    RequestId request;
    std::uint64_t number = 0;
    crdt::VersionVector mine;
    std::optional<crdt::VersionVector> theirs;
    Steady until;
    std::optional<Steady> patient;  ///< while it is
    bool asked = false;
  };
  std::set<RequestId> watchers_;
  std::vector<Sync> syncs_;
  std::uint64_t next_number_ = 1;
};

}  // namespace attune::sync
