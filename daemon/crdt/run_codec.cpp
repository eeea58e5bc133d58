#include "daemon/crdt/run_codec.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "proto/limits.h"

// The bytes of a run. leb is LEB128 in its shortest form, zigzag as in op_codec.cpp. A dot is named
// by the place of its actor in the batch's table.
//
//   dot   = leb place | leb counter (at least 1)
//   dots  = leb n | n x dot, ascending
//   refs  = leb n | n x (dot | leb slot), ascending
//
//   ops   = each op:
//   op    = u8 head | [dots seen] | husk: rest_hash 32
//                                 | else: entry | [leb kind | leb zigzag(day - day before)] |
//                                   [leb n] | n x slot
//     bit 0     seen is not empty
//     bits 1-2  entry: 0 its id 16, 1 leb counter of an op of this actor on it, 2 the same of the
//               actor that was named last with 3, 3 dot
//     bit 3     kind and day stand here; else both are those of the op before in this run
//     bit 4     n stands here, else it is 1
//     bit 5     husk; bits 1-4 are 0
//     bits 6-7  0
//   slot  = u8 | [leb field] | [u8 flags | what they say, as in op_codec.cpp but for its dots] |
//   end
//     bits 0-3  the field, 1..15, or 0: it stands behind
//     bits 4-6  end: 0 commitment 32
//                    1 lv(bytes of the body)
//                    2 lv(x): the body is x as a field of wire type 2
//                    3 leb x: the body is x as a field of wire type 0
//                    4 nothing: no body, the commitment is zero
//     bit 7     flags stand behind, at least one
//
//   salts = of the ops in their order, each with a body or none:
//     u8 0..3   the node of that level, 16: of the next 4^n ops, all of this run
//     u8 4..    of the next (u8 - 3) ops the salt of each body, 16

namespace attune::crdt {
namespace {

enum HeadBit : unsigned { kSeen = 1, kKindAndDay = 8, kSeveral = 16, kHusk = 32 };
constexpr unsigned kNamingShift = 1;
constexpr unsigned kNamingMask = 3;
enum Naming : unsigned { kById = 0, kByOwnOp = 1, kByOpOfLast = 2, kByDot = 3 };

constexpr unsigned kFieldMask = 15;
constexpr unsigned kEndShift = 4;
constexpr unsigned kEndMask = 7;
constexpr unsigned kFlagsFollow = 128;
enum End : unsigned { kCommitment = 0, kRaw = 1, kText = 2, kVarint = 3, kNothing = 4 };

enum FlagBit : unsigned { kHasRank = 1, kOverPast = 2, kOverDots = 4, kRemoves = 8 };
constexpr unsigned kFlagsKnown = 15;

constexpr std::size_t kActorBytes = DeviceId::kSize + Incarnation::kSize;
constexpr std::size_t kDotBytes = kActorBytes + 1;
constexpr std::size_t kPlaceBytesMax = 2;
static_assert(limits::kActorsMax <= 1u << 14);
constexpr unsigned kSinglyBase = kSaltLevelMax;
constexpr std::size_t kSinglyMax = 255 - kSinglyBase;

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ ((value & 1) != 0 ? ~std::uint64_t{0} : 0));
}

std::size_t leb_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

std::uint64_t tag_of(std::uint32_t field, unsigned wire_type) {
  return std::uint64_t{field} << 3 | wire_type;
}

/// How a body is written, and what of it: its bytes from `from` on.
struct Written {
  End end = kRaw;
  std::size_t from = 0;
};

Written how_to_write(std::uint32_t field, ByteView bytes) {
  Reader reader(bytes);
  const std::uint64_t tag = reader.leb();
  const std::size_t from = bytes.size() - reader.left();
  if (!reader.ok()) return {};
  if (tag == tag_of(field, 2)) {
    reader.lv(reader.left());
    if (reader.done()) return {.end = kText, .from = from};
  } else if (tag == tag_of(field, 0)) {
    reader.leb();
    if (reader.done()) return {.end = kVarint, .from = from};
  }
  return {};
}

