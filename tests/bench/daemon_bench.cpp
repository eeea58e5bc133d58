#include <algorithm>

#include "client/failure.h"
#include "crypto/random.h"
#include "tests/bench/benches.h"
#include "tests/bench/durable_replica.h"
#include "tests/bench/figures.h"
#include "tests/bench/live_daemon.h"
#include "tests/bench/raw_store.h"

namespace attune::bench {
namespace {

constexpr double kMilli = 1e3;
constexpr std::size_t kEntryBytes = 200;
constexpr std::size_t kAway = 10'000;
constexpr std::size_t kSeen = 300;       ///< writes whose way to the other is timed
constexpr std::size_t kConnections = 9;  ///< restarts of both
constexpr std::chrono::seconds kIdle{60};
constexpr std::chrono::seconds kSettling{3};  ///< what was begun before ends in it

// Commits of one row of the size of a box, as fast as this disk makes them durable. As many as the
// daemon makes: a log that still grows is slower than one that is written over.
double raw_commits_a_second(const std::filesystem::path& folder) {
  crypto::SystemRandom random;
  std::filesystem::remove(folder / "raw.db");
  RawStore store(folder / "raw.db");
  const double time = seconds_of([&] {
    for (std::size_t i = 0; i < kAway; ++i) {
      const auto id = random.bytes<16>();
      store.commit({{.id = Bytes(id.begin(), id.end()), .box = Bytes(336)}});
    }
  });
  return kAway / time;
}

struct Couple {
  explicit Couple(const std::filesystem::path& folder) : ada(folder, "ada"), ben(folder, "ben") {
    for (LiveDaemon* each : {&ada, &ben}) {
      each->start();
      each->init();
    }
    LiveDaemon::pair(ada, ben);
    ben.sync();
  }
  LiveDaemon ada;
  LiveDaemon ben;
};

void measure_seen(Couple& couple, double commit_ms) {
  const std::vector<double> times = seen_after_ms(couple.ada, couple.ben, kSeen, kEntryBytes);
  const Floor floor{"a commit on each side", 2 * commit_ms};
  print({.what = "written here, visible there: p50",
         .value = percentile(times, 0.5),
         .unit = "ms",
         .floor = floor,
         .aim = 5.0});
  print(
      {.what = "p95", .value = percentile(times, 0.95), .unit = "ms", .floor = floor, .aim = 20.0});
}

void measure_connect(Couple& couple) {
  std::vector<double> times;
  for (std::size_t i = 0; i < kConnections; ++i) {
    couple.ada.stop();
    couple.ben.stop();
    couple.ada.start();
    couple.ben.start();
    couple.ada.unlock();
    couple.ben.unlock();
    times.push_back(seconds_of([&couple] { couple.ben.sync(); }) * kMilli);
  }
  print({.what = "both unlocked, then even with each other: median",
         .value = percentile(times, 0.5),
         .unit = "ms",
         .aim = 1'000.0});
  print({.what = "slowest of " + std::to_string(kConnections),
         .value = percentile(times, 1),
         .unit = "ms",
         .aim = 1'000.0});
}

// Ben is away: what Ada writes is a durable single write each, and then what Ben catches up with.
void measure_away(Couple& couple, double raw_commits) {
  couple.ben.stop();
  const double writing = seconds_of([&couple] {
    for (std::size_t i = 0; i < kAway; ++i) couple.ada.add(kEntryBytes);
  });
  print({.what = "durable single writes over the control socket",
         .value = kAway / writing,
         .unit = "/s",
         .floor = Floor{"bare SQLite commits", raw_commits},
         .aim = 0.7 * raw_commits,
         .better = Figure::Better::kMore});
  couple.ben.start();
  couple.ben.unlock();
  const LiveDaemon::Usage ada = couple.ada.usage();
  const LiveDaemon::Usage ben = couple.ben.usage();
  const double catching_up = seconds_of([&couple] { couple.ben.sync(); });
  const double bytes =
      static_cast<double>(std::max(couple.ada.tcp_bytes(), couple.ben.tcp_bytes()));
  const Floor words{"their words", static_cast<double>(kAway * kEntryBytes) / 1e6};
  print(
      {.what = "10,000 entries of 200 B caught up", .value = catching_up, .unit = "s", .aim = 2.5});
  print({.what = "bytes of it, TCP payload of both directions",
         .value = bytes / 1e6,
         .unit = "MB",
         .floor = words,
         .aim = 2.6});
  print({.what = "CPU of it, who sends",
         .value = couple.ada.usage().cpu_seconds - ada.cpu_seconds,
         .unit = "s"});
  print({.what = "CPU of it, who receives",
         .value = couple.ben.usage().cpu_seconds - ben.cpu_seconds,
         .unit = "s"});
}

// Nothing is written, so nothing comes.
void pass(Couple& couple, std::chrono::milliseconds time) {
  v1::Request watch;
  watch.mutable_watch();
  auto watcher = couple.ben.begin(watch);
  try {
    watcher->next(time);
  } catch (const client::Failure&) {
    return;
  }
}

void measure_rest(Couple& couple, const char* state, std::optional<double> rss_aim) {
  couple.ben.sync();
  pass(couple, kSettling);
  const LiveDaemon::Usage ada = couple.ada.usage();
  const LiveDaemon::Usage ben = couple.ben.usage();
  pass(couple, kIdle);
  const auto seconds = static_cast<double>(kIdle.count());
  const double wakeups = static_cast<double>(std::max(couple.ada.usage().wakeups - ada.wakeups,
                                                      couple.ben.usage().wakeups - ben.wakeups)) /
                         seconds;
  print({.what = std::string("wakeups a second, ") + state,
         .value = wakeups,
         .unit = "/s",
         .aim = 0.1});
  print({.what = std::string("RSS, ") + state,
         .value = std::max(couple.ada.usage().rss_mb, couple.ben.usage().rss_mb),
         .unit = "MB",
         .aim = rss_aim});
}

}  // namespace

void measure_daemons() {
  TemporaryFolder folder;
  begin_table("Two daemons on this machine");
  Couple couple(folder.path());
  measure_rest(couple, "connected and idle, no entries", 20.0);
  measure_seen(couple, kMilli / raw_commits_a_second(folder.path()));
  measure_connect(couple);
  measure_away(couple, raw_commits_a_second(folder.path()));
  for (std::size_t have = couple.ben.entries(); have < 12'000; ++have) {
    couple.ada.add(kEntryBytes);
  }
  measure_rest(couple, "connected and idle, 12,000 entries", 60.0);
}

}  // namespace attune::bench
