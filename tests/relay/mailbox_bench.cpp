// Mailboxes of a real relay: durable puts, pushes, subscribers who wait, and what a look betrays.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/relay/sqlite_store.h"
#include "tests/bench/figures.h"
#include "tests/relay/benches.h"
#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

using Clock = bench::Stopwatch;
using bench::Figure;
using bench::seconds_since;
using namespace std::chrono_literals;

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

}  // namespace

void measure_memory() {
  constexpr int kCount = 5'000;
  TemporaryFolder folder;
  const RelayProcess relay(folder.path(), kWideConfig);
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
  bench::print({.what = "an idle subscriber, user memory",
                .value = user / 1024,
                .unit = "KiB",
                .aim = 4.0});
  bench::print({.what = "an idle subscriber, with the kernel's",
                .value = (user + kernel) / 1024,
                .unit = "KiB",
                .aim = 9.0});
}

void measure_puts() {
  TemporaryFolder folder;
  std::vector<double> ours;
  std::vector<double> floors;
  for (int run = 0; run < 3; ++run) {
    const RelayProcess relay(folder.path(), kWideConfig);
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
  const double floor = bench::median(floors);
  bench::print({.what = "durable puts of 960 B, pushed and acknowledged",
                .value = bench::median(ours),
                .unit = "/s",
                .floor = bench::Floor{"one commit a message", floor},
                .aim = 10 * floor,
                .better = Figure::Better::kMore});
}

void measure_push() {
  TemporaryFolder folder;
  const RelayProcess relay(folder.path(), kWideConfig);
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
  bench::print({.what = "push at 5,000 puts a second, p99",
                .value = delays[delays.size() * 99 / 100],
                .unit = "ms",
                .aim = 10.0});
  bench::print({.what = "push at 5,000 puts a second, median",
                .value = delays[delays.size() / 2],
                .unit = "ms"});
}

}  // namespace attune::relay