unsigned flags_of(const Slot& slot) {
  unsigned flags = 0;
  if (slot.rank) flags |= kHasRank;
  if (slot.over.reach == Over::Reach::kPast) flags |= kOverPast;
  if (slot.over.reach == Over::Reach::kDots) flags |= kOverDots;
  if (slot.removes) flags |= kRemoves;
  return flags;
}

}  // namespace

std::size_t ActorTable::place_of(const Actor& actor) {
  const auto [at, fresh] = places_.try_emplace(actor, actors_.size());
  if (fresh) actors_.push_back(actor);
  return at->second;
}

RunWriter::RunWriter(ActorTable& table, const Dot& first, const OpLog* log)
    : table_(table), log_(log), actors_before_(table.actors().size()) {
  run_.first = first;
  table_.place_of(first.actor);
}

Dot RunWriter::next() const { return {run_.first.actor, run_.first.counter + run_.count}; }

std::size_t RunWriter::size_max() const {
  return run_.ops.size() + salts_max_ + run_.count +
         (table_.actors().size() - actors_before_) * kActorBytes;
}

// Beside what encode_op takes: a dot its place in the table, a slot a byte for its field and flags,
// an entry that is named by a dot a new actor and a counter, an op its head and its salts' code.
std::size_t RunWriter::size_max(const Op& op) {
  constexpr std::size_t kEntryBeside = kActorBytes + kPlaceBytesMax + 10 - EntryId::kSize;
  std::size_t dots = op.seen.size();
  for (const Slot& slot : op.slots) dots += slot.over.dots.size() + slot.removed.size();
  return encoded_size(op) + op.slots.size() + dots * kPlaceBytesMax + kEntryBeside + 2;
}

void RunWriter::put_dot(const Dot& dot) {
  append_leb(run_.ops, table_.place_of(dot.actor));
  append_leb(run_.ops, dot.counter);
}

void RunWriter::put_dots(const std::vector<Dot>& dots) {
  append_leb(run_.ops, dots.size());
  for (const Dot& dot : dots) put_dot(dot);
}

void RunWriter::put_entry(const Op& op, const std::optional<Dot>& entry_from) {
  if (!entry_from) return append(run_.ops, op.entry.view());
  if (entry_from->actor == op.dot.actor || entry_from->actor == named_) {
    return append_leb(run_.ops, entry_from->counter);
  }
  put_dot(*entry_from);
  named_ = entry_from->actor;
}

void RunWriter::put_slot(const Slot& slot, Bodies& bodies) {
  Bytes& out = run_.ops;
  Written written;
  if (slot.body) {
    written = how_to_write(slot.field, slot.body->bytes);
  } else {
    written.end = slot.commitment == Hash32{} ? End::kNothing : End::kCommitment;
  }
  const unsigned flags = flags_of(slot);
  const unsigned field = slot.field <= kFieldMask ? slot.field : 0;
  out.push_back(static_cast<std::uint8_t>(field | written.end << kEndShift |
                                          (flags != 0 ? kFlagsFollow : 0)));
  if (field == 0) append_leb(out, slot.field);
  if (flags != 0) out.push_back(static_cast<std::uint8_t>(flags));
  if (slot.rank) append_leb(out, *slot.rank);
  if (slot.over.reach == Over::Reach::kDots) put_dots(slot.over.dots);
  if (slot.removes) {
    append_leb(out, slot.removed.size());
    for (const SlotRef& ref : slot.removed) {
      put_dot(ref.dot);
      append_leb(out, ref.slot);
    }
  }
  if (written.end == kCommitment) {
    append(out, slot.commitment);
    bodies.whole = false;
  }
  if (!slot.body) return;
  ++bodies.count;
  salts_.push_back(slot.body->salt);
  const ByteView body = slot.body->bytes;
  if (written.end == kRaw) append_leb(out, body.size());
  append(out, body.subspan(written.from));
}

