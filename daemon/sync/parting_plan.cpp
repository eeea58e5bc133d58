#include "daemon/sync/parting_plan.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "daemon/sync/stored_clock.h"

namespace attune::sync {
namespace {

// parting  ver | mine 16 | theirs 16 | lv(relay) | id root 32 | since i64le |
//          LEB128(parcels) | lv each |
//          LEB128(weeks) | week u32le, through which parcel it is deleted u64le: ascending
//          name: the id of the mailbox for the other in week 0
constexpr std::uint8_t kVersion = 1;

constexpr std::size_t kRelayTextMax =
    limits::kRelayHostMax + limits::kRelayInviteMax + 96;  // scheme, port, names and key beside

}  // namespace

Bytes PartingPlan::name() const {
  const auto capability = mailbox_capability(id_root, {.from = mine, .to = theirs}, 0);
  const auto id = crypto::hash_lv<16>(crypto::labels::kMailboxId, ByteView(capability));
  return Bytes(id.begin(), id.end());
}

RecordChange parting_record(const PartingPlan& plan) {
  Bytes body{kVersion};
  append(body, plan.mine.view());
  append(body, plan.theirs.view());
  append_lv(body, as_bytes(to_text(plan.relay)));
  append(body, plan.id_root.view());
  append_seconds(body, std::chrono::seconds(plan.since.seconds));
  append_leb(body, plan.parcels.size());
  for (const Bytes& parcel : plan.parcels) append_lv(body, parcel);
  append_leb(body, plan.withdrawn.size());
  for (const auto& [week, up_to] : plan.withdrawn) {
    append_u32le(body, static_cast<std::uint32_t>(week));
    append_u64le(body, up_to);
  }
  return {.type = RecordType::kParting, .name = plan.name(), .body = std::move(body)};
}

RecordChange parting_gone(const PartingPlan& plan) {
  return {.type = RecordType::kParting, .name = plan.name(), .body = {}};
}

std::optional<PartingPlan> decode_parting(ByteView body) {
  Reader reader(body);
  if (reader.u8() != kVersion) return std::nullopt;
  PartingPlan plan;
  plan.mine.bytes = reader.take_array<DeviceId::kSize>();
  plan.theirs.bytes = reader.take_array<DeviceId::kSize>();
  auto relay = parse_relay_url(as_text(reader.lv(kRelayTextMax)));
  if (!reader.ok() || !relay) return std::nullopt;
  plan.relay = std::move(*relay);
  std::ranges::copy(reader.take_array<32>(), plan.id_root.writable().begin());
  const std::optional<std::chrono::seconds> since = take_seconds(reader);
  if (!since) return std::nullopt;
  plan.since.seconds = since->count();
  const std::uint64_t parcels = reader.leb();
  if (!reader.ok() || parcels > PartingPlan::kParcelsMax) return std::nullopt;
  for (std::uint64_t i = 0; i < parcels; ++i) {
    const ByteView parcel = reader.lv(limits::kRelayBodyMax);
    if (parcel.empty()) return std::nullopt;
    plan.parcels.emplace_back(parcel.begin(), parcel.end());
  }
  const std::uint64_t weeks = reader.leb();
  if (!reader.ok() || weeks > kMailboxWeeks) return std::nullopt;
  std::optional<Week> before;
  for (std::uint64_t i = 0; i < weeks; ++i) {
    const Week week = reader.u32le();
    if (before && *before >= week) return std::nullopt;
    plan.withdrawn.emplace(week, reader.u64le());
    before = week;
  }
  if (!reader.done()) return std::nullopt;
  return plan;
}

}  // namespace attune::sync
