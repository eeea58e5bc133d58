// Pipes of a real relay beside a raw epoll forwarder, beside strelaysrv and beside their limit.
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "tests/bench/figures.h"
#include "tests/relay/benches.h"
#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/strelaysrv.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

using Clock = bench::Stopwatch;
using bench::Figure;
using bench::seconds_since;
using namespace std::chrono_literals;

constexpr std::size_t kBlock = 256u << 10;
constexpr int kRuns = 5;

/// The two of a pair come from two sources.
std::vector<Ends> join_by_relay(const RelayUrl& url, int count) {
  std::vector<Ends> all;
  for (int i = 0; i < count; ++i) {
    PipeId id;
    std::memcpy(id.bytes.data(), &i, sizeof i);
    auto one = Device::enter(url, {.address = "127.0.0.1"});
    auto other = Device::enter(url, {.address = "127.0.0.2"});
    one->say(1, Pipe{.id = id, .side = PipeSide::kDialler});
    one->hear_a<Wait>();
    other->say(1, Pipe{.id = id, .side = PipeSide::kListener});
    for (Device* device : {&*one, &*other}) {
      device->hear_a<Ready>();
      device->say(2, PipeAck{});
    }
    all.push_back({one->leave(), other->leave()});
  }
  return all;
}

/// What the two ends of a stream do with its bytes. Ends that copy none leave the machine to what
/// is between them.
enum class Copying : std::uint8_t { kByEnds, kNone };

/// Keeps one end full until it is asked to stop; then, or where the other end is gone, it ends.
class Torrent {
 public:
  Torrent(const Ends& ends, Copying copying)
      : ends_(ends), copying_(copying), thread_([this] { pour(); }) {}
  ~Torrent() {
    ending_ = true;
    ::shutdown(ends_.one.get(), SHUT_RDWR);
    thread_.join();
  }
  Torrent(const Torrent&) = delete;
  Torrent& operator=(const Torrent&) = delete;

 private:
  void pour() {
    const Bytes block(kBlock, 1);
    const net::Fd file{::memfd_create("torrent", MFD_CLOEXEC)};
    ssize_t gone = ::write(file.get(), block.data(), block.size());
    while (gone > 0 && !ending_) {
      off_t at = 0;
      gone = copying_ == Copying::kNone
                 ? ::sendfile(ends_.one.get(), file.get(), &at, block.size())
                 : ::send(ends_.one.get(), block.data(), block.size(), MSG_NOSIGNAL);
    }
  }

  const Ends& ends_;
  const Copying copying_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

/// Reads until `bytes` have come or `span` is over, whichever is first; how many have.
std::uint64_t drink(const Ends& ends, std::uint64_t bytes, std::chrono::milliseconds span,
                    Copying copying = Copying::kByEnds) {
  const int flags = copying == Copying::kNone ? MSG_TRUNC : 0;
  Bytes room(kBlock);
  std::uint64_t drunk = 0;
  const auto begin = Clock::now();
  while (drunk < bytes && Clock::now() - begin < span) {
    const auto most = std::min<std::uint64_t>(room.size(), bytes - drunk);
    const ssize_t got = ::recv(ends.other.get(), room.data(), most, flags);
    if (got <= 0) break;
    drunk += static_cast<std::uint64_t>(got);
  }
  return drunk;
}

struct Bulk {
  double megabytes_a_second = 0;
  double seconds_a_gigabyte = 0;  ///< of the forwarder's processor time
};

/// One stream for a second; `processor_seconds` says what the forwarder has used.
Bulk bulk(const Ends& ends, Copying copying, const std::function<double()>& processor_seconds) {
  const Torrent torrent(ends, copying);
  const double used = processor_seconds();
  const auto begin = Clock::now();
  const auto bytes = static_cast<double>(drink(ends, UINT64_MAX, 1s, copying));
  return {.megabytes_a_second = bytes / seconds_since(begin) / 1e6,
          .seconds_a_gigabyte = (processor_seconds() - used) / bytes * 1e9};
}

/// Every pair throws one little message to and fro; how many came back in a second.
double little(const std::vector<Ends>& all, std::chrono::milliseconds span) {
  const net::Fd epoll{::epoll_create1(0)};
  const Bytes message(64, 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t side = 0; side < 2; ++side) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i << 1 | side;
      const int fd = side == 0 ? all[i].one.get() : all[i].other.get();
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
    }
    ::send(all[i].one.get(), message.data(), message.size(), MSG_NOSIGNAL);
  }
  std::array<epoll_event, 512> events;
  std::array<char, 256> room;
  std::uint64_t rounds = 0;
  const auto begin = Clock::now();
  while (Clock::now() - begin < span) {
    const int count = ::epoll_wait(epoll.get(), events.data(), 512, 1'000);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
      const Ends& ends = all[data >> 1];
      const int fd = (data & 1) == 0 ? ends.one.get() : ends.other.get();
      const ssize_t got = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
      if (got <= 0) continue;
      rounds += (data & 1) == 0 ? 1 : 0;
      ::send(fd, room.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    }
  }
  return static_cast<double>(rounds) / seconds_since(begin);
}