void RunWriter::add(const Op& op, const std::optional<Dot>& entry_from) {
  assert(op.dot == next());
  Naming naming = kById;
  if (entry_from) {
    naming = entry_from->actor == op.dot.actor ? kByOwnOp
             : entry_from->actor == named_     ? kByOpOfLast
                                               : kByDot;
  }
  const bool changes = op.kind != kind_ || op.day.days != day_;
  unsigned head = op.seen.empty() ? 0u : kSeen;
  if (op.husk) {
    head |= kHusk;
  } else {
    head |= naming << kNamingShift;
    if (changes) head |= kKindAndDay;
    if (op.slots.size() != 1) head |= kSeveral;
  }
  Bodies bodies{.whole = !op.husk};
  run_.ops.push_back(static_cast<std::uint8_t>(head));
  if (!op.seen.empty()) put_dots(op.seen);
  if (op.husk) {
    append(run_.ops, op.rest_hash);
  } else {
    put_entry(op, entry_from);
    if (changes) {
      append_leb(run_.ops, op.kind);
      append_leb(run_.ops, zigzag(std::int64_t{op.day.days} - day_));
      kind_ = op.kind;
      day_ = op.day.days;
    }
    if (op.slots.size() != 1) append_leb(run_.ops, op.slots.size());
    for (const Slot& slot : op.slots) put_slot(slot, bodies);
  }
  bodies.salts_end = salts_.size();
  bodies_.push_back(bodies);
  ++run_.count;
  salts_max_ += node_of(run_.count - 1, 0) ? sizeof(SaltNode) : bodies.count * sizeof(Salt);
}

// The node that stands for the ops from the `first`th on: nothing under it was erased, and there
// are two salts, from which on it pays. The log says the first, too; what was erased must not
// follow from what is sent.
std::optional<SaltNode> RunWriter::node_of(std::size_t first, unsigned level) const {
  if (log_ == nullptr || ops_under(level) > run_.count - first) return std::nullopt;
  const auto node = log_->salt_node({run_.first.actor, run_.first.counter + first}, level);
  if (!node) return std::nullopt;
  std::size_t salts = 0;
  for (std::size_t i = first; i < first + ops_under(level); ++i) {
    if (!bodies_[i].whole) return std::nullopt;
    salts += bodies_[i].count;
  }
  return salts > 1 ? node : std::nullopt;
}

// The highest of them.
std::optional<RunWriter::Node> RunWriter::node_at(std::size_t done) const {
  for (unsigned level = kSaltLevelMax + 1; level-- > 0;) {
    if (const auto node = node_of(done, level)) return Node{.level = level, .node = *node};
  }
  return std::nullopt;
}

void RunWriter::tighten() {
  salts_max_ = 0;
  for (std::size_t done = 0; done < run_.count;) {
    const auto found = node_at(done);
    salts_max_ += found ? sizeof(SaltNode) : bodies_[done].count * sizeof(Salt);
    done += found ? ops_under(found->level) : 1;
  }
}

Run RunWriter::finish() {
  std::size_t singly_at = 0;  // where the number of the ops under way stands, plus one; 0: of none
  for (std::size_t done = 0; done < run_.count;) {
    if (const auto found = node_at(done)) {
      run_.salts.push_back(static_cast<std::uint8_t>(found->level));
      append(run_.salts, found->node);
      done += ops_under(found->level);
      singly_at = 0;
      continue;
    }
    if (singly_at == 0 || run_.salts[singly_at - 1] == kSinglyBase + kSinglyMax) {
      run_.salts.push_back(kSinglyBase);
      singly_at = run_.salts.size();
    }
    ++run_.salts[singly_at - 1];
    for (std::size_t i = done == 0 ? 0 : bodies_[done - 1].salts_end; i < bodies_[done].salts_end;
         ++i) {
      append(run_.salts, salts_[i]);
    }
    ++done;
  }
  return std::move(run_);
}

// ---- Reading. After a refusal nothing more is read, and what was built is thrown away.

bool RunReader::spend(std::size_t bytes) {
  if (bytes > budget_) return false;
  budget_ -= bytes;
  return true;
}

bool RunReader::read_number(std::uint32_t& out) {
  const std::uint64_t value = ops_.leb();
  out = static_cast<std::uint32_t>(value);
  return ops_.ok() && value <= std::numeric_limits<std::uint32_t>::max();
}

bool RunReader::read_dot(Dot& dot) {
  const std::uint64_t place = ops_.leb();
  dot.counter = ops_.leb();
  if (!ops_.ok() || place >= actors_.size() || dot.counter == 0) return false;
  dot.actor = actors_[static_cast<std::size_t>(place)];
  return true;
}

