#include "daemon/sync/mailbox_memory.h"

#include "daemon/sync/sync_codec.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

// mailbox  ver | flags u8: 1 owes turn, 2 in step | week u32le | LEB128(weeks) | weeks: u32le,
// parcels u64le |
//          lv(there) | lv(posted) | lv(owed)
constexpr std::uint8_t kVersion = 1;
constexpr int kOwesTurn = 1;
constexpr int kInStep = 2;

}  // namespace

void MailboxMemory::wrote(Week into, std::uint64_t count) {
  week = into;
  written[into] = count;
  if (written.size() > kWeeksMax) {
    written.erase(written.begin()->first == into ? std::next(written.begin()) : written.begin());
  }
}

std::uint64_t MailboxMemory::written_in(Week of) const {
  const auto at = written.find(of);
  return at == written.end() ? 0 : at->second;
}

RecordChange mailbox_record(const DeviceId& device, const MailboxMemory& memory) {
  const int flags = (memory.owes_turn ? kOwesTurn : 0) | (memory.in_step ? kInStep : 0);
  Bytes body{kVersion, static_cast<std::uint8_t>(flags)};
  append_u32le(body, static_cast<std::uint32_t>(memory.week));
  append_leb(body, memory.written.size());
  for (const auto& [week, count] : memory.written) {
    append_u32le(body, static_cast<std::uint32_t>(week));
    append_u64le(body, count);
  }
  for (const crdt::VersionVector* vector : {&memory.there, &memory.posted, &memory.owed}) {
    append_lv(body, encode_vector(*vector));
  }
  return {.type = RecordType::kMailbox,
          .name = Bytes(device.bytes.begin(), device.bytes.end()),
          .body = std::move(body)};
}

std::optional<MailboxMemory> decode_mailbox(ByteView body) {
  Reader reader(body);
  if (reader.u8() != kVersion) return std::nullopt;
  MailboxMemory memory;
  const std::uint8_t flags = reader.u8();
  memory.owes_turn = (flags & kOwesTurn) != 0;
  memory.in_step = (flags & kInStep) != 0;
  memory.week = reader.u32le();
  const std::uint64_t weeks = reader.leb();
  if (!reader.ok() || flags > (kOwesTurn | kInStep) || weeks > MailboxMemory::kWeeksMax)
    return std::nullopt;
  for (std::uint64_t i = 0; i < weeks; ++i) {
    const Week of = reader.u32le();
    if (!memory.written.empty() && memory.written.rbegin()->first >= of) return std::nullopt;
    memory.written[of] = reader.u64le();
  }
  for (crdt::VersionVector* vector : {&memory.there, &memory.posted, &memory.owed}) {
    auto decoded = decode_vector(reader.lv(limits::kRecordBytesMax));
    if (!decoded) return std::nullopt;
    *vector = std::move(*decoded);
  }
  if (!reader.done()) return std::nullopt;
  return memory;
}

}  // namespace attune::sync