struct Bulks {
  std::vector<double> rates;
  std::vector<double> costs;
  void add(const Bulk& bulk) {
    rates.push_back(bulk.megabytes_a_second);
    costs.push_back(bulk.seconds_a_gigabyte);
  }
};

void measure_bulk(const std::string& what, Copying copying) {
  TemporaryFolder folder;
  TemporaryFolder their_folder;
  Bulks ours;
  Bulks raws;
  Bulks theirs;
  const bool beside = StrelaysrvSession::is_installed();
  for (int run = 0; run < kRuns; ++run) {
    {
      const RelayProcess relay(folder.path(), kWideConfig);
      ours.add(bulk(join_by_relay(relay.url(), 1)[0], copying,
                    [&relay] { return relay.processor_seconds(); }));
    }
    {
      const RawForwarder raw(true);
      raws.add(bulk(raw.join(1)[0], copying, [&raw] { return processor_seconds_of(raw.pid()); }));
    }
    if (!beside) continue;
    const StrelaysrvSession session(their_folder.path());
    theirs.add(bulk(session.ends(), copying,
                    [&session] { return processor_seconds_of(session.relay()); }));
  }
  const auto report = [&](const char* other, const Bulks& them, double times) {
    const double rate = bench::median(them.rates);
    bench::print({.what = what,
                  .value = bench::median(ours.rates),
                  .unit = "MB/s",
                  .floor = bench::Floor{other, rate},
                  .aim = times * rate,
                  .better = Figure::Better::kMore});
    bench::print({.what = what + ": the relay's processor for a GB",
                  .value = bench::median(ours.costs),
                  .unit = "s",
                  .floor = bench::Floor{other, bench::median(them.costs)}});
  };
  report("splice by epoll alone", raws, 0.9);
  if (beside) {
    report("strelaysrv", theirs, 2);
  } else {
    bench::remark("No strelaysrv here (Debian: syncthing-relaysrv): it is left out.");
  }
}

}  // namespace

void measure_pipe() {
  measure_bulk("a pipe in bulk", Copying::kByEnds);
  measure_bulk("a pipe in bulk, ends that copy nothing", Copying::kNone);
}

void measure_little() {
  TemporaryFolder folder;
  std::vector<double> ours;
  std::vector<double> floors;
  for (int run = 0; run < kRuns; ++run) {
    {
      const RelayProcess relay(folder.path(), kWideConfig);
      ours.push_back(little(join_by_relay(relay.url(), 1'000), 1s));
    }
    const RawForwarder raw(false);
    floors.push_back(little(raw.join(1'000), 1s));
  }
  const double floor = bench::median(floors);
  bench::print({.what = "little messages, 1,000 pairs of pipes",
                .value = bench::median(ours),
                .unit = "rounds/s",
                .floor = bench::Floor{"epoll alone", floor},
                .aim = 0.8 * floor,
                .better = Figure::Better::kMore});
}

void measure_rate() {
  TemporaryFolder folder;
  const RelayProcess relay(folder.path(), "");
  const std::vector<Ends> pair = join_by_relay(relay.url(), 1);
  const Torrent torrent(pair[0], Copying::kByEnds);
  const auto start = Clock::now();
  const std::uint64_t free = drink(pair[0], limits::kRelayPipeFreeBytes, 60s);
  bench::print({.what = "a pipe by default: its free share, as fast as it goes",
                .value = static_cast<double>(free) / seconds_since(start) / 1e6,
                .unit = "MB/s"});
  constexpr double kLimit = limits::kRelayPipeRate / 1e6;
  drink(pair[0], limits::kRelayPipeRate / 10, 60s);  // what the first tenth of a second grants
  const auto begin = Clock::now();
  const auto bytes = static_cast<double>(drink(pair[0], UINT64_MAX, 5s));
  bench::print({.what = "a pipe by default, behind that: 5 s",
                .value = bytes / seconds_since(begin) / 1e6,
                .unit = "MB/s",
                .floor = bench::Floor{"its limit", kLimit},
                .aim = 1.03 * kLimit});
}

}  // namespace attune::relay
