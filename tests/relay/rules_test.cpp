// The small rules beside the mailboxes: who is pushed what, who meets whom, how much, how long.
#include <gtest/gtest.h>

#include "daemon/relay/allowances.h"
#include "daemon/relay/config.h"
#include "daemon/relay/pipe_meeting.h"
#include "daemon/relay/subscriptions.h"
#include "daemon/relay/timer_wheel.h"

namespace attune::relay {
namespace {

constexpr SessionId kAda{1};
constexpr SessionId kBen{2};
const MailboxId kBox{{7}};

bool always(SessionId) { return true; }
bool never(SessionId) { return false; }
Steady at(int seconds) { return {std::chrono::seconds(seconds)}; }

/// A subscriber that has been caught up.
Subscriptions caught_up(std::uint16_t window) {
  Subscriptions subscriptions;
  subscriptions.subscribe(kBox, {.session = kAda}, 0, window);
  const auto look = subscriptions.next_look(kBox, kAda);
  subscriptions.looked(kBox, look->subscription, false);
  return subscriptions;
}

TEST(Subscriptions, BeginWithALook) {
  Subscriptions subscriptions;
  EXPECT_FALSE(subscriptions.subscribe(kBox, {.session = kAda}, 5, 10));
  EXPECT_FALSE(subscriptions.stored(kBox, 6, always));
  const auto look = subscriptions.next_look(kBox, kAda);
  ASSERT_TRUE(look);
  EXPECT_EQ(look->after, 5u);
  EXPECT_EQ(look->count_max, 10u);
  EXPECT_FALSE(subscriptions.next_look(kBox, kAda)) << "one at a time";
  EXPECT_TRUE(subscriptions.found(kBox, look->subscription, 6));
  subscriptions.looked(kBox, look->subscription, false);
  EXPECT_FALSE(subscriptions.next_look(kBox, kAda));
  EXPECT_TRUE(subscriptions.stored(kBox, 7, always));
}

TEST(Subscriptions, GoOnWhereTheirWindowIsAcknowledged) {
  Subscriptions subscriptions = caught_up(2);
  EXPECT_TRUE(subscriptions.stored(kBox, 1, always));
  EXPECT_TRUE(subscriptions.stored(kBox, 2, always));
  EXPECT_FALSE(subscriptions.stored(kBox, 3, always));
  EXPECT_FALSE(subscriptions.next_look(kBox, kAda));
  subscriptions.acknowledge(kBox, kBen, 2);
  EXPECT_FALSE(subscriptions.next_look(kBox, kAda)) << "another's acknowledgement";
  subscriptions.acknowledge(kBox, kAda, 1);
  const auto look = subscriptions.next_look(kBox, kAda);
  ASSERT_TRUE(look);
  EXPECT_EQ(look->after, 2u);
  EXPECT_EQ(look->count_max, 1u);
}

TEST(Subscriptions, FallBehindWhoDoesNotTakeBytes) {
  Subscriptions subscriptions = caught_up(10);
  EXPECT_FALSE(subscriptions.stored(kBox, 1, never));
  EXPECT_FALSE(subscriptions.stored(kBox, 2, always)) << "never out of order";
  const auto look = subscriptions.next_look(kBox, kAda);
  ASSERT_TRUE(look);
  EXPECT_EQ(look->after, 0u);
}

TEST(Subscriptions, AreTakenOverByANewerOne) {
  Subscriptions subscriptions = caught_up(10);
  subscriptions.stored(kBox, 1, never);
  const auto stale = subscriptions.next_look(kBox, kAda);
  const auto replaced = subscriptions.subscribe(kBox, {.session = kBen}, 0, 10);
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->session, kAda);
  EXPECT_FALSE(subscriptions.found(kBox, stale->subscription, 1));
  subscriptions.looked(kBox, stale->subscription, false);
  EXPECT_TRUE(subscriptions.next_look(kBox, kBen)) << "it still is behind";
  subscriptions.leave(kBox, kAda);
  EXPECT_EQ(subscriptions.size(), 1u);
  subscriptions.leave(kBox, kBen);
  EXPECT_EQ(subscriptions.size(), 0u);
}

using Kind = PipeMeeting::Outcome::Kind;

PipeEnd end_of(SessionId session, PipeSide side, int until = 60) {
  return {.session = session, .side = side, .until = at(until)};
}

TEST(PipeMeeting, JoinsTwoSidesAndAThirdWaitsForThePlace) {
  PipeMeeting meeting;
  EXPECT_EQ(meeting.come({}, end_of(kAda, PipeSide::kDialler)).kind, Kind::kWaits);
  const auto met = meeting.come({}, end_of(kBen, PipeSide::kListener));
  EXPECT_EQ(met.kind, Kind::kMet);
  EXPECT_EQ(met.other->session, kAda);
  for (const PipeSide side : {PipeSide::kDialler, PipeSide::kListener}) {
    EXPECT_EQ(meeting.come({}, end_of({3}, side)).kind, Kind::kTaken);
  }
  meeting.close({});
  EXPECT_EQ(meeting.come({}, end_of({3}, PipeSide::kDialler)).kind, Kind::kWaits);
}

// Who has it is found without a look at anybody else.
TEST(PipeMeeting, SaysWhoHasThePipeThatWasMet) {
  PipeMeeting meeting;
  meeting.come({}, end_of({1}, PipeSide::kDialler));
  meeting.come({}, end_of({2}, PipeSide::kListener));
  const PipeKey key{.pairing = false, .id = {}};
  for (const PipeHolder holder : {2u, 9u}) {
    meeting.hold(key, holder);
    const auto outcome = meeting.come({}, end_of({3}, PipeSide::kDialler));
    EXPECT_EQ(outcome.kind, Kind::kTaken);
    EXPECT_EQ(outcome.holder, holder);
  }
  meeting.close(key);
  EXPECT_EQ(meeting.come({}, end_of({3}, PipeSide::kDialler)).kind, Kind::kWaits);
}

TEST(PipeMeeting, OneDeviceIsNotBothSides) {
  PipeMeeting meeting;
  meeting.come({}, end_of(kAda, PipeSide::kDialler));
  EXPECT_EQ(meeting.come({}, end_of(kAda, PipeSide::kListener)).kind, Kind::kBusy);
}

TEST(PipeMeeting, ANewerEndReplacesALiveOneButNoPairingOne) {
  PipeMeeting meeting;
  meeting.come({}, end_of(kAda, PipeSide::kDialler));
  const auto outcome = meeting.come({}, end_of(kBen, PipeSide::kDialler));
  EXPECT_EQ(outcome.kind, Kind::kWaits);
  EXPECT_EQ(outcome.replaced->session, kAda);
  meeting.leave({}, kAda);
  EXPECT_EQ(meeting.size(), 1u) << "it is the other's place by now";
  meeting.come({}, end_of(kAda, PipeSide::kIssuer));
  EXPECT_EQ(meeting.come({}, end_of(kBen, PipeSide::kIssuer)).kind, Kind::kBusy);
}

TEST(PipeMeeting, OfAPairingAThirdFindsItBusy) {
  PipeMeeting meeting;
  meeting.come({}, end_of(kAda, PipeSide::kIssuer));
  ASSERT_EQ(meeting.come({}, end_of(kBen, PipeSide::kJoiner)).kind, Kind::kMet);
  for (const PipeSide side : {PipeSide::kIssuer, PipeSide::kJoiner}) {
    EXPECT_EQ(meeting.come({}, end_of({3}, side)).kind, Kind::kBusy);
  }
}

TEST(PipeMeeting, LiveAndPairingNeverMeet) {
  PipeMeeting meeting;
  meeting.come({}, end_of(kAda, PipeSide::kDialler));
  EXPECT_EQ(meeting.come({}, end_of(kBen, PipeSide::kJoiner)).kind, Kind::kWaits);
}

TEST(PipeMeeting, WaitingEnds) {
  PipeMeeting meeting;
  meeting.come({}, end_of(kAda, PipeSide::kDialler, 60));
  EXPECT_TRUE(meeting.expire(at(59)).empty());
  EXPECT_EQ(meeting.expire(at(60)).size(), 1u);
  EXPECT_EQ(meeting.size(), 0u);
}

TEST(TokenBucket, GivesItsBurstThenItsRate) {
  const TokenBucket::Terms terms{.per_second = 2, .burst = 5};
  TokenBucket bucket(at(0), terms);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.take(at(0), terms, 1));
  EXPECT_FALSE(bucket.take(at(0), terms, 1));
  EXPECT_TRUE(bucket.take(at(1), terms, 2));
  EXPECT_FALSE(bucket.take(at(1), terms, 1));
  EXPECT_FALSE(bucket.is_full(at(3), terms));
  EXPECT_TRUE(bucket.is_full(at(100), terms));
  EXPECT_FALSE(bucket.take(at(100), terms, 6)) << "never more than the burst";
}

