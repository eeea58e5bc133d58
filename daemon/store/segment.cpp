#include "daemon/store/segment.h"

#include <algorithm>
#include <limits>

#include "crypto/seal.h"
#include "proto/limits.h"

//   segment = u8 1 | frames
//   frame   = leb slot | u8 type | u8 shared | lv(rest of the name) | lv(closed body)
//
// shared: how many bytes of the name are those of the frame before. A closed body ends with its
// tag.

namespace attune::store {
namespace {

constexpr std::size_t kSharedMax = std::numeric_limits<std::uint8_t>::max();

std::size_t shared_bytes(ByteView a, ByteView b) {
  const std::size_t most = std::min({a.size(), b.size(), kSharedMax});
  const auto end = a.begin() + static_cast<std::ptrdiff_t>(most);
  return static_cast<std::size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

}  // namespace

std::size_t SegmentDraft::append(std::uint32_t slot, RecordType type, ByteView name,
                                 ByteView closed) {
  const std::size_t at = body_.size();
  const std::size_t shared = shared_bytes(name, last_name_);
  append_leb(body_, slot);
  body_.push_back(static_cast<std::uint8_t>(type));
  body_.push_back(static_cast<std::uint8_t>(shared));
  append_lv(body_, name.subspan(shared));
  append_lv(body_, closed);
  last_name_.assign(name.begin(), name.end());
  return at;
}

std::size_t SegmentDraft::size_max(ByteView name, std::size_t closed) {
  constexpr std::size_t kNumbers = 5 + 1 + 1 + 2 + 3;
  return kNumbers + name.size() + closed;
}

SegmentReader::SegmentReader(ByteView body) : reader_(body), size_(body.size()) {
  ok_ = reader_.u8() == static_cast<std::uint8_t>(PageKind::kSegment);
}

std::optional<Frame> SegmentReader::next() {
  if (!ok_ || reader_.left() == 0) return std::nullopt;
  Frame frame;
  frame.at = size_ - reader_.left();
  const std::uint64_t slot = reader_.leb();
  const auto type = record_type(reader_.u8());
  const std::size_t shared = reader_.u8();
  const ByteView rest = reader_.lv(limits::kShortBytesMax);
  frame.closed = reader_.lv(limits::kRecordBytesMax + crypto::kTagBytes);
  ok_ = reader_.ok() && type && *type != RecordType::kRoot && shared <= last_name_.size() &&
        shared + rest.size() <= limits::kShortBytesMax &&
        slot <= std::numeric_limits<std::uint32_t>::max();
  if (!ok_) return std::nullopt;
  frame.slot = static_cast<std::uint32_t>(slot);
  frame.type = *type;
  last_name_.resize(shared);
  append(last_name_, rest);
  frame.name = last_name_;
  frame.size = size_ - reader_.left() - frame.at;
  return frame;
}

}  // namespace attune::store
