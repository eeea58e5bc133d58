// Two daemons that reach a relay and nobody else, and how long a write takes from one to the other
// beside the way of a few bytes to the relay and back, at the same time and over the same distance.
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>

#include "crypto/random.h"
#include "daemon/relay/tcp_listener.h"
#include "tests/bench/benches.h"
#include "tests/bench/durable_replica.h"
#include "tests/bench/far_network.h"
#include "tests/bench/figures.h"
#include "tests/bench/live_daemon.h"
#include "tests/bench/raw_store.h"
#include "tests/relay/relay_process.h"

namespace attune::bench {
namespace {

constexpr std::size_t kEntryBytes = 200;
constexpr std::size_t kSeen = 300;
constexpr std::size_t kEchoBytes = 512;  // about one frame of a small write
constexpr double kAllowed = 5;           // ms beside the round trip
constexpr int kNoNetworks = 77;

/// Sends back what comes, to one after the other.
class Echo {
 public:
  Echo() : listener_(relay::listen_at({.host = "0.0.0.0", .port = 0})) {
    ::fcntl(listener_.get(), F_SETFL, 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~Echo() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  [[nodiscard]] std::uint16_t port() const { return relay::port_of(listener_); }

 private:
  void serve() {
    for (;;) {
      const net::Fd came{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!came) return;
      std::array<char, kEchoBytes> room;
      for (ssize_t got = 1; got > 0;) {
        got = ::recv(came.get(), room.data(), room.size(), 0);
        if (got > 0) got = ::send(came.get(), room.data(), static_cast<std::size_t>(got), 0);
      }
    }
  }

  net::Fd listener_;
  std::thread thread_;
};

void round_trip(const net::Fd& end) {
  std::array<char, kEchoBytes> room{};
  ::send(end.get(), room.data(), room.size(), MSG_NOSIGNAL);
  const ssize_t got = ::recv(end.get(), room.data(), room.size(), MSG_WAITALL);
  if (got != ssize_t{kEchoBytes}) throw std::runtime_error("no echo");
}

/// What no write can do without, at the pace of writes that are each awaited.
struct Bare {
  std::vector<double> round_trips_ms;
  std::vector<double> commits_ms;

  void measure(const net::Fd& line, RawStore& store) {
    crypto::SystemRandom random;
    for (std::size_t i = 0; i < kSeen / 2; ++i) {
      round_trips_ms.push_back(1e3 * seconds_of([&line] { round_trip(line); }));
      const auto id = random.bytes<16>();
      commits_ms.push_back(1e3 * seconds_of([&] {
                             store.commit({{.id = Bytes(id.begin(), id.end()), .box = Bytes(336)}});
                           }));
    }
  }
};

/// One who is far from the relay.
struct Remote {
  Remote(const std::filesystem::path& folder, const std::string& name, int number)
      : network(number), daemon(folder, name, network.around()) {
    daemon.start();
    daemon.init();
  }
  /// Where `port` of our machine is from there, so far away.
  HostPort place(std::uint16_t port, std::chrono::milliseconds delay) {
    if (delay.count() == 0) return {.host = network.our_end(), .port = port};
    return distances.emplace_back(network.our_end(), HostPort{"127.0.0.1", port}, delay).place();
  }

  FarNetwork network;
  std::deque<Distance> distances;
  LiveDaemon daemon;
};

void measure_at(std::chrono::milliseconds delay) {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "relay");
  const relay::RelayProcess relay(folder.path() / "relay", "", {.host = "0.0.0.0", .port = 0});
  const Echo echo;
  Remote ada(folder.path(), "ada", 1);
  Remote ben(folder.path(), "ben", 2);
  for (Remote* each : {&ada, &ben}) {
    RelayUrl url = relay.url();
    url.place = each->place(relay.url().place.port, delay);
    each->daemon.reach_relay(to_text(url));
  }
  LiveDaemon::pair(ada.daemon, ben.daemon);
  ben.daemon.exchange();
  const net::Fd line = ada.network.connect(ada.place(echo.port(), delay));
  RawStore store(folder.path() / "raw.db");
  Bare bare;
  bare.measure(line, store);
  const std::vector<double> seen = seen_after_ms(ada.daemon, ben.daemon, kSeen, kEntryBytes);
  bare.measure(line, store);
  const Floor floor{"a round trip to the relay", percentile(bare.round_trips_ms, 0.5)};
  const std::string where = "relay " + std::to_string(delay.count()) + " ms away: ";
  print({.what = where + "written here, visible there: p50",
         .value = percentile(seen, 0.5),
         .unit = "ms",
         .floor = floor,
         .aim = floor.value + kAllowed});
  print({.what = where + "p95", .value = percentile(seen, 0.95), .unit = "ms", .floor = floor});
  print({.what = where + "of it, a bare commit on each side: p50",
         .value = 2 * percentile(bare.commits_ms, 0.5),
         .unit = "ms"});
}

}  // namespace

void measure_relay() {
  begin_table("Two daemons in two networks, and a relay that both reach");
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    // A network of its own, which joins the others to nothing.
    if (::unshare(CLONE_NEWNET) != 0) std::_Exit(kNoNetworks);
    if (std::system("ip link set lo up") != 0) std::_Exit(kNoNetworks);
    try {
      for (const int delay : {0, 20}) measure_at(std::chrono::milliseconds(delay));
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "attune-bench: %s\n", failure.what());
      std::_Exit(1);
    }
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoNetworks) {
    remark("No network namespaces for this user: latency through a relay is left out.");
  } else if (status != 0) {
    throw std::runtime_error("the relay between two networks");
  }
}

}  // namespace attune::bench
