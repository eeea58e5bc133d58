// kill -9 of a real relay under load, again and again: what it acknowledged is never lost, and
// nothing reaches a reader twice. `attune_relay_kill_storm [KILLS [PUTS A SECOND]]`.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint64_t kPairs = 8;
constexpr std::size_t kBodyBytes = 200;
constexpr std::uint64_t kDepth = 64;  // puts of one writer that are not answered yet

const char* const kConfig =
    "[limits]\nputs_per_second = 65535\nputs_burst = 65535\nconnects_per_second = 100000\n"
    "connections_per_source = 10000\nnew_bytes_per_day = 1000000000000\n";

/// Where the relay is just now; it is another process after each kill.
struct Place {
  std::mutex mutex;
  RelayUrl url;
  std::atomic<bool> ending = false;

  RelayUrl get() {
    const std::lock_guard lock(mutex);
    return url;
  }
  void set(const RelayUrl& fresh) {
    const std::lock_guard lock(mutex);
    url = fresh;
  }
};

/// A parcel names its mailbox and its number, so a wrong one is noticed.
Bytes body_of(std::uint64_t box, std::uint64_t number) {
  Bytes body(kBodyBytes, static_cast<std::uint8_t>(box * 31 + number));
  std::memcpy(body.data(), &box, sizeof box);
  std::memcpy(body.data() + sizeof box, &number, sizeof number);
  return body;
}

struct Faults {
  std::atomic<std::uint64_t> lost = 0;
  std::atomic<std::uint64_t> twice = 0;
  std::atomic<std::uint64_t> wrong = 0;
};

/// Writes parcels 1, 2, 3, ... at a rate, and remembers which were acknowledged.
class Writer {
 public:
  Writer(Place& place, std::uint64_t box, std::uint64_t per_second)
      : place_(place), box_(box), per_second_(per_second) {}

  void run() {
    begin_ = Clock::now();
    while (!place_.ending) {
      auto device = Device::enter(place_.get());
      if (device) converse(*device);
    }
  }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void converse(Device& device) {
    const auto to = device.open(capability_of(box_), MailboxRole::kWriter);
    if (!to) return;
    // What the relay took before it was killed counts, told or not.
    acknowledged_ = std::max<std::uint64_t>(acknowledged_, to->seq);
    if (to->seq < acknowledged_) std::fprintf(stderr, "box %lu: the relay forgot\n", box_);
    std::uint64_t sent = to->seq;
    while (!place_.ending) {
      const auto elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
      const auto due = static_cast<std::uint64_t>(elapsed * static_cast<double>(per_second_));
      while (sent < due && sent < acknowledged_ + kDepth) {
        sent += 1;
        const Bytes body = body_of(box_, sent);
        device.add(1, Put{.handle = to->handle, .wseq = sent, .body = body});
      }
      if (!device.send()) return;
      if (sent == acknowledged_) {
        device.say(2, Ping{});  // nothing is due: an answer's way is a pause
        if (device.hear_a<Pong>(5s).as<Pong>() == nullptr) return;
        continue;
      }
      const Heard heard = device.hear(5s);
      const PutOk* taken = heard.as<PutOk>();
      if (taken == nullptr) return;
      acknowledged_ = taken->wseq;
    }
  }

  Place& place_;
  std::uint64_t box_;
  std::uint64_t per_second_;
  Clock::time_point begin_;
  std::atomic<std::uint64_t> acknowledged_ = 0;
};

/// Applies parcels as a device does: in order, each once, and acknowledges what it has.
class Reader {
 public:
  Reader(Place& place, std::uint64_t box, Faults& faults)
      : place_(place), box_(box), faults_(faults) {}

