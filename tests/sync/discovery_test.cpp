#include "daemon/sync/discovery.h"

#include <gtest/gtest.h>

#include "proto/limits.h"

namespace attune::sync {
namespace {

class Beacon : public testing::Test {
 protected:
  crypto::SeededRandom random_{1};
  crypto::Key key_ = random_.key();
  Bytes who_ = Bytes(16, 7);
  std::array<std::uint8_t, 16> source_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
};

TEST_F(Beacon, NamesThePortToWhoSharesTheKey) {
  const Bytes beacon = make_beacon(key_, who_, 4711, source_, random_);
  EXPECT_EQ(beacon.size(), limits::kBeaconBytes);
  EXPECT_EQ(check_beacon(beacon, key_, who_, source_), 4711);
}

TEST_F(Beacon, OfAnotherKeySenderOrAddressIsNoise) {
  const Bytes beacon = make_beacon(key_, who_, 4711, source_, random_);
  const crypto::Key other = random_.key();
  auto elsewhere = source_;
  elsewhere[15] ^= 1;
  EXPECT_FALSE(check_beacon(beacon, other, who_, source_));
  EXPECT_FALSE(check_beacon(beacon, key_, Bytes(16, 8), source_));
  EXPECT_FALSE(check_beacon(beacon, key_, who_, elsewhere));
}

TEST_F(Beacon, WithAnyBitFlippedOrAnotherLengthIsNoise) {
  const Bytes beacon = make_beacon(key_, who_, 4711, source_, random_);
  for (std::size_t bit = 0; bit < beacon.size() * 8; ++bit) {
    Bytes bad = beacon;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(check_beacon(bad, key_, who_, source_)) << bit;
  }
  for (std::size_t size = 0; size < beacon.size(); ++size) {
    EXPECT_FALSE(check_beacon(ByteView(beacon).first(size), key_, who_, source_)) << size;
  }
  Bytes longer = beacon;
  longer.push_back(0);
  EXPECT_FALSE(check_beacon(longer, key_, who_, source_));
}

TEST_F(Beacon, ThatNamesPortZeroIsNoise) {
  EXPECT_FALSE(check_beacon(make_beacon(key_, who_, 0, source_, random_), key_, who_, source_));
}

TEST(BeaconMemory, KnowsEachOfTheLastNoncesOnce) {
  BeaconMemory memory;
  const auto nonce = [](std::size_t i) {
    Bytes out;
    append_u64le(out, i);
    return out;
  };
  for (std::size_t i = 0; i < limits::kBeaconMemory; ++i) EXPECT_TRUE(memory.remember(nonce(i)));
  EXPECT_FALSE(memory.remember(nonce(0)));
  EXPECT_TRUE(memory.remember(nonce(limits::kBeaconMemory)));
  EXPECT_TRUE(memory.remember(nonce(0)));
}

TEST(BeaconPace, SendsThreeWithinTwoSecondsThenSlowlyThenStops) {
  crypto::SeededRandom random(2);
  BeaconPace pace;
  Steady now{1h};
  pace.restart(now);
  std::vector<Steady> sent;
  while (pace.next()) {
    now = *pace.next();
    ASSERT_TRUE(pace.due(now, random));
    sent.push_back(now);
    ASSERT_LT(sent.size(), 100u);
  }
  ASSERT_GT(sent.size(), limits::kBeaconBurst);
  EXPECT_EQ(sent[0].since, 1h);
  EXPECT_LE(sent[limits::kBeaconBurst - 1] - sent[0], limits::kBeaconBurstSpan);
  for (std::size_t i = limits::kBeaconBurst; i < sent.size(); ++i) {
    EXPECT_GE(sent[i] - sent[i - 1], limits::kBeaconPeriodMin);
    EXPECT_LE(sent[i] - sent[i - 1], limits::kBeaconPeriodMax);
  }
  EXPECT_LE(sent.back() - sent.front(), limits::kBeaconPatience + limits::kBeaconPeriodMax);
}

TEST(DialPlan, TriesKnownAddressesAtGrowingPauses) {
  DialPlan plan;
  plan.set_known({Endpoint::v4({10, 0, 0, 1}, 1)});
  Steady now{1h};
  plan.restart(now);
  std::chrono::nanoseconds last{0};
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(plan.due(now).size(), 1u);
    EXPECT_TRUE(plan.due(now).empty());
    const auto pause = *plan.next() - now;
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, 5min);
    last = pause;
    now = *plan.next();
  }
}

TEST(DialPlan, DialsAHeardAddressOncePerPause) {
  DialPlan plan;
  const Endpoint there = Endpoint::v4({10, 0, 0, 1}, 1);
  const Steady now{1h};
  EXPECT_TRUE(plan.heard(now, there));
  EXPECT_FALSE(plan.heard(now + 1s, there));
  EXPECT_TRUE(plan.heard(now + limits::kDialPause, there));
}

TEST(DialPlan, AFloodOfAddressesIsBounded) {
  DialPlan plan;
  std::size_t dialled = 0;
  for (std::uint16_t port = 1; port < 1000; ++port) {
    dialled += plan.heard(Steady{1h}, Endpoint::v4({10, 0, 0, 1}, port)) ? 1 : 0;
  }
  EXPECT_LE(dialled, limits::kAddressesMax);
}

}  // namespace
}  // namespace attune::sync
