#include "daemon/sync/replica.h"

#include <gtest/gtest.h>

#include "proto/kind_table.h"
#include "tests/sync/small_world.h"

namespace attune::sync {
namespace {

constexpr std::uint32_t kBoundary = 10;
constexpr std::uint32_t kConsent = 11;
constexpr std::uint32_t kStanceOpen = 1;

Command boundary(const std::string& words, bool share) {
  return AddEntry{
      .kind = kBoundary, .message = wire_field(1, as_bytes(words)), .share = share, .version = {}};
}
Command say_open() {
  return AddEntry{
      .kind = kConsent, .message = wire_field(1, kStanceOpen), .share = false, .version = {}};
}
Command withdraw() { return EndEntry{.id = {}, .kind = kConsent, .topic = {}}; }

bool is_failed(const Answer& answer, Reason reason) {
  const auto* failed = std::get_if<Failed>(&answer);
  return failed != nullptr && failed->reason == reason;
}

class TwoPeople : public testing::Test {
 protected:
  void SetUp() override {
    ana_ = world_.add_person("Ana");
    ben_ = world_.add_person("Ben");
  }
  std::size_t count(std::size_t device) {
    const Answer answer = world_.ask(device, ListEntries{.kind = kBoundary});
    return std::get<Items>(answer).items.size();
  }
  bool synced(std::size_t device) {
    return std::holds_alternative<Synced>(world_.ask(device, SyncNow{10s}));
  }
  bool said_of_partner(std::size_t device) {
    return std::get<OwnAndTheirs>(world_.ask(device, ShowOwn{kConsent})).partner.has_value();
  }

  SmallWorld world_{42};
  std::size_t ana_ = 0;
  std::size_t ben_ = 0;
};

TEST_F(TwoPeople, PairByCodeAndSeeEachOther) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  EXPECT_EQ(std::get<StatusShown>(world_.ask(ana_, AskStatus{})).partner, "Ben");
  EXPECT_EQ(std::get<StatusShown>(world_.ask(ben_, AskStatus{})).partner, "Ana");
}

TEST_F(TwoPeople, WhatIsSharedOnOneIsSeenOnTheOther) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(std::holds_alternative<Entered>(world_.ask(ana_, boundary("not on Sundays", true))));
  ASSERT_TRUE(std::holds_alternative<Entered>(world_.ask(ana_, boundary("mine alone", false))));
  ASSERT_TRUE(synced(ben_));
  EXPECT_EQ(count(ana_), 2u);
  EXPECT_EQ(count(ben_), 1u);
}

TEST_F(TwoPeople, WhatWasWrittenApartIsOnBothOnceTheyMeet) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.down(ben_);
  for (int i = 0; i < 100; ++i) world_.ask(ana_, boundary("a" + std::to_string(i), true));
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ben_));
  for (int i = 0; i < 100; ++i) world_.ask(ben_, boundary("b" + std::to_string(i), true));
  ASSERT_TRUE(world_.up(ana_));
  ASSERT_TRUE(synced(ana_));
  EXPECT_EQ(count(ana_), 200u);
  EXPECT_EQ(count(ben_), 200u);
}

TEST_F(TwoPeople, MeetAlsoWhenOneListenerCannotBeReached) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  for (const std::size_t unreachable : {ana_, ben_}) {
    world_.down(ana_);
    world_.down(ben_);
    world_.set_listener(ana_, unreachable != ana_);
    world_.set_listener(ben_, unreachable != ben_);
    ASSERT_TRUE(world_.up(ana_));
    ASSERT_TRUE(world_.up(ben_));
    EXPECT_TRUE(synced(ana_)) << unreachable;
  }
}

TEST_F(TwoPeople, SyncWithThePartnerAwayIsNotReached) {
  EXPECT_TRUE(is_failed(world_.ask(ana_, SyncNow{10s}), Reason::kNotPaired));
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.down(ben_);
  EXPECT_TRUE(is_failed(world_.ask(ana_, SyncNow{10s}), Reason::kPartnerAway));
}

TEST_F(TwoPeople, AWithdrawalMadeWhileTheOtherIsAwayArrives) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(std::holds_alternative<Entered>(world_.ask(ana_, say_open())));
  ASSERT_TRUE(synced(ben_));
  ASSERT_TRUE(said_of_partner(ben_));
  for (const std::int64_t ten_years : {0L, 315'360'000L, -630'720'000L}) {
    world_.set_network(false);
    world_.ask(ana_, say_open());
    world_.ask(ana_, withdraw());
    world_.ask(ana_, say_open());
    ASSERT_FALSE(std::holds_alternative<Failed>(world_.ask(ana_, withdraw())));
    world_.shift_wall(ben_, ten_years);
    world_.set_network(true);
    ASSERT_TRUE(synced(ben_));
    EXPECT_FALSE(said_of_partner(ben_)) << ten_years;
  }
}

