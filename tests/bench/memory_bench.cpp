#include <numeric>

#include "proto/kind_table.h"
#include "tests/bench/benches.h"
#include "tests/bench/figures.h"
#include "tests/bench/memory_replica.h"

namespace attune::bench {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMilli = 1e3;
constexpr std::size_t kOps = kEdits + kAdds;

struct Run {
  double write_us = 0;   ///< an op, on one replica
  double merge_ms = 0;   ///< the 6,000 ops of the other
  double bytes = 0;      ///< of both directions
  double hashes_us = 0;  ///< floor of a write
  double hashes_ms = 0;  ///< floor of a merge
};

// Every hash that an op has by its definition: a commitment for each body, the rest, the header and
// the chain.
double hash_seconds(const MemoryReplica& replica, const std::vector<Bytes>& messages) {
  std::vector<crdt::Op> ops = replica.read(messages);
  return cpu_seconds_of([&ops] {
    crdt::Hash32 chain{};
    for (crdt::Op& op : ops) {
      for (crdt::Slot& slot : op.slots) {
        if (slot.body) slot.commitment = crdt::commit_body(slot.field, *slot.body);
      }
      op.rest_hash = crdt::hash_rest(op);
      chain = crdt::next_chain(chain, op);
    }
  });
}

void work(MemoryReplica& replica, const WorkScript& script) {
  for (const WorkEdit& edit : script.edits) replica.edit(edit);
  for (const WorkRecord& record : script.adds) replica.add(record);
}

void merge_all(MemoryReplica& replica, const std::vector<Bytes>& messages) {
  for (const Bytes& message : messages) replica.merge(message);
}

double sum_of_sizes(const std::vector<Bytes>& messages) {
  return std::accumulate(messages.begin(), messages.end(), 0.0, [](double sum, const Bytes& each) {
    return sum + static_cast<double>(each.size());
  });
}

Run run_once(const RecordRow& row) {
  MemoryReplica a(row, 0);
  MemoryReplica b(row, 1);
  for (const WorkRecord& record : base_records()) a.add(record);
  merge_all(b, a.missing(b.vector()));
  const WorkScript script_a = script_of(0);
  const WorkScript script_b = script_of(1);

  Run run;
  const double writing =
      cpu_seconds_of([&] { work(a, script_a); }) + cpu_seconds_of([&] { work(b, script_b); });
  run.write_us = writing / (2 * kOps) * kMicro;
  const auto for_b = a.missing(b.vector());
  const auto for_a = b.missing(a.vector());
  run.merge_ms = (cpu_seconds_of([&] { merge_all(a, for_a); }) +
                  cpu_seconds_of([&] { merge_all(b, for_b); })) /
                 2 * kMilli;
  run.bytes = sum_of_sizes(for_a) + sum_of_sizes(for_b);
  const double hashing = (hash_seconds(a, for_a) + hash_seconds(b, for_b)) / 2;
  run.hashes_us = hashing / kOps * kMicro;
  run.hashes_ms = hashing * kMilli;
  return run;
}

}  // namespace

void measure_memory(std::size_t runs) {
  begin_table("Record workload in memory, without tags and sealing");
  const RecordRow row(*record_kinds().named("record"));
  std::vector<Run> all;
  for (std::size_t i = 0; i < runs; ++i) all.push_back(run_once(row));
  const auto middle = [&all](double Run::* member) {
    std::vector<double> values;
    for (const Run& run : all) values.push_back(run.*member);
    return median(std::move(values));
  };
  print({.what = "write, an op",
         .value = middle(&Run::write_us),
         .unit = "us",
         .floor = Floor{"its hashes", middle(&Run::hashes_us)},
         .aim = 2.0});
  print({.what = "merge of 6,000 ops",
         .value = middle(&Run::merge_ms),
         .unit = "ms",
         .floor = Floor{"their hashes", middle(&Run::hashes_ms)},
         .aim = 10.0});
  const auto raw = static_cast<double>(raw_bytes(script_of(0)) + raw_bytes(script_of(1)));
  print({.what = "messages of both directions",
         .value = middle(&Run::bytes),
         .unit = "B",
         .floor = Floor{"raw payload", raw},
         .aim = raw});
}

}  // namespace attune::bench
