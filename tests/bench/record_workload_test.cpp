#include "tests/bench/record_workload.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/bench/memory_replica.h"

namespace attune::bench {
namespace {

std::vector<WorkRecord> after(const WorkScript& script) {
  std::vector<WorkRecord> records = base_records();
  for (const WorkEdit& edit : script.edits) apply(edit, records[edit.record]);
  records.insert(records.end(), script.adds.begin(), script.adds.end());
  return records;
}

std::vector<WorkRecord> by_id(std::vector<WorkRecord> records) {
  std::ranges::sort(records, {}, &WorkRecord::id);
  return records;
}

TEST(RecordWorkload, IsTheOneThatOthersMeasure) {
  const std::vector<WorkRecord> base = base_records();
  EXPECT_EQ(json_hash(base), "6c0448b79a49cc1602551eeebf1be5ff1cd7bc80cf8971898445e55d6783ee0e");
  EXPECT_EQ(base.front().id, "a087eaf300b349c9");
  const WorkScript a = script_of(0);
  const WorkScript b = script_of(1);
  EXPECT_EQ(a.edits[0].record, 7'342u);
  EXPECT_EQ(a.edits[0].field, WorkField::kBody);
  EXPECT_EQ(a.edits[1].record, 578u);
  EXPECT_EQ(a.edits[1].value, "8");
  EXPECT_EQ(b.edits[0].record, 7'202u);
  EXPECT_EQ(b.edits[0].value, "checkin");
  EXPECT_EQ(raw_bytes(a), 520'705u);
  EXPECT_EQ(raw_bytes(b), 516'637u);
  EXPECT_EQ(cells_of_both(a, b), 296u);
}

class TwoReplicas : public testing::TestWithParam<const char*> {
 protected:
  TwoReplicas() {
    for (const WorkRecord& record : base_records()) a.add(record);
    exchange();
  }
  static void work(MemoryReplica& replica, const WorkScript& script) {
    for (const WorkEdit& edit : script.edits) replica.edit(edit);
    for (const WorkRecord& record : script.adds) replica.add(record);
  }
  void exchange() {
    const auto for_a = b.missing(a.vector());
    const auto for_b = a.missing(b.vector());
    for (const Bytes& message : for_a) a.merge(message);
    for (const Bytes& message : for_b) b.merge(message);
  }
  RecordRow row{*record_kinds().named(GetParam())};
  MemoryReplica a{row, 0};
  MemoryReplica b{row, 1};
};

TEST_P(TwoReplicas, EachSaysWhatItsScriptMakes) {
  work(a, script_of(0));
  work(b, script_of(1));
  EXPECT_EQ(json_hash(a.records()), json_hash(after(script_of(0))));
  EXPECT_EQ(json_hash(b.records()), json_hash(after(script_of(1))));
}

TEST_P(TwoReplicas, SayTheSameOnceEachHasWhatTheOtherDid) {
  work(a, script_of(0));
  work(b, script_of(1));
  exchange();
  EXPECT_EQ(a.digest(), b.digest());
  const std::vector<WorkRecord> records = by_id(a.records());
  EXPECT_EQ(records.size(), 12'000u);
  EXPECT_EQ(json_hash(records), json_hash(by_id(b.records())));
}

INSTANTIATE_TEST_SUITE_P(BothRows, TwoReplicas, testing::Values("record", "plain"));

}  // namespace
}  // namespace attune::bench