TEST(Sources, BoundConnectionsInNumberAndRate) {
  Sources sources({.connects_per_second = 3, .connections = 4});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sources.enter(at(0), {1}));
  EXPECT_FALSE(sources.enter(at(0), {1}));
  EXPECT_TRUE(sources.enter(at(0), {2})) << "another source";
  EXPECT_TRUE(sources.enter(at(10), {1}));
  EXPECT_FALSE(sources.enter(at(20), {1})) << "four are open";
  sources.leave({1});
  EXPECT_TRUE(sources.enter(at(20), {1}));
}

TEST(Sources, HaveADaysShare) {
  Sources sources({.new_bytes_per_day = 100, .pipe_free_bytes = 50});
  sources.enter(at(0), {1});
  EXPECT_TRUE(sources.take_new_bytes({1}, 60));
  EXPECT_FALSE(sources.take_new_bytes({1}, 41));
  EXPECT_TRUE(sources.take_new_bytes({1}, 40));
  EXPECT_EQ(sources.take_pipe_bytes({1}, 30), 30u);
  EXPECT_EQ(sources.take_pipe_bytes({1}, 30), 20u);
  EXPECT_EQ(sources.take_pipe_bytes({1}, 30), 0u);
  sources.leave({1});
  sources.enter(at(9), {1});
  EXPECT_FALSE(sources.take_new_bytes({1}, 1)) << "coming again brings nothing";
  sources.new_day();
  EXPECT_TRUE(sources.take_new_bytes({1}, 100));
}

