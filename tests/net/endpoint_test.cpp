#include "proto/endpoint.h"

#include <gtest/gtest.h>

#include "tests/net/world.h"

namespace attune {
namespace {

Endpoint v6() {
  Endpoint endpoint;
  endpoint.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  endpoint.port = 4'711;
  return endpoint;
}
Endpoint v4() { return Endpoint::v4({192, 0, 2, 7}, 4'711); }

std::optional<Endpoint> decode(ByteView bytes) {
  Reader reader{bytes};
  auto endpoint = take_endpoint(reader);
  if (endpoint && !reader.done()) return std::nullopt;
  return endpoint;
}

TEST(Endpoint, IsTheSameAfterTheWire) {
  for (const Endpoint& endpoint : {v4(), v6()}) {
    Bytes wire;
    append_endpoint(wire, endpoint);
    EXPECT_EQ(wire.size(), endpoint.is_v4() ? 7u : 19u);
    EXPECT_EQ(decode(wire), endpoint);
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
      EXPECT_FALSE(decode(ByteView{wire}.first(cut))) << cut;
    }
  }
}

TEST(Endpoint, HasItsBytesInNetworkOrder) {
  Bytes wire;
  append_endpoint(wire, v4());
  EXPECT_EQ(to_hex(wire), "04c00002071267");
}

TEST(Endpoint, ItsScopeNeverTravels) {
  Endpoint local;
  local.address = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  local.port = 1;
  Bytes without;
  append_endpoint(without, local);
  local.scope = 3;
  Bytes with;
  append_endpoint(with, local);
  EXPECT_EQ(with, without);
}

TEST(Endpoint, OnlyWhatCanBeDialledIsTaken) {
  auto refused = [](const char* hex) { return !decode(*from_hex(hex)); };
  EXPECT_TRUE(refused("05c00002071267"));  // a kind we do not know
  EXPECT_TRUE(refused("04c00002070000"));  // port 0
  EXPECT_TRUE(refused("04000000001267"));  // nobody
  EXPECT_TRUE(refused("04ef4d09011267"));  // a group
  EXPECT_TRUE(refused("04ffffffff1267"));  // everybody
  EXPECT_TRUE(refused("06000000000000000000000000000000001267"));
  EXPECT_TRUE(refused("06ff0200000000000000000000000000011267"));
  EXPECT_TRUE(refused("0600000000000000000000ffffc00002071267"));  // IPv4 has its own form
  EXPECT_FALSE(refused("0620010db80000000000000000000000071267"));
}

TEST(Endpoint, IsTheSameAfterItsText) {
  EXPECT_EQ(to_text(v4()), "192.0.2.7:4711");
  EXPECT_EQ(to_text(v6()), "[2001:db8::7]:4711");
  Endpoint local;
  local.address = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  local.port = 80;
  local.scope = 3;
  EXPECT_EQ(to_text(local), "[fe80::1%3]:80");
  for (const Endpoint& endpoint : {v4(), v6(), local}) {
    EXPECT_EQ(parse_endpoint(to_text(endpoint)), endpoint);
  }
}

TEST(Endpoint, OtherTextIsRefused) {
  for (const char* text : {"",
                           ":",
                           ":1",
                           "192.0.2.7",
                           "192.0.2.7:",
                           "192.0.2.7:0",
                           "192.0.2.7:65536",
                           "192.0.2.7:-1",
                           "192.0.2.7:1x",
                           "192.0.2:1",
                           "host:1",
                           "[::1]",
                           "[::1]:",
                           "[::1:1",
                           "::1:1",
                           "[]:1",
                           "[::1%0]:1",
                           "[fe80::1%]:1",
                           "[fe80::1%eth0]:1",
                           "[2001:db8::1%3]:1",
                           "[192.0.2.7]:1",
                           "[::1]x:1"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(Endpoint, KnowsWhatItsAddressIs) {
  EXPECT_TRUE(net::loopback4(1).is_loopback());
  EXPECT_TRUE(net::loopback6(1).is_loopback());
  EXPECT_FALSE(v4().is_loopback());
  EXPECT_FALSE(v6().is_loopback());
  EXPECT_TRUE(Endpoint::v4({169, 254, 1, 1}, 1).is_link_local());
  EXPECT_FALSE(v4().is_link_local());
  EXPECT_FALSE(v6().is_link_local());
  EXPECT_TRUE(v4().is_unicast());
  EXPECT_TRUE(v6().is_unicast());
}

}  // namespace
}  // namespace attune
