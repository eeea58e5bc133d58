#include "daemon/sync/notebook_records.h"

#include <algorithm>
#include <limits>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "daemon/sync/stored_clock.h"
#include "proto/limits.h"

// The bodies of the notebook's records. Integers are little-endian where not said otherwise.
//
//   op      name = device 16 | couple 16 | incarnation 8 | counter u64be
//           body = u8 flags | [tag 32] | i32 day | [i64 wall | boot id 16 | u64 boot seconds] |
//           [rest_hash 32] | op
//           bit 0 counted, bit 1 tag, bit 2 the rest of its arrival, bit 3 bare, bit 4 rest_hash:
//           of every op that is no husk, so that opening hashes no words. The chain of the heads
//           holds the hashes to their dots; the seal of the store holds the words to them
//   salts   name = that of the tree's first op: a counter of 64k + 1
//           body = the highest nodes that are left, ascending by their first op:
//           place u8 | node 16; places are numbered from the leaves on, level by level
//   heads   name = u32 page; body = 1..64 rows:
//           couple 16 | device 16 | incarnation 8 | u64 counter | chain 32
//   intent  name = entry 16
//           body = u64 counted | clocks | couple 16 | an op's bytes, of which entry, kind and slots
//           count
//   undo    name = "" ; body = u8 did | clocks | couple 16 | entry 16 | leb kind | u8 waits |
//           lv(before) | leb n | n x leb field
//   clocks  = i64 wall | boot id 16 | u64 boot seconds

