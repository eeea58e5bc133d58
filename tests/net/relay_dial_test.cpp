#include <asio/co_spawn.hpp>
#include <asio/ip/tcp.hpp>
#include <optional>

#include "daemon/net/frame_stream.h"
#include "tests/net/lan_fixture.h"
#include "tests/net/socks_proxy.h"

namespace attune::net {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr LinkId kLink{std::uint64_t{1} << 63 | 5};

/// A port where somebody listens who is no attune.
class Door {
 public:
  Door(asio::io_context& io, const asio::ip::address& address) : acceptor_(io, {address, 0}) {
    acceptor_.non_blocking(true);
  }
  [[nodiscard]] tcp::endpoint where() const { return acceptor_.local_endpoint(); }
  [[nodiscard]] std::uint16_t port() const { return where().port(); }
  /// Whoever has knocked.
  bool open() {
    asio::error_code none;
    tcp::socket socket = acceptor_.accept(none);
    if (none) return false;
    guest.emplace(Fd{socket.release()});
    return true;
  }
  std::optional<Stranger> guest;

 private:
  tcp::acceptor acceptor_;
};

class RelayDial : public LanTest {
 protected:
  Door door_{io_, asio::ip::address_v4::loopback()};

  /// The link is connected to the door, both ways.
  void expect_connected(House& house, Door& door) {
    ASSERT_TRUE(run_until([&] { return door.open(); }));
    ASSERT_TRUE(run_until([&] { return house.events.opened.size() == 1; }));
    EXPECT_EQ(house.events.opened[0].link, kLink);
    EXPECT_TRUE(house.events.opened[0].dialled);
    house->send_raw(kLink, pattern(48, 3));
    ASSERT_TRUE(run_until([&] { return door.guest->heard().size() == 48; }));
    EXPECT_EQ(door.guest->heard(), pattern(48, 3));
    Bytes wire = pattern(48, 7);
    append(wire, frame_of(pattern(80)));
    door.guest->send(wire);
    ASSERT_TRUE(run_until([&] { return house.events.units[kLink].size() == 2; }));
    EXPECT_EQ(house.events.units[kLink][0], pattern(48, 7));
    EXPECT_EQ(house.events.units[kLink][1], pattern(80));
  }
  void expect_failed(House& house) {
    ASSERT_TRUE(run_until([&] { return house.events.failed.size() == 1; }));
    EXPECT_EQ(house.events.failed[0], kLink);
    EXPECT_TRUE(house.events.opened.empty());
  }
  static LanSettings through(const SocksProxy& proxy) {
    LanSettings settings;
    settings.proxy = HostPort{.host = "127.0.0.1", .port = proxy.port()};
    return settings;
  }
};

TEST_F(RelayDial, ReachesAnAddress) {
  House house{io_};
  house->dial_relay(kLink, {.host = "127.0.0.1", .port = door_.port()});
  expect_connected(house, door_);
}

TEST_F(RelayDial, ReachesAnIpv6Address) {
  House house{io_};
  Door door{io_, asio::ip::address_v6::loopback()};
  house->dial_relay(kLink, {.host = "::1", .port = door.port()});
  expect_connected(house, door);
}

TEST_F(RelayDial, LooksANameUpAndTriesWhatItFinds) {
  House house{io_};
  house->dial_relay(kLink, {.host = "localhost", .port = door_.port()});
  expect_connected(house, door_);
}

TEST_F(RelayDial, FailsWhereNobodyListens) {
  House house{io_};
  std::uint16_t port = 0;
  {
    const Door gone{io_, asio::ip::address_v4::loopback()};
    port = gone.port();
  }
  house->dial_relay(kLink, {.host = "127.0.0.1", .port = port});
  expect_failed(house);
}

TEST_F(RelayDial, ThatIsClosedAtOnceIsHeardOfNoMore) {
  House house{io_};
  house->dial_relay(kLink, {.host = "localhost", .port = door_.port()});
  house->close(kLink);
  bool drained = false;
  asio::co_spawn(io_, house->drained(), [&](const std::exception_ptr& failure) {
    rethrow(failure);
    drained = true;
  });
  EXPECT_TRUE(run_until([&] { return drained && !house->looking_up(); }));
  EXPECT_TRUE(house.events.opened.empty());
  EXPECT_TRUE(house.events.failed.empty());
}

TEST_F(RelayDial, GivesTheProxyTheNameAndAsksNobodyElse) {
  SocksProxy proxy(io_, {{"relay.example", door_.where()}});
  House house{io_, through(proxy)};
  house->dial_relay(kLink, {.host = "relay.example", .port = 443});
  settle(io_);
  EXPECT_FALSE(house->looking_up());
  expect_connected(house, door_);
  EXPECT_EQ(proxy.asked(), std::vector<std::string>{"relay.example"});
}

TEST_F(RelayDial, GivesTheProxyAnAddressAsOne) {
  SocksProxy proxy(io_, {});
  {
    House house{io_, through(proxy)};
    house->dial_relay(kLink, {.host = "127.0.0.1", .port = door_.port()});
    expect_connected(house, door_);
  }
  Door door{io_, asio::ip::address_v6::loopback()};
  House house{io_, through(proxy)};
  house->dial_relay(kLink, {.host = "::1", .port = door.port()});
  expect_connected(house, door);
  EXPECT_EQ(proxy.asked(), (std::vector<std::string>{"127.0.0.1", "::1"}));
}

TEST_F(RelayDial, FailsWithAProxyThatDoesNotPlayAlong) {
  using Manner = SocksProxy::Manner;
  for (const Manner manner :
       {Manner::kWantsPassword, Manner::kRefuses, Manner::kOtherVersion, Manner::kLeaves}) {
    SocksProxy proxy(io_, {}, manner);
    House house{io_, through(proxy)};
    house->dial_relay(kLink, {.host = "127.0.0.1", .port = door_.port()});
    expect_failed(house);
  }
  EXPECT_FALSE(door_.open());
}

TEST_F(RelayDial, EndsWithItsPatience) {
  SocksProxy proxy(io_, {}, SocksProxy::Manner::kSilent);
  LanSettings settings = through(proxy);
  settings.relay_patience = 50ms;
  House house{io_, settings};
  house->dial_relay(kLink, {.host = "127.0.0.1", .port = door_.port()});
  expect_failed(house);
}

/// Recuts its link at the second unit, as the Replica does when the relay says Ready.
class Recutter : public Recorder {
 public:
  void frame(LinkId link, Bytes unit) override {
    Recorder::frame(link, std::move(unit));
    if (units[link].size() == 2) lan->recut(link, framing);
  }
  Lan* lan = nullptr;
  Framing framing = kLiveOpening;
};

class Recut : public RelayDial {
 protected:
  /// A relay's link that is trusted, has become a pipe and has heard `wire`.
  void become_pipe(const LanSettings& settings, Framing framing, const Bytes& behind) {
    lan_ = std::make_unique<Lan>(io_, events_, settings, [] { return LinkId{1}; });
    events_.lan = lan_.get();
    events_.framing = framing;
    lan_->dial_relay(kLink, {.host = "127.0.0.1", .port = door_.port()});
    ASSERT_TRUE(run_until([&] { return door_.open(); }));
    ASSERT_TRUE(run_until([&] { return events_.opened.size() == 1; }));
    lan_->authenticated(kLink);
    Bytes wire = pattern(48);
    append(wire, frame_of(pattern(80)));
    append(wire, behind);
    door_.guest->send(wire);
    ASSERT_TRUE(run_until([&] { return events_.units[kLink].size() >= 2; }));
  }

