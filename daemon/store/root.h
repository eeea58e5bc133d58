#pragma once

#include <cstdint>
#include <list>
#include <optional>

#include "crypto/hash.h"
#include "proto/record.h"

namespace attune::store {

/// A sum, modulo 2^256, of digests in whatever order: equal for equal sets, and changed by one
/// addition or subtraction where one box changes.
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

/// What the root says of every other box. Value type, sealed and rewritten in each transaction.
/// Source: docs/storage.md, The root.
struct Root {
  std::uint64_t generation = 0;  ///< transactions so far
  std::uint64_t boxes = 0;       ///< how many others there are
  DigestSum sum;                 ///< of their digests

  void add(const crypto::Hash32& digest);
  void remove(const crypto::Hash32& digest);
  friend bool operator==(const Root&, const Root&) = default;
};

/// The records that stand in the root itself, because they are new or often rewritten.
using FreshRecords = std::list<Record>;
/// What one of them takes there, at most.
std::size_t fresh_size(const Record& record);
inline constexpr std::size_t kRootHeadBytes = 8 + 8 + 32;

Bytes encode_root(const Root& root, const FreshRecords& others, const FreshRecords& ops);
struct DecodedRoot {
  Root root;
  FreshRecords records;  ///< in the order they were encoded
};
/// Known types alone, nothing left over.
std::optional<DecodedRoot> decode_root(ByteView body);

}  // namespace attune::store
