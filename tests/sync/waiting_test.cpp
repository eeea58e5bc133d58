#include "daemon/sync/waiting.h"

#include <gtest/gtest.h>

#include "proto/limits.h"

namespace attune::sync {
namespace {

crdt::VersionVector vector_of(std::uint8_t device, std::uint64_t counter) {
  crdt::Actor actor;
  actor.device.bytes[0] = device;
  crdt::VersionVector vector;
  vector.raise(actor, counter);
  return vector;
}

class Waiting : public testing::Test {
 protected:
  WaitingRequests waiting_;
  Output out_;
  RequestId request_{7};
};

TEST_F(Waiting, SyncIsDoneWhenBothHaveWhatEitherHadAtItsStart) {
  const auto mine = vector_of(1, 5);
  waiting_.sync(request_, mine, Steady{10s});
  const auto numbers = waiting_.unasked();
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_TRUE(waiting_.unasked().empty());
  waiting_.answered(numbers[0], vector_of(2, 3));

  waiting_.settle(Steady{1s}, mine, mine, 0, out_);
  EXPECT_TRUE(out_.answers.empty()) << "theirs is not here yet";
  auto both = mine;
  both.merge(vector_of(2, 3));
  waiting_.settle(Steady{1s}, both, {}, 5, out_);
  EXPECT_TRUE(out_.answers.empty()) << "mine is not there yet";
  waiting_.settle(Steady{1s}, both, mine, 0, out_);
  ASSERT_EQ(out_.answers.size(), 1u);
  EXPECT_TRUE(std::get<Synced>(out_.answers[0].answer).exchanged);
  EXPECT_TRUE(out_.answers[0].last);
  EXPECT_FALSE(waiting_.next());
}

TEST_F(Waiting, SyncWithoutThePartnerEndsWithItsTime) {
  waiting_.sync(request_, {}, Steady{10s});
  EXPECT_EQ(waiting_.next(), Steady{10s});
  waiting_.settle(Steady{9s}, {}, {}, 0, out_);
  EXPECT_TRUE(out_.answers.empty());
  waiting_.settle(Steady{10s}, {}, {}, 0, out_);
  ASSERT_EQ(out_.answers.size(), 1u);
  EXPECT_EQ(std::get<Failed>(out_.answers[0].answer).reason, Reason::kPartnerAway);
}

TEST_F(Waiting, ALostLinkIsAskedAgain) {
  waiting_.sync(request_, {}, Steady{10s});
  const auto first = waiting_.unasked();
  waiting_.ask_again();
  EXPECT_EQ(waiting_.unasked(), first);
  waiting_.answered(first[0], {});
  waiting_.ask_again();
  EXPECT_TRUE(waiting_.unasked().empty());
}

TEST_F(Waiting, WatchersHearEachKindOnce) {
  waiting_.watch(request_);
  waiting_.tell({10, 11, 10}, out_);
  ASSERT_EQ(out_.answers.size(), 2u);
  EXPECT_FALSE(out_.answers[0].last);
  waiting_.gone(request_);
  Output silent;
  waiting_.tell({10}, silent);
  EXPECT_TRUE(silent.answers.empty());
}

TEST_F(Waiting, IsBounded) {
  for (std::uint64_t i = 0; i < limits::kWaitingRequestsMax; ++i) {
    ASSERT_TRUE(waiting_.has_room());
    if (i % 2 == 0) {
      waiting_.watch(RequestId{i});
    } else {
      waiting_.sync(RequestId{i}, {}, Steady{10s});
    }
  }
  EXPECT_FALSE(waiting_.has_room());
  waiting_.gone(RequestId{3});
  EXPECT_TRUE(waiting_.has_room());
}

}  // namespace
}  // namespace attune::sync
