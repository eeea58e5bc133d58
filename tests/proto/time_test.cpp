#include "proto/time.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(LocalDay, IsWrittenAsYearMonthDay) {
  EXPECT_EQ(to_text(LocalDay{0}), "1970-01-01");
  EXPECT_EQ(to_text(LocalDay{59}), "1970-03-01");
  EXPECT_EQ(to_text(LocalDay{11'016}), "2000-02-29");
  EXPECT_EQ(to_text(LocalDay{2'932'896}), "9999-12-31");
}

TEST(LocalDay, IsReadBackAsItWasWritten) {
  for (std::int32_t days = 0; days <= 2'932'896; days += 73) {
    EXPECT_EQ(parse_day(to_text(LocalDay{days})), LocalDay{days}) << days;
  }
  EXPECT_EQ(parse_day("9999-12-31"), LocalDay{2'932'896});
}

TEST(LocalDay, KnowsLeapYears) {
  EXPECT_TRUE(parse_day("2024-02-29"));
  EXPECT_TRUE(parse_day("2000-02-29"));
  EXPECT_EQ(parse_day("2023-02-29"), std::nullopt);
  EXPECT_EQ(parse_day("2100-02-29"), std::nullopt);
}

TEST(LocalDay, OutsideTheCalendarIsRefused) {
  for (std::string_view text : {"2024-00-10", "2024-13-10", "2024-01-00", "2024-01-32",
                                "2024-04-31", "1969-12-31", "0000-01-01"}) {
    EXPECT_EQ(parse_day(text), std::nullopt) << text;
  }
}

TEST(LocalDay, OfAnotherFormIsRefused) {
  for (std::string_view text :
       {"", "2024-1-1", "2024/01/01", "20240101", "24-01-01", "2024-01-01 ", " 2024-01-01",
        "2024-01-0x", "-024-01-01", "+024-01-01", "2024-+1-01", "tomorrow", "2024-01-01T00:00",
        "02024-01-01", "2024-01-\xd9\xa1"}) {
    EXPECT_EQ(parse_day(text), std::nullopt) << text;
  }
}

TEST(LocalDay, CutAnywhereIsRefused) {
  const std::string whole = "2027-09-17";
  ASSERT_TRUE(parse_day(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_day(whole.substr(0, size)), std::nullopt) << size;
  }
}

TEST(Steady, MeasuresTheTimeBetweenTwoMoments) {
  const Steady start{.since = 5s};
  const Steady later = start + 250ms;
  EXPECT_GT(later, start);
  EXPECT_EQ(later - start, 250ms);
}

}  // namespace
}  // namespace attune
