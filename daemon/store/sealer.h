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

/// Where a box stands in the table.
using Row = std::uint32_t;
inline constexpr Row kRootRow = 0;

/// What is in a box. Numbers are for ever: keys are derived from them.
enum class BoxKind : std::uint8_t {
  kRoot = 1,  ///< the root, in kRootRow
  kPage = 2,  ///< a segment or a page of locks, in any other row
  kMark = 3,  ///< the mark, in a file of its own
};

/// Half the key of one body in a segment; the other half is the store's. Random, used once, and
/// overwritten on disk when that body is to be erased.
using Lock = std::array<std::uint8_t, 16>;

/// A body's bytes that fit a box which fills one page of SQLite's; most boxes are of this size.
inline constexpr std::size_t kPageBodyBytes = 4'012;
/// Of a body that spills over into `pages` more.
constexpr std::size_t body_bytes_of(std::size_t pages) { return kPageBodyBytes + 4'092 * pages; }

/// nullopt for a number no type has.
std::optional<RecordType> record_type(std::uint8_t number);

/// Turns bodies into sealed boxes and back, and locks what must be erasable inside them. Holds the
/// DEK and the keys made of it; borrows the Random. No file, no SQLite. Source: docs/storage.md,
/// Boxes.
class Sealer {
 public:
  Sealer(const StoreId& store, crypto::Key dek, crypto::Random& random);

  /// nonce24 | XChaCha20-Poly1305, padded, bound to its row, the store and the format's version.
  Bytes seal(BoxKind kind, Row row, ByteView body);
  /// nullopt for any box that was not sealed as this kind for this row.
  [[nodiscard]] std::optional<Bytes> open(BoxKind kind, Row row, ByteView box) const;
  /// What the root knows a box by: of its row, nonce and tag, and keyed. Who lacks the key makes no
  /// other box that opens, so nonce and tag stand for all of it.
  [[nodiscard]] crypto::Hash32 digest(Row row, ByteView box) const;

  /// Locks that were never used.
  std::vector<Lock> fresh_locks(std::size_t count);
  /// ChaCha20-Poly1305 under the lock and the store's half. A lock closes one body, once.
  [[nodiscard]] Bytes close(const Lock& lock, ByteView body) const;
  /// nullopt for what was closed by another lock.
  [[nodiscard]] std::optional<Bytes> reopen(const Lock& lock, ByteView closed) const;

 private:
  [[nodiscard]] const crypto::Key& key(BoxKind kind) const;
  [[nodiscard]] std::array<std::uint8_t, 32> key_of(const Lock& lock) const;

  StoreId store_;
  crypto::Key digest_key_;
  crypto::Key lock_key_;           ///< its first half completes every lock
  std::vector<crypto::Key> keys_;  ///< by kind, from 1
  crypto::Random* random_;
};

}  // namespace attune::store
