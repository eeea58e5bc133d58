// A real relay beside what the machine can do at most, in the same run: a raw epoll forwarder, bare
// X25519, one commit a message. `attune_relay_bench [pipe|little|memory|handshake|puts|push]...`.
// Each line: a figure, its floor, the ratio. Figures count on a machine that does nothing else.
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "crypto/labels.h"
#include "daemon/relay/sqlite_store.h"
#include "daemon/relay/tcp_listener.h"
#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

const char* const kConfig =
    "[limits]\nputs_per_second = 65535\nputs_burst = 65535\nconnects_per_second = 1000000\n"
    "connections_per_source = 1000000\nnew_bytes_per_day = 1000000000000\nhalf_open = 20000\n"
    "pipe_free_bytes_per_day = 1000000000000000\n";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void report(const char* what, double figure, double floor, const char* unit) {
  std::printf("%-44s %12.1f  floor %12.1f %-10s ratio %.2f\n", what, figure, floor, unit,
              figure / floor);
  std::fflush(stdout);
}

/// Two ends that reach each other through a forwarder.
struct Ends {
  net::Fd one;
  net::Fd other;
};

/// The least that a forwarder can be: joins each two connections that come, and moves bytes in one
/// epoll loop, by splice or by recv and send. Runs in a process of its own.
class RawForwarder {
 public:
  explicit RawForwarder(bool splices) {
    net::Fd listener = listen_at({.host = "127.0.0.1", .port = 0});
    port_ = port_of(listener);
    pid_ = ::fork();
    if (pid_ == 0) forward(listener.get(), splices);
  }
  ~RawForwarder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  RawForwarder(const RawForwarder&) = delete;
  RawForwarder& operator=(const RawForwarder&) = delete;

  [[nodiscard]] std::vector<Ends> join(int count) const {
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

 private:
  struct Way {
    int from = -1;
    int to = -1;
    int pipe_out = -1;
    int pipe_in = -1;
    std::size_t held = 0;
  };

  static void move(Way& way, bool splices) {
    static std::array<char, 65'536> scratch;
    for (;;) {
      if (!splices) {
        const ssize_t got = ::recv(way.from, scratch.data(), scratch.size(), MSG_DONTWAIT);
        if (got <= 0) return;
        if (::send(way.to, scratch.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) return;
        if (static_cast<std::size_t>(got) < scratch.size()) return;
        continue;
      }
      if (way.held == 0) {
        const ssize_t got = ::splice(way.from, nullptr, way.pipe_in, nullptr, 1u << 18,
                                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (got == 0) ::shutdown(way.to, SHUT_WR);
        if (got <= 0) return;
        way.held = static_cast<std::size_t>(got);
      }
      const ssize_t gone = ::splice(way.pipe_out, nullptr, way.to, nullptr, way.held,
                                    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (gone <= 0) return;
      way.held -= static_cast<std::size_t>(gone);
    }
  }

  [[noreturn]] static void forward(int listener, bool splices) {
    const int epoll = ::epoll_create1(0);
    std::vector<Way> ways(1 << 16);
    const auto watch = [epoll](int fd, std::uint32_t events) {
      epoll_event event{};
      event.events = events;
      event.data.fd = fd;
      ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    };
    watch(listener, EPOLLIN);
    int waiting = -1;
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll, events.data(), 256, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd != listener) {
          Way& way = ways[static_cast<std::size_t>(fd)];
          move(way, splices);
          if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) {
            move(ways[static_cast<std::size_t>(way.to)], splices);
          }
          continue;
        }
        const int fresh = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (fresh < 0) continue;
        if (waiting < 0) {
          waiting = fresh;
          continue;
        }
        for (const auto& [from, to] : {std::pair{waiting, fresh}, std::pair{fresh, waiting}}) {
          Way way{.from = from, .to = to};
          if (splices) {
            std::array<int, 2> ends{};
            if (::pipe2(ends.data(), O_NONBLOCK) != 0) std::_Exit(1);
            ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 18);
            way.pipe_out = ends[0];
            way.pipe_in = ends[1];
          }
          ways[static_cast<std::size_t>(from)] = way;
        }
        for (const int end : {waiting, fresh}) {
          watch(end, splices ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN | EPOLLET);
        }
        waiting = -1;
      }
    }
  }

  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

