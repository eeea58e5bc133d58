#include "daemon/sync/returned_ops.h"

#include <utility>

#include "proto/limits.h"

namespace attune::sync {

bool ReturnedOps::hold(crdt::Op op, std::size_t bytes, std::uint64_t first) {
  const crdt::Actor actor = op.dot.actor;
  if (op.dot.counter == first) take(actor);
  if (ops_ >= limits::kWaitingOpsMax || bytes_ + bytes > limits::kWaitingBytesMax) {
    *this = {};
    return false;
  }
  Held& held = held_[actor];
  if (op.dot.counter != first + held.ops.size() || held.ops.size() >= limits::kBatchOpsMax) {
    take(actor);
    return false;
  }
  held.ops.push_back(std::move(op));
  held.bytes += bytes;
  ++ops_;
  bytes_ += bytes;
  return true;
}

std::vector<crdt::Op> ReturnedOps::take(const crdt::Actor& actor) {
  const auto at = held_.find(actor);
  if (at == held_.end()) return {};
  std::vector<crdt::Op> ops = std::move(at->second.ops);
  ops_ -= ops.size();
  bytes_ -= at->second.bytes;
  held_.erase(at);
  return ops;
}

}  // namespace attune::sync
