#include "daemon/sync/delivery.h"

#include <gtest/gtest.h>

#include "tests/sync/batch_of.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

class DeliveryOfTwo : public testing::Test {
 protected:
  void SetUp() override {
    pair(ada, ben);
    const EntryId id = ada.add("boundary", text_field("boundary", "words", "first"), true);
    const EditEntry edit{.id = name_of("boundary", id),
                         .kind = kind("boundary"),
                         .message = text_field("boundary", "words", "second"),
                         .tighter = true};
    ASSERT_EQ(ada.refusal(edit), Reason::kNone);
  }
  BatchTaken take(const OpsMessage& batch) {
    Ripple ripple;
    const auto travelled = decode_sync(encode_sync(batch));
    return take_batch(*ben.notebook, ben.now, std::get<OpsMessage>(*travelled), ada.self.person,
                      ripple);
  }
  static std::size_t ops_of(const std::vector<OpsMessage>& batches) {
    std::size_t count = 0;
    for (const OpsMessage& batch : batches) {
      for (const OpRun& run : batch.runs) count += run.run.count;
    }
    return count;
  }
  Phone ada{"Ada", 1};
  Phone ben{"Ben", 2};
};

TEST_F(DeliveryOfTwo, ABatchThatIsTakenIsNotSentAgain) {
  Delivery delivery;
  delivery.begin({});
  const auto batches = delivery.pump(*ada.notebook, ada.now);
  ASSERT_EQ(ops_of(batches), 2u);
  const BatchTaken taken = take(batches.front());
  EXPECT_FALSE(taken.unnamed);
  EXPECT_EQ(taken.refused, 0u);
  delivery.acknowledged(taken.moved, taken.unnamed, ada.now);
  EXPECT_EQ(delivery.theirs(), ada.notebook->both()->vector());
  EXPECT_EQ(ben.notebook->both()->digest(), ada.notebook->both()->digest());
  EXPECT_TRUE(delivery.pump(*ada.notebook, ada.now).empty());
}

// The other believes that the first op is here: the second names its entry by it.
TEST_F(DeliveryOfTwo, WhoLacksTheOpThatNamesAnEntryIsSentItsId) {
  crdt::VersionVector believed;
  believed.raise((*ada.notebook->both()->vector().rows().begin()).actor, 1);
  const BatchTaken taken = take(next_batch(*ada.notebook, believed, EntryNames::kByOps));
  EXPECT_TRUE(taken.unnamed);
  EXPECT_EQ(taken.refused, 0u);
  EXPECT_TRUE(taken.moved.empty());

  Delivery delivery;
  delivery.begin({});
  ASSERT_EQ(ops_of(delivery.pump(*ada.notebook, ada.now)), 2u);
  delivery.acknowledged(taken.moved, taken.unnamed, ada.now);
  const auto again = delivery.pump(*ada.notebook, ada.now);
  ASSERT_EQ(ops_of(again), 2u);
  // Whatever the receiver says, it is sent again once.
  delivery.acknowledged({}, true, ada.now);
  EXPECT_TRUE(delivery.pump(*ada.notebook, ada.now).empty());
  EXPECT_FALSE(take(again.front()).unnamed);
  EXPECT_EQ(ben.notebook->both()->digest(), ada.notebook->both()->digest());
}

TEST_F(DeliveryOfTwo, WholeNamesNeedNoOtherOp) {
  crdt::VersionVector believed;
  believed.raise((*ada.notebook->both()->vector().rows().begin()).actor, 1);
  const BatchTaken taken = take(next_batch(*ada.notebook, believed, EntryNames::kWhole));
  EXPECT_FALSE(taken.unnamed);
  EXPECT_EQ(taken.refused, 0u);  // it waits for the op before it
}

TEST_F(DeliveryOfTwo, ARunThatIsNoneIsRefusedAndTheOthersAreTaken) {
  OpsMessage batch;
  crdt::VersionVector nothing;
  for (const OpRun& run : next_batch(*ada.notebook, nothing, EntryNames::kWhole).runs) {
    batch.runs.push_back(run);
  }
  batch.actors = {batch.runs.front().run.first.actor};
  OpRun none = batch.runs.front();
  none.run.ops.pop_back();
  batch.runs.insert(batch.runs.begin(), std::move(none));
  const BatchTaken taken = take(batch);
  EXPECT_EQ(taken.refused, 1u);
  EXPECT_EQ(ben.notebook->both()->digest(), ada.notebook->both()->digest());
}

}  // namespace
}  // namespace attune::sync
