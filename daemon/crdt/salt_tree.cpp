#include "daemon/crdt/salt_tree.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::crdt {
namespace {

constexpr std::size_t kFour = 4;

std::array<Salt, kFour> cut(const crypto::Hash64& hash) {
  std::array<Salt, kFour> parts;
  for (std::size_t i = 0; i < kFour; ++i) {
    std::copy_n(hash.begin() + static_cast<std::ptrdiff_t>(i * sizeof(Salt)), sizeof(Salt),
                parts[i].begin());
  }
  return parts;
}

}  // namespace

std::array<SaltNode, 4> salt_children(const SaltNode& node) {
  return cut(crypto::Hasher(64).lv(crypto::labels::kSaltNode).add(node).finish<64>());
}

void salt_bodies(std::vector<Slot>& slots, const SaltNode& leaf) {
  if (slots.size() == 1) {
    if (slots.front().body) slots.front().body->salt = leaf;
    return;
  }
  std::array<Salt, kFour> four;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i % kFour == 0) {
      const std::array<std::uint8_t, 1> part{static_cast<std::uint8_t>(i / kFour)};
      four = cut(crypto::Hasher(64).lv(crypto::labels::kSlotSalt).add(leaf).add(part).finish<64>());
    }
    if (slots[i].body) slots[i].body->salt = four[i % kFour];
  }
}

std::vector<SaltNode> salt_leaves(const SaltNode& node, unsigned level) {
  assert(level <= kSaltLevelMax);
  std::vector<SaltNode> nodes{node};
  for (; level > 0; --level) {
    std::vector<SaltNode> below;
    below.reserve(nodes.size() * kFour);
    for (const SaltNode& each : nodes) {
      std::ranges::copy(salt_children(each), std::back_inserter(below));
    }
    nodes = std::move(below);
  }
  return nodes;
}

// Where the node of this level above this leaf stands in Tree::nodes.
std::size_t SaltTrees::place(unsigned level, std::size_t leaf) {
  std::size_t at = 0;
  for (unsigned below = 0; below < level; ++below) at += kLeaves / ops_under(below);
  return at + leaf / ops_under(level);
}

void SaltTrees::grow(Tree& tree, const SaltNode& root) {
  tree.nodes.back() = root;
  for (unsigned level = kSaltLevelMax; level > 0; --level) {
    for (std::size_t leaf = 0; leaf < kLeaves; leaf += ops_under(level)) {
      const auto children = salt_children(tree.nodes[place(level, leaf)]);
      std::ranges::copy(children,
                        tree.nodes.begin() + static_cast<std::ptrdiff_t>(place(level - 1, leaf)));
    }
  }
}

bool SaltTrees::needs_root(std::uint64_t counter) const {
  assert(counter > 0);
  return !trees_.contains((counter - 1) / kLeaves);
}

void SaltTrees::plant(std::uint64_t counter, const SaltNode& root) {
  assert(needs_root(counter));
  grow(trees_[(counter - 1) / kLeaves], root);
  if (trees_.size() > limits::kSaltTreesMax) trees_.erase(trees_.begin());
}

void SaltTrees::give(std::uint64_t counter, std::vector<Slot>& slots) {
  assert(!needs_root(counter));
  Tree& tree = trees_.at((counter - 1) / kLeaves);
  const auto leaf = static_cast<std::size_t>((counter - 1) % kLeaves);
  tree.given.set(leaf);
  salt_bodies(slots, tree.nodes[leaf]);
}

void SaltTrees::forget(std::uint64_t counter) {
  if (counter == 0) return;
  const auto at = trees_.find((counter - 1) / kLeaves);
  if (at == trees_.end()) return;
  const auto leaf = static_cast<std::size_t>((counter - 1) % kLeaves);
  at->second.given.reset(leaf);
  for (unsigned level = 0; level <= kSaltLevelMax; ++level) {
    at->second.nodes[place(level, leaf)] = {};
  }
}

std::optional<SaltNode> SaltTrees::node(std::uint64_t counter, unsigned level) const {
  const std::size_t span = ops_under(level);
  if (counter == 0 || (counter - 1) % span != 0) return std::nullopt;
  const auto at = trees_.find((counter - 1) / kLeaves);
  if (at == trees_.end()) return std::nullopt;
  const auto first = static_cast<std::size_t>((counter - 1) % kLeaves);
  for (std::size_t leaf = first; leaf < first + span; ++leaf) {
    if (!at->second.given[leaf]) return std::nullopt;
  }
  return at->second.nodes[place(level, first)];
}

}  // namespace attune::crdt
