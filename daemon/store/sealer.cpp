#include "daemon/store/sealer.h"

#include <strings.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "crypto/padding.h"
#include "crypto/seal.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

constexpr std::uint8_t kFormatVersion = 2;
constexpr std::size_t kNonceBytes = 24;
constexpr std::size_t kLengthBytes = 4;
constexpr auto kFirstKind = static_cast<std::size_t>(BoxKind::kRoot);
constexpr auto kLastKind = static_cast<std::size_t>(BoxKind::kMark);
// Beyond it whole pages hide less than Padme does.
constexpr std::size_t kPadmeFrom = 131'072;

using Associated = std::array<std::uint8_t, 21>;
Associated associated(Row row, const StoreId& store) {
  Associated out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(row >> (8 * i));
  std::copy(store.bytes.begin(), store.bytes.end(), out.begin() + 4);
  out[20] = kFormatVersion;
  return out;
}

// What a padded body takes: a page, and as many more as it needs.
std::size_t padded_size(BoxKind kind, std::size_t body) {
  std::size_t size = body + kLengthBytes;
  if (kind == BoxKind::kMark) return std::max(limits::kRecordPadMin, size);
  if (size > kPadmeFrom) size = crypto::padme(size);
  std::size_t pages = 0;
  while (body_bytes_of(pages) + kLengthBytes < size) ++pages;
  return body_bytes_of(pages) + kLengthBytes;
}

}  // namespace

std::optional<RecordType> record_type(std::uint8_t number) {
  const auto type = static_cast<RecordType>(number);
  switch (type) {
    case RecordType::kRoot:
    case RecordType::kOp:
    case RecordType::kHeads:
    case RecordType::kSelf:
    case RecordType::kPartner:
    case RecordType::kPeer:
    case RecordType::kPending:
    case RecordType::kBurnt:
    case RecordType::kIntent:
    case RecordType::kUndo:
    case RecordType::kSetting:
    case RecordType::kSalts:
    case RecordType::kMailbox:
    case RecordType::kRatchet:
    case RecordType::kParting:
      return type;
  }
  return std::nullopt;
}

Sealer::Sealer(const StoreId& store, crypto::Key dek, crypto::Random& random)
    : store_(store),
      digest_key_(crypto::kdf(dek.view(), crypto::labels::kRecordDigest)),
      lock_key_(crypto::kdf(dek.view(), crypto::labels::kRecordLock)),
      random_(&random) {
  for (std::size_t kind = kFirstKind; kind <= kLastKind; ++kind) {
    const std::array<std::uint8_t, 1> number{static_cast<std::uint8_t>(kind)};
    keys_.push_back(crypto::kdf(dek.view(), crypto::labels::kRecord, number));
  }
}

const crypto::Key& Sealer::key(BoxKind kind) const {
  return keys_.at(static_cast<std::size_t>(kind) - kFirstKind);
}

Bytes Sealer::seal(BoxKind kind, Row row, ByteView body) {
  Bytes plain;
  plain.reserve(padded_size(kind, body.size()));
  append_u32le(plain, static_cast<std::uint32_t>(body.size()));
  append(plain, body);
  plain.resize(plain.capacity(), 0);
  const auto nonce = random_->bytes<kNonceBytes>();
  const Bytes sealed = crypto::seal(key(kind).view(), nonce, associated(row, store_), plain);
  Bytes box;
  box.reserve(nonce.size() + sealed.size());
  append(box, nonce);
  append(box, sealed);
  return box;
}

std::optional<Bytes> Sealer::open(BoxKind kind, Row row, ByteView box) const {
  Reader outer(box);
  const auto nonce = outer.take_array<kNonceBytes>();
  const ByteView sealed = outer.take(outer.left());
  if (!outer.ok()) return std::nullopt;
  const auto padded = crypto::open(key(kind).view(), nonce, associated(row, store_), sealed);
  return padded ? crypto::unpad(*padded) : std::nullopt;
}

crypto::Hash32 Sealer::digest(Row row, ByteView box) const {
  assert(box.size() >= kNonceBytes + crypto::kTagBytes);
  Bytes number;
  append_u32le(number, row);
  return crypto::Hasher(32, digest_key_.view())
      .add(number)
      .add(box.first(kNonceBytes))
      .add(box.last(crypto::kTagBytes))
      .finish<32>();
}

std::vector<Lock> Sealer::fresh_locks(std::size_t count) {
  std::vector<Lock> locks(count);
  Bytes drawn(count * sizeof(Lock));
  random_->fill(drawn);
  Reader reader(drawn);
  for (Lock& lock : locks) lock = reader.take_array<sizeof(Lock)>();
  return locks;
}

std::array<std::uint8_t, 32> Sealer::key_of(const Lock& lock) const {
  std::array<std::uint8_t, 32> out{};
  std::copy(lock.begin(), lock.end(), out.begin());
  std::copy_n(lock_key_.view().begin(), out.size() - lock.size(), out.begin() + lock.size());
  return out;
}

Bytes Sealer::close(const Lock& lock, ByteView body) const {
  Bytes room;
  room.reserve(body.size() + crypto::kTagBytes);
  append(room, body);
  room.resize(body.size() + crypto::kTagBytes);
  auto key = key_of(lock);
  crypto::seal_counter_in_place(key, 0, room);
  ::explicit_bzero(key.data(), key.size());
  return room;
}

std::optional<Bytes> Sealer::reopen(const Lock& lock, ByteView closed) const {
  Bytes room(closed.begin(), closed.end());
  auto key = key_of(lock);
  const bool opens = crypto::open_counter_in_place(key, 0, room);
  ::explicit_bzero(key.data(), key.size());
  if (!opens) return std::nullopt;
  room.resize(room.size() - crypto::kTagBytes);
  return room;
}

}  // namespace attune::store
