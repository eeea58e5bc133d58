#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proto/bytes.h"
#include "proto/kind_table.h"
#include "tests/bench/record_workload.h"

namespace attune::bench {

/// The kinds of record.proto. Lives as long as the process.
const KindTable& record_kinds();

/// A WorkRecord as a message of a kind of record.proto, and back. Borrows the row.
class RecordRow {
 public:
  explicit RecordRow(const KindRow& row) : row_(row) {}
  [[nodiscard]] const KindRow& row() const { return row_; }

  static std::uint32_t number(WorkField field);
  /// The wire bytes of one value; nothing else of a message but these, one behind the other.
  [[nodiscard]] Bytes value(WorkField field, std::string_view text) const;
  /// Each field of a new record, an element of its tags for each tag.
  [[nodiscard]] std::vector<Bytes> values(const WorkRecord& record) const;
  /// Reads one field's wire bytes, which this class made.
  void read(ByteView wire, WorkRecord& into) const;

 private:
  const KindRow& row_;
};

/// The number of the field that these wire bytes are of.
std::uint32_t field_of(ByteView wire);

}  // namespace attune::bench
