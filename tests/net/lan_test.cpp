#include "daemon/net/lan.h"

#include <asio/co_spawn.hpp>
#include <stdexcept>

#include "daemon/net/frame_stream.h"
#include "tests/net/lan_fixture.h"

namespace attune::net {
namespace {

class LanLinks : public LanTest {};

TEST_F(LanLinks, AHelloIsOneUnitAndThenFramesFollowHoweverTheyAreCut) {
  House house{io_};
  Bytes wire = hello();
  append(wire, frame_of(pattern(7)));
  append(wire, frame_of({}));
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    Stranger stranger = Stranger::connect(loopback4(house->port()));
    stranger.send(ByteView{wire}.first(cut));
    settle(io_);
    stranger.send(ByteView{wire}.subspan(cut));
    const LinkId link{cut + 1};
    ASSERT_TRUE(run_until([&] { return house.events.units[link].size() == 3; })) << cut;
    EXPECT_EQ(house.events.units[link][0], hello());
    EXPECT_EQ(house.events.units[link][1], pattern(7));
    EXPECT_EQ(house.events.units[link][2], Bytes{});
    house->close(link);
  }
}

TEST_F(LanLinks, NothingIsToldOfAnOpeningThatIsNotWhole) {
  House house{io_};
  for (std::size_t cut = 0; cut < hello().size(); ++cut) {
    Stranger stranger = Stranger::connect(loopback4(house->port()));
    stranger.send(ByteView{hello()}.first(cut));
    stranger.stop_sending();
    ASSERT_TRUE(run_until([&] { return stranger.closed(); }));
    EXPECT_TRUE(stranger.heard().empty());
  }
  EXPECT_TRUE(house.events.opened.empty());
  EXPECT_TRUE(house.events.closed.empty());
}

TEST_F(LanLinks, TheFirstByteTellsHowLongTheFirstUnitIs) {
  House house{io_};
  Bytes code = pattern(17);
  code[0] = 2;
  Stranger joiner = Stranger::connect(loopback4(house->port()));
  joiner.send(code);
  joiner.send(frame_of(pattern(3)));
  ASSERT_TRUE(run_until([&] { return house.events.units[LinkId{1}].size() == 2; }));
  EXPECT_EQ(house.events.units[LinkId{1}][0], code);
  EXPECT_EQ(house.events.units[LinkId{1}][1], pattern(3));
  Stranger scanner = Stranger::connect(loopback4(house->port()));
  scanner.send(Bytes{3});
  scanner.send(frame_of(pattern(4)));
  ASSERT_TRUE(run_until([&] { return house.events.units[LinkId{2}].size() == 2; }));
  EXPECT_EQ(house.events.units[LinkId{2}][0], Bytes{3});
  EXPECT_EQ(house.events.units[LinkId{2}][1], pattern(4));
}

TEST_F(LanLinks, AnyOtherFirstByteMeetsSilence) {
  House house{io_};
  for (unsigned first = 0; first < 256; ++first) {
    if (first >= 1 && first <= 3) continue;
    Stranger stranger = Stranger::connect(loopback4(house->port()));
    Bytes bytes = hello();
    bytes[0] = static_cast<std::uint8_t>(first);
    stranger.send(bytes);
    ASSERT_TRUE(run_until([&] { return stranger.closed(); })) << first;
    EXPECT_TRUE(stranger.heard().empty());
  }
  EXPECT_TRUE(house.events.opened.empty());
}

TEST_F(LanLinks, ADialledLinkHearsWhatItsFramingSays) {
  House near{io_};
  House far{io_};
  near->dial(LinkId{100}, loopback4(far->port()), kLiveAnswer, hello());
  ASSERT_TRUE(run_until([&] { return far.events.opened.size() == 1; }));
  EXPECT_FALSE(far.events.opened[0].dialled);
  EXPECT_EQ(far.events.units[LinkId{1}][0], hello());
  ASSERT_EQ(near.events.opened.size(), 1u);
  EXPECT_TRUE(near.events.opened[0].dialled);
  EXPECT_EQ(near.events.opened[0].remote, loopback4(far->port()));
  far->send_raw(LinkId{1}, pattern(48));
  far->send_frame(LinkId{1}, pattern(5));
  near->send_frame(LinkId{100}, pattern(6));
  ASSERT_TRUE(run_until([&] { return near.events.units[LinkId{100}].size() == 2; }));
  EXPECT_EQ(near.events.units[LinkId{100}][0], pattern(48));
  EXPECT_EQ(near.events.units[LinkId{100}][1], pattern(5));
  ASSERT_TRUE(run_until([&] { return far.events.units[LinkId{1}].size() == 2; }));
  EXPECT_EQ(far.events.units[LinkId{1}][1], pattern(6));
}

TEST_F(LanLinks, TheRemoteAddressOfAnIpv4ConnectionIsMapped) {
  House house{io_};
  Stranger stranger = guest(house);
  EXPECT_TRUE(house.events.opened[0].remote.is_v4());
  EXPECT_TRUE(house.events.opened[0].remote.is_loopback());
}

TEST_F(LanLinks, Ipv6ReachesTheSamePort) {
  House house{io_};
  House other{io_};
  other->dial(LinkId{100}, loopback6(house->port()), kQrAnswer, Bytes{3});
  ASSERT_TRUE(run_until([&] { return house.events.opened.size() == 1; }));
  EXPECT_EQ(house.events.opened[0].remote.address, loopback6(0).address);
  EXPECT_EQ(house.events.opened[0].remote.scope, 0u);
}

TEST_F(LanLinks, BothMayDialAtOnce) {
  House near{io_};
  House far{io_};
  near->dial(LinkId{100}, loopback4(far->port()), kLiveAnswer, hello());
  far->dial(LinkId{100}, loopback4(near->port()), kLiveAnswer, hello());
  ASSERT_TRUE(
      run_until([&] { return near.events.opened.size() == 2 && far.events.opened.size() == 2; }));
  near->close(LinkId{100});
  far->send_raw(LinkId{100}, pattern(3));
  near->send_raw(LinkId{1}, pattern(48));
  ASSERT_TRUE(run_until([&] { return far.events.units[LinkId{100}].size() == 1; }));
  ASSERT_TRUE(run_until([&] { return far.events.closed.size() == 1; }));
  EXPECT_EQ(far.events.closed[0], LinkId{1});
}

TEST_F(LanLinks, ManyDialsAreUnderWayTogether) {
  House near{io_};
  House far{io_};
  for (std::uint64_t i = 100; i < 120; ++i) {
    near->dial(LinkId{i}, loopback4(far->port()), kQrAnswer, Bytes{3});
  }
  EXPECT_TRUE(run_until([&] { return far.events.opened.size() == 20; }));
  EXPECT_EQ(near.events.opened.size(), 20u);
}

TEST_F(LanLinks, ADialToAClosedPortFails) {
  std::uint16_t port = 0;
  {
    House gone{io_};
    port = gone->port();
  }
  House house{io_};
  house->dial(LinkId{100}, loopback4(port), kLiveAnswer, hello());
  EXPECT_TRUE(house.events.failed.empty());
  ASSERT_TRUE(run_until([&] { return house.events.failed.size() == 1; }));
  EXPECT_EQ(house.events.failed[0], LinkId{100});
  EXPECT_TRUE(house.events.opened.empty());
  EXPECT_TRUE(house.events.closed.empty());
}

TEST_F(LanLinks, AClosedDialTellsNothing) {
  House near{io_};
  House far{io_};
  near->dial(LinkId{100}, loopback4(far->port()), kLiveAnswer, hello());
  near->close(LinkId{100});
  near->dial(LinkId{101}, loopback4(far->port()), kLiveAnswer, hello());
  ASSERT_TRUE(run_until([&] { return near.events.opened.size() == 1; }));
  settle(io_);
  EXPECT_EQ(near.events.opened[0].link, LinkId{101});
  EXPECT_TRUE(near.events.failed.empty());
}

TEST_F(LanLinks, TheOwnerHearsOnceThatTheOtherSideLeft) {
  House house{io_};
  {
    Stranger stranger = guest(house);
    house->authenticated(LinkId{1});
  }
  ASSERT_TRUE(run_until([&] { return house.events.closed.size() == 1; }));
  house->send_frame(LinkId{1}, pattern(3));
  house->close(LinkId{1});
  settle(io_);
  EXPECT_EQ(house.events.closed.size(), 1u);
}

TEST_F(LanLinks, AClosedLinkTellsNothingMore) {
  House house{io_};
  Stranger stranger = guest(house);
  house->send_frame(LinkId{1}, pattern(3));
  house->close(LinkId{1});
  stranger.send(frame_of(pattern(9)));
  ASSERT_TRUE(run_until([&] { return stranger.closed(); }));
  settle(io_);
  EXPECT_TRUE(house.events.closed.empty());
  EXPECT_EQ(house.events.units[LinkId{1}].size(), 1u);
}

TEST_F(LanLinks, WhatWasSentBeforeAnOrderlyCloseArrives) {
  LanSettings settings;
  settings.close_patience = std::chrono::seconds{9};
  House house{io_, settings};
  Stranger stranger = guest(house);
  house->authenticated(LinkId{1});
  Bytes expected;
  for (int i = 0; i < 15; ++i) {
    house->send_frame(LinkId{1}, pattern(60'000));
    append(expected, frame_of(pattern(60'000)));
  }
  ASSERT_GT(house->unsent(LinkId{1}), 0u);
  stranger.send(
      frame_of(pattern(900)));  // unread bytes of the other side must not turn it into a reset
  house->close(LinkId{1});
  ASSERT_TRUE(run_until([&] { return stranger.heard().size() == expected.size(); }));
  EXPECT_EQ(stranger.heard(), expected);
  EXPECT_TRUE(run_until([&] { return stranger.closed(); }));
}

TEST_F(LanLinks, AnOrderlyCloseStillSendsToOneWhoHasStoppedSending) {
  LanSettings settings;
  settings.close_patience = std::chrono::seconds{9};
  House house{io_, settings};
  Stranger stranger = guest(house);
  house->authenticated(LinkId{1});
  for (int i = 0; i < 16; ++i) house->send_frame(LinkId{1}, pattern(60'000));
  house->close(LinkId{1});
  stranger.stop_sending();
  settle(io_);
  ASSERT_TRUE(run_until([&] { return stranger.heard().size() == std::size_t{16} * 60'002; }));
  EXPECT_TRUE(run_until([&] { return stranger.closed(); }));
}

TEST_F(LanLinks, DrainedWaitsForClosedLinksAndNoLongerThanTheirPatience) {
  LanSettings settings;
  settings.close_patience = std::chrono::milliseconds{700};  // longer than it takes to look
  House house{io_, settings};
  Stranger stranger = guest(house);  // reads nothing
  house->authenticated(LinkId{1});
  for (int i = 0; i < 16; ++i) house->send_frame(LinkId{1}, pattern(60'000));
  house->close_all();
  int over = 0;
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(io_, house->drained(), [&](const std::exception_ptr& e) {
      rethrow(e);
      ++over;
    });
  }
  settle(io_);
  EXPECT_EQ(over, 0);
  EXPECT_TRUE(run_until([&] { return over == 2; }));
  EXPECT_TRUE(house.events.closed.empty());
}

class Thrower : public Recorder {
 public:
  void frame(LinkId link, Bytes unit) override {
    Recorder::frame(link, std::move(unit));
    throw std::runtime_error("the owner's own trouble");
  }
};

TEST_F(LanLinks, AnExceptionOfTheOwnerLeavesThroughRunAndClosesTheLink) {
  Thrower events;
  std::uint64_t next = 1;
  Lan lan{io_, events, {}, [&next] { return LinkId{next++}; }};
  for (std::size_t round = 1; round <= 2; ++round) {  // the port goes on listening
    Stranger stranger = Stranger::connect(loopback4(lan.port()));
    stranger.send(hello());
    EXPECT_THROW(run_until([&] { return stranger.closed(); }), std::runtime_error);
    EXPECT_TRUE(run_until([&] { return stranger.closed(); }));
    EXPECT_EQ(events.opened.size(), round);
  }
  EXPECT_TRUE(events.closed.empty());
}

/// Does to the link, from inside the event, what a state machine may want at once.
class Closer : public Recorder {
 public:
  void link_opened(LinkId link, bool dialled, const Endpoint& remote) override {
    Recorder::link_opened(link, dialled, remote);
    if (close_when_opened) lan->close(link);
    if (vanish) lan.reset();
  }
  void frame(LinkId link, Bytes unit) override {
    Recorder::frame(link, std::move(unit));
    lan->send_frame(link, {1, 2, 3});
    lan->close(link);
  }
  std::unique_ptr<Lan> lan;
  bool close_when_opened = false;
  bool vanish = false;
};

TEST_F(LanLinks, TheOwnerMayCloseFromInsideAnEvent) {
  Closer events;
  std::uint64_t next = 1;
  events.lan =
      std::make_unique<Lan>(io_, events, LanSettings{}, [&next] { return LinkId{next++}; });
  Stranger answered = Stranger::connect(loopback4(events.lan->port()));
  answered.send(hello());
  ASSERT_TRUE(run_until([&] { return answered.closed(); }));
  EXPECT_EQ(answered.heard(), (Bytes{0, 3, 1, 2, 3}));
  events.close_when_opened = true;
  Stranger refused = Stranger::connect(loopback4(events.lan->port()));
  refused.send(hello());
  ASSERT_TRUE(run_until([&] { return refused.closed(); }));
  EXPECT_TRUE(refused.heard().empty());
  EXPECT_EQ(events.units.size(), 1u);
  events.close_when_opened = false;
  events.vanish = true;
  Stranger last = Stranger::connect(loopback4(events.lan->port()));
  last.send(hello());
  ASSERT_TRUE(run_until([&] { return last.closed(); }));
  EXPECT_EQ(events.units.size(), 1u);
}

TEST_F(LanLinks, DestructionEndsEverythingInSilence) {
  House house{io_};
  House far{io_};
  Stranger greeting = Stranger::connect(loopback4(house->port()));
  Stranger proving = guest(house);
  house->send_frame(LinkId{1}, pattern(60'000));
  house->dial(LinkId{100}, loopback4(far->port()), kLiveAnswer, hello());
  house.lan.reset();
  ASSERT_TRUE(run_until([&] { return greeting.closed() && proving.closed(); }));
  settle(io_);
  EXPECT_TRUE(house.events.closed.empty());
  EXPECT_TRUE(house.events.failed.empty());
}

}  // namespace
}  // namespace attune::net
