#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>

#include "crypto/labels.h"
#include "daemon/crdt/op.h"
#include "proto/limits.h"

// The canonical bytes of an op. Its dot stands outside, and every dot named inside is of the same
// stream. leb is LEB128 in its shortest form; zigzag maps 0, -1, 1, -2, ... to 0, 1, 2, 3, ...; a
// list is sorted, without equal members, at most kDotsMax long.
//
//   dot-in-stream = device 16 | incarnation 8 | leb counter (at least 1)
//   dots          = leb n | n x dot-in-stream
//   slot-refs     = leb n | n x (dot-in-stream | leb slot)
//
//   op     = dots seen | u8 form | form's content
//   form 0 = rest, each body that is held with its salt
//   form 1 = husk: rest_hash 32
//   rest   = entry 16 | leb kind | leb zigzag day | leb n (1..kFieldsPerOpMax) | n x slot
//   slot   = leb field | u8 flags | what the flags say, in the order of the bits | end
//     bit 0  leb rank
//     bit 1  over is kPast                          (never with bit 2)
//     bit 2  over is kDots: dots
//     bit 3  removes: slot-refs
//     bit 4  the body is held: end = salt 16 | lv(bytes); else end = commitment 32
//
// Hashed is `rest` as an op without any body has it: bit 4 clear and every commitment in its place.
//   commitment = BLAKE2b-256(lv("body/1") salt leb(field) bytes)
//   rest_hash  = BLAKE2b-256(lv("rest/1") rest)
//   chain      = BLAKE2b-256(lv("chain/1") chain-before leb(counter) dots-seen rest_hash)

namespace attune::crdt {
namespace {

enum class Form : std::uint8_t { kWhole = 0, kHusk = 1 };

constexpr std::uint8_t kHasRank = 1;
constexpr std::uint8_t kOverPast = 2;
constexpr std::uint8_t kOverDots = 4;
constexpr std::uint8_t kRemoves = 8;
constexpr std::uint8_t kHasBody = 16;
constexpr std::uint8_t kFlagsKnown = 31;

constexpr std::size_t kDotBytesMin = DeviceId::kSize + Incarnation::kSize + 1;

// Beside Bytes, what is written goes into a hash without a copy of its own, or is only counted.
using attune::append;
using attune::append_leb;

// Gathers what is hashed, so that the hash is fed in few and whole pieces.
class HashedBytes {
 public:
  explicit HashedBytes(std::string_view label) {
    assert(label.size() < 0x80);
    push_back(static_cast<std::uint8_t>(label.size()));
    add(as_bytes(label));
  }
  HashedBytes& add(ByteView bytes) {
    if (bytes.size() > buffer_.size() - used_) pass_on();
    if (bytes.size() > buffer_.size()) {
      hasher_.add(bytes);
      return *this;
    }
    if (!bytes.empty()) std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
    return *this;
  }
  void push_back(std::uint8_t byte) { add(ByteView(&byte, 1)); }
  Hash32 finish() {
    pass_on();
    return hasher_.finish<32>();
  }

 private:
  void pass_on() {
    hasher_.add(ByteView(buffer_).first(used_));
    used_ = 0;
  }

