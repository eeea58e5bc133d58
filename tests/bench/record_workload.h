#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace attune::bench {

/// The record workload: two replicas share 10,000 records, each makes 5,000 edits and adds 1,000
/// records apart, then they exchange what is missing. Every draw comes from mulberry32, so another
/// program gets the same bytes; hashes of what they must be stand in the test.
/// Source: docs/performance.md, The record workload.
inline constexpr std::size_t kBaseRecords = 10'000;
inline constexpr std::size_t kEdits = 5'000;
inline constexpr std::size_t kAdds = 1'000;

struct WorkRecord {
  std::string id;  ///< 16 hexadecimal digits
  std::string sort;
  std::string title;
  std::string body;
  std::string level;
  std::string review;
  std::set<std::string> tags;
  int mood = 0;
  std::uint64_t created = 0;
};

enum class WorkField { kSort, kTitle, kBody, kLevel, kReview, kTags, kMood };

/// One field of one base record. `value` is a number's digits for kMood, and for kTags the one tag
/// that is added, or removed where the record has it.
struct WorkEdit {
  std::size_t record = 0;
  WorkField field{};
  std::string value;
};

std::vector<WorkRecord> base_records();

struct WorkScript {
  std::vector<WorkEdit> edits;
  std::vector<WorkRecord> adds;
};
/// What replica 0 (A) or 1 (B) does.
WorkScript script_of(std::size_t replica);

/// The edit on the plain value: what a merge of nothing else must give.
void apply(const WorkEdit& edit, WorkRecord& record);

/// Edit: 8 (id) + 1 (field) + value. Add: 8 (id) + 8 (field ids) + every value.
std::size_t raw_bytes(const WorkScript& script);
/// Cells (record and field, for tags record and tag) that both scripts edit.
std::size_t cells_of_both(const WorkScript& a, const WorkScript& b);

/// Lower-case hexadecimal SHA-256 of the records as JSON, in the order given, without blanks.
std::string json_hash(const std::vector<WorkRecord>& records);

}  // namespace attune::bench
