#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "crypto/noise.h"
#include "crypto/secret.h"
#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/limits.h"
#include "proto/relay_frame.h"

namespace attune::sync {

// What two devices derive for their mailboxes. Source: docs/protocol.md, Parcels.

/// Weeks since 1970-01-01 00:00 UTC, by the relay's clock.
using Week = std::int64_t;
inline constexpr std::int64_t kHoursOfWeek = 168;
/// The weeks whose mailboxes may hold something in this one: from limits::kMailboxWeeksBack before
/// it to kMailboxWeeksAhead after it, and none before the first there is.
struct MailboxWeeks {
  Week first = 0;
  Week last = 0;
  [[nodiscard]] bool contains(Week week) const { return first <= week && week <= last; }
};
inline constexpr std::size_t kMailboxWeeks =
    limits::kMailboxWeeksBack + 1 + limits::kMailboxWeeksAhead;
inline MailboxWeeks mailbox_weeks(Week now) {
  return {.first = std::max<Week>(0, now - limits::kMailboxWeeksBack),
          .last = now + limits::kMailboxWeeksAhead};
}

/// Who sends parcels to whom.
struct Direction {
  DeviceId from;
  DeviceId to;
};

/// What opens the mailbox of this week and direction at a relay.
relay::Capability mailbox_capability(const crypto::Key& id_root, const Direction& way, Week week);
/// What each parcel is bound to.
Bytes parcel_associated(const CoupleId& couple, const Direction& way);

/// The secret of a ratchet made in a live session: its handshake hash, and a random of each side,
/// the dialler's first.
crypto::Key ratchet_secret(const crypto::Key& live_root, const crypto::Hash64& handshake,
                           ByteView of_dialler, ByteView of_listener);
/// Of one made by a pairing, in which `way.from` sends first, and the first key pair of `way.to`.
crypto::Key ratchet_secret(const crypto::Key& mailbox_root, const Direction& way);
crypto::KeyPair first_key_pair(const crypto::Key& mailbox_root, const Direction& way);

}  // namespace attune::sync