TEST_F(TwoPeople, UnpairWithdrawsFromWhoIsThereWhatIsSaidTonight) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(std::holds_alternative<Entered>(world_.ask(ana_, say_open())));
  ASSERT_TRUE(synced(ben_));
  ASSERT_TRUE(said_of_partner(ben_));
  ASSERT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, Unpair{})));
  world_.run(1min);
  EXPECT_FALSE(said_of_partner(ben_));
}

TEST_F(TwoPeople, AfterUnpairNothingIsExchanged) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, Unpair{})));
  world_.ask(ben_, boundary("to nobody", true));
  EXPECT_TRUE(is_failed(world_.ask(ben_, SyncNow{10s}), Reason::kPartnerAway));
  EXPECT_EQ(count(ana_), 0u);
  EXPECT_TRUE(is_failed(world_.ask(ana_, Unpair{}), Reason::kNotPaired));
}

TEST_F(TwoPeople, ThatPairAgainContinueTheirCouple) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.ask(ana_, boundary("still here", true));
  ASSERT_TRUE(synced(ben_));
  world_.ask(ana_, Unpair{});
  world_.ask(ben_, Unpair{});
  ASSERT_TRUE(world_.pair(ben_, ana_));
  world_.ask(ben_, boundary("and this", true));
  ASSERT_TRUE(synced(ana_));
  EXPECT_EQ(count(ana_), 2u);
  EXPECT_EQ(count(ben_), 2u);
}

TEST_F(TwoPeople, AreSilentWhileNothingHappens) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(synced(ana_));
  world_.run(30s);
  const std::size_t before = world_.units_sent();
  world_.run(10min);
  EXPECT_EQ(world_.units_sent(), before);
}

// An op and its Ack: nobody is sent what they said themselves.
TEST_F(TwoPeople, AWriteCostsTwoFrames) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.run(1min);
  for (const std::size_t writer : {ana_, ben_}) {
    const std::size_t before = world_.units_sent();
    world_.ask(writer, boundary("not on Sundays", true));
    world_.run(10s);
    EXPECT_EQ(world_.units_sent() - before, 2u);
  }
}

TEST_F(TwoPeople, MeetAgainAfterOneVanishedWithoutAWord) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(synced(ana_));
  world_.run(1h);
  for (const std::size_t gone : {ana_, ben_}) {
    const std::size_t other = gone == ana_ ? ben_ : ana_;
    world_.vanish(gone);
    ASSERT_TRUE(world_.up(gone));
    world_.run(5s);
    EXPECT_TRUE(synced(gone)) << gone;
    EXPECT_TRUE(synced(other)) << gone;
    world_.run(1h);
  }
}

// Who stayed believes in the old link and can't be dialled: only the beacon says that it is gone.
TEST_F(TwoPeople, MeetAgainAfterOneVanishedAndTheOtherCannotBeReached) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  ASSERT_TRUE(synced(ana_));
  world_.run(1h);
  world_.set_listener(ana_, false);
  world_.vanish(ben_);
  ASSERT_TRUE(world_.up(ben_));
  world_.ask(ben_, boundary("after the battery was empty", true));
  EXPECT_TRUE(synced(ben_));
  EXPECT_EQ(count(ana_), 1u);
}

TEST_F(TwoPeople, StayTogetherOverManyRenewals) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.run(24h);
  world_.ask(ana_, boundary("a day later", true));
  ASSERT_TRUE(synced(ben_));
  EXPECT_EQ(count(ben_), 1u);
}

// The first attempt waits for a yes that never comes; a second one is looked for under its own
// keys.
TEST_F(TwoPeople, MeetUnderTheLaterOfTwoPairingsThatWait) {
  const auto meet = [&] {
    const RequestId invited = world_.begin(ben_, PairInvite{});
    const auto& code = std::get<Invitation>(world_.answers(invited).front()).code;
    world_.begin(ana_, PairByCode{.code = code, .wait = 20s});
    world_.run(2s);
    world_.begin(ana_, PairReply{true});
    world_.set_network(false);
    return invited;
  };
  const RequestId given_up = meet();
  world_.run(1s);
  world_.hang_up(ben_, given_up);
  world_.run(30s);
  world_.set_network(true);
  meet();
  world_.begin(ben_, PairReply{true});
  world_.run(30s);
  EXPECT_TRUE(std::get<StatusShown>(world_.ask(ben_, AskStatus{})).paired);
  EXPECT_FALSE(std::get<StatusShown>(world_.ask(ana_, AskStatus{})).paired);
  world_.set_network(true);
  world_.run(1min);
  EXPECT_TRUE(std::get<StatusShown>(world_.ask(ana_, AskStatus{})).paired);
  EXPECT_TRUE(synced(ana_));
}

TEST_F(TwoPeople, AnInvitationTakenBackMakesRoomForAnother) {
  const RequestId first = world_.begin(ana_, PairInvite{});
  EXPECT_TRUE(is_failed(world_.ask(ana_, PairInvite{}), Reason::kPairingRuns));
  world_.hang_up(ana_, first);
  EXPECT_TRUE(world_.pair(ana_, ben_));
}

