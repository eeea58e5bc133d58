#include "daemon/sync/ratchets.h"

#include <algorithm>
#include <cassert>

namespace attune::sync {
namespace {

// ratchet  ver | in use u8 | Ratchet::encode        name: device 16 | number u32le
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kOldestKept = 2;  // as many as a pairing makes

using Refused = crypto::Ratchet::Refused;

Bytes name_of(const DeviceId& device, std::uint32_t number) {
  Bytes name(device.bytes.begin(), device.bytes.end());
  append_u32le(name, number);
  return name;
}

}  // namespace

std::optional<RatchetName> decode_ratchet_name(ByteView name) {
  Reader reader(name);
  RatchetName out;
  out.device.bytes = reader.take_array<DeviceId::kSize>();
  out.number = reader.u32le();
  if (!reader.done()) return std::nullopt;
  return out;
}

Ratchets::Ratchets(const CoupleId& couple, const DeviceId& mine, const DeviceId& theirs)
    : theirs_(theirs),
      mine_(mine),
      out_(parcel_associated(couple, {.from = mine, .to = theirs})),
      in_(parcel_associated(couple, {.from = theirs, .to = mine})) {}

bool Ratchets::load(std::uint32_t number, ByteView body) {
  Reader reader(body);
  const bool known = reader.u8() == kVersion;
  const std::uint8_t in_use = reader.u8();
  auto ratchet = crypto::Ratchet::decode(reader.take(reader.left()));
  if (!known || in_use > 1 || !ratchet || (in_use == 1 && !ratchet->can_send())) return false;
  all_.push_back(
      {.number = number, .ratchet = std::move(*ratchet), .in_use = in_use == 1, .changed = false});
  std::ranges::sort(all_, {}, &Kept::number);
  next_number_ = std::max(next_number_, number + 1);
  return true;
}

std::optional<std::size_t> Ratchets::in_use() const {
  for (std::size_t i = all_.size(); i-- > 0;) {
    if (all_[i].in_use) return i;
  }
  return std::nullopt;
}

// Sessions that were cut off leave ones of which nobody knows whether the other uses them. It is
// the newest that it heard of, or the last before all of these: so one in between goes.
Ratchets::Kept& Ratchets::add(crypto::Ratchet ratchet, bool in_use) {
  all_.push_back({.number = next_number_++, .ratchet = std::move(ratchet), .in_use = in_use});
  while (all_.size() > limits::kRatchetsMax) {
    const auto between = all_.begin() + (this->in_use() == kOldestKept ? 1 : 0) + kOldestKept;
    erased_.push_back(between->number);
    all_.erase(between);
  }
  return all_.back();
}

void Ratchets::erase_before(std::size_t index) {
  for (std::size_t i = 0; i < index; ++i) erased_.push_back(all_[i].number);
  all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(index));
}

Bytes Ratchets::seal(ByteView body, crypto::Random& random) {
  assert(can_send());
  Kept& kept = all_[*in_use()];
  kept.changed = true;
  return kept.ratchet.seal(body, out_, random);
}

std::variant<Bytes, Refused> Ratchets::open(ByteView parcel, crypto::Random& random) {
  for (std::size_t i = all_.size(); i-- > 0;) {
    Kept& kept = all_[i];
    auto opened = kept.ratchet.open(parcel, in_, random);
    const auto* refused = std::get_if<Refused>(&opened);
    if (refused != nullptr && *refused == Refused::kForeign) continue;
    kept.in_use = kept.ratchet.can_send();  // beyond a gap too: the parcel back must be of this one
    kept.changed = true;
    erase_before(i);
    return opened;
  }
  return Refused::kForeign;
}

std::optional<Bytes> Ratchets::begin(const crypto::Key& secret, const crypto::PublicKey& theirs,
                                     crypto::Random& random) {
  auto ratchet = crypto::Ratchet::initiator(secret.view(), theirs, random);
  if (!ratchet) return std::nullopt;
  return add(std::move(*ratchet), false).ratchet.seal({}, out_, random);
}

std::optional<Bytes> Ratchets::answer(const crypto::Key& secret, crypto::KeyPair own,
                                      ByteView parcel, crypto::Random& random) {
  auto ratchet = crypto::Ratchet::responder(secret.view(), std::move(own));
  if (!std::holds_alternative<Bytes>(ratchet.open(parcel, in_, random))) return std::nullopt;
  return add(std::move(ratchet), true).ratchet.seal({}, out_, random);
}

// Both have the same two in the same order. The later one is used first by who began it; once the
// other has seen that, it is the only one.
void Ratchets::begin_paired(const crypto::Key& mailbox_root, crypto::Random& random) {
  const DeviceId& smaller = std::min(mine_, theirs_);
  const DeviceId& greater = std::max(mine_, theirs_);
  for (const Direction& way :
       {Direction{.from = smaller, .to = greater}, Direction{.from = greater, .to = smaller}}) {
    const crypto::Key secret = ratchet_secret(mailbox_root, way);
    crypto::KeyPair first = first_key_pair(mailbox_root, way);
    if (way.from == mine_) {
      auto ratchet = crypto::Ratchet::initiator(secret.view(), first.public_key, random);
      assert(ratchet);  // no key of ours is of low order
      add(std::move(*ratchet), true);
    } else {
      add(crypto::Ratchet::responder(secret.view(), std::move(first)), false);
    }
  }
}

RecordChange Ratchets::record(const Kept& kept) const {
  Bytes body{kVersion, static_cast<std::uint8_t>(kept.in_use ? 1 : 0)};
  append(body, kept.ratchet.encode());
  return {
      .type = RecordType::kRatchet, .name = name_of(theirs_, kept.number), .body = std::move(body)};
}

void Ratchets::write(RecordBatch& batch) {
  for (Kept& kept : all_) {
    if (!kept.changed) continue;
    kept.changed = false;
    batch.changes.push_back(record(kept));
    batch.erases = true;  // keys of parcels that were read or sealed
  }
  for (const std::uint32_t number : erased_) {
    batch.changes.push_back(
        {.type = RecordType::kRatchet, .name = name_of(theirs_, number), .body = {}});
    batch.erases = true;
  }
  erased_.clear();
}

void Ratchets::erase_all(RecordBatch& batch) {
  erase_before(all_.size());
  write(batch);
}

}  // namespace attune::sync
