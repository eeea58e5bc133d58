#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/crdt/op.h"
#include "daemon/sync/sync_codec.h"
#include "proto/record.h"

namespace attune::fuzz {

/// What two people have written in an evening, made by real notebooks: of every kind, edited,
/// ended, forgotten, at the same time on both sides. Made once, the same in every process.
struct Evening {
  std::vector<Record> records;  ///< one person's whole store, the person's own and pairing included
  std::vector<std::pair<crdt::Dot, Bytes>> ops;  ///< as they travel
  std::vector<sync::SyncMessage> messages;       ///< one of every sort that a session carries
};
const Evening& evening();

/// Requests of control.proto, one of every sort.
std::vector<Bytes> sample_requests();
/// Answers of control.proto, one of every sort.
std::vector<Bytes> sample_answers();

}  // namespace attune::fuzz
