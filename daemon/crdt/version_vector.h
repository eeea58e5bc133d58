#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "daemon/crdt/dot.h"

namespace attune::crdt {

enum class Causality { kEqual, kBefore, kAfter, kConcurrent };

/// For each actor, the last operation seen. Holds no gaps: counter n implies 1..n. Rows are sorted by
/// actor and never zero. Value type; not safe for concurrent writes. At most limits::kActorsMax rows.
class VersionVector {
 public:
  struct Row {
    Actor actor;
    std::uint64_t counter = 0;
    friend bool operator==(const Row&, const Row&) = default;
  };

  [[nodiscard]] std::uint64_t last(const Actor& actor) const;
  [[nodiscard]] bool contains(const Dot& dot) const { return dot.counter <= last(dot.actor); }
  [[nodiscard]] bool covers(const VersionVector& other) const;
  [[nodiscard]] Causality compare(const VersionVector& other) const;
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// The rows of this that are above what `base` says of them.
  [[nodiscard]] VersionVector moved_since(const VersionVector& base) const;

  void raise(const Actor& actor, std::uint64_t counter);  // never lowers
  void merge(const VersionVector& other);
  friend bool operator==(const VersionVector&, const VersionVector&) = default;

 private:
  std::vector<Row> rows_;
};

}  // namespace attune::crdt
