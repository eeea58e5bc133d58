#pragma once

#include <memory>
#include <vector>

#include "crypto/random.h"
#include "daemon/couple/kinds.h"
#include "daemon/crdt/op_log.h"
#include "daemon/crdt/view.h"
#include "daemon/sync/sync_codec.h"
#include "tests/bench/record_row.h"

namespace attune::bench {

/// One of two replicas of the record workload, made of the room `crdt` alone: a log and its fold,
/// without gates, tags, sealing or a store. What is superseded is erased at once.
class MemoryReplica {
 public:
  /// Replica 0 (A) or 1 (B).
  MemoryReplica(const RecordRow& row, std::size_t which);

  void add(const WorkRecord& record);
  void edit(const WorkEdit& edit);

  [[nodiscard]] const crdt::VersionVector& vector() const { return log_.vector(); }
  [[nodiscard]] crdt::Hash32 digest() const { return log_.digest(); }
  /// What `has` lacks, as messages of a session.
  [[nodiscard]] std::vector<Bytes> missing(const crdt::VersionVector& has) const;
  void merge(ByteView message);
  /// The ops of messages, whose past is here; nothing is taken.
  [[nodiscard]] std::vector<crdt::Op> read(const std::vector<Bytes>& messages) const;

  /// In the order in which they came; their tags sorted.
  [[nodiscard]] std::vector<WorkRecord> records() const;

 private:
  void write(const EntryId& entry, std::vector<crdt::Slot> slots);
  void enter(crdt::Op op);
  crdt::Slot slot(Bytes wire);
  template <typename Visit>
  void read_runs(ByteView message, Visit visit) const;

  const RecordRow& row_;
  crypto::SeededRandom random_;
  couple::People people_;
  couple::Kinds kinds_;
  crdt::Actor actor_;
  PersonId person_;
  crdt::OpLog log_;
  crdt::View view_;
  std::vector<EntryId> entries_;  ///< by the number of their record
};

}  // namespace attune::bench
