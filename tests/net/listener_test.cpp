#include "daemon/net/listener.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstddef>
#include <system_error>

#include "tests/net/lan_fixture.h"

namespace attune::net {
namespace {

class ListenerTest : public LanTest {};

/// How many descriptors of this process an execve would leave open.
int inheritable() {
  int count = 0;
  for (int fd = 0; fd < 1'024; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ++count;
  }
  return count;
}

TEST_F(ListenerTest, TheConfiguredPortIsTakenOrNone) {
  House first{io_};
  LanSettings settings;
  settings.port = first->port();
  EXPECT_THROW(House(io_, settings), std::system_error);
  first.lan.reset();
  House second{io_, settings};
  EXPECT_EQ(second->port(), settings.port);
}

TEST_F(ListenerTest, LastTimesPortIsTakenWhereItIsFree) {
  LanSettings settings;
  {
    House first{io_};
    settings.last_port = first->port();
    House elsewhere{io_, settings};
    EXPECT_NE(elsewhere->port(), settings.last_port);
    EXPECT_NE(elsewhere->port(), 0);
  }
  House again{io_, settings};
  EXPECT_EQ(again->port(), settings.last_port);
}

TEST_F(ListenerTest, AnInheritedSocketIsAdoptedWithWhoWaitsOnIt) {
  const int inherited = open_tcp_listener(0).release();
  ASSERT_EQ(fcntl(inherited, F_SETFD, 0), 0);  // as an execve leaves it
  const std::uint16_t port = listening_port(inherited);
  Stranger early = Stranger::connect(loopback4(port));
  early.send(hello());
  LanSettings settings;
  settings.listener_fd = inherited;
  House house{io_, settings};
  EXPECT_EQ(house->port(), port);
  EXPECT_EQ(house->listener_fd(), inherited);
  EXPECT_NE(fcntl(inherited, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_TRUE(run_until([&] { return house.events.opened.size() == 1; }));
}

TEST_F(ListenerTest, OnlyListeningSocketsOfTheFamilyAreAdopted) {
  Fd tcp{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Fd udp{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  Fd file{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Fd listening = open_tcp_listener(0);
  EXPECT_THROW(adopt_listener(tcp.get(), 0), std::system_error);
  EXPECT_THROW(adopt_listener(udp.get(), 0), std::system_error);
  EXPECT_THROW(adopt_listener(file.get(), 0), std::system_error);
  EXPECT_THROW(adopt_listener(listening.get(), AF_UNIX), std::system_error);
  EXPECT_THROW(adopt_listener(1'000'000, 0), std::system_error);
}

TEST_F(ListenerTest, EverySocketIsCloseOnExec) {
  const int before = inheritable();
  House near{io_};
  House far{io_};
  near->dial(LinkId{100}, loopback4(far->port()), kLiveAnswer, hello());
  near->dial(LinkId{101}, loopback6(far->port()), kLiveAnswer, hello());
  ASSERT_TRUE(run_until([&] { return far.events.opened.size() == 2; }));
  EXPECT_EQ(inheritable(), before);
}

/// From now on this process can make no IPv6 socket.
bool forbid_ipv6() {
  const auto family = static_cast<std::uint32_t>(offsetof(seccomp_data, args[0]));
  const auto number = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  sock_filter rules[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, number},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, static_cast<std::uint32_t>(SYS_socket)},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, family},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, AF_INET6},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EAFNOSUPPORT},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  sock_fprog program{.len = 6, .filter = rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(ListenerTest, WithoutIpv6ItListensOnIpv4) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!forbid_ipv6() || socket(AF_INET6, SOCK_STREAM, 0) >= 0) _exit(2);
    asio::io_context io;
    House house{io};
    Stranger stranger = Stranger::connect(loopback4(house->port()));
    stranger.send(hello());
    _exit(net::run_until(io, [&] { return house.events.opened.size() == 1; }) ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace attune::net
