#include "daemon/sync/relay_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "crypto/relay_record.h"
#include "daemon/sync/relay_reach.h"
#include "proto/limits.h"
#include "tests/sync/pure_relay.h"

namespace attune::sync {
namespace {

using State = RelaySession::State;
constexpr std::uint32_t kHello = 1;

Now one_hour() {
  Now now;
  now.steady = Steady{1h};
  return now;
}

relay::Params params() { return {.hour = 480'000, .handles = 64, .waiting_pipes = 8}; }

/// A session, and by hand the relay it speaks to.
class RelaySessionTest : public testing::Test {
 protected:
  RelaySessionTest() : key_(crypto::KeyPair::generate(random_)), session_(begin(url())) {}

  RelayUrl url() const {
    return {.place = {.host = "relay.example", .port = 443},
            .invite = "let-us-in",
            .key = key_.public_key};
  }
  RelaySession begin(const RelayUrl& url) { return {LinkId{7}, url, now_, random_, out_}; }

  /// Up to where Hello is on its way.
  std::vector<Framed<relay::ToRelay>> greet() {
    session_.opened(now_, out_);
    end_ = RelayEnd::shake_hands(key_, take_unit(), random_);
    if (!end_) return {};
    hear(end_->answer());
    return heard();
  }
  void go_up() {
    greet();
    say({{.correlation = kHello, .message = params()}});
    ASSERT_TRUE(session_.up());
    news_ = {};
  }
  void hear(Bytes unit) {
    news_ = {};
    session_.unit(std::move(unit), now_, out_, news_);
  }
  void say(const std::vector<Framed<relay::FromRelay>>& frames) { hear(end_->record(frames)); }
  Bytes take_unit() {
    session_.flush(now_, out_);
    if (out_.units.empty()) return {};
    Bytes unit = std::move(out_.units.front().bytes);
    out_.units.erase(out_.units.begin());
    return unit;
  }
  /// What the device said in its next record.
  std::vector<Framed<relay::ToRelay>> heard() {
    return end_->read(take_unit()).value_or(std::vector<Framed<relay::ToRelay>>{});
  }
  void wait(std::chrono::seconds time) {
    now_.steady = now_.steady + time;
    news_ = {};
    session_.pass_time(now_, keepalive_, out_, news_);
  }
  template <typename Act>
  [[nodiscard]] bool did() const {
    return std::ranges::any_of(out_.links, [](const LinkAct& act) {
      const auto* done = std::get_if<Act>(&act);
      return done != nullptr && done->link == LinkId{7};
    });
  }
  /// It is over, and nothing but that is news.
  void expect_over(bool was_up) {
    EXPECT_TRUE(session_.gone());
    EXPECT_TRUE(did<Hangup>());
    ASSERT_EQ(news_.events.size(), was_up ? 1U : 0U);
    if (was_up) {
      EXPECT_TRUE(std::holds_alternative<RelayDown>(news_.events.front()));
    }
    session_.flush(now_, out_);
    EXPECT_TRUE(out_.units.empty());
  }

  crypto::SeededRandom random_{3};
  crypto::KeyPair key_;
  Now now_ = one_hour();
  Output out_;
  RelayNews news_;
  RelayKeepalive keepalive_;
  RelaySession session_;
  std::optional<RelayEnd> end_;
};

TEST_F(RelaySessionTest, DialsTheRelayAndSaysHelloWithTheInvite) {
  ASSERT_EQ(out_.links.size(), 1U);
  EXPECT_EQ(std::get<DialRelay>(out_.links.front()).to, url().place);
  const auto said = greet();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said.front().correlation, kHello);
  const auto& hello = std::get<relay::Hello>(said.front().message);
  EXPECT_EQ(hello.version, limits::kRelayVersion);
  EXPECT_EQ(hello.keepalive_seconds, limits::kRelayPingPauseMax.count());
  EXPECT_EQ(as_text(hello.invite), "let-us-in");
  EXPECT_FALSE(session_.up());
  EXPECT_FALSE(did<Trust>());
}

TEST_F(RelaySessionTest, IsUpWithParams) {
  greet();
  say({{.correlation = kHello, .message = params()}});
  EXPECT_TRUE(session_.up());
  EXPECT_TRUE(did<Trust>());
  ASSERT_EQ(news_.events.size(), 1U);
  EXPECT_EQ(std::get<RelayUp>(news_.events.front()).params.hour, params().hour);
}

TEST_F(RelaySessionTest, NobodyElsesKeyWillDo) {
  session_.opened(now_, out_);
  const Bytes message = take_unit();
  const auto other = crypto::KeyPair::generate(random_);
  EXPECT_FALSE(RelayEnd::shake_hands(other, message, random_));
  // Somebody who answers all the same.
  auto stranger = RelayEnd::shake_hands(key_, message, random_);
  Bytes answer = stranger->answer();
  answer[40] ^= 1;
  hear(std::move(answer));
  expect_over(false);
}

TEST_F(RelaySessionTest, AnAnswerOfAnotherSizeEndsIt) {
  session_.opened(now_, out_);
  auto end = RelayEnd::shake_hands(key_, take_unit(), random_);
  Bytes answer = end->answer();
  answer.pop_back();
  hear(std::move(answer));
  expect_over(false);
}

TEST_F(RelaySessionTest, AFlippedBitAnywhereEndsIt) {
  for (std::size_t at = 0; at < limits::kRelayPlainMin + crypto::kTagBytes; ++at) {
    session_ = begin(url());
    go_up();
    session_.ask(relay::Open{});
    Bytes record = end_->record({{.correlation = 2, .message = relay::Ok{.handle = 1}}});
    record[at] ^= 0x10;
    out_ = {};
    hear(std::move(record));
    expect_over(true);
  }
}

TEST_F(RelaySessionTest, ARecordOfNoClassEndsIt) {
  for (const std::ptrdiff_t more : {-1, 1}) {
    session_ = begin(url());
    go_up();
    session_.ask(relay::Open{});
    Bytes record = end_->record({{.correlation = 2, .message = relay::Ok{.handle = 1}}});
    record.resize(static_cast<std::size_t>(std::ssize(record) + more));
    out_ = {};
    hear(std::move(record));
    expect_over(true);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{15}, std::size_t{65'535}}) {
    session_ = begin(url());
    go_up();
    out_ = {};
    hear(Bytes(size));
    expect_over(true);
  }
}

TEST_F(RelaySessionTest, ARecordThatComesAgainEndsIt) {
  go_up();
  session_.ask(relay::Open{});
  const Bytes record = end_->record({{.correlation = 2, .message = relay::Ok{.handle = 1}}});
  hear(record);
  EXPECT_EQ(news_.events.size(), 1U);
  out_ = {};
  hear(record);
  expect_over(true);
}

TEST_F(RelaySessionTest, WhatWasNotAskedForEndsIt) {
  const std::vector<Framed<relay::FromRelay>> wrong = {
      {.correlation = kHello, .message = params()},
      {.correlation = 2, .message = params()},
      {.correlation = 2, .message = relay::Pong{}},
      {.correlation = 2, .message = relay::Wait{}},
      {.correlation = 2, .message = relay::Ready{}},
      {.correlation = 3, .message = relay::Ok{}},
      {.correlation = 0, .message = relay::Error{}},
      {.correlation = kHello, .message = relay::Error{}},
  };
  for (const auto& frame : wrong) {
    session_ = begin(url());
    go_up();
    session_.ask(relay::Open{});  // correlation 2
    heard();
    out_ = {};
    say({frame});
    expect_over(true);
  }
}

TEST_F(RelaySessionTest, NothingComesBeforeParams) {
  const std::vector<Framed<relay::FromRelay>> early = {
      {.correlation = kHello, .message = relay::Ok{}},
      {.correlation = 2, .message = params()},
      {.correlation = kHello, .message = relay::GoAway{}},
  };
  for (const auto& frame : early) {
    session_ = begin(url());
    greet();
    out_ = {};
    say({frame, {.correlation = kHello, .message = params()}});
    expect_over(false);
  }
}

TEST_F(RelaySessionTest, OfARecordWithOneWrongFrameNothingCounts) {
  go_up();
  session_.ask(relay::Open{});
  heard();
  out_ = {};
  say({{.correlation = 2, .message = relay::Ok{.handle = 1}},
       {.correlation = 9, .message = relay::Ok{.handle = 2}}});
  expect_over(true);

  session_ = begin(url());
  greet();
  out_ = {};
  say({{.correlation = kHello, .message = params()}, {.correlation = 9, .message = relay::Ok{}}});
  expect_over(false);
  EXPECT_FALSE(did<Trust>());
}

TEST_F(RelaySessionTest, BytesThatAreNoFramesEndIt) {
  const std::vector<Bytes> wrong = {
      {200, 0, 0, 0, 0, 0, 0},        // an unknown type
      {66, 2, 0, 0, 0, 0, 1, 9},      // an Ok that is too short
      {66, 2, 0, 0, 0, 255, 255, 9},  // one that leaves the record
      {0, 0, 0, 1},                   // padding that is not zero
      {1, 2, 0, 0, 0, 0, 0},          // a frame of devices
  };
  for (const Bytes& plain : wrong) {
    session_ = begin(url());
    go_up();
    session_.ask(relay::Open{});
    heard();
    out_ = {};
    hear(end_->seal(plain));
    expect_over(true);
  }
}

TEST_F(RelaySessionTest, AnEmptyRecordSaysNothing) {
  go_up();
  hear(end_->seal({}));
  EXPECT_TRUE(session_.up());
  EXPECT_TRUE(news_.events.empty());
}

TEST_F(RelaySessionTest, QuestionsShareARecordAndAnswersFindThem) {
  go_up();
  const auto first =
      session_.ask(relay::Open{.capability = {1}, .role = relay::MailboxRole::kReader});
  const auto second =
      session_.ask(relay::Open{.capability = {2}, .role = relay::MailboxRole::kWriter});
  EXPECT_NE(first, second);
  const auto said = heard();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].correlation, first);
  EXPECT_EQ(said[1].correlation, second);
  EXPECT_TRUE(take_unit().empty());
  const Bytes body(1'000, 0x42);
  say({{.correlation = second, .message = relay::Ok{.handle = 2}},
       {.correlation = first, .message = relay::Message{.handle = 1, .seq = 3, .body = body}}});
  ASSERT_EQ(news_.events.size(), 2U);
  const RelayNews moved = std::move(news_);
  EXPECT_EQ(std::get<RelayFrameCame>(moved.events[0]).correlation, second);
  const auto& message = std::get<relay::Message>(std::get<RelayFrameCame>(moved.events[1]).frame);
  EXPECT_EQ(Bytes(message.body.begin(), message.body.end()), body);
}

TEST_F(RelaySessionTest, WholeParcelsTakeARecordEach) {
  go_up();
  const Bytes body(limits::kRelayBodyMax, 0x17);
  for (std::uint64_t wseq = 1; wseq <= limits::kPutsUnanswered; ++wseq) {
    session_.ask(relay::Put{.handle = 1, .wseq = wseq, .body = body});
  }
  for (std::uint64_t wseq = 1; wseq <= limits::kPutsUnanswered; ++wseq) {
    const auto said = heard();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(std::get<relay::Put>(said[0].message).wseq, wseq);
    EXPECT_EQ(std::get<relay::Put>(said[0].message).body.size(), body.size());
  }
  EXPECT_TRUE(take_unit().empty());
}

TEST_F(RelaySessionTest, ARefusedHelloIsRemembered) {
  greet();
  say({{.correlation = kHello, .message = relay::Error{.code = relay::ErrorCode::kInvite}}});
  EXPECT_EQ(session_.refused(), relay::ErrorCode::kInvite);
  expect_over(false);
}

TEST_F(RelaySessionTest, ARelayThatLeavesSaysForHowLong) {
  go_up();
  say({{.correlation = 0, .message = relay::GoAway{.retry_seconds = 90}}});
  EXPECT_TRUE(session_.up());
  session_.lost(news_);
  EXPECT_EQ(session_.away_for(), 90s);
  EXPECT_TRUE(std::holds_alternative<RelayDown>(news_.events.back()));
}

TEST_F(RelaySessionTest, AHandshakeThatStallsEnds) {
  session_.opened(now_, out_);
  take_unit();
  EXPECT_EQ(session_.next(keepalive_), now_.steady + limits::kRelayPatience);
  wait(limits::kRelayPatience - 1s);
  EXPECT_FALSE(session_.gone());
  wait(1s);
  expect_over(false);
}

TEST_F(RelaySessionTest, APingIsSentInSilenceAndItsPongMakesThePauseLonger) {
  go_up();
  wait(keepalive_.pause() - 1s);
  EXPECT_TRUE(heard().empty());
  wait(1s);
  const auto said = heard();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<relay::Ping>(said[0].message));
  say({{.correlation = said[0].correlation, .message = relay::Pong{}}});
  wait(0s);
  EXPECT_EQ(keepalive_.pause(), 2 * limits::kRelayKeepaliveMin);
  EXPECT_TRUE(heard().empty());
  EXPECT_EQ(session_.next(keepalive_), now_.steady + keepalive_.pause());
}

TEST_F(RelaySessionTest, WhatIsSaidInTimeNeedsNoPing) {
  go_up();
  for (int turn = 0; turn < 5; ++turn) {
    wait(keepalive_.pause() - 1s);
    const auto asked = session_.ask(relay::Open{});
    EXPECT_EQ(heard().size(), 1U);
    say({{.correlation = asked, .message = relay::Ok{}}});
  }
  EXPECT_TRUE(session_.up());
}

TEST_F(RelaySessionTest, WithoutAPongItIsOver) {
  go_up();
  wait(keepalive_.pause());
  heard();
  wait(limits::kRelayPongPatience - 1s);
  EXPECT_TRUE(session_.up());
  out_ = {};
  wait(1s);
  expect_over(true);
}

TEST_F(RelaySessionTest, AnotherAnswerToAPingIsNobodysNews) {
  go_up();
  wait(keepalive_.pause());
  const auto said = heard();
  ASSERT_EQ(said.size(), 1U);
  out_ = {};
  say({{.correlation = said[0].correlation, .message = relay::Error{}}});
  expect_over(true);
}

TEST_F(RelaySessionTest, AnotherNetworkIsReasonToAskAtOnce) {
  go_up();
  session_.probe();
  wait(0s);
  ASSERT_EQ(heard().size(), 1U);
  out_ = {};
  wait(limits::kRelayPongPatience);
  expect_over(true);
  EXPECT_EQ(keepalive_.pause(), limits::kRelayKeepaliveMin);
}

TEST_F(RelaySessionTest, ReadyMakesItAPipe) {
  go_up();
  const auto asked = session_.ask(relay::Pipe{.id = {}, .side = relay::PipeSide::kListener});
  heard();
  say({{.correlation = asked, .message = relay::Wait{}}});
  ASSERT_EQ(news_.events.size(), 1U);
  say({{.correlation = asked, .message = relay::Ready{}}});
  ASSERT_EQ(news_.events.size(), 1U);
  EXPECT_EQ(session_.state(), State::kPiped);
  EXPECT_FALSE(session_.up());
  const auto said = heard();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<relay::PipeAck>(said[0].message));
  EXPECT_FALSE(did<Hangup>());
}

TEST_F(RelaySessionTest, BehindReadyNothingComes) {
  go_up();
  const auto asked = session_.ask(relay::Pipe{.id = {}, .side = relay::PipeSide::kListener});
  heard();
  out_ = {};
  say({{.correlation = asked, .message = relay::Ready{}},
       {.correlation = asked, .message = relay::Wait{}}});
  expect_over(true);
}

/// What keeps a session, and by hand the relay.
class RelayReachTest : public testing::Test {
 protected:
  RelayReachTest() : key_(crypto::KeyPair::generate(random_)) {
    reach_.begin(RelayUrl{.place = {.host = "a", .port = 1}, .invite = {}, .key = key_.public_key},
                 now_);
    pass();
  }
  void pass() { reach_.pass_time(now_, dials_, out_, news_); }
  void wait(std::chrono::nanoseconds time) {
    now_.steady = now_.steady + time;
    pass();
  }
  /// The link of the dial that is under way.
  std::optional<LinkId> dialling() const {
    if (out_.links.empty()) return std::nullopt;
    const auto* dial = std::get_if<DialRelay>(&out_.links.back());
    return dial == nullptr ? std::nullopt : std::optional(dial->link);
  }
  /// Up to where Hello is answered.
  void answer(const relay::FromRelay& message) {
    out_ = {};
    reach_.opened(now_, out_);
    end_ = RelayEnd::shake_hands(key_, out_.units.at(0).bytes, random_);
    reach_.unit(end_->answer(), now_, out_, news_);
    reach_.unit(end_->record({{.correlation = kHello, .message = message}}), now_, out_, news_);
  }
  void lose() {
    reach_.lost(now_, news_);
    out_ = {};
    pass();
  }
  std::chrono::nanoseconds pause() const { return *reach_.next() - now_.steady; }

