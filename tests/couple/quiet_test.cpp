#include "daemon/couple/quiet.h"

#include <gtest/gtest.h>

#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

KindRow asking() {
  KindRow row = couple::row("thanks");
  row.asks = true;
  return row;
}

TEST(Quiet, NothingIsHeldWithoutAPause) {
  EXPECT_FALSE(OpenPauses().holds_back(asking(), EntryId{}));
  EXPECT_FALSE(OpenPauses().on_all());
}

TEST(Quiet, APauseHoldsBackWhatAsksOnItsTopic) {
  const EntryId id{{1}};
  for (const std::string& topic :
       {std::string("all"), std::string("thanks"), entry_name(asking().letter, id)}) {
    OpenPauses paused;
    paused.open(topic);
    EXPECT_TRUE(paused.holds_back(asking(), id)) << topic;
    EXPECT_EQ(paused.on_all(), topic == "all");
  }
}

TEST(Quiet, APauseOnSomethingElseHoldsNothing) {
  OpenPauses paused;
  paused.open("boundary");
  paused.open(entry_name(asking().letter, EntryId{{2}}));
  EXPECT_FALSE(paused.holds_back(asking(), EntryId{{1}}));
}

TEST(Quiet, WhatDoesNotAskAlwaysPasses) {
  OpenPauses paused;
  paused.open("all");
  for (const KindRow& row : KindTable::standard().kinds()) {
    EXPECT_EQ(paused.holds_back(row, EntryId{}), row.asks) << row.noun;
  }
}

}  // namespace
}  // namespace attune::couple
