#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "proto/bytes.h"
#include "proto/record.h"

namespace attune::sim {

/// A store as the driver knows it: a commit is whole and durable, or it fails. What a crash in the
/// middle of one leaves is the old records or the new ones. Value type: a copy is a backup.
class Disk {
 public:
  using Key = std::pair<RecordType, Bytes>;

  enum class Fault : std::uint8_t {
    kNone,
    kFull,      ///< ENOSPC: fails, and nothing is changed
    kFailsOld,  ///< EIO: fails, and nothing of it arrived
    kFailsNew,  ///< EIO: fails, and everything arrived all the same
  };
  /// False where it failed.
  bool commit(const RecordBatch& batch);
  /// The fault of the next commit, which clears it but for kFull.
  void set_fault(Fault fault) { fault_ = fault; }
  [[nodiscard]] Fault fault() const { return fault_; }

  [[nodiscard]] std::vector<Record> records() const;
  [[nodiscard]] const std::map<Key, Bytes>& all() const { return records_; }
  [[nodiscard]] const Bytes* find(RecordType type, const Bytes& name = {}) const;

 private:
  std::map<Key, Bytes> records_;
  Fault fault_ = Fault::kNone;
};

}  // namespace attune::sim
