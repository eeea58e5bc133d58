#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/hash.h"
#include "daemon/crdt/dot.h"
#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace attune::crdt {

using Salt = std::array<std::uint8_t, 16>;
using crypto::Hash32;

/// The words of one slot. Both go together when they are erased.
struct SlotBody {
  Salt salt{};
  Bytes bytes;  ///< the field's protobuf wire bytes, tag included; empty: the field is cleared
  friend bool operator==(const SlotBody&, const SlotBody&) = default;
};

/// One slot of one op.
struct SlotRef {
  Dot dot;
  std::size_t slot = 0;
  friend auto operator<=>(const SlotRef&, const SlotRef&) = default;
};

/// What a protective write had on screen. `kPast`: everything in its own past, the usual case.
struct Over {
  enum class Reach : std::uint8_t { kNothing = 0, kPast = 1, kDots = 2 };
  Reach reach = Reach::kNothing;
  std::vector<Dot>
      dots;  ///< kDots: these and all in their past, where in the op's own past; sorted
  friend bool operator==(const Over&, const Over&) = default;
};

/// One field that an operation writes.
struct Slot {
  std::uint32_t field = 0;
  std::optional<std::uint32_t> rank;  ///< protective fields
  Over over;                          ///< with rank
  bool removes = false;               ///< a set's removal: of the adds in `removed`
  std::vector<SlotRef> removed;       ///< adds of this field in its past that it takes away; sorted
  Hash32 commitment{};  ///< commit_body of the body it was written with; zeros where that is held
                        ///< and came by decode_kept_op: OpLog::erase_slot then makes it
  std::optional<SlotBody> body;  ///< nullopt: erased, or not held
  friend bool operator==(const Slot&, const Slot&) = default;
};

/// One change of one entry. Immutable but for erasure, which takes bodies (or, for a husk,
/// everything but dot, seen and the hash of the rest) and leaves every hash as it was. Source:
/// docs/protocol.md, Operations.
struct Op {
  Dot dot;
  std::vector<Dot>
      seen;  ///< causal frontier: sorted, none in the past of another or of the op before
  bool husk = false;
  Hash32 rest_hash{};  ///< of all that follows; the only thing a husk keeps of it
  EntryId entry;
  std::uint32_t kind = 0;
  LocalDay day;
  std::vector<Slot> slots;
  friend bool operator==(const Op&, const Op&) = default;
};

/// BLAKE2b-256(lv("body/1") salt leb(field) bytes): short words take one block of the hash.
Hash32 commit_body(std::uint32_t field, const SlotBody& body);
/// BLAKE2b-256(lv("rest/1") rest) of the fields of an op that is no husk, bodies as commitments.
Hash32 hash_rest(const Op& op);
/// chain(0) of an actor: BLAKE2b-256(lv("actor/1") couple device incarnation).
Hash32 first_chain(const Actor& actor);
/// chain(n) = BLAKE2b-256(lv("chain/1") chain(n-1) leb(counter) seen rest_hash): the same for an op
/// and its husk. It covers the actor by chain(0).
Hash32 next_chain(const Hash32& previous, const Op& op);
/// Whether two ops say the same, however much of it was erased: dot, seen and rest_hash.
bool same_header(const Op& a, const Op& b);
/// Takes everything a husk does not keep.
void make_husk(Op& op);

/// nonce 10 B || the first 6 B of BLAKE2b-256(lv("entry/1") lv(owner) lv(kind as u32le) lv(nonce)).
using EntryNonce = std::array<std::uint8_t, 10>;
EntryId make_entry_id(const PersonId& owner, std::uint32_t kind, const EntryNonce& nonce);
/// Whether the id proves this owner and kind.
bool proves(const EntryId& id, const PersonId& owner, std::uint32_t kind);
/// The nonce of what there is one of: the first 10 B of BLAKE2b-256(lv("topic/1") lv(couple)
/// lv(topic)).
EntryNonce topic_nonce(const CoupleId& couple, std::string_view topic);

/// The canonical bytes of an op, as it is stored; how it travels: run_codec.h. The dot stands
/// outside. Bodies that are held are written whole with their salts, and their commitments left
/// out. The layout stands above op_codec.cpp.
Bytes encode_op(const Op& op);
/// How many bytes encode_op(op) gives, without making them.
std::size_t encoded_size(const Op& op);
/// Whether decode_op takes what encode_op gives: counts and sizes within limits.h, lists sorted, at
/// least one slot. A draft that does not fit is refused before it is appended.
bool within_limits(const Op& op);
/// nullopt for bytes that are not exactly one op within limits.h. Fills commitments and rest_hash.
std::optional<Op> decode_op(const Dot& dot, ByteView bytes);
/// The same for what this device encoded itself and kept sealed beside the rest_hash that the op
/// had: no body is hashed. The bytes are still read as anybody's.
std::optional<Op> decode_kept_op(const Dot& dot, ByteView bytes, const Hash32& rest_hash);

}  // namespace attune::crdt
