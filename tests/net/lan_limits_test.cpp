#include <sys/resource.h>

#include "daemon/net/listener.h"
#include "tests/net/lan_fixture.h"

namespace attune::net {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class LanLimits : public LanTest {
 protected:
  static LanSettings hasty(milliseconds patience = milliseconds{50}) {
    LanSettings settings;
    settings.patience = patience;
    return settings;
  }
  /// Long enough for a guest to be let in, on a busy machine too.
  static constexpr milliseconds kGuestPatience{700};
};

TEST_F(LanLimits, WhoSaysNothingIsClosedInSilence) {
  House house{io_, hasty()};
  Stranger stranger = Stranger::connect(loopback4(house->port()));
  const auto start = Clock::now();
  ASSERT_TRUE(run_until([&] { return stranger.closed(); }));
  EXPECT_GE(Clock::now() - start, milliseconds{40});
  EXPECT_TRUE(stranger.heard().empty());
  EXPECT_TRUE(house.events.opened.empty());
  EXPECT_EQ(house->half_open(), 0u);
}

TEST_F(LanLimits, BytesOneByOneBuyNoTime) {
  House house{io_, hasty(milliseconds{100})};
  Stranger stranger = Stranger::connect(loopback4(house->port()));
  Bytes wire = hello();
  append(wire, frame_of(pattern(1'000)));
  std::size_t sent = 0;
  auto last = Clock::now();
  ASSERT_TRUE(run_until([&] {
    if (Clock::now() - last > milliseconds{5}) {
      sent += stranger.send(ByteView{wire}.subspan(sent, 1));
      last = Clock::now();
    }
    return stranger.closed();
  }));
  EXPECT_LT(sent, wire.size());
}

TEST_F(LanLimits, WhoDoesNotProveThemselvesInTimeIsClosed) {
  House house{io_, hasty(kGuestPatience)};
  Stranger stranger = guest(house);
  ASSERT_TRUE(run_until([&] { return house.events.closed.size() == 1; }));
  EXPECT_EQ(house.events.closed[0], LinkId{1});
  EXPECT_TRUE(run_until([&] { return stranger.closed(); }));
  EXPECT_TRUE(stranger.heard().empty());
}

TEST_F(LanLimits, ADialledLinkHasADeadlineToo) {
  House house{io_, hasty()};
  House patient{io_};
  house->dial(LinkId{100}, loopback4(patient->port()), kLiveAnswer, hello());
  ASSERT_TRUE(run_until([&] { return house.events.closed.size() == 1; }));
  EXPECT_EQ(house.events.closed[0], LinkId{100});
}

TEST_F(LanLimits, ADialThatNobodyAnswersFailsInTime) {
  Fd full = open_tcp_listener(0);
  ASSERT_EQ(listen(full.get(), 0), 0);  // room for one connection; the kernel ignores the others
  const std::uint16_t port = listening_port(full.get());
  House house{io_, hasty(milliseconds{100})};
  for (std::uint64_t i = 100; i < 104; ++i) {
    house->dial(LinkId{i}, loopback4(port), kLiveAnswer, hello());
  }
  ASSERT_TRUE(
      run_until([&] { return house.events.failed.size() + house.events.closed.size() == 4; }));
  EXPECT_GE(house.events.failed.size(), 2u);
}

TEST_F(LanLimits, WhoIsAuthenticatedMayBeSilent) {
  House house{io_, hasty(kGuestPatience)};
  Stranger trusted = guest(house);
  house->authenticated(LinkId{1});
  Stranger other = guest(house);
  ASSERT_TRUE(run_until([&] { return !house.events.closed.empty(); }));
  EXPECT_TRUE(run_until([&] { return other.closed(); }));
  EXPECT_FALSE(trusted.closed());
  EXPECT_EQ(house.events.closed, std::vector{LinkId{2}});
}

TEST_F(LanLimits, APersonBeingAskedHasTheTimeTheOwnerGives) {
  House house{io_, hasty(kGuestPatience)};
  Stranger asked = guest(house);
  house->extend(LinkId{1}, kGuestPatience + milliseconds{200});
  const auto start = Clock::now();
  ASSERT_TRUE(run_until([&] { return house.events.closed.size() == 1; }));
  EXPECT_GE(Clock::now() - start, kGuestPatience + milliseconds{190});
}

TEST_F(LanLimits, UnitsAreSmallUntilAuthenticated) {
  House house{io_};
  Stranger small = guest(house);
  small.send(frame_of(pattern(limits::kHandshakeBytesMax)));
  ASSERT_TRUE(run_until([&] { return house.events.units[LinkId{1}].size() == 2; }));
  Stranger big = guest(house);
  big.send(Bytes{0x04, 0x01});  // announces 1,025 bytes
  ASSERT_TRUE(run_until([&] { return house.events.closed.size() == 1; }));
  EXPECT_EQ(house.events.closed[0], LinkId{2});
  EXPECT_TRUE(run_until([&] { return big.closed(); }));
  EXPECT_TRUE(big.heard().empty());
}

TEST_F(LanLimits, TheLargestFrameArrivesOnceAuthenticated) {
  House house{io_};
  Stranger stranger = guest(house);
  house->authenticated(LinkId{1});
  const Bytes wire = frame_of(pattern(limits::kFrameBytesMax));
  std::size_t sent = 0;
  ASSERT_TRUE(run_until([&] {
    sent += stranger.send(ByteView{wire}.subspan(sent));
    return house.events.units[LinkId{1}].size() == 2;
  }));
  EXPECT_EQ(house.events.units[LinkId{1}][1].size(), limits::kFrameBytesMax);
}

TEST_F(LanLimits, TheOldestHalfOpenMakesRoom) {
  LanSettings settings;
  settings.half_open_max = 4;
  House house{io_, settings};
  Stranger trusted = guest(house);
  house->authenticated(LinkId{1});
  Stranger asked = guest(house);
  house->extend(LinkId{2}, std::chrono::minutes{10});
  Stranger proving = guest(house);
  std::vector<Stranger> silent;
  silent.reserve(5);
  for (int i = 0; i < 3; ++i) silent.push_back(Stranger::connect(loopback4(house->port())));
  ASSERT_TRUE(run_until([&] { return house->half_open() == 4; }));
  EXPECT_FALSE(proving.closed());
  silent.push_back(Stranger::connect(loopback4(house->port())));
  ASSERT_TRUE(run_until([&] { return proving.closed() && !house.events.closed.empty(); }));
  EXPECT_EQ(house.events.closed, std::vector{LinkId{3}});
  silent.push_back(Stranger::connect(loopback4(house->port())));
  ASSERT_TRUE(run_until([&] { return silent[0].closed(); }));
  EXPECT_FALSE(silent[1].closed());
  EXPECT_EQ(house->half_open(), 4u);
  EXPECT_FALSE(trusted.closed());
  EXPECT_FALSE(asked.closed());
}

TEST_F(LanLimits, AFloodLeavesRoomForTheOneWhoProvesItself) {
  LanSettings settings;
  settings.half_open_max = 8;
  House house{io_, settings};
  std::vector<Stranger> flood;
  for (int i = 0; i < 100; ++i) {
    flood.push_back(Stranger::connect(loopback4(house->port())));
    if (i % 8 == 0) settle(io_);
  }
  Stranger stranger = guest(house);
  house->authenticated(house.events.opened.back().link);
  stranger.send(frame_of(pattern(2'000)));
  EXPECT_TRUE(
      run_until([&] { return house.events.units[house.events.opened.back().link].size() == 2; }));
  EXPECT_LE(house->half_open(), 8u);
}

TEST_F(LanLimits, ALinkThatDoesNotReadIsDroppedWhenTooFarBehind) {
  LanSettings settings;
  settings.unsent_bytes_max = 200'000;
  House house{io_, settings};
  Stranger stranger = guest(house);
  house->authenticated(LinkId{1});
  std::size_t given = 0;
  while (house->unsent(LinkId{1}) <= 140'000) {
    house->send_frame(LinkId{1}, pattern(60'000));
    settle(io_);
    given += 60'002;
    ASSERT_LT(given, 64u << 20);
  }
  EXPECT_TRUE(house.events.closed.empty());
  house->send_frame(LinkId{1}, pattern(60'000));
  EXPECT_TRUE(house.events.closed.empty());  // never from inside the call
  ASSERT_TRUE(run_until([&] { return house.events.closed.size() == 1; }));
  EXPECT_EQ(house->unsent(LinkId{1}), 0u);
}

/// Lets this process open no further descriptor while it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    Fd next{dup(0)};
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next.get());
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(LanLimits, WithoutDescriptorsThePortWaitsAndDoesNotSpin) {
  LanSettings settings;
  settings.accept_pause = milliseconds{50};
  House house{io_, settings};
  Stranger stranger = Stranger::connect(loopback4(house->port()));
  stranger.send(hello());
  {
    NoMoreDescriptors none;
    const auto start = Clock::now();
    io_.restart();
    for (std::size_t handlers = 0; handlers < 40;) {  // no more than ten of them between two pauses
      const std::size_t handled = io_.run_one_for(std::chrono::seconds{30});
      ASSERT_GT(handled, 0u);
      handlers += handled;
    }
    EXPECT_TRUE(house.events.opened.empty());
    EXPECT_GE(Clock::now() - start, 3 * settings.accept_pause);
  }
  EXPECT_TRUE(run_until([&] { return house.events.opened.size() == 1; }));
}

}  // namespace
}  // namespace attune::net
