#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <random>

namespace attune::load {

/// A non-blocking TCP connection to 127.0.0.1, under way, from a drawn address of 127.0.0.0/8: one
/// address has too few ports. -1 where the machine has no more.
inline int connect_from_somewhere(std::uint16_t port, std::mt19937_64& draw) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(0x7f010000U | (1U + static_cast<std::uint32_t>(draw() % 0xfffdU)));
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* from = reinterpret_cast<const sockaddr*>(&here);
  const auto* to = reinterpret_cast<const sockaddr*>(&there);
  if (bind(fd, from, sizeof here) != 0 ||
      (connect(fd, to, sizeof there) != 0 && errno != EINPROGRESS)) {
    close(fd);
    return -1;
  }
  return fd;
}

/// Closes with a reset, so that no port stays behind in TIME_WAIT.
inline void reset(int fd) {
  const linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

/// As many descriptors as this process may have.
inline void take_all_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace attune::load
