#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

const Actor kA = actor(1, 1);
const Actor kB = actor(1, 2);

Op any() { return draft(entry(1), {words(kTitle, "x")}); }

WaitingOps::Item item(std::uint64_t counter, std::size_t bytes = 1) {
  Op op = any();
  op.dot = dot(kA, counter);
  return {.op = op, .tag = {}, .bytes = bytes};
}

TEST(WaitingOps, HoldsAtMostKWaitingOpsMax) {
  WaitingOps waiting;
  for (std::uint64_t i = 0; i < limits::kWaitingOpsMax - 1; ++i) {
    ASSERT_TRUE(waiting.hold(item(i + 2)));
  }
  EXPECT_TRUE(waiting.hold(item(limits::kWaitingOpsMax + 1)));
  EXPECT_EQ(waiting.size(), limits::kWaitingOpsMax);
  EXPECT_FALSE(waiting.hold(item(limits::kWaitingOpsMax + 2)));
  EXPECT_EQ(waiting.size(), limits::kWaitingOpsMax);
}

TEST(WaitingOps, HoldsAtMostKWaitingBytesMax) {
  {
    WaitingOps waiting;
    EXPECT_TRUE(waiting.hold(item(2, limits::kWaitingBytesMax - 1)));
    EXPECT_TRUE(waiting.hold(item(3, 1)));
    EXPECT_FALSE(waiting.hold(item(4, 1)));
  }
  WaitingOps waiting;
  EXPECT_FALSE(waiting.hold(item(2, limits::kWaitingBytesMax + 1)));
  EXPECT_TRUE(waiting.hold(item(2, limits::kWaitingBytesMax)));
}

TEST(WaitingOps, GivesRoomBackWithWhatItGives) {
  Device source;
  const Op a1 = source.write(kA, any());
  const Op a2 = source.write(kA, any());
  WaitingOps waiting;
  ASSERT_TRUE(waiting.hold({.op = a2, .tag = {}, .bytes = limits::kWaitingBytesMax}));
  Device device;
  EXPECT_FALSE(waiting.next(device.log).has_value());
  device.take(a1);
  ASSERT_TRUE(waiting.next(device.log).has_value());
  EXPECT_EQ(waiting.size(), 0u);
  EXPECT_TRUE(waiting.hold(item(9, limits::kWaitingBytesMax)));
}

TEST(WaitingOps, OneDotIsHeldOnce) {
  WaitingOps waiting;
  EXPECT_TRUE(waiting.hold(item(2, limits::kWaitingBytesMax)));
  EXPECT_TRUE(waiting.hold(item(2, limits::kWaitingBytesMax)));
  EXPECT_EQ(waiting.size(), 1u);
}

TEST(WaitingOps, GivesBackWhatCameAnotherWay) {
  Device device;
  const Op op = device.write(kA, any());
  WaitingOps waiting;
  ASSERT_TRUE(waiting.hold({.op = op, .tag = {}, .bytes = 1}));
  auto given = waiting.next(device.log);
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->op, op);
}

TEST(WaitingOps, ALongRunInReverseIsTakenWhenItsFirstComes) {
  Device source;
  std::vector<Op> ops;
  for (int i = 0; i < 200; ++i) ops.push_back(source.write(i % 3 == 0 ? kB : kA, any()));
  Device device;
  for (auto op = ops.rbegin(); op != ops.rend(); ++op) device.take(*op);
  EXPECT_EQ(device.waiting.size(), 0u);
  EXPECT_EQ(device.log.digest(), source.log.digest());
}

}  // namespace
}  // namespace attune::crdt::testing
