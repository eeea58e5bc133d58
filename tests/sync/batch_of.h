#pragma once

#include <optional>
#include <utility>

#include "daemon/crdt/run_codec.h"
#include "daemon/sync/sync_codec.h"

namespace attune::sync {

/// Adds a run of one op to a batch, its entry named by its id.
inline void add_run(OpsMessage& batch, const crdt::Op& op,
                    std::optional<crypto::Hash32> tag = std::nullopt) {
  crdt::ActorTable actors;
  for (const crdt::Actor& actor : batch.actors) actors.place_of(actor);
  crdt::RunWriter writer(actors, op.dot, nullptr);
  writer.add(op, std::nullopt);
  batch.runs.push_back({.run = writer.finish(), .tag = tag});
  batch.actors = actors.actors();
}

inline OpsMessage batch_of(const crdt::Op& op, std::optional<crypto::Hash32> tag = std::nullopt) {
  OpsMessage batch;
  add_run(batch, op, tag);
  return batch;
}

}  // namespace attune::sync
