#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/ratchet.h"
#include "daemon/sync/mailbox_keys.h"
#include "proto/limits.h"
#include "proto/record.h"

namespace attune::sync {

/// The ratchets of parcels with one device of the partner, the newest last. Each live session may
/// make a new one; until the other is seen to use it, older ones still open what it sealed. Pure;
/// owned by the Mailbox. What changed goes into records by write(), in the transaction of what the
/// parcels led to, and before a sealed one leaves.
///
/// In use is a ratchet under which something of the other was opened, which proves that the other
/// has it durably; the newest in use seals. Once a parcel of one opens, the other has no use for
/// older ones and they are erased.  Source: docs/protocol.md, Parcels.
class Ratchets {
 public:
  Ratchets(const CoupleId& couple, const DeviceId& mine, const DeviceId& theirs);

  /// A record as the store gives it back; false where it is damaged.
  [[nodiscard]] bool load(std::uint32_t number, ByteView body);
  [[nodiscard]] bool empty() const { return all_.empty(); }

  [[nodiscard]] bool can_send() const { return in_use().has_value(); }
  /// Requires can_send().
  Bytes seal(ByteView body, crypto::Random& random);
  std::variant<Bytes, crypto::Ratchet::Refused> open(ByteView parcel, crypto::Random& random);

  /// As who sends first: a new one, not in use yet, and its parcel without a body. nullopt where
  /// the other's key is none.
  std::optional<Bytes> begin(const crypto::Key& secret, const crypto::PublicKey& theirs,
                             crypto::Random& random);
  /// As the other: a new one, in use once that parcel has opened, and a parcel back. The older ones
  /// stay, as the one who began does not use it yet. nullopt, and nothing is changed, where the
  /// parcel is not of it.
  std::optional<Bytes> answer(const crypto::Key& secret, crypto::KeyPair own, ByteView parcel,
                              crypto::Random& random);
  /// What a pairing gives both at once: two, so that each may send first.
  void begin_paired(const crypto::Key& mailbox_root, crypto::Random& random);

  /// What changed since the last call.
  void write(RecordBatch& batch);
  void erase_all(RecordBatch& batch);

 private:
  struct Kept {
    std::uint32_t number = 0;  ///< of its record
    crypto::Ratchet ratchet;
    bool in_use = false;
    bool changed = true;
  };
  [[nodiscard]] std::optional<std::size_t> in_use() const;
  Kept& add(crypto::Ratchet ratchet, bool in_use);
  void erase_before(std::size_t index);
  [[nodiscard]] RecordChange record(const Kept& kept) const;

  DeviceId theirs_;
  DeviceId mine_;
  Bytes out_;  ///< what parcels from here are bound to
  Bytes in_;
  std::vector<Kept> all_;
  std::vector<std::uint32_t> erased_;
  std::uint32_t next_number_ = 0;
};

/// What the name of such a record says; nullopt for another name.
struct RatchetName {
  DeviceId device;
  std::uint32_t number = 0;
};
std::optional<RatchetName> decode_ratchet_name(ByteView name);

}  // namespace attune::sync
