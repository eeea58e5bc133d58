#include <algorithm>
#include <cassert>
#include <set>

#include "crypto/seal.h"
#include "tests/bench/benches.h"
#include "tests/bench/durable_replica.h"
#include "tests/bench/figures.h"
#include "tests/bench/raw_store.h"
#include "tests/bench/record_row.h"

namespace attune::bench {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMilli = 1e3;
constexpr std::size_t kOps = kEdits + kAdds;
constexpr std::size_t kBatch = 500;  // ops in one transaction
// A box of the store around an op of usual size: nonce, padded body, tag.
constexpr std::size_t kBoxBytes = 24 + 256 + 16;

Bytes joined(const std::vector<Bytes>& values) {
  Bytes all;
  for (const Bytes& value : values) append(all, value);
  return all;
}

/// The workload as a person would do it: commands of the control socket, by an entry's name.
class RecordDevice {
 public:
  RecordDevice(const RecordRow& row, DurableReplica& device) : row_(row), device_(device) {}

  void add(const WorkRecord& record) {
    const sync::Answer answer = device_.ask(
        sync::AddEntry{.kind = row_.row().number, .message = joined(row_.values(record))});
    names_.push_back(entry_name(row_.row().letter, std::get<sync::Entered>(answer).id));
    tags_.push_back(record.tags);
    batch();
  }

  // A list is written whole; the daemon finds what was added or taken away.
  void edit(const WorkEdit& edit) {
    Bytes message;
    if (edit.field != WorkField::kTags) {
      message = row_.value(edit.field, edit.value);
    } else {
      std::set<std::string>& tags = tags_[edit.record];
      if (tags.erase(edit.value) == 0) tags.insert(edit.value);
      for (const std::string& tag : tags) append(message, row_.value(WorkField::kTags, tag));
    }
    sync::EditEntry wanted{.id = names_[edit.record], .kind = row_.row().number};
    if (message.empty()) wanted.clear.push_back(RecordRow::number(edit.field));
    wanted.message = std::move(message);
    const sync::Answer answer = device_.ask(std::move(wanted));
    assert(std::holds_alternative<sync::Entered>(answer));
    batch();
  }

  void finish() {
    device_.commit();
    open_ = 0;
  }
  /// The other device knows the same entries by the same names.
  void knows(const RecordDevice& other) {
    names_ = other.names_;
    tags_ = other.tags_;
  }

 private:
  void batch() {
    if (++open_ == kBatch) finish();
  }

