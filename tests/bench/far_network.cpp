#include "tests/bench/far_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "daemon/relay/tcp_listener.h"
#include "proto/bytes.h"
#include "tests/bench/figures.h"

namespace attune::bench {
namespace {

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("fails: " + command);
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void end_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

void reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

net::Fd connect_to(const HostPort& place) {
  net::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(place.port);
  ::inet_pton(AF_INET, place.host.c_str(), &to.sin_addr);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
  return fd;
}

/// Two sockets that are closed when nobody carries between them any more.
struct Ends {
  net::Fd one;
  net::Fd other;
};

/// Without looking at a condition: that is what a distance is.
void wait_until(Stopwatch::time_point moment) {
  for (auto left = moment - Stopwatch::now(); left.count() > 0; left = moment - Stopwatch::now()) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec span{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    ::ppoll(nullptr, 0, &span, nullptr);
  }
}

/// What is on its way in one direction. An empty Bytes is the end.
class Road {
 public:
  Road(std::shared_ptr<const Ends> ends, bool there, std::chrono::milliseconds delay)
      : ends_(std::move(ends)),
        from_(there ? ends_->one.get() : ends_->other.get()),
        to_(there ? ends_->other.get() : ends_->one.get()),
        delay_(delay) {}

  void travel() {
    std::thread arriving([this] { arrive(); });
    for (ssize_t got = 1; got > 0;) {
      Bytes bytes(65'536);
      got = ::recv(from_, bytes.data(), bytes.size(), 0);
      bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      const std::lock_guard lock(mutex_);
      loads_.push_back({.due = Stopwatch::now() + delay_, .bytes = std::move(bytes)});
      departed_.notify_one();
    }
    arriving.join();
  }

 private:
  struct Load {
    Stopwatch::time_point due;
    Bytes bytes;
  };

  Load next() {
    std::unique_lock lock(mutex_);
    departed_.wait(lock, [this] { return !loads_.empty(); });
    Load load = std::move(loads_.front());
    loads_.pop_front();
    return load;
  }

  void arrive() {
    for (;;) {
      const Load load = next();
      wait_until(load.due);
      if (load.bytes.empty()) break;
      ByteView left = load.bytes;
      while (!left.empty()) {
        const ssize_t gone = ::send(to_, left.data(), left.size(), MSG_NOSIGNAL);
        if (gone <= 0) break;
        left = left.subspan(static_cast<std::size_t>(gone));
      }
      if (!left.empty()) break;
    }
    ::shutdown(to_, SHUT_WR);
    ::shutdown(from_, SHUT_RD);
  }

  const std::shared_ptr<const Ends> ends_;
  const int from_;
  const int to_;
  const std::chrono::milliseconds delay_;
  std::mutex mutex_;
  std::condition_variable departed_;
  std::deque<Load> loads_;
};

[[noreturn]] void carry_all(int listener, const HostPort& to, std::chrono::milliseconds delay) {
  for (;;) {
    net::Fd came{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)};
    if (!came) continue;
    const int on = 1;
    ::setsockopt(came.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto ends = std::make_shared<const Ends>(Ends{std::move(came), connect_to(to)});
    for (const bool there : {true, false}) {
      std::thread([ends, there, delay] { Road(ends, there, delay).travel(); }).detach();
    }
  }
}

}  // namespace

FarNetwork::FarNetwork(int number) : number_(number) {
  std::array<int, 2> line{};
  if (::pipe2(line.data(), O_CLOEXEC) != 0) fail("pipe");
  const net::Fd read_end{line[0]};
  net::Fd write_end{line[1]};
  keeper_ = ::fork();
  if (keeper_ == 0) {
    end_with_parent();
    if (::unshare(CLONE_NEWNET) != 0 || ::write(write_end.get(), "1", 1) != 1) std::_Exit(1);
    for (;;) ::pause();
  }
  write_end = {};
  char ready = 0;
  if (::read(read_end.get(), &ready, 1) != 1) {
    reap(keeper_);
    throw std::runtime_error("no network namespaces here");
  }
  try {
    lay_cable();
  } catch (...) {
    reap(keeper_);
    throw;
  }
}

FarNetwork::~FarNetwork() {
  // The kernel takes the cable away with the namespace, but when it likes.
  [[maybe_unused]] const int status = std::system(("ip link del " + wire()).c_str());
  reap(keeper_);
}

void FarNetwork::lay_cable() const {
  const std::string wire = this->wire();
  const std::string net = "10.79." + std::to_string(number_);
  const std::string there = "nsenter --net=" + file() + " ";
  run("ip link add " + wire + " type veth peer name " + wire + " netns " + std::to_string(keeper_));
  for (const auto& [where, end] : {std::pair<std::string, std::string>{"", ".1"}, {there, ".2"}}) {
    // One family is enough here, and this one takes its addresses at once.
    run(where + "ip link set " + wire + " addrgenmode none");
    run(where + "ip addr add " + net + end + "/24 dev " + wire);
    run(where + "ip link set " + wire + " up");
  }
  run(there + "ip link set lo up");
}

std::string FarNetwork::wire() const { return "far" + std::to_string(number_); }

std::string FarNetwork::file() const { return "/proc/" + std::to_string(keeper_) + "/ns/net"; }

std::string FarNetwork::our_end() const { return "10.79." + std::to_string(number_) + ".1"; }

std::vector<std::string> FarNetwork::around() const { return {"nsenter", "--net=" + file()}; }

net::Fd FarNetwork::connect(const HostPort& place) const {
  net::Fd fd;
  std::exception_ptr failure;
  // A socket stays in the network that its thread was in.
  std::thread there([&] {
    try {
      const net::Fd network{::open(file().c_str(), O_RDONLY | O_CLOEXEC)};
      if (::setns(network.get(), CLONE_NEWNET) != 0) fail("setns");
      fd = connect_to(place);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  there.join();
  if (failure) std::rethrow_exception(failure);
  return fd;
}

Distance::Distance(const std::string& host, const HostPort& to, std::chrono::milliseconds delay) {
  const net::Fd listener = relay::listen_at({.host = host, .port = 0});
  ::fcntl(listener.get(), F_SETFL, 0);  // it waits
  place_ = {.host = host, .port = relay::port_of(listener)};
  pid_ = ::fork();
  if (pid_ == 0) {
    end_with_parent();
    carry_all(listener.get(), to, delay);
  }
}

Distance::~Distance() { reap(pid_); }

}  // namespace attune::bench
