#include "proto/relay_url.h"

#include <gtest/gtest.h>

#include "proto/bytes.h"

namespace attune {
namespace {

const std::string kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

RelayUrl sample() {
  RelayUrl url;
  url.place = {.host = "relay.example", .port = 443};
  for (std::uint8_t i = 0; i < 32; ++i) url.key[i] = i;
  return url;
}

TEST(RelayUrl, IsWrittenAsItIsRead) {
  RelayUrl url = sample();
  EXPECT_EQ(to_text(url), "attune-relay://relay.example:443#" + kKey);
  url.invite = "Come-in_9";
  EXPECT_EQ(to_text(url), "attune-relay://relay.example:443/?invite=Come-in_9#" + kKey);
  url.place = {.host = "::1", .port = 1};
  EXPECT_EQ(to_text(url), "attune-relay://[::1]:1/?invite=Come-in_9#" + kKey);
  EXPECT_EQ(parse_relay_url(to_text(url)), url);
  EXPECT_EQ(parse_relay_url(to_text(sample())), sample());
}

TEST(RelayUrl, HasOneForm) {
  const std::string good = to_text(sample());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_relay_url(good.substr(0, size))) << size;
  }
  for (const std::string& bad : std::vector<std::string>{
           good + "A", good + "=", "Attune-relay://relay.example:443#" + kKey,
           "attune-relay://relay.example#" + kKey, "attune-relay://relay.example:0#" + kKey,
           "attune-relay://relay.example:00443#" + kKey, "attune-relay://:443#" + kKey,
           "attune-relay://relay.example:65536#" + kKey,
           "attune-relay://relay.example:443/#" + kKey,
           "attune-relay://relay.example:443/?invite=#" + kKey,
           "attune-relay://relay.example:443/?invite=a b#" + kKey,
           "attune-relay://relay.example:443/?invite=" + std::string(65, 'a') + "#" + kKey,
           "attune-relay://a@relay.example:443#" + kKey, "attune-relay://::1:443#" + kKey,
           "attune-relay://[relay.example]:443#" + kKey,
           "attune-relay://" + std::string(254, 'a') + ":443#" + kKey,
           // The last digit holds two bits beyond the key; they are zero.
           "attune-relay://relay.example:443#" + kKey.substr(0, 42) + "9"}) {
    EXPECT_FALSE(parse_relay_url(bad)) << bad;
  }
}

TEST(RelayUrl, EveryKeyComesBack) {
  for (int bit = 0; bit < 256; ++bit) {
    RelayUrl url = sample();
    url.key = {};
    url.key[static_cast<std::size_t>(bit / 8)] = static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_EQ(parse_relay_url(to_text(url)), url);
  }
}

TEST(HostPort, TakesNamesAndAddresses) {
  EXPECT_EQ(parse_host_port("127.0.0.1:0"), (HostPort{.host = "127.0.0.1", .port = 0}));
  EXPECT_EQ(parse_host_port("[fe80::1]:7"), (HostPort{.host = "fe80::1", .port = 7}));
  for (const char* bad : {"", ":", "a", "a:", ":1", "a:b", "a:-1", "a:1 ", "[]:1", "a/b:1"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

}  // namespace
}  // namespace attune
