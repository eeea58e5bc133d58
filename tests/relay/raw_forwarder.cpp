#include "tests/relay/raw_forwarder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "daemon/relay/tcp_listener.h"
#include "tests/relay/device.h"

namespace attune::relay {
namespace {

struct Way {
  int from = -1;
  int to = -1;
  int pipe_out = -1;
  int pipe_in = -1;
  std::size_t held = 0;
};

void move_by_copy(const Way& way) {
  static std::array<char, 65'536> scratch;
  for (;;) {
    const ssize_t got = ::recv(way.from, scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    if (::send(way.to, scratch.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) return;
    if (static_cast<std::size_t>(got) < scratch.size()) return;
  }
}

void move_by_splice(Way& way) {
  constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  for (;;) {
    if (way.held == 0) {
      const ssize_t got = ::splice(way.from, nullptr, way.pipe_in, nullptr, 1u << 18, kFlags);
      if (got == 0) ::shutdown(way.to, SHUT_WR);
      if (got <= 0) return;
      way.held = static_cast<std::size_t>(got);
    }
    const ssize_t gone = ::splice(way.pipe_out, nullptr, way.to, nullptr, way.held, kFlags);
    if (gone <= 0) return;
    way.held -= static_cast<std::size_t>(gone);
  }
}

class Loop {
 public:
  Loop(int listener, bool splices) : listener_(listener), splices_(splices) {
    watch(listener, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), 256, -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          accept();
          continue;
        }
        Way& way = ways_[static_cast<std::size_t>(event.data.fd)];
        move(way);
        if ((event.events & EPOLLOUT) != 0) move(ways_[static_cast<std::size_t>(way.to)]);
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void move(Way& way) const {
    if (splices_) {
      move_by_splice(way);
    } else {
      move_by_copy(way);
    }
  }

  void accept() {
    const int fresh = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fresh < 0) return;
    if (waiting_ < 0) {
      waiting_ = fresh;
      return;
    }
    for (const auto& [from, to] : {std::pair{waiting_, fresh}, std::pair{fresh, waiting_}}) {
      Way way{.from = from, .to = to};
      if (splices_) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_NONBLOCK) != 0) std::_Exit(1);
        ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 18);
        way.pipe_out = ends[0];
        way.pipe_in = ends[1];
      }
      ways_[static_cast<std::size_t>(from)] = way;
    }
    for (const int end : {waiting_, fresh}) {
      watch(end, splices_ ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN | EPOLLET);
    }
    waiting_ = -1;
  }

  const int epoll_ = ::epoll_create1(0);
  const int listener_;
  const bool splices_;
  std::vector<Way> ways_ = std::vector<Way>(1 << 16);
  int waiting_ = -1;
};

}  // namespace

RawForwarder::RawForwarder(bool splices) {
  const net::Fd listener = listen_at({.host = "127.0.0.1", .port = 0});
  port_ = port_of(listener);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Loop(listener.get(), splices).run();
  }
}

RawForwarder::~RawForwarder() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::vector<Ends> RawForwarder::join(int count) const {
  std::vector<Ends> all;
  for (int i = 0; i < count; ++i) {
    Ends ends;
    for (net::Fd* end : {&ends.one, &ends.other}) {
      *end = connect_from({.host = "127.0.0.1", .port = port_}, "127.0.0.1");
    }
    all.push_back(std::move(ends));
  }
  return all;
}

}  // namespace attune::relay
