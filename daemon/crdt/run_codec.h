#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/crdt/op_log.h"
#include "daemon/crdt/salt_tree.h"
#include "proto/bytes.h"

namespace attune::crdt {

/// Consecutive ops of one actor as they travel: shorter than encode_op, because each says what
/// differs from the one before, names actors by their place in a table and an entry by an op on it,
/// and takes its salt from a node. What is read is the same op to the last bit. The layout stands
/// above run_codec.cpp. Source: docs/protocol.md, Runs.
struct Run {
  Dot first;
  std::size_t count = 0;  ///< how many ops; at least one
  Bytes ops;
  Bytes salts;
  friend bool operator==(const Run&, const Run&) = default;
};

/// The actors that the runs of one batch name, by their place.
class ActorTable {
 public:
  std::size_t place_of(const Actor& actor);  ///< at the end where it has none yet
  [[nodiscard]] const std::vector<Actor>& actors() const { return actors_; }

 private:
  std::vector<Actor> actors_;
  std::map<Actor, std::size_t> places_;
};

/// Writes one run. The table and the log outlive it.
class RunWriter {
 public:
  /// `log`: where nodes of salts are, which doesn't change until finish(); nullptr: each salt is
  /// written singly.
  RunWriter(ActorTable& table, const Dot& first, const OpLog* log);

  /// The next op. `entry_from`: an op on the same entry that is in its past, where it is named by
  /// one; else its id is written.
  void add(const Op& op, const std::optional<Dot>& entry_from);
  [[nodiscard]] Dot next() const;
  /// What finish() gives is at most so long, its actors in the table included.
  [[nodiscard]] std::size_t size_max() const;
  /// Counts the salts anew, as finish() would write them now. Takes as long as that.
  void tighten();
  /// By how much size_max() grows at most when this op is added.
  static std::size_t size_max(const Op& op);
  Run finish();

 private:
  struct Bodies {
    std::size_t salts_end = 0;  ///< in salts_, after those of this op
    std::size_t count = 0;
    bool whole = true;  ///< nothing of the op was erased
  };
  void put_dot(const Dot& dot);
  void put_dots(const std::vector<Dot>& dots);
  void put_entry(const Op& op, const std::optional<Dot>& entry_from);
  void put_slot(const Slot& slot, Bodies& bodies);
  struct Node {
    unsigned level = 0;
    SaltNode node{};
  };
  [[nodiscard]] std::optional<SaltNode> node_of(std::size_t first, unsigned level) const;
  [[nodiscard]] std::optional<Node> node_at(std::size_t done) const;

  ActorTable& table_;
  const OpLog* log_;
  Run run_;
  std::uint32_t kind_ = 0;
  std::int32_t day_ = 0;
  std::optional<Actor> named_;  ///< by the last entry that was named with its actor
  std::vector<Salt> salts_;     ///< of all bodies
  std::size_t salts_max_ = 0;   ///< bytes
  std::vector<Bodies> bodies_;  ///< of each op
  std::size_t actors_before_;   ///< in the table
};

/// Reads hostile bytes, one op after the other. Borrows all it is given. What it builds is at most
/// limits::kOpBytesMax of canonical bytes an op.
class RunReader {
 public:
  /// `log`: where ops before this run are looked up; nullptr: nowhere.
  RunReader(const std::vector<Actor>& actors, const Run& run, const OpLog* log)
      : actors_(actors), run_(run), log_(log), ops_(run.ops), salts_(run.salts) {}

  enum class Result {
    kOp,
    kEnd,        ///< all of them were read, and nothing stands behind them
    kMalformed,  ///< no op within limits.h; nothing more is read
    kUnnamed,    ///< the op that names the entry is not here, or is a husk here
  };
  struct Read {
    Op op;
    std::size_t bytes = 0;  ///< of its canonical encoding
  };
  /// Fills `into` at kOp.
  Result next(Read& into);

 private:
  bool read_head(Op& op);
  bool read_entry(Op& op, unsigned naming);
  bool read_kind_and_day(Op& op);
  bool read_number(std::uint32_t& out);
  bool read_dot(Dot& dot);
  bool read_dots(std::vector<Dot>& dots);
  bool read_refs(std::vector<SlotRef>& refs);
  bool read_slot(Slot& slot);
  bool read_flags(Slot& slot);
  bool read_body(Slot& slot, unsigned how);
  bool take_salts(Op& op);
  bool spend(std::size_t bytes);

  const std::vector<Actor>& actors_;
  const Run& run_;
  const OpLog* log_;
  Reader ops_;
  Reader salts_;
  std::size_t done_ = 0;
  std::uint32_t kind_ = 0;
  std::int32_t day_ = 0;
  std::optional<std::size_t> named_;
  bool unnamed_ = false;
  std::size_t budget_ = 0;        ///< canonical bytes that the op may still have
  std::vector<EntryId> entries_;  ///< of the ops of this run; zero of a husk
  std::vector<SaltNode> leaves_;  ///< of the ops after these
  std::size_t leaves_from_ = 0;   ///< the op of the first leaf
  std::size_t singly_to_ = 0;     ///< salts stand singly up to this op
};

}  // namespace attune::crdt
