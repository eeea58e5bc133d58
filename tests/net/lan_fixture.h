#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "daemon/net/lan.h"
#include "tests/net/world.h"

namespace attune::net {

/// One LAN port of ours and what it tells.
struct House {
  explicit House(asio::io_context& io, const LanSettings& settings = {}, std::uint64_t first_id = 1)
      : next(first_id),
        lan(std::make_unique<Lan>(io, events, settings, [this] { return LinkId{next++}; })) {}

  Lan* operator->() { return lan.get(); }

  std::uint64_t next;
  Recorder events;
  std::unique_ptr<Lan> lan;
};

class LanTest : public testing::Test {
 protected:
  /// A greeting as protocol version 1 begins: the version and 64 more bytes.
  static Bytes hello() {
    Bytes bytes = pattern(65, 9);
    bytes[0] = 1;
    return bytes;
  }

  template <typename Condition>
  bool run_until(Condition holds) {
    return net::run_until(io_, holds);
  }
  /// A stranger who has said hello, as the owner sees it.
  Stranger guest(House& house) {
    const std::size_t before = house.events.opened.size();
    Stranger stranger = Stranger::connect(loopback4(house->port()));
    stranger.send(hello());
    EXPECT_TRUE(run_until([&] { return house.events.opened.size() == before + 1; }));
    return stranger;
  }

  asio::io_context io_;
};

}  // namespace attune::net
