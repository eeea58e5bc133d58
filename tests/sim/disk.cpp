#include "tests/sim/disk.h"

namespace attune::sim {

bool Disk::commit(const RecordBatch& batch) {
  const Fault fault = fault_;
  if (fault == Fault::kFull) return false;
  fault_ = Fault::kNone;
  if (fault == Fault::kFailsOld) return false;
  for (const RecordChange& change : batch.changes) {
    if (change.body) {
      records_[{change.type, change.name}] = *change.body;
    } else {
      records_.erase({change.type, change.name});
    }
  }
  return fault == Fault::kNone;
}

std::vector<Record> Disk::records() const {
  std::vector<Record> out;
  out.reserve(records_.size());
  for (const auto& [key, body] : records_) {
    out.push_back({.type = key.first, .name = key.second, .body = body});
  }
  return out;
}

const Bytes* Disk::find(RecordType type, const Bytes& name) const {
  const auto at = records_.find({type, name});
  return at == records_.end() ? nullptr : &at->second;
}

}  // namespace attune::sim