// What was written since the copy was made comes back, and what was written before they met again
// stays, whichever of the two was put back.
TEST_F(TwoPeople, AStoreThatWasPutBackEndsWhereTheOtherIs) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  for (int i = 0; i < 10; ++i) world_.ask(ana_, boundary("a" + std::to_string(i), true));
  ASSERT_TRUE(synced(ana_));
  for (const std::size_t lost : {ana_, ben_}) {
    const std::size_t other = lost == ana_ ? ben_ : ana_;
    const SmallWorld::Disk copy = world_.copy_disk(lost);
    world_.set_network(false);
    for (int i = 0; i < 30; ++i) {
      world_.ask(lost, boundary("apart", true));
      world_.ask(other, boundary("apart too", true));
    }
    world_.down(lost);
    ASSERT_TRUE(world_.up(lost));
    world_.ask(lost, boundary("after a restart", true));
    world_.set_network(true);
    ASSERT_TRUE(synced(lost));
    world_.ask(lost, boundary("live", true));
    ASSERT_TRUE(synced(lost));
    const std::size_t before = count(other);
    ASSERT_EQ(count(lost), before);
    world_.down(lost);
    world_.put_back(lost, copy);
    ASSERT_TRUE(world_.up(lost));
    world_.set_network(false);
    for (int i = 0; i < 5; ++i) world_.ask(lost, boundary("before they meet", true));
    world_.ask(other, boundary("meanwhile", true));
    world_.set_network(true);
    ASSERT_TRUE(synced(lost));
    ASSERT_TRUE(synced(other));
    EXPECT_EQ(count(lost), before + 6);
    EXPECT_EQ(count(other), before + 6);
    world_.ask(lost, boundary("and on", true));
    world_.ask(other, boundary("and on", true));
    ASSERT_TRUE(synced(other));
    EXPECT_EQ(count(lost), before + 8);
    EXPECT_EQ(count(other), before + 8);
  }
}

TEST_F(TwoPeople, AThirdPersonLearnsNothing) {
  const std::size_t eve = world_.add_person("Eve");
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.ask(ana_, boundary("between us", true));
  ASSERT_TRUE(synced(ben_));
  EXPECT_EQ(count(eve), 0u);
  EXPECT_FALSE(std::get<StatusShown>(world_.ask(eve, AskStatus{})).paired);
}

TEST_F(TwoPeople, AWatcherHearsThatAKindChanged) {
  ASSERT_TRUE(world_.pair(ana_, ben_));
  const RequestId watch = world_.begin(ben_, Watch{});
  world_.ask(ana_, boundary("news", true));
  world_.run(1s);
  ASSERT_FALSE(world_.answers(watch).empty());
  EXPECT_EQ(std::get<Changed>(world_.answers(watch).front()).kind, kBoundary);
}

// A list that is asked for in the moment in which an ending is due, before the timer has said so.
TEST(OnePerson, SeesAnEndingThatIsDueThoughNoTimerHasFired) {
  crypto::SeededRandom random(5);
  std::vector<Record> records;
  for (RecordChange& change : Replica::create("Ana", random).changes) {
    records.push_back(
        {.type = change.type, .name = std::move(change.name), .body = std::move(*change.body)});
  }
  const auto at = [](std::chrono::hours hours) {
    Now now;
    now.steady = Steady{std::chrono::hours(1) + hours};
    now.boot.id[0] = 1;
    now.boot.since = std::chrono::seconds(std::chrono::hours(1) + hours);
    now.wall.seconds = 1'700'000'000 + now.boot.since.count();
    now.day.days = static_cast<std::int32_t>(now.wall.seconds / 86'400);
    now.night = now.day;
    now.next_four.seconds = now.wall.seconds + 3'600;
    return now;
  };
  const auto replica = Replica::open(
      {.kinds = &KindTable::standard(), .random = &random, .beacons = false}, records, at(0h));
  ASSERT_TRUE(replica);
  replica->step(at(0h), NetworkChanged{});
  std::uint64_t last_request = 0;
  const auto ask = [&](const Now& now, Command command) {
    Output out = replica->step(
        now, CommandCame{.request = RequestId{++last_request}, .command = std::move(command)});
    return out.answers.empty() ? Answer{Done{}} : std::move(out.answers.front().answer);
  };
  const Answer added = ask(at(0h), boundary("not on Sundays", false));
  ASSERT_TRUE(std::holds_alternative<Entered>(added));
  const std::string name = entry_name('b', std::get<Entered>(added).id);
  ASSERT_TRUE(std::holds_alternative<Entered>(ask(at(0h), EndEntry{.id = name})));
  const Answer waits = ask(at(23h), ListEntries{.kind = kBoundary});
  ASSERT_EQ(std::get<Items>(waits).items.size(), 1u);
  EXPECT_EQ(std::get<Items>(waits).items[0].state, "loosening");
  const Answer due = ask(at(24h), ListEntries{.kind = kBoundary});
  EXPECT_TRUE(std::get<Items>(due).items.empty());
}

}  // namespace
}  // namespace attune::sync
