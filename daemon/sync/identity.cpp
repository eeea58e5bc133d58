#include "daemon/sync/identity.h"

#include <algorithm>
#include <span>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "daemon/sync/stored_clock.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr std::uint8_t kVersion = 1;  // of each of these records
constexpr std::uint8_t kPendingVersion = 2;
constexpr std::size_t kKeyBytes = 32;

// self     ver | IK secret 32 | person 16 | lv(name) | AK 32
// partner  ver | paired u8 | person 16 | couple 16 | lv(name) | LEB128(devices) |
//          devices: IK public 32 | live root 32 | id root 32
// pending  ver | since i64le | partner | mailbox root 32       (version 1 had no mailbox root)

crypto::Key take_key(Reader& reader) {
  crypto::Key key;
  const ByteView bytes = reader.take(kKeyBytes);
  std::ranges::copy(bytes, key.writable().begin());
  return key;
}

template <typename Id>
Id take_id(Reader& reader) {
  Id id;
  id.bytes = reader.take_array<Id::kSize>();
  return id;
}

std::string take_name(Reader& reader) {
  return std::string(as_text(reader.lv(limits::kNameBytesMax)));
}

PartnerDevice take_device(Reader& reader) {
  PartnerDevice device;
  device.identity = reader.take_array<kKeyBytes>();
  device.device = device_id(device.identity);
  device.live_root = take_key(reader);
  device.id_root = take_key(reader);
  return device;
}

Bytes encode_partner(const Partner& partner) {
  Bytes out{kVersion, static_cast<std::uint8_t>(partner.paired ? 1 : 0)};
  append(out, partner.person.view());
  append(out, partner.couple.view());
  append_lv(out, partner.name);
  append_leb(out, partner.devices.size());
  for (const PartnerDevice& device : partner.devices) {
    append(out, device.identity);
    append(out, device.live_root.view());
    append(out, device.id_root.view());
  }
  return out;
}

/// All of it but for what stands behind it.
std::optional<Partner> take_partner(Reader& reader) {
  if (reader.u8() != kVersion) return std::nullopt;
  const std::uint8_t paired = reader.u8();
  Partner partner;
  partner.paired = paired == 1;
  partner.person = take_id<PersonId>(reader);
  partner.couple = take_id<CoupleId>(reader);
  partner.name = take_name(reader);
  const std::uint64_t count = reader.leb();
  if (!reader.ok() || paired > 1 || count > limits::kPartnerDevicesMax) return std::nullopt;
  for (std::uint64_t i = 0; i < count; ++i) partner.devices.push_back(take_device(reader));
  if (!reader.ok()) return std::nullopt;
  return partner;
}

}  // namespace

DeviceId device_id(const crypto::PublicKey& identity) {
  DeviceId id;
  id.bytes = crypto::hash_lv<DeviceId::kSize>(crypto::labels::kDevice, ByteView(identity));
  return id;
}

Self make_self(std::string name, crypto::Random& random) {
  Self self;
  self.identity = crypto::KeyPair::generate(random);
  self.device = device_id(self.identity.public_key);
  self.person.bytes = random.bytes<PersonId::kSize>();
  self.name = std::move(name);
  self.author_key = random.key();
  return self;
}

RecordChange self_record(const Self& self) {
  Bytes body{kVersion};
  append(body, self.identity.secret.view());
  append(body, self.person.view());
  append_lv(body, self.name);
  append(body, self.author_key.view());
  return {.type = RecordType::kSelf, .name = {}, .body = std::move(body)};
}

RecordChange partner_record(const Partner& partner) {
  return {.type = RecordType::kPartner, .name = {}, .body = encode_partner(partner)};
}

RecordChange pending_record(const std::optional<PendingPairing>& pending) {
  RecordChange change{.type = RecordType::kPending, .name = {}, .body = {}};
  if (!pending) return change;
  const std::optional<crypto::Key>& mailbox_root = pending->partner.devices.front().mailbox_root;
  Bytes body{mailbox_root ? kPendingVersion : kVersion};
  append_seconds(body, std::chrono::seconds(pending->since.seconds));
  append(body, encode_partner(pending->partner));
  if (mailbox_root) append(body, mailbox_root->view());
  change.body = std::move(body);
  return change;
}

std::optional<Self> decode_self(ByteView body) {
  Reader reader(body);
  if (reader.u8() != kVersion) return std::nullopt;
  Self self;
  const crypto::Key secret = take_key(reader);
  self.person = take_id<PersonId>(reader);
  self.name = take_name(reader);
  self.author_key = take_key(reader);
  if (!reader.done()) return std::nullopt;
  self.identity = crypto::KeyPair::from_secret(secret.view());
  self.device = device_id(self.identity.public_key);
  return self;
}

std::optional<Partner> decode_partner(ByteView body) {
  Reader reader(body);
  auto partner = take_partner(reader);
  if (!reader.done()) return std::nullopt;
  return partner;
}

std::optional<PendingPairing> decode_pending(ByteView body) {
  Reader reader(body);
  const std::uint8_t version = reader.u8();
  if (version != kVersion && version != kPendingVersion) return std::nullopt;
  PendingPairing pending;
  const std::optional<std::chrono::seconds> since = take_seconds(reader);
  if (!since) return std::nullopt;
  pending.since.seconds = since->count();
  auto partner = take_partner(reader);
  if (!partner || partner->devices.empty()) return std::nullopt;
  pending.partner = std::move(*partner);
  if (version == kPendingVersion) pending.partner.devices.front().mailbox_root = take_key(reader);
  if (!reader.done()) return std::nullopt;
  return pending;
}

}  // namespace attune::sync
