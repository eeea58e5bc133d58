#include "daemon/net/beacons.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/net/lan.h"
#include "daemon/net/socket_address.h"
#include "tests/net/network_room.h"
#include "tests/net/world.h"

namespace attune::net {
namespace {

Bytes beacon(std::uint8_t mark) { return Bytes(limits::kBeaconBytes, mark); }

/// A daemon's ears and mouth in the room where it is made.
struct Voice {
  explicit Voice(asio::io_context& io, std::uint16_t port) : beacons(io, events, {.port = port}) {
    refresh();
  }
  void refresh() { beacons.network_changed(own_addresses()); }
  /// The path over this interface and family; the test fails where there is none.
  BeaconPath path(std::uint32_t interface, bool v4) {
    for (const auto& one : beacons.paths()) {
      if (one.interface == interface && one.source.is_v4() == v4) return one;
    }
    ADD_FAILURE() << "no path over interface " << interface;
    return {};
  }
  [[nodiscard]] bool has_path(std::uint32_t interface, bool v4) const {
    const auto& paths = beacons.paths();
    return std::any_of(paths.begin(), paths.end(), [&](const BeaconPath& one) {
      return one.interface == interface && one.source.is_v4() == v4;
    });
  }
  std::size_t heard(const Bytes& what) const {
    const auto& all = events.datagrams;
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.first == what; }));
  }

  Recorder events;
  Beacons beacons;
};

void hear_each_other_over_loopback() {
  set_up("lo", true);
  asio::io_context io;
  Voice one{io, 0};
  Voice other{io, one.beacons.port()};
  EXPECT_EQ(other.beacons.port(), one.beacons.port());
  ASSERT_EQ(one.beacons.paths().size(), 1u);  // ff02:: has no way over loopback
  const BeaconPath path = one.path(index_of("lo"), true);
  EXPECT_EQ(path.source, loopback4(0));
  EXPECT_TRUE(one.beacons.send(path, beacon(1)));
  ASSERT_TRUE(run_until(io, [&] { return other.heard(beacon(1)) == 1; }));
  EXPECT_EQ(other.events.datagrams[0].second, loopback4(one.beacons.port()));
  EXPECT_TRUE(run_until(io, [&] { return one.heard(beacon(1)) == 1; }));  // one's own too
}

TEST(Beacons, TwoOnOneMachineHearEachOtherOverLoopback) {
  expect_in_room(hear_each_other_over_loopback);
}

