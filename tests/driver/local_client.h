#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <asio/io_context.hpp>
#include <string>

#include "attune/v1/control.pb.h"
#include "daemon/net/fd.h"
#include "proto/bytes.h"
#include "proto/home.h"
#include "tests/driver/temporary_home.h"

namespace attune {

/// A local client: one connection, frames of u32be length | body.
class LocalClient {
 public:
  LocalClient(asio::io_context& io, const Home& home) : io_(io) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    home.socket().native().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  void send(const std::string& body) {
    Bytes frame;
    append_u16be(frame, static_cast<std::uint16_t>(body.size() >> 16));
    append_u16be(frame, static_cast<std::uint16_t>(body.size()));
    append(frame, as_bytes(body));
    EXPECT_EQ(::send(fd_.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frame.size()));
  }
  /// The next answer; the daemon runs until it is here.
  v1::Answer next() {
    v1::Answer answer;
    EXPECT_TRUE(run_until(io_, [&] { return take(answer); }));
    return answer;
  }
  v1::Answer ask(const v1::Request& request) {
    send(request.SerializeAsString());
    return next();
  }

 private:
  bool take(v1::Answer& answer) {
    std::uint8_t chunk[4096];
    for (ssize_t size = 0; (size = ::recv(fd_.get(), chunk, sizeof chunk, MSG_DONTWAIT)) > 0;) {
      append(heard_, ByteView(chunk, static_cast<std::size_t>(size)));
    }
    if (heard_.size() < 4) return false;
    const std::size_t size = std::size_t{heard_[2]} << 8 | heard_[3];
    if (heard_.size() < 4 + size) return false;
    EXPECT_TRUE(answer.ParseFromArray(heard_.data() + 4, static_cast<int>(size)));
    heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(4 + size));
    return true;
  }

  asio::io_context& io_;
  net::Fd fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Bytes heard_;
};

}  // namespace attune