std::vector<Ends> join_by_relay(const RelayUrl& url, int count) {
  std::vector<Ends> all;
  for (int i = 0; i < count; ++i) {
    PipeId id;
    std::memcpy(id.bytes.data(), &i, sizeof i);
    auto one = Device::enter(url);
    auto other = Device::enter(url);
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

double bulk(const Ends& ends, std::chrono::milliseconds span) {
  std::atomic<bool> ending = false;
  std::thread sending([&] {
    const Bytes block(256u << 10, 1);
    while (!ending && ::send(ends.one.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    ::shutdown(ends.one.get(), SHUT_WR);
  });
  Bytes room(256u << 10);
  std::size_t bytes = 0;
  const auto begin = Clock::now();
  double seconds = 0;
  for (;;) {
    const ssize_t got = ::recv(ends.other.get(), room.data(), room.size(), 0);
    if (got <= 0) break;
    bytes += static_cast<std::size_t>(got);
    if (!ending && Clock::now() - begin > span) {
      seconds = seconds_since(begin);
      ending = true;
      break;
    }
  }
  while (::recv(ends.other.get(), room.data(), room.size(), 0) > 0) {
  }
  sending.join();
  return static_cast<double>(bytes) / seconds / 1e6;
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

void measure_pipe() {
  TemporaryFolder folder;
  std::vector<double> ours;
  std::vector<double> floors;
  for (int run = 0; run < 5; ++run) {
    {
      const RelayProcess relay(folder.path(), kConfig);
      ours.push_back(bulk(join_by_relay(relay.url(), 1)[0], 1s));
    }
    const RawForwarder raw(true);
    floors.push_back(bulk(raw.join(1)[0], 1s));
  }
  report("pipe in bulk", median(ours), median(floors), "MB/s");
}

void measure_little() {
  TemporaryFolder folder;
  std::vector<double> ours;
  std::vector<double> floors;
  for (int run = 0; run < 5; ++run) {
    {
      const RelayProcess relay(folder.path(), kConfig);
      ours.push_back(little(join_by_relay(relay.url(), 1'000), 1s));
    }
    const RawForwarder raw(false);
    floors.push_back(little(raw.join(1'000), 1s));
  }
  report("little messages, 1,000 pairs", median(ours), median(floors), "round/s");
}

/// Bytes in these slabs of the kernel, which connections consist of.
double slab_bytes() {
  std::ifstream in("/proc/slabinfo");
  double bytes = 0;
  for (std::string line; std::getline(in, line);) {
    std::istringstream row(line);
    std::string name;
    double active = 0;
    double all = 0;
    double size = 0;
    row >> name >> active >> all >> size;
    for (const char* ours : {"TCP", "sock_inode_cache", "filp", "eventpoll_epi", "eventpoll_pwq",
                             "dentry", "request_sock_TCP", "tw_sock_TCP", "tcp_bind_bucket"}) {
      if (name == ours) bytes += active * size;
    }
  }
  return bytes;
}

void measure_memory() {
  constexpr int kCount = 5'000;
  TemporaryFolder folder;
  const RelayProcess relay(folder.path(), kConfig);
  std::vector<Device> devices;
  const auto add = [&](int number) {
    auto device = Device::enter(relay.url(), {.keepalive = 1'800s});
    const auto from =
        device->open(capability_of(static_cast<unsigned>(number)), MailboxRole::kReader);
    device->say(2, Subscribe{.handle = from->handle, .after = 0, .window = 16});
    devices.push_back(std::move(*device));
  };
  for (int i = 0; i < 500; ++i) add(i);  // what is there once is there
  devices.back().say(3, Ping{});
  devices.back().hear_a<Pong>();
  const auto resident = static_cast<double>(relay.resident_bytes());
  const double slabs = slab_bytes();
  for (int i = 0; i < kCount; ++i) add(1'000 + i);
  devices.back().say(3, Ping{});
  devices.back().hear_a<Pong>();
  const double user = (static_cast<double>(relay.resident_bytes()) - resident) / kCount;
  // Half of what the kernel took is the devices' own ends.
  const double kernel = (slab_bytes() - slabs) / kCount / 2;
  report("an idle subscriber: the relay's memory", user, 4'096, "bytes");
  report("an idle subscriber: with the kernel's", user + kernel, 9'216, "bytes");
}

void measure_handshakes() {
  crypto::SystemRandom random;
  const auto key = crypto::KeyPair::generate(random);
  const auto point = crypto::KeyPair::generate(random).public_key;
  std::vector<double> ours;
  std::vector<double> floors;
  constexpr int kRounds = 2'000;
  for (int run = 0; run < 7; ++run) {
    auto begin = Clock::now();
    for (int i = 0; i < kRounds; ++i) {
      crypto::NoiseParty party;
      party.prologue = lv(crypto::labels::kRelay);
      party.remote_static = key.public_key;
      crypto::NoiseHandshake device("Noise_NK_25519_ChaChaPoly_BLAKE2b", std::move(party), random);
      crypto::NoiseParty server;
      server.role = crypto::NoiseRole::kResponder;
      server.prologue = lv(crypto::labels::kRelay);
      server.static_key = key.clone();
      crypto::NoiseHandshake relay("Noise_NK_25519_ChaChaPoly_BLAKE2b", std::move(server), random);
      relay.read(*device.write({}));
      device.read(*relay.write({}));
      const auto sides = {device.split(), relay.split()};
      static_cast<void>(sides);
    }
    ours.push_back(kRounds / seconds_since(begin));
    begin = Clock::now();
    for (int i = 0; i < kRounds; ++i) {
      for (int each = 0; each < 2; ++each) crypto::KeyPair::generate(random);
      for (int each = 0; each < 4; ++each) static_cast<void>(crypto::x25519(key.secret, point));
    }
    floors.push_back(kRounds / seconds_since(begin));
  }
  report("NK handshakes, both sides", median(ours), median(floors), "a second");
}

double one_commit_a_message() {
  TemporaryFolder folder;
  SqliteStore store(folder.path() / "m.db");
  store.begin();
  const MailboxRow row = store.create(MailboxId{}, 1);
  store.commit();
  const Bytes body(960, 1);
  const auto begin = Clock::now();
  std::uint64_t seq = 0;
  while (seconds_since(begin) < 1.5) {
    store.begin();
    store.append(row.key, ++seq, 1, body);
    store.commit();
  }
  return static_cast<double>(seq) / seconds_since(begin);
}

/// Puts of one writer, and what its reader is pushed and acknowledges.
struct Flow {
  Device writer;
  Device reader;
  Ok to;
  Ok from;
  std::uint64_t sent = 0;
  std::uint64_t taken = 0;
};

Flow make_flow(const RelayUrl& url, std::uint64_t number) {
  Flow flow{.writer = *Device::enter(url), .reader = *Device::enter(url), .to = {}, .from = {}};
  flow.to = *flow.writer.open(capability_of(number), MailboxRole::kWriter);
  flow.from = *flow.reader.open(capability_of(number), MailboxRole::kReader);
  flow.reader.say(2, Subscribe{.handle = flow.from.handle, .after = 0, .window = 256});
  return flow;
}

void measure_puts() {
  TemporaryFolder folder;
  std::vector<double> ours;
  std::vector<double> floors;
  for (int run = 0; run < 3; ++run) {
    const RelayProcess relay(folder.path(), kConfig);
    std::vector<Flow> flows;
    for (std::uint64_t i = 0; i < 16; ++i) {
      flows.push_back(make_flow(relay.url(), static_cast<std::uint64_t>(run) * 100 + i));
    }
    const Bytes body(960, 1);
    std::atomic<bool> ending = false;
    std::atomic<std::uint64_t> pushed = 0;
    std::thread reading([&] {
      while (!ending) {
        for (Flow& flow : flows) {
          std::uint64_t last = 0;
          while (true) {
            const Heard heard = flow.reader.hear(0ms);
            if (heard.as<Message>() == nullptr) break;
            last = heard.as<Message>()->seq;
            pushed += 1;
          }
          if (last > 0) flow.reader.say(3, Acknowledge{.handle = flow.from.handle, .seq = last});
        }
      }
    });
    const auto begin = Clock::now();
    while (seconds_since(begin) < 2) {
      for (Flow& flow : flows) {
        // The rate of one session is bounded, and a window of 256 keeps a writer before its reader.
        while (flow.sent < flow.taken + 240 && flow.sent < 60'000) {
          flow.writer.add(1, Put{.handle = flow.to.handle, .wseq = ++flow.sent, .body = body});
        }
        flow.writer.send();
        for (;;) {
          const Heard heard = flow.writer.hear(0ms);
          if (heard.as<PutOk>() == nullptr) break;
          flow.taken += 1;
        }
      }
    }
    ours.push_back(static_cast<double>(pushed) / seconds_since(begin));
    ending = true;
    reading.join();
    floors.push_back(one_commit_a_message());
  }
  report("durable puts of 960, pushed and acknowledged", median(ours), median(floors), "a second");
}

void measure_push() {
  TemporaryFolder folder;
  const RelayProcess relay(folder.path(), kConfig);
  Flow flow = make_flow(relay.url(), 1);
  constexpr std::uint64_t kPerSecond = 5'000;
  constexpr std::uint64_t kCount = 15'000;
  std::vector<Clock::time_point> begun(kCount + 1);
  std::vector<double> delays;
  std::thread reading([&] {
    for (std::uint64_t seq = 1; seq <= kCount; ++seq) {
      const Heard heard = flow.reader.hear();
      if (heard.as<Message>() == nullptr) return;
      delays.push_back(seconds_since(begun[seq]) * 1e3);
      if (seq % 32 == 0) {
        flow.reader.say(3, Acknowledge{.handle = flow.from.handle, .seq = seq});
      }
    }
  });
  const Bytes body(960, 1);
  const auto begin = Clock::now();
  std::uint64_t sent = 0;
  while (sent < kCount) {
    const auto due =
        std::min(kCount, static_cast<std::uint64_t>(seconds_since(begin) * kPerSecond));
    while (sent < due) {
      begun[++sent] = Clock::now();
      flow.writer.say(1, Put{.handle = flow.to.handle, .wseq = sent, .body = body});
    }
    while (flow.writer.hear(0ms).message) {
    }
  }
  reading.join();
  std::ranges::sort(delays);
  report("push at 5,000 puts a second, p99", delays[delays.size() * 99 / 100], 10, "ms");
  report("push at 5,000 puts a second, median", delays[delays.size() / 2], 10, "ms");
}

void measure(const std::vector<std::string>& wanted) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::vector<std::pair<const char*, void (*)()>> subjects = {
      {"pipe", measure_pipe},     {"little", measure_little}, {"handshake", measure_handshakes},
      {"memory", measure_memory}, {"puts", measure_puts},     {"push", measure_push}};
  for (const auto& [name, run] : subjects) {
    if (wanted.empty() || std::ranges::find(wanted, name) != wanted.end()) run();
  }
}

}  // namespace
}  // namespace attune::relay

int main(int argc, char** argv) { attune::relay::measure({argv + 1, argv + argc}); }
