#include "daemon/couple/audience.h"

#include <gtest/gtest.h>

#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

TEST(Audience, ANewEntryIsWhereItsRowSays) {
  EXPECT_EQ(place_of_new(row("journal"), false), Place::kMine);
  EXPECT_EQ(place_of_new(row("journal"), true), Place::kMine);
  EXPECT_EQ(place_of_new(row("thanks"), false), Place::kBoth);
  EXPECT_EQ(place_of_new(row("boundary"), false), Place::kMine);
  EXPECT_EQ(place_of_new(row("boundary"), true), Place::kBoth);
}

TEST(Audience, OnlyWhatIsChosenMoves) {
  EXPECT_TRUE(can_move(row("boundary")));
  EXPECT_TRUE(can_move(row("resource")));
  EXPECT_FALSE(can_move(row("journal")));
  EXPECT_FALSE(can_move(row("thanks")));
}

TEST(Audience, WhyStaysMineWhereverItsEntryIs) {
  EXPECT_EQ(place_of(field("boundary", "why"), Place::kBoth), Place::kMine);
  EXPECT_EQ(place_of(field("boundary", "words"), Place::kBoth), Place::kBoth);
  EXPECT_EQ(place_of(field("boundary", "words"), Place::kMine), Place::kMine);
}

TEST(Audience, BothNeverSeeWhatIsMine) {
  const KindTable& table = KindTable::standard();
  const auto seen = [&](std::string_view noun, std::uint32_t number) {
    return may_be_seen_by_both(table, row(noun).number, number);
  };
  EXPECT_FALSE(seen("journal", 1));
  EXPECT_FALSE(seen("journal", kFieldForget));
  EXPECT_FALSE(seen("boundary", field("boundary", "why").number));
  EXPECT_TRUE(seen("boundary", field("boundary", "words").number));
  EXPECT_TRUE(seen("boundary", kFieldForget));
  EXPECT_TRUE(seen("boundary", 99));
  EXPECT_TRUE(may_be_seen_by_both(table, 4'000, 1));
}

}  // namespace
}  // namespace attune::couple
