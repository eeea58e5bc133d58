#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "daemon/store/slot.h"
#include "proto/record.h"

namespace attune::store {

/// Where a record stands in the table. Says nothing to who lacks the DEK.
using RecordId = Id<struct RecordIdTag, 16>;

/// nullopt for a number no type has.
std::optional<RecordType> record_type(std::uint8_t number);

/// Turns records into sealed boxes and back. Holds the DEK and the keys made of it; borrows the
/// Random. No file, no SQLite. Source: docs/storage.md, Records.
class Sealer {
 public:
  Sealer(const StoreId& store, crypto::Key dek, crypto::Random& random);

  [[nodiscard]] RecordId id(RecordType type, ByteView name) const;
  /// nonce24 | XChaCha20-Poly1305, padded, bound to its id, the store and the format's version.
  /// `id` is id(type, name).
  Bytes seal(const RecordId& id, RecordType type, ByteView name, ByteView body);
  /// nullopt for any box that was not sealed under this id and type.
  [[nodiscard]] std::optional<Record> open(const RecordId& id, RecordType type, ByteView box) const;
  /// What the root knows a box by: keyed, so that nobody can look for boxes whose digests add up.
  [[nodiscard]] crypto::Hash32 digest(const RecordId& id, ByteView box) const;

 private:
  [[nodiscard]] const crypto::Key& key(RecordType type) const;

  StoreId store_;
  crypto::Key dek_;
  crypto::Key digest_key_;
  std::vector<crypto::Key> keys_;  ///< by type, from 1
  crypto::Random* random_;
};

}  // namespace attune::store
