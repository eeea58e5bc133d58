// Whether time tells a mailbox that is empty from one that is not there.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "tests/bench/figures.h"
#include "tests/relay/benches.h"
#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

constexpr std::uint64_t kEmpty = 5'000;   // mailboxes that took something which was fetched
constexpr std::uint64_t kFull = 1'000;    // others, in which something waits
constexpr std::size_t kRounds = 40'000;   // one look at each, which first is drawn
constexpr std::size_t kRoundsOfOne = 30;  // of one session, which has 64 handles

struct Looks {
  std::vector<double> opening;  ///< us, from Open to Ok
  std::vector<double> asking;   ///< us, from Fetch to Done
};

double microseconds_of(const std::function<void()>& act) { return bench::seconds_of(act) * 1e6; }

void look(Device& device, const Capability& capability, Looks& looks) {
  std::optional<Ok> ok;
  looks.opening.push_back(
      microseconds_of([&] { ok = device.open(capability, MailboxRole::kReader); }));
  looks.asking.push_back(microseconds_of([&] {
    device.say(2, Fetch{.handle = ok->handle, .count_max = 1});
    device.hear_a<Done>();
  }));
}

void fill(const RelayUrl& url, std::uint64_t first, std::uint64_t count, bool fetched) {
  const Bytes body(960, 1);
  std::optional<Device> device;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i % kRoundsOfOne == 0) device = Device::enter(url);
    const Capability capability = capability_of(first + i);
    const auto to = device->open(capability, MailboxRole::kWriter);
    device->say(2, Put{.handle = to->handle, .wseq = 1, .body = body});
    device->hear_a<PutOk>();
    if (!fetched) continue;
    const auto from = device->open(capability, MailboxRole::kReader);
    device->say(3, Acknowledge{.handle = from->handle, .seq = 1});
  }
  device->say(4, Ping{});
  device->hear_a<Pong>();
}

/// Of a look at each, how often the absent one takes longer: a half where time tells nothing. By
/// ranks (Mann and Whitney), as a few slow looks say nothing.
double share_slower(const std::vector<double>& absent, const std::vector<double>& empty) {
  std::vector<std::pair<double, bool>> all;
  for (const double each : absent) all.emplace_back(each, true);
  for (const double each : empty) all.emplace_back(each, false);
  std::ranges::sort(all);
  double ranks = 0;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i;
    while (end < all.size() && all[end].first == all[i].first) ++end;
    const double rank = static_cast<double>(i + end + 1) / 2;
    for (; i < end; ++i) ranks += all[i].second ? rank : 0;
  }
  const auto count = static_cast<double>(absent.size());
  return (ranks - count * (count + 1) / 2) / count / static_cast<double>(empty.size());
}

void compare(const std::string& what, const std::vector<double>& absent,
             const std::vector<double>& empty) {
  bench::print({.what = what + ": absent",
                .value = bench::median(absent),
                .unit = "us",
                .floor = bench::Floor{"empty", bench::median(empty)}});
  // Three deviations of what comes out where there is nothing to tell.
  const auto looks = static_cast<double>(std::min(absent.size(), empty.size()));
  const double noise = 3 * std::sqrt(1.0 / 6 / looks);
  bench::print({.what = what + ": guesses right beyond a half",
                .value = 100 * std::fabs(share_slower(absent, empty) - 0.5),
                .unit = "%",
                .floor = bench::Floor{"chance", 100 * noise},
                .aim = 100 * noise});
}

}  // namespace

void measure_looks() {
  TemporaryFolder folder;
  const RelayProcess relay(folder.path(), kWideConfig);
  fill(relay.url(), 0, kEmpty, true);
  fill(relay.url(), kEmpty, kFull, false);
  crypto::SystemRandom random;
  std::uint64_t fresh = 1'000'000;
  // By the place of the look in its round: what the one before leaves warm serves the next.
  std::array<Looks, 2> absent;
  std::array<Looks, 2> empty;
  std::optional<Device> device;
  for (std::size_t round = 0; round < kRounds; ++round) {
    if (round % kRoundsOfOne == 0) device = Device::enter(relay.url());
    const std::size_t absent_at = random.bytes<1>()[0] & 1;
    const auto drawn = random.bytes<2>();
    const std::uint64_t old = (drawn[0] * 256u + drawn[1]) % kEmpty;
    for (std::size_t place = 0; place < 2; ++place) {
      if (place == absent_at) {
        look(*device, capability_of(++fresh), absent[place]);
      } else {
        look(*device, capability_of(old), empty[place]);
      }
    }
  }
  for (const std::size_t place : {0, 1}) {
    const std::string which = place == 0 ? ", first of two" : ", second of two";
    compare("Open" + which, absent[place].opening, empty[place].opening);
    compare("Fetch" + which, absent[place].asking, empty[place].asking);
  }
}

}  // namespace attune::relay