void hear_only_short_group_datagrams() {
  set_up("lo", true);
  asio::io_context io;
  Voice voice{io, 0};
  const std::uint16_t port = voice.beacons.port();
  const BeaconPath path = voice.path(index_of("lo"), true);
  EXPECT_TRUE(voice.beacons.send(path, Bytes(kDatagramBytesMax + 1, 1)));
  for (const Endpoint& direct : {loopback4(port), loopback6(port)}) {
    const SocketAddress to = to_socket_address(direct);
    Fd socket{::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const Bytes bytes = beacon(2);
    sendto(socket.get(), bytes.data(), bytes.size(), 0, to.get(), to.size);
  }
  EXPECT_TRUE(voice.beacons.send(path, {}));
  EXPECT_TRUE(voice.beacons.send(path, Bytes(kDatagramBytesMax, 3)));
  ASSERT_TRUE(run_until(io, [&] { return !voice.events.datagrams.empty(); }));
  settle(io);
  ASSERT_EQ(voice.events.datagrams.size(), 1u);
  EXPECT_EQ(voice.events.datagrams[0].first, Bytes(kDatagramBytesMax, 3));
}

TEST(Beacons, OnlyShortDatagramsToTheGroupAreHeard) {
  expect_in_room(hear_only_short_group_datagrams);
}

/// Two rooms joined by a cable; the process stays in the second.
struct TwoRooms {
  TwoRooms() : first(current_room()), second(another_room()) {
    enter(first);
    lay_cable("here", "there", second);
    set_up("lo", true);
    set_up("here", true);
    enter(second);
    set_up("lo", true);
    set_up("there", true);
  }
  Fd first;
  Fd second;
};

/// Waits, in the room where the process is, until the cable carries and the address may be used.
bool wait_for_path(asio::io_context& io, Voice& voice, std::uint32_t interface, bool v4) {
  return run_until(io, [&] {
    voice.refresh();
    return voice.has_path(interface, v4);
  });
}

void hear_over_a_cable_by_ipv4() {
  TwoRooms rooms;
  asio::io_context io;
  enter(rooms.first);
  give_address("here", {169, 254, 7, 1});
  Voice one{io, limits::kBeaconPort};  // in a room of its own the real port disturbs nobody
  const std::uint32_t here = index_of("here");
  enter(rooms.second);
  give_address("there", {169, 254, 7, 2});
  Voice other{io, limits::kBeaconPort};
  const std::uint32_t there = index_of("there");
  ASSERT_TRUE(wait_for_path(io, other, there, true));
  enter(rooms.first);
  ASSERT_TRUE(wait_for_path(io, one, here, true));
  const BeaconPath path = one.path(here, true);
  EXPECT_EQ(path.source, Endpoint::v4({169, 254, 7, 1}, 0));
  ASSERT_TRUE(run_until(io, [&] {  // a card just raised loses the first, now and then
    one.beacons.send(path, beacon(1));
    return other.heard(beacon(1)) > 0;
  }));
  EXPECT_EQ(other.events.datagrams[0].second, Endpoint::v4({169, 254, 7, 1}, limits::kBeaconPort));
}

TEST(Beacons, AreHeardAcrossACableByIpv4) { expect_in_room(hear_over_a_cable_by_ipv4); }

void dial_back_a_link_local_source() {
  TwoRooms rooms;
  asio::io_context io;
  Voice other{io, limits::kBeaconPort};
  ASSERT_TRUE(wait_for_path(io, other, index_of("there"), false));
  EXPECT_FALSE(other.has_path(index_of("there"), true));
  Recorder dialler;
  Lan lan{io, dialler, {}, [] { return LinkId{1}; }};
  enter(rooms.first);
  Voice one{io, limits::kBeaconPort};
  ASSERT_TRUE(wait_for_path(io, one, index_of("here"), false));
  Recorder house;
  Lan door{io, house, {}, [] { return LinkId{1}; }};
  const BeaconPath path = one.path(index_of("here"), false);
  EXPECT_TRUE(path.source.is_link_local());
  ASSERT_TRUE(run_until(io, [&] {  // a card just raised loses the first, now and then
    one.beacons.send(path, beacon(1));
    return other.heard(beacon(1)) > 0;
  }));
  Endpoint source = other.events.datagrams[0].second;
  EXPECT_EQ(source.address, path.source.address);
  EXPECT_NE(source.scope, 0u);
  source.port = door.port();
  enter(rooms.second);  // a dial belongs to the room where it is made
  lan.dial(LinkId{100}, source, kQrAnswer, {3});
  EXPECT_TRUE(run_until(io, [&] { return house.opened.size() == 1; }));
}

TEST(Beacons, AreHeardByIpv6AloneAndTheirSourceCanBeDialled) {
  expect_in_room(dial_back_a_link_local_source);
}

void take_cards_and_no_tunnels() {
  const Fd first = current_room();
  const Fd second = another_room();
  enter(first);
  lay_cable("here", "there", second);
  set_up("lo", true);
  set_up("here", true);
  give_address("here", {192, 0, 2, 2});
  asio::io_context io;
  Voice voice{io, 0};
  EXPECT_TRUE(run_until(io, [&] {  // its other end is down, which the kernel notices in a while
    voice.refresh();
    return !voice.has_path(index_of("here"), true);
  }));
  enter(second);
  set_up("there", true);
  enter(first);
  EXPECT_TRUE(wait_for_path(io, voice, index_of("here"), true));
  switch_arp_off("here");
  voice.refresh();
  EXPECT_FALSE(voice.has_path(index_of("here"), true));
  EXPECT_TRUE(voice.beacons.send(voice.path(index_of("lo"), true), beacon(4)));
  EXPECT_TRUE(run_until(io, [&] { return voice.heard(beacon(4)) == 1; }));
}

TEST(Beacons, GoOverCardsThatAreUpAndNoTunnels) { expect_in_room(take_cards_and_no_tunnels); }

void have_one_path_per_family() {
  set_up("lo", true);
  asio::io_context io;
  Voice voice{io, 0};
  OwnAddress routable;
  routable.endpoint.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  routable.interface = 9;
  routable.carries_beacons = true;
  OwnAddress local = routable;
  local.endpoint.address = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  local.endpoint.scope = 9;
  OwnAddress first4 = routable;
  first4.endpoint = Endpoint::v4({192, 0, 2, 1}, 0);
  OwnAddress second4 = routable;
  second4.endpoint = Endpoint::v4({192, 0, 2, 2}, 0);
  voice.beacons.network_changed({first4, second4, routable, local});
  ASSERT_EQ(voice.beacons.paths().size(), 2u);
  EXPECT_EQ(voice.path(9, true).source, first4.endpoint);
  EXPECT_EQ(voice.path(9, false).source, local.endpoint);
  EXPECT_FALSE(voice.beacons.send(voice.path(9, true), beacon(1)));  // no such interface
  voice.beacons.network_changed({routable});
  EXPECT_EQ(voice.path(9, false).source, routable.endpoint);
}

TEST(Beacons, HaveOnePathPerInterfaceAndFamily) { expect_in_room(have_one_path_per_family); }

void yield_to_a_port_held_by_another() {
  set_up("lo", true);
  asio::io_context io;
  Fd selfish{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const SocketAddress any = to_socket_address(Endpoint::v4({0, 0, 0, 0}, limits::kBeaconPort));
  ASSERT_EQ(bind(selfish.get(), any.get(), any.size), 0);
  Voice voice{io, limits::kBeaconPort};
  EXPECT_TRUE(voice.beacons.paths().empty());
}

TEST(Beacons, DoWithoutAFamilyWhosePortIsHeld) { expect_in_room(yield_to_a_port_held_by_another); }

}  // namespace
}  // namespace attune::net
