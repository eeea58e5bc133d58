#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/bytes.h"

namespace attune {

/// What a record of the store holds. Numbers are for ever: they stand in what is sealed. That none
/// is missing, swapped or older the store's own root says; heads name how many ops there are, and
/// their readers check it. Source: docs/storage.md.
enum class RecordType : std::uint8_t {
  kRoot = 1,      ///< no record has it
  kOp = 2,        ///< name: actor and counter
  kHeads = 3,     ///< name: page number; last counter and chain of up to 64 actors
  kSelf = 4,      ///< this device and person: keys, name, author key
  kPartner = 5,   ///< the couple, the partner's devices, live roots
  kPeer = 6,      ///< name: device; what it last acknowledged, its addresses
  kPending = 7,   ///< a pairing that waits for its confirmation
  kBurnt = 8,     ///< burnt invitations
  kIntent = 9,    ///< name: entry; a loosening that waits
  kUndo = 10,     ///< my last act here
  kSetting = 11,  ///< name: which one
  kSalts = 12,    ///< name: first op; a tree of salts, until the partner has its ops
  kMailbox = 13,  ///< name: device; what was posted for it. In no backup
  kRatchet = 14,  ///< name: device, number; keys of parcels, new with each one. In no backup
  kParting = 15,  ///< what is left to do at a relay after `unpair`. In no backup
};

/// One line of a transaction: a record's new body, or its erasure.
struct RecordChange {
  RecordType type{};
  Bytes name;
  std::optional<Bytes> body;  ///< nullopt: erased, and overwritten on disk
};

/// One transaction; all or nothing.
struct RecordBatch {
  std::vector<RecordChange> changes;
  /// Something that must leave the disk was erased or replaced: the log on disk is truncated too.
  bool erases = false;
  [[nodiscard]] bool empty() const { return changes.empty(); }
};

/// A record as an unlocked store gives it back.
struct Record {
  RecordType type{};
  Bytes name;
  Bytes body;
};

}  // namespace attune
