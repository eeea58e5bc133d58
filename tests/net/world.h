#pragma once

#include <sys/socket.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/fd.h"
#include "daemon/net/lan_events.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"

namespace attune::net {

/// Runs the io_context until a condition holds; false where it does not within half a minute, which
/// is a failure of the test and never its normal course.
template <typename Condition>
bool run_until(asio::io_context& io, Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  io.restart();
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds{2});
  }
  return true;
}

/// Handles what is ready now and what follows from it at once.
inline void settle(asio::io_context& io) {
  io.restart();
  for (int round = 0; round < 20; ++round) {
    io.poll();
    io.restart();
  }
}

inline Bytes pattern(std::size_t size, std::uint8_t start = 0) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), start);
  return bytes;
}

inline Bytes frame_of(const Bytes& body) {
  Bytes out;
  append_u16be(out, static_cast<std::uint16_t>(body.size()));
  append(out, body);
  return out;
}

inline Endpoint loopback4(std::uint16_t port) { return Endpoint::v4({127, 0, 0, 1}, port); }
inline Endpoint loopback6(std::uint16_t port) {
  Endpoint endpoint;
  endpoint.address[15] = 1;
  endpoint.port = port;
  return endpoint;
}

/// The other end of a connection, as a plain socket that does what no attune would.
class Stranger {
 public:
  explicit Stranger(Fd fd) : fd_(std::move(fd)) {}
  static Stranger connect(const Endpoint& where);
  static Stranger connect_unix(const std::string& path);

  /// As much as the kernel takes at once.
  std::size_t send(ByteView bytes);
  /// What has arrived so far, all of it.
  const Bytes& heard();
  /// The connection has ended, by an end or by a reset.
  bool closed();
  void stop_sending();
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  Bytes heard_;
  bool closed_ = false;
};

/// Remembers every event.
class Recorder : public LanEvents {
 public:
  struct Opened {
    LinkId link;
    bool dialled = false;
    Endpoint remote;
  };
  void link_opened(LinkId link, bool dialled, const Endpoint& remote) override {
    opened.push_back({.link = link, .dialled = dialled, .remote = remote});
  }
  void frame(LinkId link, Bytes unit) override { units[link].push_back(std::move(unit)); }
  void link_closed(LinkId link) override { closed.push_back(link); }
  void dial_failed(LinkId link) override { failed.push_back(link); }
  void datagram(Bytes bytes, const Endpoint& source) override {
    datagrams.emplace_back(std::move(bytes), source);
  }
  void network_changed(const std::vector<OwnAddress>& addresses) override {
    networks.push_back(addresses);
  }

  std::vector<Opened> opened;
  std::map<LinkId, std::vector<Bytes>> units;
  std::vector<LinkId> closed;
  std::vector<LinkId> failed;
  std::vector<std::pair<Bytes, Endpoint>> datagrams;
  std::vector<std::vector<OwnAddress>> networks;
};

}  // namespace attune::net