bool RunReader::read_dots(std::vector<Dot>& dots) {
  const std::uint64_t count = ops_.leb();
  if (!ops_.ok() || count > limits::kDotsMax || count > ops_.left() / 2) return false;
  const auto size = static_cast<std::size_t>(count);
  if (!spend(size * kDotBytes)) return false;
  dots.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (!read_dot(dots[i]) || (i > 0 && !(dots[i - 1] < dots[i]))) return false;
  }
  return true;
}

bool RunReader::read_refs(std::vector<SlotRef>& refs) {
  const std::uint64_t count = ops_.leb();
  if (!ops_.ok() || count > limits::kDotsMax || count > ops_.left() / 3) return false;
  const auto size = static_cast<std::size_t>(count);
  if (!spend(size * (kDotBytes + 1))) return false;
  refs.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::uint32_t slot = 0;
    if (!read_dot(refs[i].dot) || !read_number(slot)) return false;
    refs[i].slot = slot;
    if (i > 0 && !(refs[i - 1] < refs[i])) return false;
  }
  return true;
}

bool RunReader::read_entry(Op& op, unsigned naming) {
  if (naming == kById) {
    op.entry = {ops_.take_array<EntryId::kSize>()};
    return ops_.ok();
  }
  Dot from{run_.first.actor, 0};
  if (naming == kByDot) {
    const std::uint64_t place = ops_.leb();
    if (!ops_.ok() || place >= actors_.size()) return false;
    named_ = static_cast<std::size_t>(place);
  }
  if (naming != kByOwnOp) {
    if (!named_) return false;
    from.actor = actors_[*named_];
  }
  from.counter = ops_.leb();
  if (!ops_.ok() || from.counter == 0) return false;
  // An op of this run is in nobody's log yet, if it waits for its tag.
  const bool in_run = from.actor == run_.first.actor && from.counter >= run_.first.counter;
  if (in_run) {
    const std::uint64_t index = from.counter - run_.first.counter;
    if (index >= entries_.size()) return false;
    op.entry = entries_[static_cast<std::size_t>(index)];
    unnamed_ = op.entry.is_zero();
    return true;
  }
  const Kept* kept = log_ == nullptr ? nullptr : log_->find(from);
  unnamed_ = kept == nullptr || kept->op.husk;
  if (!unnamed_) op.entry = kept->op.entry;
  return true;
}

