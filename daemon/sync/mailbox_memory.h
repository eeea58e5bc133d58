#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "daemon/crdt/version_vector.h"
#include "daemon/sync/mailbox_keys.h"
#include "proto/record.h"

namespace attune::sync {

/// What is remembered of the mailboxes for one device of the partner, as one record keeps it.
struct MailboxMemory {
  static constexpr std::size_t kWeeksMax = 8;

  std::map<Week, std::uint64_t> written;  ///< parcels put into each week's mailbox; the last weeks
  Week week = 0;                          ///< into which one what is `posted` was put; 0: none
  crdt::VersionVector there;              ///< durable at the other device, as far as it said so
  crdt::VersionVector posted;             ///< at the relay, or there
  crdt::VersionVector owed;               ///< rows that the next parcel acknowledges
  bool owes_turn = false;  ///< parcels of the other were lost: only a parcel from here begins anew
  /// The ratchet in use was made in a session while no relay had said what was put last: where that
  /// is more than this store knows of, it was an older copy and is none any more.
  bool in_step = false;

  void wrote(Week into, std::uint64_t count);
  [[nodiscard]] std::uint64_t written_in(Week of) const;
};

RecordChange mailbox_record(const DeviceId& device, const MailboxMemory& memory);
/// nullopt for bytes that no version of this program writes: the store is damaged.
std::optional<MailboxMemory> decode_mailbox(ByteView body);

}  // namespace attune::sync
