#include "daemon/net/frame_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <optional>

#include "tests/net/world.h"

namespace attune::net {
namespace {

class FrameStream : public testing::Test {
 protected:
  FrameStream() { make_pair(); }

  void make_pair() {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    StreamSocket ours{io_};
    ours.assign(asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    queue_ = std::make_shared<WriteQueue>(std::move(ours));
    other_.emplace(Fd{ends[1]});
  }

  void begin(asio::awaitable<std::optional<Bytes>> reading) {
    over_ = false;
    asio::co_spawn(io_, std::move(reading),
                   [this](const std::exception_ptr& e, std::optional<Bytes> b) {
                     rethrow(e);
                     over_ = true;
                     result_ = std::move(b);
                   });
  }
  void begin_frame(LengthBytes length) { begin(read_frame(queue_->socket(), length, body_max_)); }
  bool finish() {
    return run_until(io_, [this] { return over_; });
  }

  asio::io_context io_;
  std::shared_ptr<WriteQueue> queue_;
  std::optional<Stranger> other_;
  std::size_t body_max_ = 1'000;
  bool over_ = false;
  std::optional<Bytes> result_;
};

TEST_F(FrameStream, AFrameArrivesWholeHoweverItIsCut) {
  const Bytes body = pattern(40);
  const Bytes wire = frame_of(body);
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    begin_frame(LengthBytes::kTwo);
    other_->send(ByteView{wire}.first(cut));
    settle(io_);
    EXPECT_EQ(over_, cut == wire.size());
    other_->send(ByteView{wire}.subspan(cut));
    ASSERT_TRUE(finish());
    ASSERT_EQ(result_, body) << "cut at " << cut;
  }
}

TEST_F(FrameStream, AStreamThatEndsInsideAFrameGivesNothing) {
  const Bytes wire = frame_of(pattern(40));
  for (std::size_t cut = 0; cut < wire.size(); ++cut) {
    make_pair();
    begin_frame(LengthBytes::kTwo);
    other_->send(ByteView{wire}.first(cut));
    other_->stop_sending();
    ASSERT_TRUE(finish());
    EXPECT_FALSE(result_) << "cut at " << cut;
  }
}

TEST_F(FrameStream, AFrameMayBeEmpty) {
  begin_frame(LengthBytes::kTwo);
  other_->send(frame_of({}));
  ASSERT_TRUE(finish());
  EXPECT_EQ(result_, Bytes{});
}

TEST_F(FrameStream, TheLimitItselfIsAllowedAndOneMoreIsNot) {
  begin_frame(LengthBytes::kTwo);
  other_->send(frame_of(pattern(body_max_)));
  ASSERT_TRUE(finish());
  EXPECT_EQ(result_, pattern(body_max_));
  begin_frame(LengthBytes::kTwo);
  Bytes announced;
  append_u16be(announced, static_cast<std::uint16_t>(body_max_ + 1));
  other_->send(announced);  // refused by its length alone
  ASSERT_TRUE(finish());
  EXPECT_FALSE(result_);
}

TEST_F(FrameStream, TheLimitMayBeRaisedWhileAFrameIsAwaited) {
  begin_frame(LengthBytes::kTwo);
  settle(io_);
  body_max_ = 2'000;
  other_->send(frame_of(pattern(2'000)));
  ASSERT_TRUE(finish());
  EXPECT_EQ(result_, pattern(2'000));
}

TEST_F(FrameStream, ALengthOfFourBytesIsBigEndian) {
  body_max_ = 70'000;
  begin_frame(LengthBytes::kFour);
  other_->send(Bytes{0, 1, 0, 2});
  const Bytes body = pattern(65'538);
  std::size_t sent = 0;
  ASSERT_TRUE(run_until(io_, [&] {
    sent += other_->send(ByteView{body}.subspan(sent));
    return over_;
  }));
  EXPECT_EQ(result_, body);
}

TEST_F(FrameStream, RawBytesAreExactlyAsMany) {
  begin(read_raw(queue_->socket(), 5));
  other_->send(Bytes{1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(finish());
  EXPECT_EQ(result_, (Bytes{1, 2, 3, 4, 5}));
  begin(read_raw(queue_->socket(), 1));
  ASSERT_TRUE(finish());
  EXPECT_EQ(result_, Bytes{6});
}

TEST_F(FrameStream, WhatIsWrittenKeepsItsOrder) {
  Bytes expected;
  for (std::uint8_t i = 0; i < 100; ++i) {
    queue_->push_raw({i});
    queue_->push_frame(LengthBytes::kTwo, Bytes(i, i));
    expected.push_back(i);
    append(expected, frame_of(Bytes(i, i)));
  }
  ASSERT_TRUE(run_until(io_, [&] { return other_->heard().size() >= expected.size(); }));
  EXPECT_EQ(other_->heard(), expected);
  EXPECT_TRUE(run_until(io_, [&] { return queue_->unsent() == 0; }));
}

TEST_F(FrameStream, UnsentCountsUntilTheOtherSideReads) {
  int idle = 0;
  queue_->when_idle([&idle] { ++idle; });
  const Bytes big = pattern(1u << 20);
  queue_->push_frame(LengthBytes::kFour, big);
  EXPECT_EQ(queue_->unsent(), big.size() + 4);
  EXPECT_EQ(queue_->waiting(), 0u);
  queue_->push_raw(Bytes(10));
  EXPECT_EQ(queue_->waiting(), 10u);
  settle(io_);
  EXPECT_EQ(idle, 0);
  EXPECT_GT(queue_->unsent(), 0u);
  ASSERT_TRUE(run_until(io_, [&] { return other_->heard().size() == big.size() + 14; }));
  ASSERT_TRUE(run_until(io_, [&] { return idle == 1; }));
  EXPECT_EQ(queue_->unsent(), 0u);
}

TEST_F(FrameStream, WritingToAStreamThatIsGoneClosesIt) {
  int idle = 0;
  queue_->when_idle([&idle] { ++idle; });
  other_.reset();
  queue_->push_raw(Bytes(10));
  ASSERT_TRUE(run_until(io_, [&] { return idle == 1; }));
  EXPECT_FALSE(queue_->socket().is_open());
  EXPECT_EQ(queue_->unsent(), 0u);
  queue_->push_raw(Bytes(10));
  EXPECT_EQ(queue_->unsent(), 0u);
}

}  // namespace
}  // namespace attune::net