  crypto::Hasher hasher_{32};
  std::size_t used_ = 0;
  std::array<std::uint8_t, 384> buffer_;
};
void append(HashedBytes& out, ByteView bytes) { out.add(bytes); }
void append_leb(HashedBytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

struct CountedBytes {
  std::size_t size = 0;
  void push_back(std::uint8_t) { ++size; }
};
void append(CountedBytes& out, ByteView bytes) { out.size += bytes.size(); }
void append_leb(CountedBytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) ++out.size;
  ++out.size;
}

template <typename Out>
void append_dot(Out& out, const Dot& dot) {
  append(out, dot.actor.device.view());
  append(out, dot.actor.incarnation.view());
  append_leb(out, dot.counter);
}

template <typename Out>
void append_dots(Out& out, const std::vector<Dot>& dots) {
  append_leb(out, dots.size());
  for (const Dot& dot : dots) append_dot(out, dot);
}

enum class BodiesAs { kCommitments, kHeld };

std::uint8_t flags_of(const Slot& slot, BodiesAs bodies) {
  unsigned flags = 0;
  if (slot.rank) flags |= kHasRank;
  if (slot.over.reach == Over::Reach::kPast) flags |= kOverPast;
  if (slot.over.reach == Over::Reach::kDots) flags |= kOverDots;
  if (slot.removes) flags |= kRemoves;
  if (slot.body && bodies != BodiesAs::kCommitments) flags |= kHasBody;
  return static_cast<std::uint8_t>(flags);
}

template <typename Out>
void append_slot(Out& out, const Slot& slot, BodiesAs bodies) {
  append_leb(out, slot.field);
  out.push_back(flags_of(slot, bodies));
  if (slot.rank) append_leb(out, *slot.rank);
  if (slot.over.reach == Over::Reach::kDots) append_dots(out, slot.over.dots);
  if (slot.removes) {
    append_leb(out, slot.removed.size());
    for (const SlotRef& ref : slot.removed) {
      append_dot(out, ref.dot);
      append_leb(out, ref.slot);
    }
  }
  if (!slot.body || bodies == BodiesAs::kCommitments) {
    append(out, slot.commitment);
    return;
  }
  append(out, slot.body->salt);
  append_leb(out, slot.body->bytes.size());
  append(out, slot.body->bytes);
}

template <typename Out>
void append_rest(Out& out, const Op& op, BodiesAs bodies) {
  append(out, op.entry.view());
  append_leb(out, op.kind);
  const auto day = static_cast<std::uint32_t>(op.day.days);
  append_leb(out, (day << 1) ^ (op.day.days < 0 ? 0xffffffffu : 0u));
  append_leb(out, op.slots.size());
  for (const Slot& slot : op.slots) append_slot(out, slot, bodies);
}

template <typename Out>
void append_op(Out& out, const Op& op) {
  append_dots(out, op.seen);
  if (op.husk) {
    out.push_back(static_cast<std::uint8_t>(Form::kHusk));
    append(out, op.rest_hash);
    return;
  }
  out.push_back(static_cast<std::uint8_t>(Form::kWhole));
  append_rest(out, op, BodiesAs::kHeld);
}

std::size_t size_hint(const Op& op) {
  std::size_t size = 64 + op.seen.size() * (kDotBytesMin + 9);
  for (const Slot& slot : op.slots) {
    size += 64 + (slot.over.dots.size() + slot.removed.size()) * (kDotBytesMin + 12);
    if (slot.body) size += slot.body->bytes.size();
  }
  return size;
}

// ---- Reading. After a refusal the reader is not ok, and what was built is thrown away.

class OpReader {
 public:
  OpReader(const Dot& dot, ByteView bytes) : reader_(bytes), dot_(dot) {}
  /// Takes this for the hash of an op that is no husk, in place of making it.
  OpReader& believes(const Hash32& rest_hash) {
    rest_hash_ = &rest_hash;
    return *this;
  }

  std::optional<Op> read() {
    Op op;
    op.dot = dot_;
    if (!read_dots(op.seen)) return std::nullopt;
    const std::uint8_t form = reader_.u8();
    if (form == static_cast<std::uint8_t>(Form::kHusk)) {
      op.husk = true;
      op.rest_hash = reader_.take_array<32>();
    } else if (form == static_cast<std::uint8_t>(Form::kWhole)) {
      if (!read_rest(op)) return std::nullopt;
    } else {
      return std::nullopt;
    }
    if (!reader_.done()) return std::nullopt;
    if (!op.husk) op.rest_hash = rest_hash_ != nullptr ? *rest_hash_ : hash_rest(op);
    return op;
  }

 private:
  bool read_u32(std::uint32_t& out) {
    const std::uint64_t value = reader_.leb();
    out = static_cast<std::uint32_t>(value);
    return reader_.ok() && value <= std::numeric_limits<std::uint32_t>::max();
  }

  bool read_dot(Dot& dot) {
    dot.actor = {.stream = dot_.actor.stream,
                 .device = {reader_.take_array<DeviceId::kSize>()},
                 .incarnation = {reader_.take_array<Incarnation::kSize>()}};
    dot.counter = reader_.leb();
    return reader_.ok() && dot.counter > 0;
  }

  // How long the list is: only as long as the bytes that are left can hold.
  bool read_count(std::size_t& count) {
    const std::uint64_t value = reader_.leb();
    count = static_cast<std::size_t>(value);
    return reader_.ok() && value <= limits::kDotsMax && value <= reader_.left() / kDotBytesMin;
  }

  bool read_dots(std::vector<Dot>& dots) {
    std::size_t count = 0;
    if (!read_count(count)) return false;
    dots.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (!read_dot(dots[i]) || (i > 0 && !(dots[i - 1] < dots[i]))) return false;
    }
    return true;
  }

  bool read_refs(std::vector<SlotRef>& refs) {
    std::size_t count = 0;
    if (!read_count(count)) return false;
    refs.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t slot = 0;
      if (!read_dot(refs[i].dot) || !read_u32(slot)) return false;
      refs[i].slot = slot;
      if (i > 0 && !(refs[i - 1] < refs[i])) return false;
    }
    return true;
  }

