#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crypto/noise.h"
#include "crypto/secret.h"
#include "proto/endpoint.h"
#include "proto/ids.h"
#include "proto/record.h"
#include "proto/time.h"

namespace attune::sync {

/// This device and its person. Made at `init`; kept in one record.
struct Self {
  crypto::KeyPair identity;  ///< IK: X25519, used by Noise alone
  DeviceId device;           ///< from IK
  PersonId person;
  std::string name;
  crypto::Key author_key;  ///< AK: on this person's devices alone
};

/// One device of the partner and what a pairing gave us with it.
struct PartnerDevice {
  DeviceId device;
  crypto::PublicKey identity{};
  crypto::Key live_root;
  crypto::Key id_root;  ///< beacons, mailbox and pipe ids
  /// Of the first ratchets of parcels; only until the pairing is final.
  std::optional<crypto::Key> mailbox_root = {};
};

/// The other person. `paired` is false after `unpair`: kept, so that the same two continue their
/// couple.
struct Partner {
  PersonId person;
  std::string name;
  CoupleId couple;
  bool paired = true;
  std::vector<PartnerDevice> devices;
};

/// A pairing that this person said yes to and the other side has not yet confirmed.
struct PendingPairing {
  Partner partner;
  Wall since;
};

DeviceId device_id(const crypto::PublicKey& identity);
Self make_self(std::string name, crypto::Random& random);

RecordChange self_record(const Self& self);
RecordChange partner_record(const Partner& partner);
RecordChange pending_record(const std::optional<PendingPairing>& pending);
/// nullopt for bytes that no version of this program writes: the store is damaged.
std::optional<Self> decode_self(ByteView body);
std::optional<Partner> decode_partner(ByteView body);
std::optional<PendingPairing> decode_pending(ByteView body);

}  // namespace attune::sync
