#include "daemon/store/sealer.h"

#include <algorithm>
#include <utility>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "crypto/padding.h"
#include "crypto/seal.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

constexpr std::uint8_t kFormatVersion = 1;
constexpr std::size_t kNonceBytes = 24;
constexpr auto kFirstType = static_cast<std::uint8_t>(RecordType::kRoot);

std::array<std::uint8_t, 1> byte_of(RecordType type) { return {static_cast<std::uint8_t>(type)}; }

using Associated = std::array<std::uint8_t, 33>;
Associated associated(const RecordId& id, const StoreId& store) {
  Associated out{};
  std::copy(id.bytes.begin(), id.bytes.end(), out.begin());
  std::copy(store.bytes.begin(), store.bytes.end(), out.begin() + 16);
  out[32] = kFormatVersion;
  return out;
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
    case RecordType::kSeed:
    case RecordType::kMailbox:
    case RecordType::kRatchet:
      return type;
  }
  return std::nullopt;
}

Sealer::Sealer(const StoreId& store, crypto::Key dek, crypto::Random& random)
    : store_(store),
      dek_(std::move(dek)),
      digest_key_(crypto::kdf(dek_.view(), crypto::labels::kRecordDigest)),
      random_(&random) {
  for (std::uint8_t number = kFirstType; record_type(number); ++number) {
    const std::array<std::uint8_t, 1> type{number};
    keys_.push_back(crypto::kdf(dek_.view(), crypto::labels::kRecord, type));
  }
}

const crypto::Key& Sealer::key(RecordType type) const {
  return keys_.at(static_cast<std::size_t>(type) - kFirstType);
}

RecordId Sealer::id(RecordType type, ByteView name) const {
  const crypto::Hash32 whole =
      crypto::mac(dek_.view(), crypto::labels::kRecordId, byte_of(type), name);
  RecordId id;
  std::copy_n(whole.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

Bytes Sealer::seal(const RecordId& id, RecordType type, ByteView name, ByteView body) {
  assert(name.size() <= limits::kShortBytesMax && body.size() <= limits::kRecordBytesMax);
  Bytes plain;
  plain.reserve(1 + 2 + name.size() + body.size());
  plain.push_back(byte_of(type)[0]);
  append_lv(plain, name);
  append(plain, body);
  const auto nonce = random_->bytes<kNonceBytes>();
  const Bytes sealed =
      crypto::seal(key(type).view(), nonce, associated(id, store_), crypto::pad(plain));
  Bytes box;
  box.reserve(nonce.size() + sealed.size());
  append(box, nonce);
  append(box, sealed);
  return box;
}

std::optional<Record> Sealer::open(const RecordId& id, RecordType type, ByteView box) const {
  Reader outer(box);
  const auto nonce = outer.take_array<kNonceBytes>();
  const ByteView sealed = outer.take(outer.left());
  if (!outer.ok()) return std::nullopt;
  const auto padded = crypto::open(key(type).view(), nonce, associated(id, store_), sealed);
  if (!padded) return std::nullopt;
  const auto plain = crypto::unpad(*padded);
  if (!plain) return std::nullopt;
  Reader reader(*plain);
  const std::uint8_t number = reader.u8();
  const ByteView name = reader.lv(limits::kShortBytesMax);
  const ByteView body = reader.take(reader.left());
  if (!reader.ok() || number != byte_of(type)[0]) return std::nullopt;
  return Record{.type = type,
                .name = Bytes(name.begin(), name.end()),
                .body = Bytes(body.begin(), body.end())};
}

crypto::Hash32 Sealer::digest(const RecordId& id, ByteView box) const {
  return crypto::Hasher(32, digest_key_.view()).add(id.view()).add(box).finish<32>();
}

}  // namespace attune::store
