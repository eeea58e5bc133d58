#include "daemon/crdt/salt_tree.h"

#include <gtest/gtest.h>

#include <set>

#include "proto/limits.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

constexpr std::size_t kTreeOps = ops_under(kSaltLevelMax);

std::vector<Slot> one() { return {words(kTitle, "x")}; }

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
    if (trees.needs_root(counter)) trees.plant(counter, random.bytes<16>());
    trees.give(counter, slots);
  }
  crypto::SeededRandom random{3};
  SaltTrees trees;
  std::vector<Salt> salts;
};

TEST(SaltTree, ANodeGivesTheSaltsOfTheOpsUnderIt) {
  const Given given(kTreeOps * 2);
  EXPECT_EQ(std::set<Salt>(given.salts.begin(), given.salts.end()).size(), kTreeOps * 2);
  for (unsigned level = 0; level <= kSaltLevelMax; ++level) {
    for (std::size_t first = 0; first < given.salts.size(); first += ops_under(level)) {
      const auto node = given.trees.node(first + 1, level);
      ASSERT_TRUE(node);
      const auto at = given.salts.begin() + static_cast<std::ptrdiff_t>(first);
      const std::vector<Salt> under(at, at + static_cast<std::ptrdiff_t>(ops_under(level)));
      EXPECT_EQ(salt_leaves(*node, level), under) << level << " " << first;
    }
  }
}

TEST(SaltTree, ANodeStandsOnlyAtItsPlaceAndOverOpsThatAreThere) {
  const Given given(kTreeOps + 5);
  EXPECT_FALSE(given.trees.node(0, 0));
  EXPECT_FALSE(given.trees.node(2, 1));
  EXPECT_FALSE(given.trees.node(5, kSaltLevelMax));
  EXPECT_FALSE(given.trees.node(kTreeOps + 1, kSaltLevelMax));
  EXPECT_TRUE(given.trees.node(kTreeOps + 1, 1));
  EXPECT_FALSE(given.trees.node(kTreeOps + 5, 1));
  EXPECT_TRUE(given.trees.node(kTreeOps + 5, 0));
  EXPECT_FALSE(given.trees.node(kTreeOps + 6, 0));
}

// All that is still given: no leaf of it is the forgotten one.
TEST(SaltTree, AForgottenSaltFollowsFromNothing) {
  Given given(kTreeOps);
  for (const std::size_t counter : {std::size_t{1}, std::size_t{30}, kTreeOps}) {
    given.trees.forget(counter);
    const Salt gone = given.salts[counter - 1];
    std::size_t nodes = 0;
    for (unsigned level = 0; level <= kSaltLevelMax; ++level) {
      for (std::size_t first = 1; first <= kTreeOps; ++first) {
        const auto node = given.trees.node(first, level);
        if (!node) continue;
        ++nodes;
        for (const Salt& leaf : salt_leaves(*node, level)) EXPECT_NE(leaf, gone);
      }
    }
    EXPECT_GT(nodes, kTreeOps - 4);  // its neighbours stay
  }
  given.trees.forget(0);
  given.trees.forget(kTreeOps * 99);
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
  salt_bodies(again, *given.trees.node(2, 0));
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
  EXPECT_FALSE(given.trees.node(1, 0));
  EXPECT_TRUE(given.trees.node(1 + kTreeOps, 0));
  EXPECT_TRUE(given.trees.node(1 + limits::kSaltTreesMax * kTreeOps, 0));
}

}  // namespace
}  // namespace attune::crdt::testing
