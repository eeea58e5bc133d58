#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/crdt/op.h"

namespace attune::crdt {

/// The salts of consecutive ops of one actor, from few secrets. A node of level k is 16 random
/// bytes that stand for the 4^k ops from counter c on, c - 1 a multiple of 4^k; its four children
/// follow from it, and it follows from none of them. A node of level 0 is the leaf of one op.
/// Source: docs/protocol.md, Salts.
using SaltNode = Salt;
inline constexpr unsigned kSaltLevelMax = 3;
constexpr std::size_t ops_under(unsigned level) { return std::size_t{1} << (2 * level); }

/// The first 64 bytes of BLAKE2b-512(lv("salt-node/1") node), in four.
std::array<SaltNode, 4> salt_children(const SaltNode& node);
/// Gives every body of an op its salt: the leaf itself where the op has one slot, else slot i that
/// of place i % 4 in BLAKE2b-512(lv("slot-salt/1") leaf u8(i / 4)).
void salt_bodies(std::vector<Slot>& slots, const SaltNode& leaf);
/// The leaves under a node, in the order of their counters.
std::vector<SaltNode> salt_leaves(const SaltNode& node, unsigned level);

/// What one writer has of its own trees: in memory alone, from one opening of the store to the
/// next. A salt that was erased follows from nothing that is kept here. Of more than
/// limits::kSaltTreesMax trees the oldest is dropped: its salts are written singly then. Value
/// type, not thread-safe.
class SaltTrees {
 public:
  /// Whether the op that will have this counter is the first of a tree here, which needs a root.
  [[nodiscard]] bool needs_root(std::uint64_t counter) const;
  /// Begins the tree of this counter with 16 random bytes.
  void plant(std::uint64_t counter, const SaltNode& root);
  /// Gives the bodies of the op that will have this counter their salts. Its tree is here.
  void give(std::uint64_t counter, std::vector<Slot>& slots);
  /// The leaf of this op and every node above it are gone for ever.
  void forget(std::uint64_t counter);
  /// The node of this level whose first op has this counter; nullopt unless every op under it got
  /// its salts here and none was forgotten.
  [[nodiscard]] std::optional<SaltNode> node(std::uint64_t counter, unsigned level) const;

 private:
  static constexpr std::size_t kLeaves = ops_under(kSaltLevelMax);
  static constexpr std::size_t kNodes = (4 * kLeaves - 1) / 3;
  /// All nodes of one tree, level by level from the leaves on: each is there from the beginning, so
  /// that those beside a forgotten one can still be had.
  struct Tree {
    std::array<SaltNode, kNodes> nodes;
    std::bitset<kLeaves> given;  ///< and not forgotten
  };
  static std::size_t place(unsigned level, std::size_t leaf);
  static void grow(Tree& tree, const SaltNode& root);

  std::map<std::uint64_t, Tree> trees_;  ///< by (counter - 1) / kLeaves
};

}  // namespace attune::crdt
