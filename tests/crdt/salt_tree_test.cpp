#include "daemon/crdt/salt_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "proto/limits.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

constexpr std::size_t kTreeOps = ops_under(kSaltLevelMax);
const Actor kA = actor(1, 1);
const Actor kB = actor(2, 1);

std::vector<Slot> one() { return {words(kTitle, "x")}; }

Dot dot(std::uint64_t counter) { return {kA, counter}; }

// Trees that gave every op from 1 on its salt, one slot each; the salts.
struct Given {
  explicit Given(std::size_t count) {
    for (std::size_t counter = 1; counter <= count; ++counter) {
      std::vector<Slot> slots = one();
      give(counter, slots);
      salts.push_back(slots.front().body->salt);
    }
  }
  void give(std::uint64_t counter, std::vector<Slot>& slots) {
    if (trees.needs_root(dot(counter))) trees.plant(dot(counter), random.bytes<16>());
    trees.give(dot(counter), slots);
  }
  crypto::SeededRandom random{3};
  SaltTrees trees;
  std::vector<Salt> salts;
};

// Whether a salt follows from a node that can be had.
bool follows(const SaltTrees& trees, const Salt& salt, std::size_t ops) {
  for (unsigned level = 0; level <= kSaltLevelMax; ++level) {
    for (std::size_t first = 1; first <= ops; ++first) {
      const auto node = trees.node(dot(first), level);
      if (!node) continue;
      const std::vector<SaltNode> leaves = salt_leaves(*node, level);
      if (std::ranges::find(leaves, salt) != leaves.end()) return true;
    }
  }
  return false;
}

TEST(SaltTree, ANodeGivesTheSaltsOfTheOpsUnderIt) {
  const Given given(kTreeOps * 2);
  EXPECT_EQ(std::set<Salt>(given.salts.begin(), given.salts.end()).size(), kTreeOps * 2);
  for (unsigned level = 0; level <= kSaltLevelMax; ++level) {
    for (std::size_t first = 0; first < given.salts.size(); first += ops_under(level)) {
      const auto node = given.trees.node(dot(first + 1), level);
      ASSERT_TRUE(node);
      const auto at = given.salts.begin() + static_cast<std::ptrdiff_t>(first);
      const std::vector<Salt> under(at, at + static_cast<std::ptrdiff_t>(ops_under(level)));
      EXPECT_EQ(salt_leaves(*node, level), under) << level << " " << first;
    }
  }
}

TEST(SaltTree, ANodeStandsOnlyAtItsPlace) {
  const Given given(kTreeOps + 5);
  EXPECT_FALSE(given.trees.node(dot(2), 1));
  EXPECT_FALSE(given.trees.node(dot(5), kSaltLevelMax));
  EXPECT_TRUE(given.trees.node(dot(kTreeOps + 1), 1));
  EXPECT_TRUE(given.trees.node(dot(kTreeOps + 5), 0));
  EXPECT_FALSE(given.trees.node(dot(2 * kTreeOps + 1), 0));
  EXPECT_FALSE(given.trees.node({kB, 1}, 0));
}

TEST(SaltTree, AForgottenSaltFollowsFromNothing) {
  Given given(kTreeOps);
  for (const std::size_t counter : {std::size_t{1}, std::size_t{30}, kTreeOps}) {
    EXPECT_TRUE(follows(given.trees, given.salts[counter - 1], kTreeOps));
    given.trees.forget(dot(counter));
    EXPECT_FALSE(follows(given.trees, given.salts[counter - 1], kTreeOps));
  }
  for (std::size_t counter = 2; counter < kTreeOps; ++counter) {  // its neighbours stay
    if (counter != 30) {
      EXPECT_TRUE(given.trees.node(dot(counter), 0));
    }
  }
  given.trees.forget(dot(kTreeOps * 99));
}

// Who goes on as an actor whose tree is gone: what that tree gave is not this one's.
TEST(SaltTree, OpsBeforeItsFirstAreNotATrees) {
  SaltTrees trees;
  crypto::SeededRandom random(3);
  trees.plant(dot(6), random.bytes<16>());
  EXPECT_FALSE(trees.node(dot(1), kSaltLevelMax));
  EXPECT_FALSE(trees.node(dot(5), 1));
  EXPECT_FALSE(trees.node(dot(5), 0));
  EXPECT_TRUE(trees.node(dot(6), 0));
  EXPECT_TRUE(trees.node(dot(9), 1));
}

