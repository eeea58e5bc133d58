#include "daemon/couple/lapse.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/couple/two_people.h"

namespace attune::couple {
namespace {

crdt::Kept said_at(const Now& now) {
  crdt::Kept kept;
  kept.op.day = now.night;
  kept.arrival = arrival_tonight(now);
  return kept;
}

TEST(Lapse, SaidUntilFourOfItsNight) {
  const crdt::Kept kept = said_at(evening());
  EXPECT_TRUE(is_said(kept, evening()));
  EXPECT_TRUE(is_said(kept, later(evening(), 8h - 1s)));
  EXPECT_FALSE(is_said(kept, later(evening(), 8h)));
  EXPECT_FALSE(is_over(kept.arrival, later(evening(), 8h - 1s)));
  EXPECT_TRUE(is_over(kept.arrival, later(evening(), 8h)));
}

TEST(Lapse, NeverLongerThanEighteenHoursByEitherClock) {
  const Now morning = later(evening(), 8h);
  const crdt::Kept kept = said_at(morning);
  const Now last = later(morning, limits::kConsentLife - 1s);
  EXPECT_TRUE(is_said(kept, last));
  EXPECT_FALSE(is_said(kept, later(last, 1s)));
  EXPECT_TRUE(is_over(kept.arrival, later(last, 1s)));
  Now by_boot = morning;
  by_boot.boot.since += limits::kConsentLife;
  EXPECT_FALSE(is_said(kept, by_boot));
  Now by_wall = morning;
  by_wall.wall.seconds += limits::kConsentLife.count();
  EXPECT_FALSE(is_said(kept, by_wall));
}

TEST(Lapse, NotAfterAReboot) {
  const crdt::Kept kept = said_at(evening());
  Now now = evening();
  now.boot.id[0] ^= 1;
  EXPECT_FALSE(is_said(kept, now));
  EXPECT_TRUE(is_over(kept.arrival, now));
}

TEST(Lapse, AnyOtherDayIsNotSaid) {
  for (const int days : {-3'650, -1, 1, 3'650}) {
    crdt::Kept kept = said_at(evening());
    kept.op.day.days += days;
    EXPECT_FALSE(is_said(kept, evening()));
    EXPECT_FALSE(is_over(kept.arrival, evening()));
  }
}

TEST(Lapse, AClockThatIsPutBackLengthensNothing) {
  const crdt::Kept kept = said_at(evening());
  const Now back = later(evening(), -24h);
  EXPECT_FALSE(is_said(kept, back));
  EXPECT_TRUE(is_over(kept.arrival, back));
}

TEST(Lapse, ItIsOverWhenItSaysSo) {
  const crdt::Kept kept = said_at(evening());
  EXPECT_EQ(until_over(kept.arrival, evening()), 8h);
  EXPECT_EQ(until_over(kept.arrival, later(evening(), 3h)), 5h);
  EXPECT_EQ(until_over(kept.arrival, later(evening(), 8h)), 0s);
  const crdt::Kept early = said_at(later(evening(), 8h));
  EXPECT_EQ(until_over(early.arrival, later(evening(), 8h)), limits::kConsentLife);
}

}  // namespace
}  // namespace attune::couple
