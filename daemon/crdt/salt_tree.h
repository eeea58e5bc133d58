#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
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

/// A tree by its writer and number: it stands for the ops with counters 64 * number + 1 to + 64.
struct SaltTreeId {
  Actor actor;
  std::uint64_t number = 0;
  [[nodiscard]] std::uint64_t first() const { return number * ops_under(kSaltLevelMax) + 1; }
  /// By number, which mostly tells them apart in one comparison.
  friend std::strong_ordering operator<=>(const SaltTreeId& a, const SaltTreeId& b) {
    return a.number != b.number ? a.number <=> b.number : a.actor <=> b.actor;
  }
  friend bool operator==(const SaltTreeId&, const SaltTreeId&) = default;
};

SaltTreeId tree_of(const Dot& dot);

/// What this device has of the trees that it drew salts from. A salt that was erased follows from
/// nothing that is kept here, nor from what encode() gives. Of more than limits::kSaltTreesMax
/// trees one is dropped, of one writer the oldest: its salts are written singly then. Value type,
/// not thread-safe. What ops there are the caller knows: a node may stand for some that are not
/// written yet.
class SaltTrees {
 public:
  /// Whether the op that will have this dot is the first of a tree here, which needs a root.
  [[nodiscard]] bool needs_root(const Dot& dot) const;
  /// Begins the tree of this op with 16 random bytes. Ops before it are not the tree's.
  void plant(const Dot& dot, const SaltNode& root);
  /// Gives the bodies of the op that will have this dot their salts. Its tree is here.
  void give(const Dot& dot, std::vector<Slot>& slots);
  /// The leaf of this op and every node above it are gone for ever.
  void forget(const Dot& dot);
  /// The node of this level whose first op has this dot; nullopt where it can't be had: an op under
  /// it was forgotten, or is of no tree.
  [[nodiscard]] std::optional<SaltNode> node(const Dot& first, unsigned level) const;
  /// Drops the trees that `is_over` says of.
  void drop(const std::function<bool(const SaltTreeId&)>& is_over);

  /// The trees that are others than at the last call.
  std::set<SaltTreeId> take_changed() { return std::exchange(changed_, {}); }
  /// The highest nodes of a tree, ascending by their first op: place u8 | node 16 each. Places are
  /// numbered level by level from the leaves on. nullopt: nothing is left of it.
  [[nodiscard]] std::optional<Bytes> encode(const SaltTreeId& id) const;
  /// A tree as it was encoded; false for bytes that encode() doesn't give, or a tree that is here.
  [[nodiscard]] bool load(const SaltTreeId& id, ByteView bytes);

 private:
  static constexpr std::size_t kLeaves = ops_under(kSaltLevelMax);
  static constexpr std::size_t kNodes = (4 * kLeaves - 1) / 3;
  /// All nodes of one tree, level by level from the leaves on: each is there from the beginning, so
  /// that those beside a forgotten one can still be had. A forgotten one is zeros.
  using Tree = std::array<SaltNode, kNodes>;
  static std::size_t leaf_of(const Dot& dot);
  static std::size_t place(unsigned level, std::size_t leaf);
  static void grow(Tree& tree, unsigned level, std::size_t first);
  static void forget_in(Tree& tree, std::size_t leaf);

  std::map<SaltTreeId, Tree> trees_;
  std::set<SaltTreeId> changed_;
};

}  // namespace attune::crdt
