#include <algorithm>
#include <limits>

#include "daemon/crdt/op_log.h"
#include "proto/limits.h"

namespace attune::crdt {

bool WaitingOps::hold(Item item) {
  if (items_.contains(item.op.dot)) return true;
  if (items_.size() >= limits::kWaitingOpsMax) return false;
  if (item.bytes > limits::kWaitingBytesMax - bytes_) return false;
  bytes_ += item.bytes;
  const Dot dot = item.op.dot;
  items_.emplace(dot, std::move(item));
  return true;
}

std::optional<WaitingOps::Item> WaitingOps::next(const OpLog& log) {
  const VersionVector& here = log.vector();
  auto it = items_.begin();
  while (it != items_.end()) {
    const auto& [dot, item] = *it;
    const std::uint64_t last = here.last(dot.actor);
    const bool known = dot.counter <= last;
    const bool is_next =
        dot.counter == last + 1 &&
        std::ranges::all_of(item.op.seen, [&here](const Dot& seen) { return here.contains(seen); });
    if (known || is_next) {
      Item taken = std::move(it->second);
      bytes_ -= taken.bytes;
      items_.erase(it);
      return taken;
    }
    // Only the first that waits of an actor can be next.
    it = items_.upper_bound({dot.actor, std::numeric_limits<std::uint64_t>::max()});
  }
  return std::nullopt;
}

}  // namespace attune::crdt
