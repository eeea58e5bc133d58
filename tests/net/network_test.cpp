#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/net/network_watch.h"
#include "tests/net/network_room.h"
#include "tests/net/world.h"

namespace attune::net {
namespace {

using std::chrono::milliseconds;

bool lists(const std::vector<OwnAddress>& addresses, const Endpoint& endpoint) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const OwnAddress& own) { return own.endpoint == endpoint; });
}

TEST(OwnAddresses, AreOfUsableInterfacesWithLoopbackLast) {
  const auto addresses = own_addresses();
  bool loopback = false;
  for (const auto& own : addresses) {
    EXPECT_NE(own.interface, 0u);
    EXPECT_EQ(own.endpoint.port, 0);
    EXPECT_TRUE(own.endpoint.is_unicast());
    EXPECT_EQ(own.endpoint.scope != 0, !own.endpoint.is_v4() && own.endpoint.is_link_local());
    EXPECT_FALSE(loopback && !own.loopback);
    loopback = own.loopback;
  }
}

void follow_interfaces() {
  EXPECT_TRUE(own_addresses().empty());  // loopback is down
  set_up("lo", true);
  auto addresses = own_addresses();
  EXPECT_TRUE(lists(addresses, loopback4(0)));
  ASSERT_FALSE(addresses.empty());
  EXPECT_TRUE(addresses[0].loopback);
  EXPECT_TRUE(addresses[0].carries_beacons);
  const Endpoint mine = Endpoint::v4({192, 0, 2, 1}, 0);
  const Fd first = current_room();
  const Fd second = another_room();
  enter(first);
  lay_cable("here", "there", second);
  enter(second);
  set_up("there", true);
  enter(first);
  set_up("here", true);
  give_address("here", {192, 0, 2, 1});
  asio::io_context io;
  ASSERT_TRUE(run_until(io, [&] { return lists(own_addresses(), mine); }));
  addresses = own_addresses();
  EXPECT_EQ(addresses[0].endpoint, mine);
  EXPECT_FALSE(addresses[0].loopback);
  EXPECT_TRUE(addresses[0].carries_beacons);
  EXPECT_EQ(addresses[0].interface, index_of("here"));
  EXPECT_TRUE(addresses.back().loopback);
  set_up("here", false);
  EXPECT_FALSE(lists(own_addresses(), mine));
}

TEST(OwnAddresses, FollowTheInterfaces) { expect_in_room(follow_interfaces); }

/// Tells the time of each event apart from the others by counting them.
struct Watched {
  explicit Watched(asio::io_context& io, milliseconds calm) : watch(io, events, calm) {}
  [[nodiscard]] std::size_t told() const { return events.networks.size(); }
  Recorder events;
  NetworkWatch watch;
};

void tell_changes() {
  asio::io_context io;
  Watched watched{io, milliseconds{20}};
  EXPECT_EQ(watched.told(), 0u);
  ASSERT_TRUE(run_until(io, [&] { return watched.told() == 1; }));
  EXPECT_TRUE(watched.events.networks[0].empty());
  set_up("lo", true);
  ASSERT_TRUE(run_until(io, [&] { return watched.told() == 2; }));
  EXPECT_TRUE(lists(watched.events.networks[1], loopback4(0)));
  set_up("lo", false);
  ASSERT_TRUE(run_until(io, [&] { return watched.told() == 3; }));
  EXPECT_TRUE(watched.events.networks[2].empty());
}

TEST(NetworkWatch, TellsTheAddressesAtFirstAndWhenTheyChange) { expect_in_room(tell_changes); }

void tell_a_burst_once() {
  asio::io_context io;
  Watched watched{io, milliseconds{100}};
  ASSERT_TRUE(run_until(io, [&] { return watched.told() == 1; }));
  set_up("lo", true);
  for (std::uint8_t i = 1; i <= 20; ++i) give_address("lo", {127, 0, 0, i});
  set_up("lo", false);
  set_up("lo", true);
  ASSERT_TRUE(run_until(io, [&] { return watched.told() == 2; }));
  // What changes no address tells nothing, however many notices it causes: the next event is of the
  // change after it.
  set_up("lo", false);
  set_up("lo", true);
  const auto calm_over = std::chrono::steady_clock::now() + milliseconds{200};
  ASSERT_TRUE(run_until(io, [&] { return std::chrono::steady_clock::now() > calm_over; }));
  EXPECT_EQ(watched.told(), 2u);
  set_up("lo", false);
  ASSERT_TRUE(run_until(io, [&] { return watched.told() == 3; }));
  EXPECT_TRUE(watched.events.networks[2].empty());
}

TEST(NetworkWatch, TellsABurstOnce) { expect_in_room(tell_a_burst_once); }

void tell_when_ipv6_has_been_checked() {
  const Fd first = current_room();
  const Fd second = another_room();
  enter(first);
  lay_cable("here", "there", second);
  enter(second);
  set_up("there", true);
  enter(first);
  asio::io_context io;
  Watched watched{io, milliseconds{20}};
  set_up("here", true);
  // The address is there at once, but tentative for a second or so: only then it is told.
  ASSERT_TRUE(run_until(io, [&] { return watched.told() > 0; }));
  ASSERT_TRUE(run_until(io, [&] { return !watched.events.networks.back().empty(); }));
  const OwnAddress own = watched.events.networks.back().front();
  EXPECT_TRUE(own.endpoint.is_link_local());
  EXPECT_EQ(own.endpoint.scope, index_of("here"));
  EXPECT_TRUE(own.carries_beacons);
  EXPECT_TRUE(watched.events.networks.front().empty());
}

TEST(NetworkWatch, TellsAnIpv6AddressOnceItMayBeUsed) {
  expect_in_room(tell_when_ipv6_has_been_checked);
}

class Thrower : public Recorder {
 public:
  void network_changed(const std::vector<OwnAddress>& addresses) override {
    Recorder::network_changed(addresses);
    if (networks.size() == 1) throw std::runtime_error("the owner's own trouble");
  }
};

void survive_an_exception() {
  asio::io_context io;
  Thrower events;
  NetworkWatch watch{io, events, milliseconds{20}};
  EXPECT_THROW(run_until(io, [&] { return false; }), std::runtime_error);
  set_up("lo", true);
  EXPECT_TRUE(run_until(io, [&] { return events.networks.size() == 2; }));
}

TEST(NetworkWatch, GoesOnAfterAnExceptionOfTheOwner) { expect_in_room(survive_an_exception); }

TEST(NetworkWatch, DestructionTellsNothing) {
  asio::io_context io;
  Recorder events;
  {
    NetworkWatch watch{io, events};
  }
  settle(io);
  EXPECT_TRUE(events.networks.empty());
}

}  // namespace
}  // namespace attune::net
