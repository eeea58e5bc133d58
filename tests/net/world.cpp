#include "tests/net/world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/net/socket_address.h"

namespace attune::net {

Stranger Stranger::connect(const Endpoint& where) {
  const SocketAddress address = to_socket_address(where);
  Fd fd{socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::connect(fd.get(), address.get(), address.size), 0) << std::strerror(errno);
  return Stranger{std::move(fd)};
}

Stranger Stranger::connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Fd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(::connect(fd.get(), generic, sizeof address), 0) << std::strerror(errno);
  return Stranger{std::move(fd)};
}

std::size_t Stranger::send(ByteView bytes) {
  const ssize_t size = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

const Bytes& Stranger::heard() {
  std::array<std::uint8_t, 65'536> buffer{};
  while (!closed_) {
    const ssize_t size = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (size <= 0) {
      closed_ = true;
    } else {
      heard_.insert(heard_.end(), buffer.begin(), buffer.begin() + size);
    }
  }
  return heard_;
}

bool Stranger::closed() {
  heard();
  return closed_;
}

void Stranger::stop_sending() { shutdown(fd_.get(), SHUT_WR); }

}  // namespace attune::net