  crypto::SeededRandom random_{4};
  crypto::KeyPair key_;
  Now now_ = one_hour();
  DialNumbers dials_;
  Output out_;
  RelayNews news_;
  RelayReach reach_{random_};
  std::optional<RelayEnd> end_;
};

TEST_F(RelayReachTest, DialsAtOnceAndLaterEachTime) {
  std::chrono::nanoseconds most = limits::kRelayPauseMin;
  for (int turn = 0; turn < 12; ++turn) {
    ASSERT_TRUE(dialling());
    EXPECT_TRUE(reach_.owns(*dialling()));
    lose();
    EXPECT_FALSE(dialling());
    EXPECT_GE(pause(), most / 2);
    EXPECT_LE(pause(), most);
    most = std::min<std::chrono::nanoseconds>(2 * most, limits::kRelayPauseMax);
    wait(pause());
  }
}

TEST_F(RelayReachTest, AfterAGoodSessionItIsBackSoon) {
  for (int turn = 0; turn < 8; ++turn) {
    lose();
    wait(pause());
  }
  answer(params());
  EXPECT_TRUE(reach_.up());
  wait(61s);
  lose();
  EXPECT_LE(pause(), limits::kRelayPauseMin);
}

TEST_F(RelayReachTest, ComesBackWhenTheRelayHasSaid) {
  answer(params());
  reach_.unit(end_->record({{.correlation = 0, .message = relay::GoAway{.retry_seconds = 700}}}),
              now_, out_, news_);
  lose();
  EXPECT_GE(pause(), 700s);
  reach_.hurry(now_);  // a person asks
  EXPECT_EQ(pause(), 0s);
}

TEST_F(RelayReachTest, WhoIsRefusedAsksSeldom) {
  answer(relay::Error{.code = relay::ErrorCode::kInvite});
  EXPECT_TRUE(reach_.refused());
  EXPECT_GE(pause(), limits::kRelayPauseMax / 2);
  wait(pause());
  answer(params());
  EXPECT_FALSE(reach_.refused());
}

TEST_F(RelayReachTest, AnotherNetworkIsTriedAtOnce) {
  for (int turn = 0; turn < 8; ++turn) {
    lose();
    wait(pause());
  }
  lose();
  EXPECT_GT(pause(), 10s);
  reach_.network_changed(now_);
  EXPECT_EQ(pause(), 0s);
}

TEST_F(RelayReachTest, WithoutARelayThereIsNothingToWaitFor) {
  answer(params());
  news_ = {};
  reach_.set(std::nullopt, now_, out_, news_);
  EXPECT_FALSE(reach_.up());
  EXPECT_EQ(reach_.next(), std::nullopt);
  ASSERT_EQ(news_.events.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<RelayDown>(news_.events[0]));
  EXPECT_TRUE(std::holds_alternative<Hangup>(out_.links.back()));
}

TEST(RelayRecord, ComesBackAsItWasAndNoOtherBytesDo) {
  const RelayUrl url{.place = {.host = "a", .port = 1}, .invite = "b", .key = {3}};
  const RecordChange change = relay_record(url);
  const Record record{.type = change.type, .name = change.name, .body = *change.body};
  EXPECT_TRUE(is_relay_record(record));
  EXPECT_EQ(decode_relay(record.body), url);
  for (std::size_t size = 0; size < record.body.size(); ++size) {
    EXPECT_EQ(decode_relay(ByteView(record.body).first(size)), std::nullopt) << size;
  }
  EXPECT_EQ(relay_record(std::nullopt).body, std::nullopt);
}

TEST(RelayPace, PausesGrowAndDiffer) {
  crypto::SeededRandom random(1);
  GrowingPause pause;
  const Now now = one_hour();
  auto whole = limits::kRelayPauseMin;
  std::set<std::int64_t> seen;
  for (int turn = 0; turn < 30; ++turn) {
    const auto wait = pause.next(now, random) - now.steady;
    EXPECT_GE(wait, whole / 2);
    EXPECT_LE(wait, whole);
    seen.insert(wait.count());
    whole = std::min(2 * whole, limits::kRelayPauseMax);
  }
  EXPECT_GT(seen.size(), 20U);
  pause.reset();
  EXPECT_LE(pause.next(now, random) - now.steady, limits::kRelayPauseMin);
}

TEST(RelayPace, LearnsWhatTheNetworkBears) {
  RelayKeepalive keepalive;
  EXPECT_EQ(keepalive.pause(), limits::kRelayKeepaliveMin);
  keepalive.lived(limits::kRelayKeepaliveMin - 1s);  // says nothing of longer ones
  EXPECT_EQ(keepalive.pause(), limits::kRelayKeepaliveMin);
  for (int turn = 0; turn < 10; ++turn) keepalive.lived(keepalive.pause());
  EXPECT_EQ(keepalive.pause(), limits::kRelayPingPauseMax);
  keepalive.died(limits::kRelayPingPauseMax);
  EXPECT_EQ(keepalive.pause(), limits::kRelayPingPauseMax / 2);
  for (int turn = 0; turn < 10; ++turn) keepalive.lived(keepalive.pause());
  EXPECT_EQ(keepalive.pause(), limits::kRelayPingPauseMax * 3 / 4);
  for (int turn = 0; turn < 20; ++turn) keepalive.died(keepalive.pause());
  EXPECT_EQ(keepalive.pause(), limits::kRelayKeepaliveMin);
  keepalive.network_changed();
  for (int turn = 0; turn < 10; ++turn) keepalive.lived(keepalive.pause());
  EXPECT_EQ(keepalive.pause(), limits::kRelayPingPauseMax);
}

TEST(RelayPace, AnIdleDayIsFiftyKilobytesAtTheMost) {
  const std::size_t record = 2 + limits::kRelayPlainMin + crypto::kTagBytes;
  const auto pings = static_cast<std::size_t>(24h / limits::kRelayPingPauseMax);
  const std::size_t sessions = 2;  // the standing one, and one that waits at a pipe
  EXPECT_LE(pings * 2 * record * sessions, 50'000U);
}

}  // namespace
}  // namespace attune::sync