// Stored and read, as it was: in the fewest nodes, from which no forgotten salt follows.
TEST(SaltTree, IsStoredInItsHighestNodes) {
  Given given(kTreeOps);
  const SaltTreeId id = tree_of(dot(1));
  EXPECT_EQ(given.trees.take_changed(), std::set<SaltTreeId>{id});
  EXPECT_EQ(given.trees.encode(id)->size(), 17u);
  std::set<std::size_t> forgotten;
  for (const std::size_t counter : {17, 18, 64, 1, 40}) {
    given.trees.forget(dot(counter));
    forgotten.insert(counter);
    EXPECT_EQ(given.trees.take_changed(), std::set<SaltTreeId>{id});
    given.trees.forget(dot(counter));
    EXPECT_TRUE(given.trees.take_changed().empty());
    SaltTrees read;
    ASSERT_TRUE(read.load(id, given.trees.encode(id).value()));
    for (std::size_t each = 1; each <= kTreeOps; ++each) {
      for (unsigned level = 0; level <= kSaltLevelMax; ++level) {
        EXPECT_EQ(read.node(dot(each), level), given.trees.node(dot(each), level));
      }
      EXPECT_EQ(follows(read, given.salts[each - 1], kTreeOps), !forgotten.contains(each));
    }
    EXPECT_TRUE(read.take_changed().empty());
  }
  for (std::size_t counter = 1; counter <= kTreeOps; ++counter) given.trees.forget(dot(counter));
  EXPECT_EQ(given.trees.encode(id), std::nullopt);
}

TEST(SaltTree, IsReadInOneFormAlone) {
  Given given(kTreeOps);
  given.trees.forget(dot(20));
  const SaltTreeId id = tree_of(dot(1));
  const Bytes stored = given.trees.encode(id).value();
  const auto reads = [&id](const Bytes& bytes) { return SaltTrees().load(id, bytes); };
  EXPECT_TRUE(reads(stored));
  for (std::size_t size = 0; size < stored.size(); ++size) {
    const Bytes cut(stored.begin(), stored.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(reads(cut), size > 0 && size % 17 == 0) << size;  // fewer nodes are a tree as well
  }
  for (std::size_t bit = 0; bit < 8 * stored.size(); ++bit) {
    Bytes flipped = stored;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    if (bit / 8 % 17 != 0) continue;  // a node may have any bytes
    SaltTrees trees;
    if (trees.load(id, flipped)) {
      EXPECT_EQ(trees.encode(id), flipped);
    }
  }
  Bytes longer = stored;
  longer.push_back(0);
  EXPECT_FALSE(reads(longer));
  Bytes twice = stored;
  append(twice, stored);
  EXPECT_FALSE(reads(twice));
  Bytes zeros(17, 0);
  zeros[0] = 84;
  EXPECT_FALSE(reads(zeros));
  Bytes four;  // their parent was to be said
  for (std::uint8_t leaf = 0; leaf < 4; ++leaf) {
    four.push_back(leaf);
    append(four, *given.trees.node(dot(leaf + 1u), 0));
  }
  EXPECT_TRUE(reads(four));  // nobody can tell: theirs is gone
  SaltTrees trees;
  EXPECT_TRUE(trees.load(id, stored));
  EXPECT_FALSE(trees.load(id, stored));
}

TEST(SaltTree, IsDroppedWithoutATrace) {
  Given given(2 * kTreeOps);
  static_cast<void>(given.trees.take_changed());
  const SaltTreeId first = tree_of(dot(1));
  given.trees.drop([&first](const SaltTreeId& id) { return id == first; });
  EXPECT_EQ(given.trees.take_changed(), std::set<SaltTreeId>{first});
  EXPECT_EQ(given.trees.encode(first), std::nullopt);
  EXPECT_FALSE(given.trees.node(dot(1), 0));
  EXPECT_TRUE(given.trees.node(dot(kTreeOps + 1), kSaltLevelMax));
}

TEST(SaltTree, EachBodyOfAnOpHasASaltOfItsOwn) {
  Given given(1);
  std::vector<Slot> slots(limits::kFieldsPerOpMax, words(kWords, "x"));
  slots[5].body.reset();
  given.give(2, slots);
  std::set<Salt> salts{given.salts.front()};
  for (const Slot& slot : slots) {
    if (slot.body) salts.insert(slot.body->salt);
  }
  EXPECT_EQ(salts.size(), limits::kFieldsPerOpMax);
  std::vector<Slot> again(limits::kFieldsPerOpMax, words(kWords, "x"));
  salt_bodies(again, *given.trees.node(dot(2), 0));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].body) {
      EXPECT_EQ(slots[i], again[i]) << i;
    }
  }
}

TEST(SaltTree, TheOldestTreesAreDropped) {
  Given given(0);
  for (std::size_t tree = 0; tree <= limits::kSaltTreesMax; ++tree) {
    std::vector<Slot> slots = one();
    given.give(1 + tree * kTreeOps, slots);
  }
  EXPECT_FALSE(given.trees.node(dot(1), 0));
  EXPECT_TRUE(given.trees.node(dot(1 + kTreeOps), 0));
  EXPECT_TRUE(given.trees.node(dot(1 + limits::kSaltTreesMax * kTreeOps), 0));
}

}  // namespace
}  // namespace attune::crdt::testing