  Recutter events_;
  std::unique_ptr<Lan> lan_;
};

TEST_F(Recut, CutsTheVeryNextByteAnew) {
  Bytes behind = hello();
  append(behind, frame_of(pattern(9)));
  become_pipe({}, kLiveOpening, behind);
  ASSERT_TRUE(run_until([&] { return events_.units[kLink].size() == 4; }));
  EXPECT_EQ(events_.units[kLink][2], hello());
  EXPECT_EQ(events_.units[kLink][3], pattern(9));
}

TEST_F(Recut, WithoutAFirstUnitFramesFollow) {
  become_pipe({}, kQrAnswer, frame_of(pattern(9)));
  ASSERT_TRUE(run_until([&] { return events_.units[kLink].size() == 3; }));
  EXPECT_EQ(events_.units[kLink][2], pattern(9));
}

TEST_F(Recut, WhoeverIsThereIsAStranger) {
  become_pipe({}, kQrAnswer, frame_of(pattern(limits::kHandshakeBytesMax)));
  ASSERT_TRUE(run_until([&] { return events_.units[kLink].size() == 3; }));
  door_.guest->send(frame_of(pattern(limits::kHandshakeBytesMax + 1)));
  ASSERT_TRUE(run_until([&] { return events_.closed.size() == 1; }));
}

TEST_F(Recut, AndHasAStrangersTime) {
  LanSettings settings;
  settings.relay_patience = 700ms;  // the dial's too, on a busy machine
  become_pipe(settings, kQrAnswer, {});
  ASSERT_TRUE(run_until([&] { return events_.closed.size() == 1; }));
  EXPECT_TRUE(door_.guest->closed());
}

TEST_F(Recut, UntilItIsTrusted) {
  become_pipe({}, kQrAnswer, frame_of(pattern(3)));
  ASSERT_TRUE(run_until([&] { return events_.units[kLink].size() == 3; }));
  lan_->authenticated(kLink);
  door_.guest->send(frame_of(pattern(40'000)));
  ASSERT_TRUE(run_until([&] { return events_.units[kLink].size() == 4; }));
}

}  // namespace
}  // namespace attune::net
