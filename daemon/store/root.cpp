#include "daemon/store/root.h"

#include <algorithm>

namespace attune::store {
namespace {

constexpr std::size_t kOtherBytes = 16 + 1 + 16;

}  // namespace

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

void Root::add(const RecordId& id, RecordType type, const crypto::Hash32& digest) {
  if (type == RecordType::kOp) {
    ++op_count;
    op_sum.add(digest);
  } else {
    others[id] = {.type = type, .digest = shorten(digest)};
  }
}

void Root::remove(const RecordId& id, RecordType type, const crypto::Hash32& digest) {
  if (type == RecordType::kOp) {
    assert(op_count > 0);
    --op_count;
    op_sum.subtract(digest);
  } else {
    others.erase(id);
  }
}

Root::ShortDigest shorten(const crypto::Hash32& digest) {
  Root::ShortDigest out{};
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Bytes encode_root(const Root& root) {
  Bytes out;
  append_u64le(out, root.generation);
  append_u64le(out, root.op_count);
  append(out, root.op_sum.bytes());
  for (const auto& [id, other] : root.others) {
    append(out, id.view());
    out.push_back(static_cast<std::uint8_t>(other.type));
    append(out, other.digest);
  }
  return out;
}

std::optional<Root> decode_root(ByteView body) {
  Reader reader(body);
  Root root;
  root.generation = reader.u64le();
  root.op_count = reader.u64le();
  root.op_sum = DigestSum::from(reader.take_array<32>());
  if (!reader.ok() || reader.left() % kOtherBytes != 0) return std::nullopt;
  while (reader.left() > 0) {
    RecordId id;
    id.bytes = reader.take_array<16>();
    const auto type = record_type(reader.u8());
    if (!type || *type == RecordType::kRoot || *type == RecordType::kOp) return std::nullopt;
    if (!root.others.empty() && !(root.others.rbegin()->first < id)) return std::nullopt;
    root.others.emplace_hint(root.others.end(), id,
                             Root::Other{.type = *type, .digest = reader.take_array<16>()});
  }
  return root;
}

}  // namespace attune::store
