#include "daemon/sync/mailbox_keys.h"

#include <algorithm>

#include "crypto/derive.h"
#include "crypto/labels.h"

namespace attune::sync {

namespace labels = crypto::labels;

relay::Capability mailbox_capability(const crypto::Key& id_root, const Direction& way, Week week) {
  const crypto::Key of_way =
      crypto::kdf(id_root.view(), labels::kMailboxDirection, way.from.view(), way.to.view());
  Bytes number;
  append_u32le(number, static_cast<std::uint32_t>(week));
  const crypto::Key of_week = crypto::kdf(of_way.view(), labels::kMailboxWeek, ByteView(number));
  relay::Capability capability{};
  std::ranges::copy(of_week.view(), capability.begin());
  return capability;
}

Bytes parcel_associated(const CoupleId& couple, const Direction& way) {
  return lv(labels::kMailboxAssociated, couple.view(), way.from.view(), way.to.view());
}

crypto::Key ratchet_secret(const crypto::Key& live_root, const crypto::Hash64& handshake,
                           ByteView of_dialler, ByteView of_listener) {
  return crypto::kdf(live_root.view(), labels::kMailboxGeneration, ByteView(handshake), of_dialler,
                     of_listener);
}

crypto::Key ratchet_secret(const crypto::Key& mailbox_root, const Direction& way) {
  return crypto::kdf(mailbox_root.view(), labels::kMailboxGeneration, way.from.view(),
                     way.to.view());
}

crypto::KeyPair first_key_pair(const crypto::Key& mailbox_root, const Direction& way) {
  return crypto::KeyPair::from_secret(
      crypto::kdf(mailbox_root.view(), labels::kMailboxFirstKey, way.from.view(), way.to.view())
          .view());
}

}  // namespace attune::sync
