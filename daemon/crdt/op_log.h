#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/crdt/op.h"
#include "daemon/crdt/past.h"
#include "daemon/crdt/salt_tree.h"
#include "daemon/crdt/version_vector.h"

namespace attune::crdt {

/// An op as a log holds it.
struct Kept {
  Op op;
  Hash32 chain{};
  Past past;
  std::size_t place = 0;                            ///< in the order of appending here
  std::optional<std::array<std::uint8_t, 32>> tag;  ///< its author's tag, where one came with it
  bool counted = true;  ///< false: void, kept for chain and vector alone
  /// When it came here, by this device's clocks. Local: in no hash, sent to nobody.
  struct Arrival {
    LocalDay day;
    Wall wall;
    Boot boot;
  } arrival;
};

/// All operations of one stream that this device holds: causally closed, chained per actor.
/// Owned by the Replica. Pure; not thread-safe. Holds no clock and knows no person.
/// Source: docs/protocol.md, Operations.
class OpLog {
 public:
  explicit OpLog(StreamId stream);
  OpLog(const OpLog&) = delete;  // it points into itself, and views point into it
  OpLog& operator=(const OpLog&) = delete;

  [[nodiscard]] const StreamId& stream() const { return stream_; }
  [[nodiscard]] const VersionVector& vector() const { return vector_; }
  [[nodiscard]] const Kept* find(const Dot& dot) const;
  [[nodiscard]] std::size_t size() const;
  /// chain after the last op of an actor; its chain(0) where none is held.
  [[nodiscard]] Hash32 head(const Actor& actor) const;
  /// BLAKE2b-256(lv("digest/1") lv(couple) rows), a row for each actor in their order:
  /// lv(device 16 | incarnation 8 | counter u64le | chain 32).
  [[nodiscard]] Hash32 digest() const;
  /// The dots that no op here has in its past: what a new op names as `seen`.
  [[nodiscard]] const std::vector<Dot>& frontier() const { return frontier_; }
  /// Size of an op's past: its counter + the sum of what it has seen. Orders one person's rivals.
  [[nodiscard]] std::uint64_t weight(const Dot& dot) const;
  /// Everything in the past of these dots and they themselves; dots not held count for themselves.
  [[nodiscard]] VersionVector closure(const std::vector<Dot>& dots) const;

  /// Fills in dot, seen, commitments and rest_hash of a write by `self`, which must be an actor of
  /// this stream. Does not append it. Sorts the lists of its slots. Of a larger frontier
  /// `seen` names kDotsMax, those of its own device first, then the heaviest: the op is then
  /// concurrent with the others, and the next one of `self` names them.
  [[nodiscard]] Op compose(const Actor& self, Op draft) const;
  /// The same behind `past` in place of the frontier: dots of other actors that are held, of which
  /// none is in the past of another or of the op before.
  [[nodiscard]] Op compose(const Actor& self, Op draft, std::vector<Dot> past) const;

  /// Whether the next op of `self` is the first of a tree of salts, which needs a root.
  [[nodiscard]] bool needs_salt_root(const Actor& self) const;
  /// Gives the bodies of a draft their salts, for the op that compose makes of it next. `root`: 16
  /// random bytes where needs_salt_root().
  void salt(const Actor& self, std::vector<Slot>& slots, const std::optional<SaltNode>& root);
  /// A node of the salts of the ops from `first` on, ops_under(level) of them, while nothing of
  /// them was erased; nullopt where there is none.
  [[nodiscard]] std::optional<SaltNode> salt_node(const Dot& first, unsigned level) const;
  /// Whoever is to have these ops has them: trees under which there are no others are dropped. That
  /// of the last writer stays until it is full.
  void delivered(const VersionVector& has);
  /// The trees as they are stored: what changed since the last call, and its bytes; nullopt: gone.
  std::vector<std::pair<SaltTreeId, std::optional<Bytes>>> take_changed_salts();
  /// A tree as it was stored; false for bytes that no store has. Its ops may come later.
  [[nodiscard]] bool load_salts(const SaltTreeId& id, ByteView bytes) {
    return salts_.load(id, bytes);
  }

  enum class Taken {
    kAppended,
    kDuplicate,
    kWaits,      ///< its past, or the op before it, is not all here
    kForked,     ///< another op has this dot; what was first stays
    kMalformed,  ///< seen is no frontier, names itself, another stream, or past kActorsMax
  };
  /// Appends when causally next. The caller keeps what waits, and has asked every rule. The op
  /// comes from compose, a RunReader or the store, so its rest_hash is right.
  Taken append(Op op, Kept::Arrival arrival);

  /// Gives a held op the verdict of COUNT, and its author's tag.
  void mark_void(const Dot& dot);
  void set_tag(const Dot& dot, const std::array<std::uint8_t, 32>& tag);

  /// Takes the body of one slot; false where it was gone already.
  bool erase_slot(const Dot& dot, std::size_t slot);
  /// Leaves of a held op its husk; false where it is one. What no forget explains is taken out of
  /// the view first: View::lose.
  bool husk(const Dot& dot);

  /// The ops that `has` lacks, in an order in which each op's past comes first, at most `count`.
  [[nodiscard]] std::vector<const Kept*> missing(const VersionVector& has, std::size_t count) const;
  /// Every op, in the order they were appended here.
  void for_each(const std::function<void(const Kept&)>& visit) const;

 private:
  struct Line {  // one actor
    std::deque<Kept> ops;
  };
  [[nodiscard]] const Line* line(const Actor& actor) const;
  [[nodiscard]] Kept* held(const Dot& dot);
  [[nodiscard]] bool names_only_others(const Op& op) const;
  [[nodiscard]] std::optional<Past> past_of(const Op& op) const;
  [[nodiscard]] std::vector<Dot> first_to_name(std::vector<Dot> dots, const DeviceId& own) const;
  void advance_frontier(const Op& op);

  StreamId stream_;
  VersionVector vector_;
  std::vector<Dot> frontier_;  // sorted
  std::map<Actor, Line> lines_;
  SaltTrees salts_;
  std::optional<Actor> salted_;  // who was given salts last
  std::vector<const Kept*> order_;
  mutable const std::pair<const Actor, Line>* recent_ =
      nullptr;  // the line that was asked for last
};

/// Ops whose past is not here yet, bounded per person: limits::kWaitingOpsMax and kWaitingBytesMax;
/// beyond that the newest is dropped. Not stored: what was not taken is sent again.
class WaitingOps {
 public:
  struct Item {
    Op op;
    std::optional<std::array<std::uint8_t, 32>> tag;
    std::size_t bytes = 0;
  };
  /// False when there is no room. Of two ops with one dot the first stays.
  bool hold(Item item);
  /// Takes out one that `log` can append now (or that is no longer needed), or nullopt.
  std::optional<Item> next(const OpLog& log);
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  std::map<Dot, Item> items_;
  std::size_t bytes_ = 0;
};

}  // namespace attune::crdt
