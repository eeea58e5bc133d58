#include "daemon/store/root.h"

#include <cassert>

#include "daemon/store/sealer.h"
#include "proto/limits.h"

//   root   = u64 generation | u64 boxes | sum 32 | records
//   record = u8 type | lv(name) | lv(body)

namespace attune::store {

void DigestSum::add(const crypto::Hash32& digest) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const unsigned sum = unsigned{bytes_[i]} + unsigned{digest[i]} + carry;
    bytes_[i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
}

void DigestSum::subtract(const crypto::Hash32& digest) {
  unsigned borrow = 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const unsigned difference = 0x100u + bytes_[i] - digest[i] - borrow;
    bytes_[i] = static_cast<std::uint8_t>(difference);
    borrow = difference < 0x100u ? 1 : 0;
  }
}

DigestSum DigestSum::from(const crypto::Hash32& bytes) {
  DigestSum sum;
  sum.bytes_ = bytes;
  return sum;
}

void Root::add(const crypto::Hash32& digest) {
  ++boxes;
  sum.add(digest);
}

void Root::remove(const crypto::Hash32& digest) {
  assert(boxes > 0);
  --boxes;
  sum.subtract(digest);
}

std::size_t fresh_size(const Record& record) {
  constexpr std::size_t kNumbers = 1 + 2 + 3;
  return kNumbers + record.name.size() + record.body.size();
}

Bytes encode_root(const Root& root, const FreshRecords& others, const FreshRecords& ops) {
  Bytes out;
  append_u64le(out, root.generation);
  append_u64le(out, root.boxes);
  append(out, root.sum.bytes());
  for (const FreshRecords* records : {&others, &ops}) {
    for (const Record& record : *records) {
      out.push_back(static_cast<std::uint8_t>(record.type));
      append_lv(out, record.name);
      append_lv(out, record.body);
    }
  }
  return out;
}

std::optional<DecodedRoot> decode_root(ByteView body) {
  Reader reader(body);
  DecodedRoot decoded;
  decoded.root.generation = reader.u64le();
  decoded.root.boxes = reader.u64le();
  decoded.root.sum = DigestSum::from(reader.take_array<32>());
  while (reader.left() > 0) {
    const auto type = record_type(reader.u8());
    const ByteView name = reader.lv(limits::kShortBytesMax);
    const ByteView bytes = reader.lv(limits::kRecordBytesMax);
    if (!reader.ok() || !type || *type == RecordType::kRoot) return std::nullopt;
    decoded.records.push_back({.type = *type,
                               .name = Bytes(name.begin(), name.end()),
                               .body = Bytes(bytes.begin(), bytes.end())});
  }
  if (!reader.done()) return std::nullopt;
  return decoded;
}

}  // namespace attune::store
