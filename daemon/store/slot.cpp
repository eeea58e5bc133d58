#include "daemon/store/slot.h"

#include <algorithm>

#include "crypto/derive.h"
#include "crypto/hash.h"
#include "crypto/labels.h"

namespace attune::store {
namespace {

constexpr std::string_view kMagic = "attune-k";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kPassphraseType = 1;
constexpr std::size_t kSumBytes = 16;

// Everything up to the nonce: what the wrapped key is bound to.
Bytes encode_header(const SlotHeader& header) {
  Bytes out;
  append(out, as_bytes(kMagic));
  out.push_back(kVersion);
  append(out, header.store.view());
  out.push_back(kPassphraseType);
  append_u64le(out, header.cost.memory_bytes);
  append_u64le(out, header.cost.passes);
  append(out, header.salt);
  return out;
}

std::array<std::uint8_t, 16> commit_of(const SlotHeader& header, const crypto::Key& hashed) {
  const crypto::Hash32 whole =
      crypto::mac(hashed.view(), crypto::labels::kWrapCommit, header.store.view());
  std::array<std::uint8_t, 16> out{};
  std::copy_n(whole.begin(), out.size(), out.begin());
  return out;
}

crypto::Key wrapping_key(const SlotHeader& header, const crypto::Key& hashed) {
  return crypto::kdf(hashed.view(), crypto::labels::kWrap, header.store.view());
}

std::array<std::uint8_t, kSumBytes> sum_of(ByteView bytes) {
  return crypto::hash_lv<kSumBytes>(crypto::labels::kSlotSum, bytes);
}

std::optional<Slot> decode_body(ByteView body) {
  Reader reader(body);
  reader.take(kMagic.size() + 1);
  Slot slot;
  slot.header.store.bytes = reader.take_array<16>();
  const std::uint8_t type = reader.u8();
  slot.header.cost.memory_bytes = reader.u64le();
  slot.header.cost.passes = reader.u64le();
  slot.header.salt = reader.take_array<16>();
  slot.nonce = reader.take_array<24>();
  slot.wrapped = reader.take_array<48>();
  slot.commit = reader.take_array<16>();
  if (!reader.done() || type != kPassphraseType) return std::nullopt;
  if (!crypto::cost_allowed(slot.header.cost)) return std::nullopt;
  return slot;
}

}  // namespace

SlotHeader new_slot_header(const StoreId& store, crypto::Random& random) {
  return {.store = store, .cost = crypto::default_cost(), .salt = random.bytes<16>()};
}

Slot make_slot(const SlotHeader& header, const crypto::Key& hashed, const crypto::Key& dek,
               crypto::Random& random) {
  Slot slot;
  slot.header = header;
  slot.nonce = random.bytes<24>();
  const Bytes wrapped = crypto::seal(wrapping_key(header, hashed).view(), slot.nonce,
                                     encode_header(header), dek.view());
  assert(wrapped.size() == slot.wrapped.size());
  std::copy(wrapped.begin(), wrapped.end(), slot.wrapped.begin());
  slot.commit = commit_of(header, hashed);
  return slot;
}

std::optional<crypto::Key> open_slot(const Slot& slot, const crypto::Key& hashed) {
  if (!crypto::equal(slot.commit, commit_of(slot.header, hashed))) return std::nullopt;
  auto dek = crypto::open(wrapping_key(slot.header, hashed).view(), slot.nonce,
                          encode_header(slot.header), slot.wrapped);
  if (!dek) return std::nullopt;
  crypto::Key key(std::span<const std::uint8_t, 32>(dek->data(), 32));
  explicit_bzero(dek->data(), dek->size());
  return key;
}

Bytes encode_slot(const Slot& slot) {
  Bytes out = encode_header(slot.header);
  append(out, slot.nonce);
  append(out, slot.wrapped);
  append(out, slot.commit);
  append(out, sum_of(out));
  assert(out.size() == kSlotFileBytes);
  return out;
}

DecodedSlot decode_slot(ByteView file) {
  if (file.size() < kMagic.size() + 1 + kSumBytes || file.size() > kSlotFileBytesMax) return {};
  const ByteView body = file.first(file.size() - kSumBytes);
  if (as_text(body.first(kMagic.size())) != kMagic) return {};
  // The sum tells rot from a newer version, so it is looked at before the version.
  if (!crypto::equal(file.last(kSumBytes), sum_of(body))) return {};
  const std::uint8_t version = body[kMagic.size()];
  if (version > kVersion) return {.reading = SlotReading::kNewer, .slot = std::nullopt};
  if (version != kVersion) return {};
  auto slot = decode_body(body);
  if (!slot) return {};
  return {.reading = SlotReading::kSlot, .slot = slot};
}

}  // namespace attune::store