  const RecordRow& row_;
  DurableReplica& device_;
  std::vector<std::string> names_;
  std::vector<std::set<std::string>> tags_;
  std::size_t open_ = 0;
};

struct Run {
  double write_us = 0;
  double merge_ms = 0;
  double bytes = 0;
  double unlock_ms = 0;
  double raw_write_us = 0;  ///< floor: what the store writes for an op, sealed, in bare SQLite
  double raw_merge_ms = 0;
  double raw_unlock_ms = 0;  ///< floor: its rows read from bare SQLite and opened
};

// What is written for an op: its record, and that of the op whose words it erases.
double raw_write_seconds(const std::filesystem::path& folder, std::size_t ops) {
  crypto::SystemRandom random;
  const crypto::Key key = random.key();
  RawStore store(folder / "raw.db");
  const Bytes plain(256);
  return cpu_seconds_of([&] {
    for (std::size_t done = 0; done < ops; done += kBatch) {
      std::vector<RawStore::Row> rows;
      for (std::size_t i = 0; i < 2 * kBatch; ++i) {
        const auto id = random.bytes<16>();
        const auto nonce = random.bytes<24>();
        rows.push_back(
            {.id = Bytes(id.begin(), id.end()), .box = crypto::seal(key.view(), nonce, id, plain)});
      }
      store.commit(rows);
    }
  });
}

double raw_unlock_seconds(const std::filesystem::path& folder, std::size_t records) {
  crypto::SystemRandom random;
  const crypto::Key key = random.key();
  const auto nonce = random.bytes<24>();
  const Bytes box = crypto::seal(key.view(), nonce, {}, Bytes(kBoxBytes - 24 - 16));
  {
    RawStore store(folder / "read.db");
    for (std::size_t done = 0; done < records; done += 10'000) {
      std::vector<RawStore::Row> rows;
      for (std::size_t i = 0; i < std::min<std::size_t>(10'000, records - done); ++i) {
        const auto id = random.bytes<16>();
        rows.push_back({.id = Bytes(id.begin(), id.end()), .box = box});
      }
      store.commit(rows);
    }
  }
  return cpu_seconds_of([&] {
    RawStore store(folder / "read.db");
    for (const RawStore::Row& row : store.read_all()) {
      if (!crypto::open(key.view(), nonce, {}, row.box)) std::abort();
    }
  });
}

enum class Before { kNothing, kBothOpenedAnew };  // the exchange

Run run_once(const RecordRow& row, Before before) {
  TemporaryFolder folder;
  crypto::SystemRandom random;
  DurableReplica a(record_kinds(), folder.path() / "a", sync::make_self("Ada", random));
  DurableReplica b(record_kinds(), folder.path() / "b", sync::make_self("Ben", random));
  DurableReplica::pair(a, b);
  a.open();
  b.open();
  RecordDevice ada(row, a);
  for (const WorkRecord& record : base_records()) ada.add(record);
  ada.finish();
  exchange(a, b);
  RecordDevice ben(row, b);
  ben.knows(ada);

  const auto work = [](RecordDevice& person, const WorkScript& script) {
    for (const WorkEdit& edit : script.edits) person.edit(edit);
    for (const WorkRecord& record : script.adds) person.add(record);
    person.finish();
  };
  const WorkScript script_a = script_of(0);
  const WorkScript script_b = script_of(1);
  Run run;
  run.write_us = (cpu_seconds_of([&] { work(ada, script_a); }) +
                  cpu_seconds_of([&] { work(ben, script_b); })) /
                 (2 * kOps) * kMicro;
  for (DurableReplica* each : {&a, &b}) {
    if (before == Before::kNothing) continue;
    each->close();
    each->open();
  }
  const Exchanged exchanged = exchange(a, b);
  run.merge_ms = exchanged.seconds / 2 * kMilli;
  run.bytes = static_cast<double>(exchanged.bytes);
  const std::size_t records = a.record_count();
  a.close();
  run.unlock_ms = cpu_seconds_of([&a] { a.open(); }) * kMilli;
  const double raw_write = raw_write_seconds(folder.path(), kOps);
  run.raw_write_us = raw_write / kOps * kMicro;
  run.raw_merge_ms = raw_write * kMilli;
  run.raw_unlock_ms = raw_unlock_seconds(folder.path(), records) * kMilli;
  return run;
}

double unlock_seconds(std::size_t entries) {
  constexpr std::size_t kWordsBytes = 200;
  constexpr std::size_t kTransaction = 1'000;
  TemporaryFolder folder;
  crypto::SystemRandom random;
  DurableReplica device(KindTable::standard(), folder.path() / "a", sync::make_self("Ada", random));
  device.open();
  const KindRow& row = *KindTable::standard().named("journal");
  const Bytes words = wire_field(1, as_bytes(std::string(kWordsBytes, 'w')));
  for (std::size_t i = 0; i < entries; ++i) {
    device.ask(sync::AddEntry{.kind = row.number, .message = words});
    if ((i + 1) % kTransaction == 0) device.commit();
  }
  device.commit();
  device.close();
  return cpu_seconds_of([&device] { device.open(); });
}

}  // namespace

void measure_sealed(std::size_t runs) {
  begin_table("Record workload with everything: rules, tags, sealed, durable");
  const RecordRow row(*record_kinds().named("record"));
  std::vector<Run> all;
  for (std::size_t i = 0; i < runs; ++i) all.push_back(run_once(row, Before::kNothing));
  const auto middle = [&all](double Run::* member) {
    std::vector<double> values;
    for (const Run& run : all) values.push_back(run.*member);
    return median(std::move(values));
  };
  print({.what = "write, an op in transactions of 500",
         .value = middle(&Run::write_us),
         .unit = "us",
         .floor = Floor{"two rows, sealed, bare SQLite", middle(&Run::raw_write_us)},
         .aim = 4.0});
  print({.what = "merge of 6,000 ops, a device's share",
         .value = middle(&Run::merge_ms),
         .unit = "ms",
         .floor = Floor{"their rows, sealed, bare SQLite", middle(&Run::raw_merge_ms)},
         .aim = 60.0});
  const auto raw = static_cast<double>(raw_bytes(script_of(0)) + raw_bytes(script_of(1)));
  print({.what = "bytes on the wire, both directions",
         .value = middle(&Run::bytes),
         .unit = "B",
         .floor = Floor{"raw payload", raw},
         .aim = raw});
  print({.what = "the same, both opened anew before",
         .value = run_once(row, Before::kBothOpenedAnew).bytes,
         .unit = "B",
         .floor = Floor{"raw payload", raw},
         .aim = raw});
  print({.what = "unlock of 12,000 records (22,000 ops)",
         .value = middle(&Run::unlock_ms),
         .unit = "ms",
         .floor = Floor{"rows read and opened", middle(&Run::raw_unlock_ms)},
         .aim = 80.0});
}

void measure_unlock(std::size_t runs) {
  begin_table("Unlock without Argon2id: private notes of 200 B");
  for (const std::size_t entries : {std::size_t{12'000}, std::size_t{100'000}}) {
    const double time = median_of(runs, [entries] { return unlock_seconds(entries); });
    TemporaryFolder folder;
    const double raw = median_of(runs, [&] {
      TemporaryFolder fresh;
      return raw_unlock_seconds(fresh.path(), entries);
    });
    print({.what = std::to_string(entries) + " entries",
           .value = time * kMilli,
           .unit = "ms",
           .floor = Floor{"rows read and opened", raw * kMilli}});
  }
}

}  // namespace attune::bench
