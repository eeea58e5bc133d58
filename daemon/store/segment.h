#pragma once

#include <cstdint>
#include <optional>

#include "daemon/store/sealer.h"
#include "proto/bytes.h"

namespace attune::store {

/// The first byte of a page's body.
enum class PageKind : std::uint8_t { kSegment = 1, kLocks = 2 };

/// One record in a segment: its name, and its body closed by the lock in `slot`.
struct Frame {
  std::uint32_t slot = 0;
  RecordType type{};
  Bytes name;
  ByteView closed;       ///< borrowed from the segment's body
  std::size_t at = 0;    ///< where it begins
  std::size_t size = 0;  ///< all that it takes
};

/// A segment's body while frames are added to it. Source: docs/storage.md, Segments.
class SegmentDraft {
 public:
  SegmentDraft() { body_.push_back(static_cast<std::uint8_t>(PageKind::kSegment)); }
  /// Gives where the frame begins.
  std::size_t append(std::uint32_t slot, RecordType type, ByteView name, ByteView closed);
  [[nodiscard]] const Bytes& body() const { return body_; }
  /// No frame with this name and a closed body of this size takes more.
  static std::size_t size_max(ByteView name, std::size_t closed);

 private:
  Bytes body_;
  Bytes last_name_;
};

/// Gives the frames of a segment's body one by one; nullopt at its end, and where it is none.
class SegmentReader {
 public:
  /// `body` outlives the reader and its frames.
  explicit SegmentReader(ByteView body);
  std::optional<Frame> next();
  /// Every byte was read.
  [[nodiscard]] bool done() const { return ok_ && reader_.done(); }

 private:
  Reader reader_;
  std::size_t size_;
  Bytes last_name_;
  bool ok_ = true;
};

}  // namespace attune::store
