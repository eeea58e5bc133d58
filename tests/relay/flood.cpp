// Strangers by the thousand at a real relay under its default limits, and one couple that must be
// served all the while. `attune_relay_flood [SECONDS [IDLE [NEW A SECOND [WITHIN]]]]`: WITHIN is
// how many seconds a parcel may take, at the 99th percentile.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t kResidentBytes = 128u << 20;

struct Load {
  std::chrono::seconds span{5};
  int idle = 500;
  int per_second = 200;
  std::chrono::seconds within{2};
};

/// A source for each hundred connections.
std::string address_of(int number) {
  const int source = number / 90;
  return "127." + std::to_string(1 + source / 250) + ".1." + std::to_string(1 + source % 250);
}

/// Waits for a moment without looking at a condition: that is what a rate is.
void wait_until(Clock::time_point moment) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(moment - Clock::now());
  if (left > 0ms) ::poll(nullptr, 0, static_cast<int>(left.count()));
}

/// Connections that say HELLO, subscribe, and then nothing.
std::vector<Device> fill(const RelayUrl& url, int count) {
  std::vector<Device> devices;
  const auto begin = Clock::now();
  for (int i = 0; i < count; ++i) {
    // No source comes faster than its 20 a second: each address has its turn.
    const int spread = i % 110 * 90 + i / 110;
    wait_until(begin + i * 1ms);
    auto device = Device::enter(url, {.address = address_of(spread), .keepalive = 1'800s});
    if (!device) continue;
    const auto from =
        device->open(capability_of(1'000'000u + static_cast<unsigned>(i)), MailboxRole::kReader);
    if (from) device->say(2, Subscribe{.handle = from->handle, .after = 0, .window = 16});
    devices.push_back(std::move(*device));
  }
  return devices;
}

/// New connections at a rate: some say nothing, some half a record, some one that is too long, some
/// put what nobody asked for.
void flood(const RelayUrl& url, int per_second, const std::atomic<bool>& ending,
           std::atomic<std::uint64_t>& made) {
  std::vector<net::Fd> silent(1'500);
  std::vector<std::optional<Device>> slow(500);
  const auto begin = Clock::now();
  const Bytes body(limits::kRelayBodyMax, 1);
  for (int i = 0; !ending; ++i) {
    wait_until(begin + i * 1s / per_second);
    const std::string address =
        "127.200." + std::to_string(i / 250 % 250) + "." + std::to_string(1 + i % 250);
    made += 1;
    const auto at = static_cast<std::size_t>(i);
    if (i % 4 != 0) {
      silent[at % silent.size()] = connect_from(url.place, address);
      if (i % 4 == 2) {
        const Bytes noise(1'024, 0x55);
        ::send(silent[at % silent.size()].get(), noise.data(), noise.size(),
               MSG_NOSIGNAL | MSG_DONTWAIT);
      }
      continue;
    }
    auto device = Device::enter(url, {.address = address});
    if (!device) continue;
    if (i % 8 == 0) {
      const auto to = device->open(capability_of(5'000'000u + at), MailboxRole::kWriter);
      for (std::uint64_t wseq = 1; to && wseq <= 4; ++wseq) {
        device->add(1, Put{.handle = to->handle, .wseq = wseq, .body = body});
      }
      device->send();
    } else {
      const Bytes record = device->record(Bytes(60'000, 0));
      device->send_raw(ByteView(record).first(i % 16 == 4 ? 30'000 : 1));
    }
    slow[at / 4 % slow.size()] = std::move(device);
  }
}

/// Ada puts a parcel four times a second and Ben is pushed it; every tenth time both come anew.
std::vector<double> couple(const RelayUrl& url, Clock::time_point end,
                           std::chrono::seconds within) {
  std::vector<double> delays;
  std::optional<Device> ada;
  std::optional<Device> ben;
  std::optional<Ok> to;
  std::optional<Ok> from;
  std::uint64_t wseq = 0;
  const Bytes body(960, 9);
  for (int round = 0; Clock::now() < end; ++round) {
    const auto begin = Clock::now();
    if (round % 10 == 0) {
      ada = Device::enter(url, {.address = "127.0.0.10"});
      ben = Device::enter(url, {.address = "127.0.0.11"});
      if (ada) to = ada->open(capability_of(1), MailboxRole::kWriter);
      if (ben) from = ben->open(capability_of(1), MailboxRole::kReader);
      if (from) ben->say(2, Subscribe{.handle = from->handle, .after = wseq, .window = 64});
    }
    bool arrived = ada && ben && to && from;
    if (arrived) {
      ada->say(3, Put{.handle = to->handle, .wseq = ++wseq, .body = body});
      const Heard heard = ben->hear_a<Message>(5 * within);
      arrived = heard.as<Message>() != nullptr && heard.as<Message>()->seq == wseq;
    }
    if (arrived) ben->say(4, Acknowledge{.handle = from->handle, .seq = wseq});
    delays.push_back(arrived ? std::chrono::duration<double>(Clock::now() - begin).count() : 1e9);
    wait_until(begin + 250ms);
  }
  std::ranges::sort(delays);
  return delays;
}

int run(const Load& load) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  TemporaryFolder folder;
  RelayProcess relay(folder.path(), "");
  const std::vector<Device> idle = fill(relay.url(), load.idle);
  std::atomic<bool> ending = false;
  std::atomic<std::uint64_t> made = 0;
  std::thread flooding([&] { flood(relay.url(), load.per_second, ending, made); });
  const std::vector<double> delays = couple(relay.url(), Clock::now() + load.span, load.within);
  const std::size_t resident = relay.resident_bytes();
  ending = true;
  flooding.join();
  const double p99 = delays[delays.size() * 99 / 100];
  std::printf(
      "%zu idle, %lu new in %lld s: %zu parcels, median %.1f ms, p99 %.1f ms, RSS %.1f MB\n",
      idle.size(), made.load(), static_cast<long long>(load.span.count()), delays.size(),
      delays[delays.size() / 2] * 1e3, p99 * 1e3, static_cast<double>(resident) / 1e6);
  const bool all_there = idle.size() * 10 >= static_cast<std::size_t>(load.idle) * 9;
  const bool in_time = p99 <= static_cast<double>(load.within.count());
  return in_time && resident <= kResidentBytes && all_there ? 0 : 1;
}

}  // namespace
}  // namespace attune::relay

int main(int argc, char** argv) {
  attune::relay::Load load;
  if (argc > 1) load.span = std::chrono::seconds(std::atoi(argv[1]));
  if (argc > 2) load.idle = std::atoi(argv[2]);
  if (argc > 3) load.per_second = std::atoi(argv[3]);
  if (argc > 4) load.within = std::chrono::seconds(std::atoi(argv[4]));
  return attune::relay::run(load);
}