  void run() {
    while (!place_.ending) {
      auto device = Device::enter(place_.get());
      if (device) read(*device, 1s);
    }
  }
  /// Whatever is left there.
  void finish() {
    auto device = Device::enter(place_.get());
    if (!device) return;
    const auto from = device->open(capability_of(box_), MailboxRole::kReader);
    for (bool more = from.has_value(); more;) {
      device->say(2, Fetch{.handle = from->handle, .count_max = 256});
      const Done* done = nullptr;
      Heard heard;
      while (done == nullptr) {
        heard = device->hear();
        if (!heard.message) return;
        done = heard.as<Done>();
        const Message* message = heard.as<Message>();
        if (message != nullptr && message->seq > applied_) apply(*message);
      }
      more = done->more;
      if (more) device->say(3, Acknowledge{.handle = from->handle, .seq = applied_});
    }
  }
  [[nodiscard]] std::uint64_t applied() const { return applied_; }

 private:
  void read(Device& device, std::chrono::milliseconds patience) {
    const auto from = device.open(capability_of(box_), MailboxRole::kReader);
    if (!from) return;
    device.say(2, Subscribe{.handle = from->handle, .after = applied_, .window = 256});
    for (std::uint64_t since = 0;;) {
      const Heard heard = device.hear(patience);
      const Message* message = heard.as<Message>();
      if (message == nullptr) return;
      apply(*message);
      if (++since % 32 == 0) {
        device.say(3, Acknowledge{.handle = from->handle, .seq = applied_});
      }
    }
  }
  void apply(const Message& message) {
    // What was pushed before is not pushed again in answer to `after`.
    if (message.seq <= applied_) faults_.twice += 1;
    if (message.seq > applied_ + 1) faults_.lost += message.seq - applied_ - 1;
    const Bytes expected = body_of(box_, message.seq);
    if (Bytes(message.body.begin(), message.body.end()) != expected) faults_.wrong += 1;
    applied_ = std::max(applied_, message.seq);
  }

  Place& place_;
  std::uint64_t box_;
  Faults& faults_;
  std::uint64_t applied_ = 0;
};

int storm(int kills, std::uint64_t per_second) {
  TemporaryFolder folder;
  Place place;
  Faults faults;
  auto relay = std::make_unique<RelayProcess>(folder.path(), kConfig);
  place.set(relay->url());
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::thread> threads;
  for (std::uint64_t box = 0; box < kPairs; ++box) {
    writers.push_back(std::make_unique<Writer>(place, box, per_second / kPairs));
    readers.push_back(std::make_unique<Reader>(place, box, faults));
    threads.emplace_back([writer = writers.back().get()] { writer->run(); });
    threads.emplace_back([reader = readers.back().get()] { reader->run(); });
  }
  const auto begin = Clock::now();
  std::uint64_t before = 0;
  for (int kill = 0; kill < kills; ++kill) {
    // Each life sees puts acknowledged before it ends, somewhere between a few and many.
    std::uint64_t taken = before;
    const std::uint64_t enough = before + 1 + static_cast<std::uint64_t>(kill * 37 % 400);
    while (taken < enough && Clock::now() - begin < 3'600s) {
      std::this_thread::yield();
      taken = 0;
      for (const auto& writer : writers) taken += writer->acknowledged();
    }
    before = taken;
    relay->end(SIGKILL);
    relay = std::make_unique<RelayProcess>(folder.path(), kConfig, relay->url().place);
    place.set(relay->url());
  }
  place.ending = true;
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::uint64_t all = 0;
  for (std::uint64_t box = 0; box < kPairs; ++box) {
    readers[box]->finish();
    const std::uint64_t acknowledged = writers[box]->acknowledged();
    all += acknowledged;
    if (readers[box]->applied() < acknowledged) {
      faults.lost += acknowledged - readers[box]->applied();
    }
  }
  std::printf("%d kills, %lu puts acknowledged (%.0f a second): %lu lost, %lu twice, %lu wrong\n",
              kills, all, static_cast<double>(all) / seconds, faults.lost.load(),
              faults.twice.load(), faults.wrong.load());
  return faults.lost + faults.twice + faults.wrong == 0 && all > 0 ? 0 : 1;
}

}  // namespace
}  // namespace attune::relay

int main(int argc, char** argv) {
  const int kills = argc > 1 ? std::atoi(argv[1]) : 5;
  const auto per_second = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 5'000;
  return attune::relay::storm(kills, per_second);
}
