#include "daemon/clock.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <string>

namespace attune {
namespace {

/// Central Europe, by its rule alone, so that no table of zones is needed.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
/// Chile's summer time began and ended at midnight: some days have no 00:00.
constexpr const char* kSantiago = "<-04>4<-03>,M9.1.6/24,M4.1.6/24";

class Calendar : public testing::Test {
 protected:
  ~Calendar() override { zone("UTC"); }
  static void zone(const char* rule) {
    setenv("TZ", rule, 1);
    tzset();
  }
  /// Of a moment as it is written in UTC.
  static Now at(const char* utc) {
    std::tm parts{};
    EXPECT_NE(strptime(utc, "%Y-%m-%d %H:%M:%S", &parts), nullptr) << utc;
    Now now;
    now.wall = Wall{timegm(&parts)};
    fill_calendar(now);
    return now;
  }
  static std::string utc(Wall wall) {
    const std::time_t seconds = wall.seconds;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::string text(19, '\0');
    strftime(text.data(), text.size() + 1, "%Y-%m-%d %H:%M:%S", &parts);
    return text;
  }
};

TEST_F(Calendar, ANightEndsAtFour) {
  zone("UTC");
  const Now before = at("2026-05-10 03:59:59");
  EXPECT_EQ(to_text(before.day), "2026-05-10");
  EXPECT_EQ(to_text(before.night), "2026-05-09");
  EXPECT_EQ(utc(before.next_four), "2026-05-10 04:00:00");
  const Now after = at("2026-05-10 04:00:00");
  EXPECT_EQ(to_text(after.night), "2026-05-10");
  EXPECT_EQ(utc(after.next_four), "2026-05-11 04:00:00");
}

TEST_F(Calendar, DaysAreThoseOfThePlace) {
  zone(kBerlin);
  const Now now = at("2026-01-09 23:30:00");
  EXPECT_EQ(to_text(now.day), "2026-01-10");
  EXPECT_EQ(to_text(now.night), "2026-01-09");
  EXPECT_EQ(utc(now.next_four), "2026-01-10 03:00:00");
}

TEST_F(Calendar, AYearEndsAtMidnightAndItsNightAtFour) {
  zone("UTC");
  const Now now = at("2027-01-01 02:00:00");
  EXPECT_EQ(to_text(now.day), "2027-01-01");
  EXPECT_EQ(to_text(now.night), "2026-12-31");
  EXPECT_EQ(utc(now.next_four), "2027-01-01 04:00:00");
  EXPECT_EQ(utc(at("2026-12-31 05:00:00").next_four), "2027-01-01 04:00:00");
  EXPECT_EQ(utc(at("2028-02-28 12:00:00").next_four), "2028-02-29 04:00:00");
}

TEST_F(Calendar, TheNightOfTheShortDayEndsAtFourToo) {
  zone(kBerlin);  // 2026-03-29: after 01:59 comes 03:00
  const Now before = at("2026-03-29 00:30:00");
  EXPECT_EQ(to_text(before.night), "2026-03-28");
  EXPECT_EQ(utc(before.next_four), "2026-03-29 02:00:00");
  const Now after = at("2026-03-29 02:00:00");
  EXPECT_EQ(to_text(after.night), "2026-03-29");
  EXPECT_EQ(utc(after.next_four), "2026-03-30 02:00:00");
}

TEST_F(Calendar, TheNightOfTheLongDayEndsAtFourToo) {
  zone(kBerlin);  // 2026-10-25: 02:00 to 03:00 comes twice
  const Now before = at("2026-10-25 02:30:00");
  EXPECT_EQ(to_text(before.day), "2026-10-25");
  EXPECT_EQ(to_text(before.night), "2026-10-24");
  EXPECT_EQ(utc(before.next_four), "2026-10-25 03:00:00");
  EXPECT_EQ(to_text(at("2026-10-25 03:00:00").night), "2026-10-25");
}

TEST_F(Calendar, ADayWithoutMidnightHasItsNight) {
  zone(kSantiago);  // 2026-09-06 begins at 01:00
  const Now now = at("2026-09-06 04:30:00");
  EXPECT_EQ(to_text(now.day), "2026-09-06");
  EXPECT_EQ(to_text(now.night), "2026-09-05");
  EXPECT_EQ(utc(now.next_four), "2026-09-06 07:00:00");
}

TEST_F(Calendar, EveryQuarterOfAnHourItsNextFourEndsItsNight) {
  for (const char* rule : {"UTC", kBerlin, kSantiago, "<+1345>-13:45"}) {
    zone(rule);
    Now now = at("2026-01-01 00:00:00");
    const std::int64_t end = now.wall.seconds + 366ll * 24 * 3600;
    for (; now.wall.seconds < end; now.wall.seconds += 900) {
      fill_calendar(now);
      ASSERT_GT(now.next_four.seconds, now.wall.seconds) << rule << ' ' << utc(now.wall);
      ASSERT_LE(now.next_four.seconds, now.wall.seconds + std::int64_t{25} * 3600) << rule;
      Now last = now;
      last.wall.seconds = now.next_four.seconds - 1;
      fill_calendar(last);
      ASSERT_EQ(last.night, now.night) << rule << ' ' << utc(now.wall);
      Now next = now;
      next.wall = now.next_four;
      fill_calendar(next);
      ASSERT_EQ(next.night.days, now.night.days + 1) << rule << ' ' << utc(now.wall);
    }
  }
}

TEST(Clock, ReadsEveryClockAtOnce) {
  const Now first = read_clock();
  const Now second = read_clock();
  EXPECT_GE(second.steady, first.steady);
  EXPECT_EQ(second.boot.id, first.boot.id);
  EXPECT_NE(first.boot.id, decltype(first.boot.id){});
  EXPECT_GE(second.boot.since, first.boot.since);
  EXPECT_NEAR(static_cast<double>(first.wall.seconds), static_cast<double>(time(nullptr)), 5);
  EXPECT_GT(first.next_four, first.wall);
}

}  // namespace
}  // namespace attune
