#include "daemon/crdt/version_vector.h"

#include <gtest/gtest.h>

#include <map>

#include "crypto/random.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

// Many actors in no order, so that rows fill several chunks.
Actor numbered(std::uint32_t number) {
  Actor a = actor(1, static_cast<std::uint8_t>(number * 37 % 251));
  a.incarnation.bytes[1] = static_cast<std::uint8_t>(number);
  a.incarnation.bytes[2] = static_cast<std::uint8_t>(number >> 8);
  return a;
}

VersionVector random_vector(crypto::Random& random, std::uint32_t actors, std::uint32_t writes) {
  VersionVector vector;
  for (std::uint32_t i = 0; i < writes; ++i) {
    vector.raise(numbered(random.below(actors)), random.below(9));
  }
  return vector;
}

VersionVector merged(VersionVector a, const VersionVector& b) {
  a.merge(b);
  return a;
}

TEST(VersionVector, AnEmptyOneContainsNothing) {
  const VersionVector vector;
  EXPECT_TRUE(vector.empty());
  EXPECT_EQ(vector.last(actor(1, 1)), 0u);
  EXPECT_FALSE(vector.contains(dot(actor(1, 1), 1)));
  EXPECT_EQ(vector.rows().begin(), vector.rows().end());
}

TEST(VersionVector, ContainsAllUpToTheLast) {
  VersionVector vector;
  vector.raise(actor(1, 1), 3);
  EXPECT_TRUE(vector.contains(dot(actor(1, 1), 1)));
  EXPECT_TRUE(vector.contains(dot(actor(1, 1), 3)));
  EXPECT_FALSE(vector.contains(dot(actor(1, 1), 4)));
  EXPECT_FALSE(vector.contains(dot(actor(1, 2), 1)));
}

TEST(VersionVector, RaiseNeverLowersAndKeepsNoZero) {
  VersionVector vector;
  vector.raise(actor(1, 1), 5);
  vector.raise(actor(1, 1), 2);
  vector.raise(actor(1, 2), 0);
  EXPECT_EQ(vector.last(actor(1, 1)), 5u);
  EXPECT_EQ(vector.rows().size(), 1u);
  EXPECT_EQ(vector.total(), 5u);
}

TEST(VersionVector, EditsOnTwoDevicesAreConcurrent) {
  VersionVector a;
  VersionVector b;
  EXPECT_EQ(a.compare(b), Causality::kEqual);
  a.raise(actor(1, 1), 1);
  EXPECT_EQ(a.compare(b), Causality::kAfter);
  EXPECT_EQ(b.compare(a), Causality::kBefore);
  b.raise(actor(1, 2), 1);
  EXPECT_EQ(a.compare(b), Causality::kConcurrent);
}

TEST(VersionVector, ACopyKeepsWhatItWasWhenTheOtherIsWritten) {
  crypto::SeededRandom random(4);
  const VersionVector before = random_vector(random, 300, 500);
  VersionVector after = before;
  const std::uint64_t total = before.total();
  for (std::uint32_t i = 0; i < 300; ++i) after.raise(numbered(i), 100);
  EXPECT_EQ(before.total(), total);
  EXPECT_EQ(before.compare(after), Causality::kBefore);
  for (const auto& row : before.rows()) EXPECT_LT(row.counter, 9u);
}

TEST(VersionVector, IsTheMapThatItsRaisesMake) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    crypto::SeededRandom random(seed);
    std::map<Actor, std::uint64_t> model;
    VersionVector vector;
    std::uint64_t total = 0;
    for (int i = 0; i < 800; ++i) {
      const Actor who = numbered(random.below(400));
      const std::uint64_t counter = 1 + random.below(20);
      vector.raise(who, counter);
      model[who] = std::max(model[who], counter);
    }
    auto expected = model.begin();
    for (const auto& row : vector.rows()) {
      ASSERT_NE(expected, model.end()) << "seed " << seed;
      EXPECT_EQ(row.actor, expected->first) << "seed " << seed;
      EXPECT_EQ(row.counter, expected->second) << "seed " << seed;
      total += row.counter;
      ++expected;
    }
    EXPECT_EQ(expected, model.end()) << "seed " << seed;
    EXPECT_EQ(vector.rows().size(), model.size()) << "seed " << seed;
    EXPECT_EQ(vector.total(), total) << "seed " << seed;
  }
}

TEST(VersionVector, MergeIsALeastUpperBound) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    crypto::SeededRandom random(seed);
    const VersionVector a = random_vector(random, 120, 150);
    // One that shares chunks with `a`, and one that does not.
    VersionVector b = a;
    for (int i = 0; i < 5; ++i) b.raise(numbered(random.below(120)), 5 + random.below(9));
    const VersionVector c = random_vector(random, 120, 150);
    EXPECT_EQ(merged(a, b), merged(b, a)) << "seed " << seed;
    EXPECT_EQ(merged(a, c), merged(c, a)) << "seed " << seed;
    EXPECT_EQ(merged(merged(a, b), c), merged(a, merged(b, c))) << "seed " << seed;
    EXPECT_EQ(merged(a, a), a) << "seed " << seed;
    EXPECT_TRUE(merged(a, c).covers(a)) << "seed " << seed;
    EXPECT_TRUE(merged(a, c).covers(c)) << "seed " << seed;
    const VersionVector both = merged(a, c);
    for (const auto& row : both.rows()) {
      EXPECT_EQ(row.counter, std::max(a.last(row.actor), c.last(row.actor))) << "seed " << seed;
    }
  }
}

TEST(VersionVector, WhatMovedIsWhatTheBaseLacks) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    crypto::SeededRandom random(seed);
    const VersionVector base = random_vector(random, 90, 120);
    VersionVector now = base;
    for (int i = 0; i < 4; ++i) now.raise(numbered(random.below(120)), 1 + random.below(20));
    const VersionVector moved = now.moved_since(base);
    EXPECT_EQ(merged(base, moved), now) << "seed " << seed;
    for (const auto& row : moved.rows()) {
      EXPECT_GT(row.counter, base.last(row.actor)) << "seed " << seed;
    }
  }
}

TEST(VersionVector, OneThatWasMovedFromCanBeWrittenAgain) {
  VersionVector a;
  a.raise(actor(1, 1), 2);
  const VersionVector b = std::move(a);
  a = {};
  a.raise(actor(1, 2), 1);
  EXPECT_EQ(a.rows().size(), 1u);
  EXPECT_EQ(b.last(actor(1, 1)), 2u);
}

}  // namespace
}  // namespace attune::crdt::testing
