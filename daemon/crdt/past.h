#pragma once

#include <cstdint>
#include <memory>

#include "daemon/crdt/version_vector.h"

namespace attune::crdt {

/// Everything before one op: the ops of its own actor, what it names as `seen`, and all in the past
/// of these. Ops that name nothing share the rows of the op before them, so that most pasts take no
/// memory of their own. Value type.
class Past {
 public:
  Past() = default;
  /// Of the op after `own` of `self`. What `others` say of `self` is at most `own`; nullptr:
  /// nothing.
  Past(const Actor& self, std::uint64_t own, std::shared_ptr<const VersionVector> others)
      : self_(self), own_(own), total_(own), others_(std::move(others)) {
    if (others_) total_ += others_->total() - others_->last(self_);
  }

  [[nodiscard]] bool contains(const Dot& dot) const {
    if (dot.actor == self_) return dot.counter <= own_;
    return others_ != nullptr && others_->contains(dot);
  }
  /// How many operations it contains.
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// Raises `into` to it.
  void join(VersionVector& into) const {
    if (others_) into.merge(*others_);
    into.raise(self_, own_);
  }
  [[nodiscard]] VersionVector vector() const {
    VersionVector all;
    join(all);
    return all;
  }
  [[nodiscard]] const std::shared_ptr<const VersionVector>& others() const { return others_; }

 private:
  Actor self_;
  std::uint64_t own_ = 0;
  std::uint64_t total_ = 0;
  std::shared_ptr<const VersionVector> others_;
};

}  // namespace attune::crdt
