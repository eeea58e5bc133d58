#pragma once

#include <compare>
#include <cstdint>

#include "proto/ids.h"

namespace attune::crdt {

/// One of the replicated sequences: `mine` (my own devices) or `both` with one couple. Each has its
/// own operations, vectors and chains, so that nothing in one betrays how much is in the other.
struct StreamId {
  CoupleId couple;  ///< all zero: mine
  [[nodiscard]] bool is_mine() const { return couple.is_zero(); }
  static StreamId mine() { return {}; }
  static StreamId both(const CoupleId& couple) { return {couple}; }
  friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

/// A single writer: a device in one stream, from one opening of its store to the next.
struct Actor {
  StreamId stream;
  DeviceId device;
  Incarnation incarnation;
  friend auto operator<=>(const Actor&, const Actor&) = default;
};

/// Names one operation. Counters of an actor start at 1 and have no gaps.
struct Dot {
  Actor actor;
  std::uint64_t counter = 0;
  friend auto operator<=>(const Dot&, const Dot&) = default;
};

}  // namespace attune::crdt
