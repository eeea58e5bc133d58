#include "tests/crdt/history.h"

#include <gtest/gtest.h>

namespace attune::crdt::testing {
namespace {

constexpr std::uint64_t kSeeds = 60;

// Runs a history for every seed and names the seed of each that fails.
template <typename Check>
void for_each_history(History::Options options, Check check) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed, options);
    history.run();
    check(history);
    if (::testing::Test::HasFailure()) {
      GTEST_FAIL() << "seed " << seed;
    }
  }
}

TEST(History, EqualOpsMakeEqualDigestsAndViews) {
  int husks = 0;
  for_each_history({}, [&husks](History& history) {
    const Device& first = *history.devices.front();
    for (const auto& device : history.devices) {
      ASSERT_EQ(device->log.vector(), first.log.vector());
      ASSERT_EQ(device->waiting.size(), 0u);
      EXPECT_EQ(device->log.digest(), first.log.digest());
      EXPECT_EQ(seen(device->view), seen(first.view));
    }
    husks += history.husks_sent;
  });
  EXPECT_GT(husks, 100);  // or nothing was said of them
}

TEST(History, AnyOrderOfArrivalMakesTheSame) {
  for_each_history({}, [](History& history) {
    const Device& first = *history.devices.front();
    for (int i = 0; i < 3; ++i) {
      const auto reader = history.reader(true);
      EXPECT_EQ(reader->log.digest(), first.log.digest());
      EXPECT_EQ(seen(reader->view), seen(first.view));
    }
  });
}

TEST(History, WhatStandsIsWhatTheDefinitionSays) {
  for_each_history({}, [](History& history) {
    EXPECT_EQ(stands(history.devices.front()->view), history.oracle.stands());
  });
}

TEST(History, PastsAreWhatTheOpsSay) {
  for_each_history({.forgets = true, .steps = 40}, [](History& history) {
    const Device& device = *history.devices.front();
    device.log.for_each([&history](const Kept& kept) {
      std::uint64_t size = 0;
      for (const auto& [dot, op] : history.oracle.ops()) {
        const bool in_past = history.oracle.is_in_past(dot, kept.op.dot);
        size += in_past ? 1 : 0;
        EXPECT_EQ(kept.past.contains(dot), in_past);
      }
      EXPECT_EQ(kept.past.total(), size);
    });
    for (const Dot& head : device.log.frontier()) {
      for (const auto& [dot, op] : history.oracle.ops()) {
        EXPECT_FALSE(history.oracle.is_in_past(head, dot));
      }
    }
  });
}

TEST(History, IncrementalIsFromScratch) {
  for_each_history({}, [](History& history) {
    for (const auto& device : history.devices) EXPECT_EQ(device->refolded(), seen(device->view));
  });
}

TEST(History, ErasingChangesNothingThatStands) {
  for_each_history({}, [](History& history) {
    const auto keeps = history.reader(false);
    const auto erases = history.reader(true);
    EXPECT_EQ(keeps->husks(), 0u);
    EXPECT_EQ(seen(keeps->view), seen(erases->view));
    EXPECT_EQ(keeps->log.digest(), erases->log.digest());
    EXPECT_EQ(erases->refolded(), seen(erases->view));
  });
}

// Every body that stands is held by who was given it, every other is gone.
TEST(History, WordsAreHeldWhereTheyStandAndNowhereElse) {
  for_each_history({}, [](History& history) {
    const auto device = history.reader(true);
    std::set<SlotRef> standing;
    for (const auto& [key, slots] : stands(device->view)) {
      standing.insert(slots.begin(), slots.end());
    }
    device->log.for_each([&standing](const Kept& kept) {
      for (std::size_t slot = 0; slot < kept.op.slots.size(); ++slot) {
        if (kept.op.slots[slot].field == 1'001) continue;  // a forget has no words
        EXPECT_EQ(kept.op.slots[slot].body.has_value(), standing.contains({kept.op.dot, slot}));
      }
    });
  });
}

TEST(History, AProtectiveValueNeverWeakensWithoutAnOpThatLiftsIt) {
  int loosened = 0;
  for_each_history({}, [&loosened](History& history) {
    EXPECT_EQ(history.weakened, 0);
    loosened += history.loosened;
  });
  EXPECT_GT(loosened, 100);
}

// Two devices that hold the same have the same view at every moment, not only at the end.
TEST(History, EqualVectorsMeanEqualViewsOnTheWay) {
  int met = 0;
  for_each_history({.forgets = false, .steps = 60}, [&met](History& history) {
    EXPECT_EQ(history.uneven, 0);
    met += history.met;
  });
  EXPECT_GT(met, 100);
}

}  // namespace
}  // namespace attune::crdt::testing