  bool read_slot(Slot& slot) {
    if (!read_u32(slot.field)) return false;
    const std::uint8_t flags = reader_.u8();
    if (!reader_.ok() || (flags & ~kFlagsKnown) != 0) return false;
    if ((flags & kOverPast) != 0 && (flags & kOverDots) != 0) return false;
    if ((flags & kHasRank) != 0) {
      slot.rank.emplace();
      if (!read_u32(*slot.rank)) return false;
    }
    if ((flags & kOverPast) != 0) slot.over.reach = Over::Reach::kPast;
    if ((flags & kOverDots) != 0) {
      slot.over.reach = Over::Reach::kDots;
      if (!read_dots(slot.over.dots)) return false;
    }
    slot.removes = (flags & kRemoves) != 0;
    if (slot.removes && !read_refs(slot.removed)) return false;
    if ((flags & kHasBody) == 0) {
      slot.commitment = reader_.take_array<32>();
      return reader_.ok();
    }
    slot.body.emplace();
    slot.body->salt = reader_.take_array<std::tuple_size_v<Salt>>();
    const ByteView words = reader_.lv(limits::kSlotBytesMax);
    if (!reader_.ok()) return false;
    slot.body->bytes.assign(words.begin(), words.end());
    if (rest_hash_ == nullptr) slot.commitment = commit_body(slot.field, *slot.body);
    return true;
  }

  bool read_rest(Op& op) {
    op.entry = {reader_.take_array<EntryId::kSize>()};
    std::uint32_t day = 0;
    if (!read_u32(op.kind) || !read_u32(day)) return false;
    op.day.days = static_cast<std::int32_t>((day >> 1) ^ ((day & 1) != 0 ? 0xffffffffu : 0u));
    const std::uint64_t count = reader_.leb();
    if (!reader_.ok() || count == 0 || count > limits::kFieldsPerOpMax) return false;
    op.slots.resize(static_cast<std::size_t>(count));
    return std::ranges::all_of(op.slots, [this](Slot& slot) { return read_slot(slot); });
  }

  Reader reader_;
  const Dot& dot_;
  const Hash32* rest_hash_ = nullptr;
};

template <typename Named>
bool is_list(const std::vector<Named>& named) {
  return named.size() <= limits::kDotsMax &&
         std::ranges::adjacent_find(named, std::ranges::greater_equal{}) == named.end();
}

}  // namespace

Hash32 commit_body(std::uint32_t field, const SlotBody& body) {
  HashedBytes hashed(crypto::labels::kBody);
  hashed.add(body.salt);
  append_leb(hashed, field);
  return hashed.add(body.bytes).finish();
}

Hash32 hash_rest(const Op& op) {
  assert(!op.husk);
  HashedBytes hashed(crypto::labels::kRest);
  append_rest(hashed, op, BodiesAs::kCommitments);
  return hashed.finish();
}

Hash32 next_chain(const Hash32& previous, const Op& op) {
  HashedBytes hashed(crypto::labels::kChain);
  hashed.add(previous);
  append_leb(hashed, op.dot.counter);
  append_dots(hashed, op.seen);
  return hashed.add(op.rest_hash).finish();
}

Bytes encode_op(const Op& op) {
  Bytes out;
  out.reserve(size_hint(op));
  append_op(out, op);
  return out;
}

std::size_t encoded_size(const Op& op) {
  CountedBytes counted;
  append_op(counted, op);
  return counted.size;
}

bool within_limits(const Op& op) {
  const auto fits = [](const Slot& slot) {
    return is_list(slot.over.dots) && is_list(slot.removed) &&
           (slot.over.reach == Over::Reach::kDots || slot.over.dots.empty()) &&
           (slot.removes || slot.removed.empty()) &&
           (!slot.body || slot.body->bytes.size() <= limits::kSlotBytesMax);
  };
  return is_list(op.seen) && (op.husk || !op.slots.empty()) &&
         op.slots.size() <= limits::kFieldsPerOpMax && std::ranges::all_of(op.slots, fits) &&
         encoded_size(op) <= limits::kOpBytesMax;
}

std::optional<Op> decode_op(const Dot& dot, ByteView bytes) {
  if (bytes.size() > limits::kOpBytesMax) return std::nullopt;
  return OpReader(dot, bytes).read();
}

std::optional<Op> decode_kept_op(const Dot& dot, ByteView bytes, const Hash32& rest_hash) {
  if (bytes.size() > limits::kOpBytesMax) return std::nullopt;
  return OpReader(dot, bytes).believes(rest_hash).read();
}

}  // namespace attune::crdt