namespace attune::sync {
namespace {

constexpr std::uint8_t kCounted = 1;
constexpr std::uint8_t kTagged = 2;
constexpr std::uint8_t kWholeArrival = 4;
constexpr std::uint8_t kBare = 8;
constexpr std::uint8_t kRestHash = 16;
constexpr std::uint8_t kFlagsKnown = 31;

constexpr std::size_t kHeadBytes = 16 + 16 + 8 + 8 + 32;
constexpr std::size_t kBeforeBytesMax = limits::kRecordBytesMax / 2;

void append_clocks(Bytes& out, const Wall& wall, const Boot& boot) {
  append_seconds(out, std::chrono::seconds(wall.seconds));
  append(out, boot.id);
  append_seconds(out, boot.since);
}

[[nodiscard]] bool take_clocks(Reader& reader, Wall& wall, Boot& boot) {
  const std::optional<std::chrono::seconds> by_wall = take_seconds(reader);
  boot.id = reader.take_array<16>();
  const std::optional<std::chrono::seconds> by_boot = take_seconds(reader);
  if (!by_wall || !by_boot) return false;
  wall.seconds = by_wall->count();
  boot.since = *by_boot;
  return true;
}

CoupleId take_couple(Reader& reader) { return {reader.take_array<CoupleId::kSize>()}; }
EntryId take_entry(Reader& reader) { return {reader.take_array<EntryId::kSize>()}; }

std::optional<std::uint32_t> take_number(Reader& reader) {
  const std::uint64_t value = reader.leb();
  if (!reader.ok() || value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

Bytes page_name(std::uint32_t page) {
  Bytes name;
  append_u32le(name, page);
  return name;
}

}  // namespace

Bytes op_name(const crdt::Dot& dot) {
  Bytes name;
  append(name, dot.actor.device.view());
  append(name, dot.actor.stream.couple.view());
  append(name, dot.actor.incarnation.view());
  for (int shift = 56; shift >= 0; shift -= 8) {
    name.push_back(static_cast<std::uint8_t>(dot.counter >> shift));
  }
  return name;
}

std::optional<crdt::Dot> parse_op_name(ByteView name) {
  Reader reader(name);
  crdt::Dot dot;
  dot.actor.device = {reader.take_array<DeviceId::kSize>()};
  dot.actor.stream.couple = take_couple(reader);
  dot.actor.incarnation = {reader.take_array<Incarnation::kSize>()};
  for (std::uint8_t byte : reader.take(8)) dot.counter = dot.counter << 8 | byte;
  if (!reader.done() || dot.counter == 0) return std::nullopt;
  return dot;
}

RecordChange op_record(const crdt::Kept& kept, ArrivalKept arrival, bool bare) {
  unsigned flags = 0;
  if (kept.counted) flags |= kCounted;
  if (kept.tag) flags |= kTagged;
  if (arrival == ArrivalKept::kAll) flags |= kWholeArrival;
  if (bare) flags |= kBare;
  if (!kept.op.husk) flags |= kRestHash;
  Bytes body;
  body.push_back(static_cast<std::uint8_t>(flags));
  if (kept.tag) append(body, *kept.tag);
  append_u32le(body, static_cast<std::uint32_t>(kept.arrival.day.days));
  if (arrival == ArrivalKept::kAll) append_clocks(body, kept.arrival.wall, kept.arrival.boot);
  if (!kept.op.husk) append(body, kept.op.rest_hash);
  append(body, crdt::encode_op(kept.op));
  return {.type = RecordType::kOp, .name = op_name(kept.op.dot), .body = std::move(body)};
}

std::optional<OpRecord> decode_op_record(ByteView name, ByteView body) {
  const std::optional<crdt::Dot> dot = parse_op_name(name);
  if (!dot) return std::nullopt;
  Reader reader(body);
  OpRecord record;
  const std::uint8_t flags = reader.u8();
  if (!reader.ok() || (flags & ~kFlagsKnown) != 0) return std::nullopt;
  record.counted = (flags & kCounted) != 0;
  record.bare = (flags & kBare) != 0;
  if ((flags & kTagged) != 0) record.tag = reader.take_array<32>();
  record.arrival.day.days = static_cast<std::int32_t>(reader.u32le());
  if ((flags & kWholeArrival) != 0 &&
      !take_clocks(reader, record.arrival.wall, record.arrival.boot)) {
    return std::nullopt;
  }
  const bool hashed = (flags & kRestHash) != 0;
  const crdt::Hash32 rest_hash = hashed ? reader.take_array<32>() : crdt::Hash32{};
  if (!reader.ok()) return std::nullopt;
  std::optional<crdt::Op> op = crdt::decode_kept_op(*dot, reader.take(reader.left()), rest_hash);
  if (!op || op->husk == hashed) return std::nullopt;
  record.op = std::move(*op);
  return record;
}

RecordChange salts_record(const crdt::SaltTreeId& tree, std::optional<Bytes> bytes) {
  const crdt::Dot first{tree.actor, tree.first()};
  return {.type = RecordType::kSalts, .name = op_name(first), .body = std::move(bytes)};
}

std::optional<crdt::SaltTreeId> parse_salts_name(ByteView name) {
  const std::optional<crdt::Dot> first = parse_op_name(name);
  if (!first || crdt::tree_of(*first).first() != first->counter) return std::nullopt;
  return crdt::tree_of(*first);
}

RecordChange intent_record(const Intent& intent) {
  Bytes body;
  append_seconds(body, intent.wait.counted);
  append_clocks(body, intent.wait.wall, intent.wait.boot);
  append(body, intent.stream.couple.view());
  crdt::Op op;
  op.entry = intent.entry;
  op.kind = intent.kind;
  op.slots = intent.slots;
  append(body, crdt::encode_op(op));
  const ByteView entry = intent.entry.view();
  return {.type = RecordType::kIntent,
          .name = Bytes(entry.begin(), entry.end()),
          .body = std::move(body)};
}

RecordChange intent_gone(const EntryId& entry) {
  const ByteView name = entry.view();
  return {.type = RecordType::kIntent, .name = Bytes(name.begin(), name.end()), .body = {}};
}

std::optional<Intent> decode_intent(ByteView name, ByteView body) {
  const std::optional<EntryId> entry = EntryId::from(name);
  Reader reader(body);
  Intent intent;
  const std::optional<std::chrono::seconds> counted = take_seconds(reader);
  if (!counted || !take_clocks(reader, intent.wait.wall, intent.wait.boot)) return std::nullopt;
  intent.wait.counted = *counted;
  intent.stream.couple = take_couple(reader);
  if (!entry || !reader.ok()) return std::nullopt;
  crdt::Dot dot;
  dot.actor.stream = intent.stream;
  dot.counter = 1;
  std::optional<crdt::Op> op = crdt::decode_op(dot, reader.take(reader.left()));
  if (!op || op->husk || op->entry != *entry) return std::nullopt;
  intent.entry = op->entry;
  intent.kind = op->kind;
  intent.slots = std::move(op->slots);
  return intent;
}

RecordChange act_record(const std::optional<Act>& act) {
  if (!act) return {.type = RecordType::kUndo, .name = {}, .body = {}};
  Bytes body;
  body.push_back(static_cast<std::uint8_t>(act->did));
  append_clocks(body, Wall{}, act->since);
  append(body, act->stream.couple.view());
  append(body, act->entry.view());
  append_leb(body, act->kind);
  body.push_back(act->waits ? 1 : 0);
  append_lv(body, act->before);
  append_leb(body, act->empty.size());
  for (std::uint32_t field : act->empty) append_leb(body, field);
  return {.type = RecordType::kUndo, .name = {}, .body = std::move(body)};
}

std::optional<Act> decode_act(ByteView body) {
  Reader reader(body);
  Act act;
  const std::uint8_t did = reader.u8();
  if (did < 1 || did > static_cast<std::uint8_t>(Act::Did::kFinal)) return std::nullopt;
  act.did = static_cast<Act::Did>(did);
  Wall unused;
  if (!take_clocks(reader, unused, act.since)) return std::nullopt;
  act.stream.couple = take_couple(reader);
  act.entry = take_entry(reader);
  const std::optional<std::uint32_t> kind = take_number(reader);
  const std::uint8_t waits = reader.u8();
  const ByteView before = reader.lv(kBeforeBytesMax);
  const std::uint64_t count = reader.leb();
  if (!kind || !reader.ok() || waits > 1 || count > limits::kFieldsPerOpMax) return std::nullopt;
  act.kind = *kind;
  act.waits = waits == 1;
  act.before.assign(before.begin(), before.end());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::optional<std::uint32_t> field = take_number(reader);
    if (!field) return std::nullopt;
    act.empty.push_back(*field);
  }
  if (!reader.done()) return std::nullopt;
  return act;
}

crdt::Hash32 make_author_tag(const crypto::Key& author_key, const crdt::Dot& dot,
                             const crdt::Hash32& chain) {
  Bytes actor;
  append(actor, dot.actor.device.view());
  append(actor, dot.actor.incarnation.view());
  Bytes counter;
  append_u64le(counter, dot.counter);
  return crypto::mac(author_key.view(), crypto::labels::kAuthor, dot.actor.stream.couple.view(),
                     ByteView(actor), ByteView(counter), ByteView(chain));
}

HeadPages::Page& HeadPages::page_for(const crdt::Actor& actor, std::size_t* offset) {
  const auto [it, fresh] = places_.try_emplace(actor, places_.size());
  const auto number = static_cast<std::uint32_t>(it->second / limits::kHeadPageActors);
  *offset = it->second % limits::kHeadPageActors * kHeadBytes;
  Page& page = pages_[number];
  if (fresh) page.rows.resize(*offset + kHeadBytes);
  return page;
}

void HeadPages::set(const crdt::Actor& actor, const Head& head, RecordBatch& batch) {
  Bytes row;
  row.reserve(kHeadBytes);
  append(row, actor.stream.couple.view());
  append(row, actor.device.view());
  append(row, actor.incarnation.view());
  append_u64le(row, head.counter);
  append(row, head.chain);
  std::size_t offset = 0;
  Page& page = page_for(actor, &offset);
  std::ranges::copy(row, page.rows.begin() + static_cast<std::ptrdiff_t>(offset));

  const Bytes name =
      page_name(static_cast<std::uint32_t>(places_.at(actor) / limits::kHeadPageActors));
  if (page.in_batch < batch.changes.size()) {
    RecordChange& change = batch.changes[page.in_batch];
    if (change.type == RecordType::kHeads && change.name == name) {
      change.body->resize(page.rows.size());
      std::ranges::copy(row, change.body->begin() + static_cast<std::ptrdiff_t>(offset));
      return;
    }
  }
  page.in_batch = batch.changes.size();
  batch.changes.push_back({.type = RecordType::kHeads, .name = name, .body = page.rows});
}

bool HeadPages::load(ByteView name, ByteView body) {
  Reader number(name);
  const std::uint32_t page = number.u32le();
  const std::size_t rows = body.size() / kHeadBytes;
  if (!number.done() || rows == 0 || rows > limits::kHeadPageActors) return false;
  if (body.size() != rows * kHeadBytes || page >= limits::kActorsMax) return false;
  Reader reader(body);
  for (std::size_t row = 0; row < rows; ++row) {
    crdt::Actor actor;
    actor.stream.couple = take_couple(reader);
    actor.device = {reader.take_array<DeviceId::kSize>()};
    actor.incarnation = {reader.take_array<Incarnation::kSize>()};
    reader.take(8 + 32);
    if (!places_.try_emplace(actor, page * limits::kHeadPageActors + row).second) return false;
  }
  return pages_.try_emplace(page, Page{.rows = Bytes(body.begin(), body.end())}).second;
}

std::optional<std::map<crdt::Actor, HeadPages::Head>> HeadPages::all() const {
  std::map<crdt::Actor, Head> heads;
  for (const auto& [actor, place] : places_) {
    if (place >= places_.size()) return std::nullopt;  // a page before it is missing
    const auto page = static_cast<std::uint32_t>(place / limits::kHeadPageActors);
    const ByteView rows = pages_.at(page).rows;
    Reader reader(rows.subspan(place % limits::kHeadPageActors * kHeadBytes, kHeadBytes));
    reader.take(16 + 16 + 8);
    Head head;
    head.counter = reader.u64le();
    head.chain = reader.take_array<32>();
    heads.emplace(actor, head);
  }
  return heads;
}

}  // namespace attune::sync
