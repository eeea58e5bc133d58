// What two people who are never there at the same time exchange, and what goes wrong between them.
#include <gtest/gtest.h>

#include <set>

#include "tests/sync/mailbox_world.h"

namespace attune::sync {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Crash = MailboxWorld::End::Crash;

class Apart : public testing::Test {
 protected:
  MailboxWorld::End& ana() { return world_.ana; }
  MailboxWorld::End& ben() { return world_.ben; }
  /// In turns, so often that both have heard of everything.
  void take_turns() {
    for (int i = 0; i < 3; ++i) {
      world_.visit(ana());
      world_.visit(ben());
    }
  }
  void expect_even() {
    EXPECT_EQ(ana().digest(), ben().digest());
    EXPECT_EQ(ana().count(), ben().count());
  }

  MailboxWorld world_;
};

TEST_F(Apart, WhatIsWrittenWhileTheOtherIsAwayIsThereWhenTheyCome) {
  for (int i = 0; i < 50; ++i) ana().write("thanks " + std::to_string(i));
  world_.visit(ana());
  EXPECT_EQ(ben().count(), 0u);
  world_.visit(ben());
  EXPECT_EQ(ben().count(), 50u);
  for (int i = 0; i < 20; ++i) ben().write("and back " + std::to_string(i));
  world_.visit(ben());
  world_.visit(ana());
  EXPECT_EQ(ana().count(), 70u);
  expect_even();
}

TEST_F(Apart, AreSilentOnceBothHaveHeardOfEverything) {
  ana().write("one");
  ben().write("another");
  take_turns();
  expect_even();
  const std::size_t before = world_.relay.bodies().size();
  take_turns();
  EXPECT_EQ(world_.relay.bodies().size(), before);
  EXPECT_EQ(world_.relay.message_count(), 0u);
}

TEST_F(Apart, GoOnOverRestartsOfBoth) {
  for (int i = 0; i < 5; ++i) {
    ana().write("a");
    ben().write("b");
    world_.visit(ana());
    ana().restart();
    world_.visit(ben());
    ben().restart();
  }
  take_turns();
  expect_even();
  EXPECT_EQ(ana().count(), 10u);
}

TEST_F(Apart, PostNothingBeforeTheyWereAwayForTwoSeconds) {
  ana().connect();
  world_.settle();
  ana().write("soon");
  world_.wait(seconds(1));
  EXPECT_TRUE(world_.relay.bodies().empty());
  world_.wait(seconds(1));
  EXPECT_EQ(world_.relay.bodies().size(), 1u);
}

TEST_F(Apart, PostAtOnceWhenTheyLeave) {
  ana().connect();
  world_.settle();
  ana().write("on the way out");
  ana().mailbox->leave();
  EXPECT_TRUE(ana().mailbox->is_posting());
  ana().step();
  world_.settle();
  EXPECT_EQ(world_.relay.bodies().size(), 1u);
  EXPECT_FALSE(ana().mailbox->is_posting());
}

TEST_F(Apart, ParcelsHaveOneOfFourSizes) {
  for (int i = 0; i < 400; ++i) {
    ana().write(std::string(static_cast<std::size_t>(i + 1), 'x'));
    if (i % 40 == 0) world_.visit(ana());
  }
  take_turns();
  expect_even();
  std::set<std::size_t> sizes;
  for (const Bytes& body : world_.relay.bodies()) sizes.insert(body.size());
  for (const std::size_t size : sizes) {
    EXPECT_TRUE(size == 960 || size == 4'032 || size == 16'320 || size == 65'455) << size;
  }
  EXPECT_GE(sizes.size(), 3u);
}

TEST_F(Apart, ANewWeekHasAMailboxOfItsOwnAndBringsWhatWasNotFetched) {
  ana().write("of this week");
  world_.visit(ana());
  EXPECT_EQ(world_.relay.mailboxes_used().size(), 1u);
  world_.wait(hours(24 * 7));
  world_.visit(ana());
  EXPECT_EQ(world_.relay.bodies().size(), 2u);
  EXPECT_EQ(world_.relay.mailboxes_used().size(), 2u);
  world_.visit(ben());
  EXPECT_EQ(ben().count(), 1u);
  EXPECT_EQ(ben().refused, 0u);
  EXPECT_EQ(world_.relay.message_count(), 1u) << "the acknowledgement alone";
}

TEST_F(Apart, TheWeekTurnsWhileConnected) {
  ana().connect();
  ben().connect();
  world_.settle();
  for (int week = 0; week < 8; ++week) {
    ana().write("thanks");
    world_.wait(seconds(5));
    EXPECT_EQ(ben().count(), static_cast<std::size_t>(week + 1));
    world_.wait(hours(24 * 7));
  }
  EXPECT_GE(world_.relay.mailboxes_used().size(), 8u);
}

TEST_F(Apart, WhatWasLostAtTheRelayIsPostedAgain) {
  ana().write("one");
  world_.visit(ana());
  world_.relay.restart_empty();
  world_.visit(ben());
  EXPECT_EQ(ben().count(), 0u);
  ana().write("two");
  world_.visit(ana());
  world_.visit(ben());
  EXPECT_EQ(ben().count(), 2u);
  take_turns();
  expect_even();
}

TEST_F(Apart, ARelayThatBeginsAnewManyTimesLosesNothing) {
  for (int i = 0; i < 12; ++i) {
    (i % 2 == 0 ? ana() : ben()).write("round");
    if (i % 3 == 0) world_.relay.restart_empty();
    world_.visit(ana());
    if (i % 4 == 0) world_.relay.restart_empty();
    world_.visit(ben());
  }
  take_turns();
  expect_even();
  EXPECT_EQ(ana().count(), 12u);
}

TEST_F(Apart, ParcelsThatAreLostComeAgainInTheNextWeek) {
  int number = 0;
  world_.on_the_way = [&number](Bytes&) { return ++number % 3 != 0; };
  for (int i = 0; i < 9; ++i) {
    ana().write("thanks");
    world_.visit(ana());
    world_.visit(ben());
  }
  EXPECT_LT(ben().count(), 9u);
  world_.on_the_way = {};
  world_.wait(hours(24 * 7));
  take_turns();
  EXPECT_EQ(ben().count(), 9u);
  expect_even();
}

TEST_F(Apart, CutFlippedStrangeAndRepeatedParcelsChangeNothing) {
  std::vector<Bytes> seen;
  world_.on_the_way = [&seen](Bytes& parcel) {
    seen.push_back(parcel);
    return true;
  };
  ana().write("one");
  world_.visit(ana());
  world_.visit(ben());
  ASSERT_EQ(ben().count(), 1u);
  ASSERT_FALSE(seen.empty());
  const auto disk = ben().phone.disk.all();
  std::vector<Bytes> wrong = seen;  // repeated
  for (const std::size_t size : {0u, 1u, 79u, 80u, 959u}) {
    wrong.emplace_back(seen[0].begin(), seen[0].begin() + static_cast<std::ptrdiff_t>(size));
  }
  for (const std::size_t at : {0u, 30u, 100u, 959u}) {
    wrong.push_back(seen[0]);
    wrong.back()[at] ^= 1;
  }
  wrong.emplace_back(4'032, std::uint8_t{7});
  world_.on_the_way = [&wrong](Bytes& parcel) {
    if (wrong.empty()) return false;
    parcel = wrong.back();
    wrong.pop_back();
    return true;
  };
  const std::size_t count = wrong.size();
  for (std::size_t i = 0; i < count; ++i) {
    ana().write("carrier");
    world_.visit(ana());
    world_.visit(ben());
  }
  EXPECT_EQ(ana().refused + ben().refused, count);
  EXPECT_EQ(ben().count(), 1u);
  EXPECT_EQ(ben().phone.disk.all(), disk);
}

TEST_F(Apart, ParcelsInAnotherOrderAreRead) {
  std::vector<Bytes> held;
  for (int i = 0; i < 6; ++i) {
    ana().write("thanks");
    world_.visit(ana());
  }
  const std::vector<Bytes> bodies = world_.relay.bodies();
  std::size_t next = bodies.size();
  world_.on_the_way = [&](Bytes& parcel) {
    parcel = bodies.at(--next);
    return true;
  };
  world_.visit(ben());
  EXPECT_EQ(next, 0u);
  EXPECT_EQ(ben().refused, 0u);
  EXPECT_EQ(ben().count(), 6u);
}

TEST_F(Apart, ACrashAnywhereLosesNothing) {
  int number = 0;
  for (int i = 0; i < 60; ++i) {
    MailboxWorld::End& who = i % 2 == 0 ? ana() : ben();
    who.write("round " + std::to_string(++number));
    who.connect();
    world_.settle();
    who.crash = i % 4 < 2 ? Crash::kBeforeCommit : Crash::kAfterCommit;
    world_.wait(seconds(3));
    who.crash = Crash::kNever;
    who.disconnect();
  }
  take_turns();
  expect_even();
  EXPECT_EQ(ana().count(), 60u);
}

// What was read and not committed is at the relay still; what was committed is not taken twice.
TEST_F(Apart, AParcelIsDeletedOnlyOnceItIsDurable) {
  ana().write("one");
  world_.visit(ana());
  for (const Crash how : {Crash::kBeforeCommit, Crash::kAfterCommit}) {
    ben().crash = how;
    world_.visit(ben());
    EXPECT_EQ(world_.relay.message_count(), 1u);
    EXPECT_EQ(ben().count(), how == Crash::kAfterCommit ? 1u : 0u);
  }
  world_.visit(ben());
  EXPECT_EQ(ben().count(), 1u);
  take_turns();
  expect_even();
}

TEST_F(Apart, AGapTooGreatIsLeftBehindByAParcelBack) {
  for (MailboxWorld::End* from : {&ana(), &ben()}) {
    MailboxWorld::End& to = from == &ana() ? ben() : ana();
    const std::size_t before = to.count();
    world_.on_the_way = [](Bytes&) { return false; };
    for (int i = 0; i < 300; ++i) {
      from->write("thanks");
      world_.visit(*from);
      world_.visit(to, seconds(1));
    }
    world_.on_the_way = {};
    from->write("the last");
    world_.visit(*from);
    world_.visit(to);
    EXPECT_EQ(to.count(), before);
    world_.visit(*from);
    world_.wait(hours(24 * 7));
    take_turns();
    EXPECT_EQ(to.count(), before + 301);
    expect_even();
  }
}

// A store that was put back seals what the other has read: it says so, and meeting heals it.
TEST_F(Apart, AnOlderStoreIsQuietUntilTheyMeet) {
  for (MailboxWorld::End* who : {&ana(), &ben()}) {
    MailboxWorld::End& other = who == &ana() ? ben() : ana();
    const Disk older = who->phone.disk;
    for (int i = 0; i < 3; ++i) who->write("thanks");
    world_.visit(*who);
    world_.visit(other);
    const std::size_t count = other.count();
    who->put_back(older);
    who->write("after it was put back");
    who->connect();
    who->mailbox->look();
    const std::size_t posted = world_.relay.bodies().size();
    world_.wait(seconds(30));
    EXPECT_EQ(world_.relay.bodies().size(), posted);
    EXPECT_FALSE(who->mailbox->is_at_rest());
    world_.meet(*who, other);
    world_.wait(seconds(5));
    who->disconnect();
    take_turns();
    take_turns();
    expect_even();
    EXPECT_EQ(other.count(), count + 1);
  }
}

// It met the other, and ended before it reached the relay: what it knows of that is on its disk.
TEST_F(Apart, AnOlderStoreThatMetGoesOnAfterARestart) {
  for (MailboxWorld::End* who : {&ana(), &ben()}) {
    MailboxWorld::End& other = who == &ana() ? ben() : ana();
    const Disk older = who->phone.disk;
    for (int i = 0; i < 3; ++i) {
      who->write("thanks");
      world_.visit(*who);
    }
    world_.visit(other);
    const std::size_t count = other.count();
    who->put_back(older);
    world_.meet(*who, other);
    who->restart();
    who->write("after they met");
    world_.visit(*who);
    world_.visit(other);
    EXPECT_EQ(other.count(), count + 1);
    who->restart();
    who->write("and after another restart");
    world_.visit(*who);
    world_.visit(other);
    EXPECT_EQ(other.count(), count + 2);

    // Once it has reached the relay, a copy is found out as ever.
    const Disk reached = who->phone.disk;
    who->write("not in the copy");
    world_.visit(*who);
    who->put_back(reached);
    who->write("from the copy");
    const std::size_t posted = world_.relay.bodies().size();
    world_.visit(*who);
    EXPECT_EQ(world_.relay.bodies().size(), posted);
    world_.meet(*who, other);
    take_turns();
    take_turns();
    expect_even();
  }
}

TEST_F(Apart, TheOtherMayHaveAnOlderStore) {
  ana().write("one");
  take_turns();
  const Disk older = ben().phone.disk;
  for (int i = 0; i < 5; ++i) {
    ana().write("two");
    ben().write("three");
    take_turns();
  }
  ben().put_back(older);
  ana().write("after that");
  take_turns();
  world_.meet(ana(), ben());
  take_turns();
  take_turns();
  expect_even();
  EXPECT_EQ(ana().count(), 12u);
}

// Wherever the making of a new ratchet is cut off, and whoever crashes there, both are heard after.
TEST_F(Apart, ANewRatchetMayBeCutOffAnywhere) {
  for (std::size_t messages = 0; messages <= 5; ++messages) {
    for (const Crash how : {Crash::kNever, Crash::kBeforeCommit, Crash::kAfterCommit}) {
      for (MailboxWorld::End* dialler : {&ana(), &ben()}) {
        MailboxWorld::End& listener = dialler == &ana() ? ben() : ana();
        ana().write("before");
        ben().write("before");
        world_.visit(ana());
        dialler->restart();
        (messages % 2 == 0 ? *dialler : listener).crash = how;
        world_.meet(*dialler, listener, messages);
        ana().crash = ben().crash = Crash::kNever;
        ana().write("after");
        ben().write("after");
        take_turns();
        expect_even();
      }
    }
  }
}

TEST_F(Apart, ARatchetThatWasReplacedLeavesNothingUnheard) {
  ben().write("sealed under the old one");
  world_.visit(ben());
  ana().restart();
  ben().restart();
  world_.meet(ana(), ben());
  world_.visit(ana());
  EXPECT_EQ(ana().count(), 0u);  // its key is gone
  take_turns();
  EXPECT_EQ(ana().count(), 1u);
  expect_even();
}

TEST_F(Apart, ConsentThatComesLateIsNotSaidAndAWithdrawalCounts) {
  ASSERT_EQ(ana().phone.say("open"), Reason::kNone);
  world_.visit(ana());
  world_.wait(hours(72));
  world_.visit(ben());
  EXPECT_FALSE(ben().phone.consent().partner);
  ASSERT_EQ(ana().phone.say("open"), Reason::kNone);
  world_.visit(ana());
  world_.visit(ben());
  ASSERT_TRUE(ben().phone.consent().partner);
  ana().phone.withdraw();
  world_.visit(ana());
  world_.visit(ben());
  EXPECT_FALSE(ben().phone.consent().partner);
  take_turns();
  expect_even();
}

TEST_F(Apart, APairingThatIsOverLeavesNoKeys) {
  ana().write("one");
  world_.visit(ana());
  RecordBatch batch;
  ana().mailbox->parted(batch);
  ana().phone.disk.perform(batch);
  EXPECT_TRUE(batch.erases);
  for (const Record& record : ana().phone.disk.records()) {
    EXPECT_NE(record.type, RecordType::kRatchet);
    EXPECT_NE(record.type, RecordType::kMailbox);
  }
}

// A store that found no room is opened again at once: what nobody asked for must not fill it anew.
// A record of more rows than a vector may have would be a damaged store at the next unlock.
TEST_F(Apart, APartnerWhoNamesActorsWithoutEndSpoilsNoRecord) {
  ana().connect();
  crypto::SeededRandom random(7);
  for (int time = 0; time < 2; ++time) {
    crdt::VersionVector named;
    for (std::size_t i = 0; i < limits::kActorsMax; ++i) {
      named.raise({.stream = crdt::StreamId::both(ana().phone.partner->couple),
                   .device = ben().phone.self.device,
                   .incarnation = {random.bytes<8>()}},
                  1);
    }
    ana().mailbox->learnt(ben().phone.self.device, named);
  }
  ana().write("posted beside it");
  world_.wait(2 * limits::kMailboxPause);
  ana().restart();
  EXPECT_EQ(ana().count(), 1u);
}

TEST_F(Apart, AfterAFullDiskNothingIsWrittenForAWhile) {
  ben().write("from the other");
  world_.visit(ben());
  ana().restart(ana().phone.now.steady + seconds(60));
  const auto disk = ana().phone.disk.all();
  ana().connect();
  world_.meet(ana(), ben());
  world_.wait(seconds(59));
  EXPECT_EQ(ana().phone.disk.all(), disk);
  world_.wait(seconds(2));
  EXPECT_EQ(ana().count(), 1u);
}

}  // namespace
}  // namespace attune::sync
