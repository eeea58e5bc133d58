#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "crypto/passphrase.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "proto/bytes.h"
#include "proto/ids.h"

namespace attune::store {

/// Random, made with the store: which slots and records belong together.
using StoreId = Id<struct StoreIdTag, 16>;

/// What has to be known before the passphrase is hashed: the hash's cost and salt, and whose slot
/// this is.
struct SlotHeader {
  StoreId store;
  crypto::PassphraseCost cost;
  std::array<std::uint8_t, 16> salt{};
  friend bool operator==(const SlotHeader&, const SlotHeader&) = default;
};

/// The store's data key (DEK), wrapped under a passphrase's hash. Holds nothing secret without that
/// hash. Source: docs/storage.md, Key slots.
struct Slot {
  SlotHeader header;
  crypto::Nonce24 nonce{};
  std::array<std::uint8_t, 48> wrapped{};  ///< 32 bytes of DEK and a tag
  std::array<std::uint8_t, 16> commit{};   ///< of the hash: one slot has one passphrase only
  friend bool operator==(const Slot&, const Slot&) = default;
};

/// A header with a fresh salt and today's cost: for a new store or a new passphrase.
SlotHeader new_slot_header(const StoreId& store, crypto::Random& random);

/// `hashed` is crypto::hash_passphrase(passphrase, header.salt, header.cost), made by the caller on
/// another thread.
Slot make_slot(const SlotHeader& header, const crypto::Key& hashed, const crypto::Key& dek,
               crypto::Random& random);

/// The DEK; nullopt for a wrong passphrase, which can't be told from a forged slot.
std::optional<crypto::Key> open_slot(const Slot& slot, const crypto::Key& hashed);

/// What one copy of the slot file turned out to be.
enum class SlotReading {
  kSlot,     ///< whole, of this version, its cost within bounds
  kDamaged,  ///< cut, flipped, too long, empty, or a cost nobody may ask for
  kNewer,    ///< whole, of a later version
};
struct DecodedSlot {
  SlotReading reading = SlotReading::kDamaged;
  std::optional<Slot> slot;  ///< where kSlot
};

inline constexpr std::size_t kSlotFileBytes = 162;
/// Later versions may be longer, but never beyond this.
inline constexpr std::size_t kSlotFileBytesMax = 4'096;

/// The slot as it stands in its file, checksum included: kSlotFileBytes.
Bytes encode_slot(const Slot& slot);
/// Takes any bytes. No cost is believed that crypto::cost_allowed refuses.
DecodedSlot decode_slot(ByteView file);

}  // namespace attune::store
