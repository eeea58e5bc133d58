#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "daemon/store/sealer.h"

namespace attune::store {

/// A sum, modulo 2^256, of digests in whatever order: equal for equal sets, and changed by one
/// addition or subtraction where one record changes.
class DigestSum {
 public:
  void add(const crypto::Hash32& digest);
  void subtract(const crypto::Hash32& digest);
  [[nodiscard]] const crypto::Hash32& bytes() const { return bytes_; }
  static DigestSum from(const crypto::Hash32& bytes);
  friend bool operator==(const DigestSum&, const DigestSum&) = default;

 private:
  crypto::Hash32 bytes_{};  // little-endian
};

/// What the root record says of all others: how many ops there are and the sum of their digests,
/// and each other record by name. Value type, sealed and rewritten in each transaction. Source:
/// docs/storage.md, The root.
struct Root {
  using ShortDigest = std::array<std::uint8_t, 16>;
  struct Other {
    RecordType type{};
    ShortDigest digest{};
    friend bool operator==(const Other&, const Other&) = default;
  };

  std::uint64_t generation = 0;  ///< transactions so far
  std::uint64_t op_count = 0;
  DigestSum op_sum;
  std::map<RecordId, Other> others;

  void add(const RecordId& id, RecordType type, const crypto::Hash32& digest);
  void remove(const RecordId& id, RecordType type, const crypto::Hash32& digest);
  friend bool operator==(const Root&, const Root&) = default;
};

Root::ShortDigest shorten(const crypto::Hash32& digest);
Bytes encode_root(const Root& root);
/// The canonical form alone: ascending ids, known types, nothing left over.
std::optional<Root> decode_root(ByteView body);

}  // namespace attune::store