TEST(Sources, AreForgottenWhenNothingIsLeftOfThem) {
  Sources sources({.connects_per_second = 1});
  sources.enter(at(0), {0});
  sources.enter(at(0), {1});
  sources.take_new_bytes({1}, 1);
  sources.leave({1});
  for (std::uint64_t i = 2; i < limits::kRelaySourceRows; ++i) {
    sources.enter(at(0), {i});
    sources.leave({i});
  }
  EXPECT_EQ(sources.size(), limits::kRelaySourceRows);
  EXPECT_TRUE(sources.enter(at(2), {1'000'000}));
  EXPECT_EQ(sources.size(), 3u) << "one is open, one has used some of its day, and the new one";
  sources.leave({0});
  sources.new_day();
  EXPECT_EQ(sources.size(), 1u);
}

TEST(Sources, OfOneWhoHasVeryManyKeepNobodyOut) {
  Sources sources({});
  for (std::uint64_t i = 0; i < limits::kRelaySourceRows; ++i) {
    sources.enter(at(0), {i});
    sources.take_new_bytes({i}, 1);
    if (i > 0) sources.leave({i});
  }
  EXPECT_TRUE(sources.enter(at(0), {1'000'000}));
  EXPECT_EQ(sources.size(), 2u) << "who is connected stays";
}

TEST(TimerWheel, GivesEachAtItsSecond) {
  TimerWheel wheel;
  wheel.turn(1'000, [](SessionId) { ADD_FAILURE(); });
  wheel.put(1'001, kAda);
  wheel.put(1'000 + TimerWheel::kFarthest, kBen);
  std::vector<std::uint64_t> due;
  const auto take = [&due](SessionId id) { due.push_back(id.value); };
  wheel.turn(1'000, take);
  EXPECT_TRUE(due.empty());
  wheel.turn(1'001, take);
  EXPECT_EQ(due, std::vector<std::uint64_t>{1});
  wheel.turn(1'000 + TimerWheel::kFarthest - 1, take);
  EXPECT_EQ(due.size(), 1u);
  wheel.turn(1'000'000, take);
  EXPECT_EQ(due, (std::vector<std::uint64_t>{1, 2}));
}

TEST(Config, ReadsEveryKey) {
  Config config;
  parse_config(R"(
listen = "[::]:4700"
data = "/srv/relay"
host = "relay.example"
invite = "abc-DEF_9"
metrics = "127.0.0.1:9100"
log = "warn"
[limits]
mailbox_bytes = 65455
mailbox_messages = 10
message_days = 3
store_bytes = 1048576
puts_per_second = 1
puts_burst = 2
handles = 3
waiting_pipes = 4
pipe_free_bytes_per_day = 5
pipe_bytes_per_second = 6000
connects_per_second = 7
connections_per_source = 8
half_open = 16
new_bytes_per_day = 9
)",
               config);
  EXPECT_EQ(config.listen, (HostPort{.host = "::", .port = 4700}));
  EXPECT_EQ(config.data, "/srv/relay");
  EXPECT_EQ(config.host, "relay.example");
  EXPECT_EQ(config.invite, "abc-DEF_9");
  EXPECT_EQ(config.metrics->port, 9100);
  EXPECT_EQ(config.log, "warn");
  EXPECT_EQ(config.mailboxes.mailbox_bytes, 65'455u);
  EXPECT_EQ(config.mailboxes.mailbox_messages, 10u);
  EXPECT_EQ(config.mailboxes.message_days, 3u);
  EXPECT_EQ(config.mailboxes.store_bytes, 1'048'576u);
  EXPECT_EQ(config.puts_per_second, 1u);
  EXPECT_EQ(config.puts_burst, 2u);
  EXPECT_EQ(config.handles, 3u);
  EXPECT_EQ(config.waiting_pipes, 4u);
  EXPECT_EQ(config.sources.pipe_free_bytes, 5u);
  EXPECT_EQ(config.pipe_bytes_per_second, 6'000u);
  EXPECT_EQ(config.sources.connects_per_second, 7u);
  EXPECT_EQ(config.sources.connections, 8u);
  EXPECT_EQ(config.half_open, 16u);
  EXPECT_EQ(config.sources.new_bytes_per_day, 9u);
}

TEST(Config, RefusesWhatItDoesNotKnow) {
  for (const char* bad :
       {"x = 1", "listen = 5", "listen = \"here\"", "invite = \"a b\"", "invite = \"\"",
        "log = \"loud\"", "host = \"a b\"", "limits = 3", "[limits]\nnothing = 1",
        "[limits]\nhandles = 0", "[limits]\nhandles = 65536", "[limits]\nhandles = \"3\"",
        "[limits]\nmailbox_bytes = 65454", "[limits]\npipe_free_bytes_per_day = -1", "= "}) {
    Config config;
    EXPECT_THROW(parse_config(bad, config), BadConfig) << bad;
  }
}

}  // namespace
}  // namespace attune::relay
