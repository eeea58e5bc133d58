// A relay is nobody's friend: what one that lies can do to a Mailbox.
#include <gtest/gtest.h>

#include "tests/sync/mailbox_world.h"

namespace attune::sync {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class AtARelay : public testing::Test {
 protected:
  /// Writes, and posts it to a relay that answers as `change` has it.
  template <typename Change>
  void visit_liar(MailboxWorld::End& who, Change change) {
    who.connect();
    for (int i = 0; i < 5; ++i) {
      for (auto& said : world_.relay.waiting()) change(said);
      world_.wait(seconds(1));
    }
    who.disconnect();
  }
  void expect_even() {
    for (int i = 0; i < 3; ++i) {
      world_.visit(world_.ana);
      world_.visit(world_.ben);
    }
    EXPECT_EQ(world_.ana.digest(), world_.ben.digest());
  }
  MailboxWorld world_;
};

TEST_F(AtARelay, AnswersForOthersAreNobodys) {
  world_.ana.write("one");
  visit_liar(world_.ana, [](auto& said) { said.correlation += 1'000; });
  EXPECT_TRUE(world_.relay.bodies().empty());
  expect_even();
  EXPECT_EQ(world_.ben.count(), 1u);
}

TEST_F(AtARelay, AnAnswerOfAnotherKindChangesNothing) {
  using namespace relay;
  for (const FromRelay& wrong :
       {FromRelay{Ok{.handle = 7, .seq = 3, .used = 9}}, FromRelay{PutOk{.wseq = 9}},
        FromRelay{Duplicate{.last = 1'000}}, FromRelay{Quota{.kind = QuotaKind::kRate}},
        FromRelay{Quota{.kind = QuotaKind::kRelay, .retry_seconds = 0xffffffff}},
        FromRelay{End{.handle = 1}}, FromRelay{relay::Done{.handle = 1}}, FromRelay{Wait{}},
        FromRelay{relay::Error{.code = ErrorCode::kFailed}},
        FromRelay{relay::Error{.code = ErrorCode::kOutOfOrder}},
        FromRelay{Ok{.handle = 1, .seq = ~std::uint64_t{0}, .used = 1}}}) {
    world_.ana.write("thanks");
    world_.ben.write("thanks");
    for (MailboxWorld::End* who : {&world_.ana, &world_.ben}) {
      visit_liar(*who, [&wrong](auto& said) {
        said.frame = wrong;
        said.body.clear();
      });
    }
  }
  world_.wait(hours(24 * 7));
  world_.ana.restart();
  world_.ben.restart();
  world_.meet(world_.ana, world_.ben);
  expect_even();
  EXPECT_EQ(world_.ana.count(), 22u);
}

TEST_F(AtARelay, ALieAboutTheHourDelaysAndLosesNothing) {
  for (const std::uint32_t hour : {0u, 1u, 400'000u, 600'000u, 0xffffffffu}) {
    world_.relay.hour = hour;
    world_.ana.write("thanks");
    world_.visit(world_.ana);
    world_.relay.hour = 500'000;
    world_.visit(world_.ben);
    world_.ben.write("thanks");
    world_.relay.hour = hour;
    world_.visit(world_.ben);
    world_.relay.hour = 500'000;
  }
  expect_even();
  EXPECT_EQ(world_.ana.count(), 10u);
}

TEST_F(AtARelay, AFullMailboxIsWrittenToAgainOnceItIsRead) {
  world_.relay.limits.mailbox_messages = 2;
  for (int i = 0; i < 5; ++i) {
    world_.ana.write(std::string(4'000, 'x'));
    world_.visit(world_.ana);
  }
  EXPECT_EQ(world_.relay.message_count(), 2u);
  for (int i = 0; i < 5; ++i) {
    world_.visit(world_.ben);
    world_.visit(world_.ana);
  }
  EXPECT_EQ(world_.ben.count(), 5u);
  expect_even();
}

TEST_F(AtARelay, AFullRelayIsAskedAgainWhenItSaid) {
  world_.relay.limits.store_bytes = 0;
  world_.ana.write("one");
  world_.ana.connect();
  world_.wait(seconds(10));
  world_.relay.limits.store_bytes = 1u << 20;
  world_.wait(seconds(30));
  EXPECT_TRUE(world_.relay.bodies().empty());
  world_.wait(hours(1));
  world_.wait(seconds(1));
  EXPECT_EQ(world_.relay.bodies().size(), 1u);
}

TEST_F(AtARelay, IsAtRestOnceAllIsThereAndNothingWaits) {
  world_.ben.write("from the other");
  world_.visit(world_.ben);
  world_.ana.write("mine");
  world_.ana.connect();
  world_.ana.mailbox->look();
  world_.ana.step();
  EXPECT_FALSE(world_.ana.mailbox->is_at_rest());
  world_.wait(seconds(5));
  EXPECT_TRUE(world_.ana.mailbox->is_at_rest());
  EXPECT_EQ(world_.ana.count(), 2u);
  EXPECT_EQ(world_.ana.mailbox->pending(), 1u);
  world_.ana.write("more");
  EXPECT_FALSE(world_.ana.mailbox->is_at_rest());
}

TEST_F(AtARelay, AnotherReaderOfTheMailboxIsNotFoughtWith) {
  world_.ana.write("one");
  world_.visit(world_.ana);
  world_.ben.connect();
  world_.settle();
  EXPECT_EQ(world_.ben.count(), 1u);
  for (auto& said : world_.relay.waiting()) said.frame = relay::End{.handle = 1};
  const relay::SessionId thief = world_.relay.connect();
  const PartnerDevice& device = world_.ben.phone.partner->devices.front();
  const Direction way{.from = device.device, .to = world_.ben.phone.self.device};
  world_.relay.ask(thief, 1,
                   relay::Open{.capability = mailbox_capability(device.id_root, way, 500'000 / 168),
                               .role = relay::MailboxRole::kReader});
  world_.relay.ask(thief, 2, relay::Subscribe{.handle = 1, .after = 0, .window = 1});
  world_.wait(seconds(20));
  world_.ben.mailbox->look();
  world_.wait(seconds(20));
  EXPECT_FALSE(world_.ben.mailbox->is_at_rest());
  world_.ben.disconnect();
  world_.relay.disconnect(thief);
  expect_even();
}

}  // namespace
}  // namespace attune::sync
