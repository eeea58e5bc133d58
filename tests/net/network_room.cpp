#include "tests/net/network_room.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "proto/bytes.h"

namespace attune::net {
namespace {

constexpr int kForbiddenCode = 77;

void check(bool good, const std::string& what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

bool enter_new_namespace() {
  return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

[[noreturn]] void run_and_exit(const std::function<void()>& body) {
  if (!enter_new_namespace()) _exit(kForbiddenCode);
  try {
    body();
  } catch (const std::exception& failure) {
    ADD_FAILURE() << failure.what();
  }
  std::fflush(nullptr);
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

void control(unsigned long what, ifreq& request) {
  Fd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  check(ioctl(socket.get(), what, &request) == 0, request.ifr_name);
}

template <typename Change>
void change_flags(const std::string& name, Change change) {
  ifreq request = request_for(name);
  control(SIOCGIFFLAGS, request);
  request.ifr_flags = static_cast<short>(change(request.ifr_flags));
  control(SIOCSIFFLAGS, request);
}

sockaddr in_address(std::array<std::uint8_t, 4> bytes) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::memcpy(&address.sin_addr, bytes.data(), bytes.size());
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  return generic;
}

/// A netlink request under construction: structures and attributes, each at a multiple of four.
class NetlinkRequest {
 public:
  template <typename T>
  void add(const T& value) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
    append(bytes_, ByteView{from, sizeof value});
    align();
  }
  void add_attribute(std::uint16_t type, ByteView value) {
    const std::size_t start = begin(type);
    append(bytes_, value);
    end(start);
  }
  std::size_t begin(std::uint16_t type) {
    const std::size_t start = bytes_.size();
    add(rtattr{.rta_len = 0, .rta_type = type});
    return start;
  }
  void end(std::size_t start) {
    const auto size = static_cast<std::uint16_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start, &size, sizeof size);
    align();
  }
  void perform() {
    const auto size = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &size, sizeof size);
    Fd socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    check(send(socket.get(), bytes_.data(), bytes_.size(), 0) >= 0, "netlink");
    struct {
      nlmsghdr head{};
      nlmsgerr error{};
      std::array<char, 4'096> rest{};
    } answer;
    check(recv(socket.get(), &answer, sizeof answer, 0) > 0, "netlink");
    errno = -answer.error.error;
    check(answer.error.error == 0, "netlink");
  }

 private:
  void align() { bytes_.resize((bytes_.size() + 3) & ~std::size_t{3}); }
  Bytes bytes_;
};

NetlinkRequest new_link(const std::string& name) {
  NetlinkRequest request;
  nlmsghdr head{};
  head.nlmsg_type = RTM_NEWLINK;
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  request.add(head);
  request.add(ifinfomsg{});
  request.add_attribute(IFLA_IFNAME, as_bytes(name + '\0'));
  return request;
}

}  // namespace

void expect_in_room(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) run_and_exit(body);
  int status = -1;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << "the room ended with signal " << WTERMSIG(status);
  if (WEXITSTATUS(status) == kForbiddenCode) {
    std::cerr << "this machine allows no network namespaces: NOTHING WAS CHECKED by this test\n";
    return;
  }
  EXPECT_EQ(WEXITSTATUS(status), 0) << "an expectation inside the room failed, see above";
}

Fd current_room() {
  Fd room{open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  check(static_cast<bool>(room), "the network namespace");
  return room;
}

Fd another_room() {
  check(unshare(CLONE_NEWNET) == 0, "a second network namespace");
  return current_room();
}

void enter(const Fd& room) { check(setns(room.get(), CLONE_NEWNET) == 0, "entering a namespace"); }

void lay_cable(const std::string& here, const std::string& there, const Fd& other_room) {
  NetlinkRequest request = new_link(here);
  const std::size_t info = request.begin(IFLA_LINKINFO);
  request.add_attribute(IFLA_INFO_KIND, as_bytes("veth"));
  const std::size_t data = request.begin(IFLA_INFO_DATA);
  const std::size_t peer = request.begin(VETH_INFO_PEER);
  request.add(ifinfomsg{});
  request.add_attribute(IFLA_IFNAME, as_bytes(there + '\0'));
  const std::size_t room = request.begin(IFLA_NET_NS_FD);
  request.add(static_cast<std::uint32_t>(other_room.get()));
  request.end(room);
  request.end(peer);
  request.end(data);
  request.end(info);
  request.perform();
}

void set_up(const std::string& name, bool up) {
  change_flags(name, [up](int flags) { return up ? flags | IFF_UP : flags & ~IFF_UP; });
}

void switch_arp_off(const std::string& name) {
  change_flags(name, [](int flags) { return flags | IFF_NOARP; });
}

void give_address(const std::string& name, std::array<std::uint8_t, 4> address) {
  ifreq request = request_for(name);
  request.ifr_addr = in_address(address);
  control(SIOCSIFADDR, request);
  request = request_for(name);
  request.ifr_netmask = in_address({255, 255, 255, 0});
  control(SIOCSIFNETMASK, request);
}

std::uint32_t index_of(const std::string& name) { return if_nametoindex(name.c_str()); }

}  // namespace attune::net
