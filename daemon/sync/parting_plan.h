#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "crypto/secret.h"
#include "daemon/sync/mailbox_keys.h"
#include "proto/ids.h"
#include "proto/limits.h"
#include "proto/record.h"
#include "proto/relay_url.h"
#include "proto/time.h"

namespace attune::sync {

/// What is left to do at a relay after a pairing has ended. A value; one record keeps it until it
/// is done, so that a relay which is away, or a process that ends, only delays it.
struct PartingPlan {
  DeviceId mine;
  DeviceId theirs;
  RelayUrl relay;  ///< that keeps the mailboxes, whichever is set later
  crypto::Key id_root;
  Wall since;                  ///< when the pairing ended, by this device's clock
  std::vector<Bytes> parcels;  ///< sealed: what protects and the other may not have
  /// Of each mailbox for the other, once it was looked at: through which parcel it is deleted. No
  /// later try deletes more, since the other can skip so many and no more.
  std::map<Week, std::uint64_t> withdrawn{};
  static constexpr std::size_t kParcelsMax = limits::kPutsUnanswered;
  /// Of its record: one device may be parted from twice.
  [[nodiscard]] Bytes name() const;
};

RecordChange parting_record(const PartingPlan& plan);
RecordChange parting_gone(const PartingPlan& plan);
/// nullopt for bytes that no version of this program writes: the store is damaged.
std::optional<PartingPlan> decode_parting(ByteView body);

}  // namespace attune::sync