bool RunReader::read_kind_and_day(Op& op) {
  std::uint32_t kind = 0;
  if (!read_number(kind)) return false;
  const std::uint64_t written = ops_.leb();
  if (!ops_.ok() || written > std::uint64_t{1} << 34) return false;
  const std::int64_t day = day_ + unzigzag(written);
  if (day < std::numeric_limits<std::int32_t>::min() ||
      day > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  kind_ = op.kind = kind;
  day_ = op.day.days = static_cast<std::int32_t>(day);
  return true;
}

bool RunReader::read_flags(Slot& slot) {
  const unsigned flags = ops_.u8();
  if (!ops_.ok() || flags == 0 || flags > kFlagsKnown) return false;
  if ((flags & kOverPast) != 0 && (flags & kOverDots) != 0) return false;
  if ((flags & kHasRank) != 0 && !read_number(slot.rank.emplace())) return false;
  if ((flags & kOverPast) != 0) slot.over.reach = Over::Reach::kPast;
  if ((flags & kOverDots) != 0) {
    slot.over.reach = Over::Reach::kDots;
    if (!read_dots(slot.over.dots)) return false;
  }
  slot.removes = (flags & kRemoves) != 0;
  return !slot.removes || read_refs(slot.removed);
}

bool RunReader::read_body(Slot& slot, unsigned how) {
  if (how == kNothing) return true;
  if (how == kCommitment) {
    slot.commitment = ops_.take_array<32>();
    return ops_.ok();
  }
  slot.body.emplace();
  Bytes& bytes = slot.body->bytes;
  if (how == kVarint) {
    const std::uint64_t value = ops_.leb();
    append_leb(bytes, tag_of(slot.field, 0));
    append_leb(bytes, value);
    return ops_.ok();
  }
  const ByteView content = ops_.lv(limits::kSlotBytesMax);
  if (!ops_.ok()) return false;
  if (how == kRaw) {
    bytes.assign(content.begin(), content.end());
    return true;
  }
  const std::uint64_t tag = tag_of(slot.field, 2);
  bytes.reserve(leb_size(tag) + leb_size(content.size()) + content.size());
  append_leb(bytes, tag);
  append_lv(bytes, content);
  return bytes.size() <= limits::kSlotBytesMax;
}

bool RunReader::read_slot(Slot& slot) {
  const unsigned head = ops_.u8();
  slot.field = head & kFieldMask;
  const unsigned how = head >> kEndShift & kEndMask;
  if (!ops_.ok() || how > kNothing) return false;
  if (slot.field == 0 && !read_number(slot.field)) return false;
  if ((head & kFlagsFollow) != 0 && !read_flags(slot)) return false;
  return read_body(slot, how) && spend(slot.body ? slot.body->bytes.size() : 0);
}

// Each body has its salt and so its commitment after this.
bool RunReader::take_salts(Op& op) {
  const std::size_t covered = leaves_from_ + leaves_.size();
  if (done_ >= covered && done_ >= singly_to_) {
    const unsigned code = salts_.u8();
    const std::size_t left = run_.count - done_;
    if (!salts_.ok()) return false;
    if (code <= kSaltLevelMax) {
      const std::size_t under = ops_under(code);
      if (under > left || (op.dot.counter - 1) % under != 0) return false;
      leaves_ = salt_leaves(salts_.take_array<sizeof(SaltNode)>(), code);
      leaves_from_ = done_;
    } else {
      singly_to_ = done_ + (code - kSinglyBase);
      if (code - kSinglyBase > left) return false;
    }
    if (!salts_.ok()) return false;
  }
  if (done_ < leaves_from_ + leaves_.size()) {
    salt_bodies(op.slots, leaves_[done_ - leaves_from_]);
  } else {
    for (Slot& slot : op.slots) {
      if (slot.body) slot.body->salt = salts_.take_array<sizeof(Salt)>();
    }
  }
  if (!salts_.ok()) return false;
  for (Slot& slot : op.slots) {
    if (slot.body) slot.commitment = commit_body(slot.field, *slot.body);
  }
  return true;
}

bool RunReader::read_head(Op& op) {
  const unsigned head = ops_.u8();
  if (!ops_.ok() || head >= 2 * kHusk) return false;
  if ((head & kSeen) != 0 && (!read_dots(op.seen) || op.seen.empty())) return false;
  op.husk = (head & kHusk) != 0;
  if (op.husk) {
    op.rest_hash = ops_.take_array<32>();
    return ops_.ok() && (head & ~(kHusk | kSeen)) == 0;
  }
  if (!read_entry(op, head >> kNamingShift & kNamingMask)) return false;
  op.kind = kind_;
  op.day.days = day_;
  if ((head & kKindAndDay) != 0 && !read_kind_and_day(op)) return false;
  std::uint64_t count = 1;
  if ((head & kSeveral) != 0) count = ops_.leb();
  if (!ops_.ok() || count == 0 || count > limits::kFieldsPerOpMax) return false;
  op.slots.resize(static_cast<std::size_t>(count));
  return std::ranges::all_of(op.slots, [this](Slot& slot) { return read_slot(slot); });
}

RunReader::Result RunReader::next(Read& into) {
  if (done_ == run_.count) return ops_.done() && salts_.done() ? Result::kEnd : Result::kMalformed;
  into = {};
  Op& op = into.op;
  op.dot = {run_.first.actor, run_.first.counter + done_};
  budget_ = limits::kOpBytesMax;
  unnamed_ = false;
  if (!read_head(op) || !take_salts(op)) return Result::kMalformed;
  if (unnamed_) return Result::kUnnamed;
  into.bytes = encoded_size(op);
  if (into.bytes > limits::kOpBytesMax) return Result::kMalformed;
  if (!op.husk) op.rest_hash = hash_rest(op);
  entries_.push_back(op.entry);
  ++done_;
  return Result::kOp;
}

}  // namespace attune::crdt
