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

SaltTreeId tree_of(const Dot& dot) {
  assert(dot.counter > 0);
  return {.actor = dot.actor, .number = (dot.counter - 1) / ops_under(kSaltLevelMax)};
}

// Where the node of this level above this leaf stands in a Tree.
std::size_t SaltTrees::place(unsigned level, std::size_t leaf) {
  std::size_t at = 0;
  for (unsigned below = 0; below < level; ++below) at += kLeaves / ops_under(below);
  return at + leaf / ops_under(level);
}

std::size_t SaltTrees::leaf_of(const Dot& dot) {
  return static_cast<std::size_t>((dot.counter - 1) % kLeaves);
}

// All that follows from the node of this level above the leaf `first`.
void SaltTrees::grow(Tree& tree, unsigned level, std::size_t first) {
  const std::size_t end = first + ops_under(level);
  for (; level > 0; --level) {
    for (std::size_t leaf = first; leaf < end; leaf += ops_under(level)) {
      const auto children = salt_children(tree[place(level, leaf)]);
      std::ranges::copy(children,
                        tree.begin() + static_cast<std::ptrdiff_t>(place(level - 1, leaf)));
    }
  }
}

void SaltTrees::forget_in(Tree& tree, std::size_t leaf) {
  for (unsigned level = 0; level <= kSaltLevelMax; ++level) tree[place(level, leaf)] = {};
}

bool SaltTrees::needs_root(const Dot& dot) const { return !trees_.contains(tree_of(dot)); }

void SaltTrees::plant(const Dot& dot, const SaltNode& root) {
  assert(needs_root(dot));
  const SaltTreeId id = tree_of(dot);
  Tree& tree = trees_[id];
  tree.back() = root;
  grow(tree, kSaltLevelMax, 0);
  for (std::size_t leaf = 0; leaf < leaf_of(dot); ++leaf) forget_in(tree, leaf);
  changed_.insert(id);
  if (trees_.size() <= limits::kSaltTreesMax) return;
  const auto first = trees_.begin();
  const auto dropped = first->first == id ? std::next(first) : first;
  changed_.insert(dropped->first);
  trees_.erase(dropped);
}

void SaltTrees::give(const Dot& dot, std::vector<Slot>& slots) {
  assert(!needs_root(dot));
  salt_bodies(slots, trees_.at(tree_of(dot))[leaf_of(dot)]);
}

void SaltTrees::forget(const Dot& dot) {
  const auto at = trees_.find(tree_of(dot));
  if (at == trees_.end()) return;
  if (at->second[leaf_of(dot)] == SaltNode{}) return;
  forget_in(at->second, leaf_of(dot));
  changed_.insert(at->first);
}

std::optional<SaltNode> SaltTrees::node(const Dot& first, unsigned level) const {
  const auto at = trees_.find(tree_of(first));
  if (at == trees_.end() || leaf_of(first) % ops_under(level) != 0) return std::nullopt;
  const SaltNode& node = at->second[place(level, leaf_of(first))];
  return node == SaltNode{} ? std::nullopt : std::optional(node);
}

void SaltTrees::drop(const std::function<bool(const SaltTreeId&)>& is_over) {
  std::erase_if(trees_, [&](const auto& entry) {
    if (!is_over(entry.first)) return false;
    changed_.insert(entry.first);
    return true;
  });
}

std::optional<Bytes> SaltTrees::encode(const SaltTreeId& id) const {
  const auto at = trees_.find(id);
  if (at == trees_.end()) return std::nullopt;
  Bytes bytes;
  for (std::size_t leaf = 0; leaf < kLeaves;) {
    std::size_t taken = 1;
    for (unsigned level = kSaltLevelMax + 1; level-- > 0;) {
      const SaltNode& node = at->second[place(level, leaf)];
      if (leaf % ops_under(level) != 0 || node == SaltNode{}) continue;
      bytes.push_back(static_cast<std::uint8_t>(place(level, leaf)));
      append(bytes, node);
      taken = ops_under(level);
      break;
    }
    leaf += taken;
  }
  return bytes.empty() ? std::nullopt : std::optional(std::move(bytes));
}

bool SaltTrees::load(const SaltTreeId& id, ByteView bytes) {
  if (trees_.contains(id) || trees_.size() >= limits::kSaltTreesMax) return false;
  Tree tree{};
  Reader reader(bytes);
  std::size_t done = 0;
  while (reader.left() > 0) {
    const std::size_t at = reader.u8();
    const SaltNode node = reader.take_array<sizeof(SaltNode)>();
    unsigned level = 0;
    while (level < kSaltLevelMax && at >= place(level + 1, 0)) ++level;
    const std::size_t leaf = (at - place(level, 0)) * ops_under(level);
    if (!reader.ok() || leaf < done || leaf >= kLeaves || node == SaltNode{}) return false;
    tree[at] = node;
    grow(tree, level, leaf);
    done = leaf + ops_under(level);
  }
  const auto [added, is_new] = trees_.emplace(id, tree);
  if (encode(id) == Bytes(bytes.begin(), bytes.end())) return true;
  trees_.erase(added);
  return false;
}

}  // namespace attune::crdt
