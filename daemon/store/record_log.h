#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/store/locks.h"
#include "daemon/store/root.h"
#include "daemon/store/sealer.h"
#include "daemon/store/segment.h"

namespace attune::store {

/// The rows behind the root, as a transaction under way has them. Bodies without their seals.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual void put(Row row, ByteView body) = 0;
  virtual void erase(Row row) = 0;
  [[nodiscard]] virtual Bytes read(Row row) = 0;
};

/// Where each record of the store stands.
///
///   Fresh   in the root itself: what is new, and what is rewritten again and again
///   Sealed  in a segment, its body closed by a lock; written once, until its segment is copied
///
///   (none) --put()--> Fresh --settle(), no room in the root--> Sealed
///   Sealed --put()--> Fresh     its lock is erased, its frame is dead
///   Fresh, Sealed --erase()--> (none)
///
/// Dead frames take room until segments with few live ones are copied, in settle(): never more than
/// the live ones and limits::kDeadBytesAllowed. Holds no file; borrows the sealer. After an
/// exception it is to be thrown away and read again. Source: docs/storage.md, Segments.
class RecordLog {
 public:
  explicit RecordLog(Sealer& sealer) : sealer_(&sealer) {}

  /// Reading: each row once, in any order, then the root's records; then finish() gives them all.
  /// false, nullopt: damaged.
  bool read(Row row, Bytes body);
  std::optional<std::vector<Record>> finish(FreshRecords fresh);

  /// A record's new body, or nullopt for its end.
  void change(const RecordChange& change);
  /// Brings the rows up to date with all changes since the last time.
  void settle(Rows& rows);
  /// The root's body: what `root` says, and the fresh records.
  [[nodiscard]] Bytes encode(const Root& root) const { return encode_root(root, others_, ops_); }
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  struct Place {
    std::optional<std::uint32_t> slot;  ///< nullopt: fresh
    FreshRecords::iterator fresh;
    std::uint64_t since = 0;  ///< fresh: how often the rows had been settled then
  };
  /// A closed body: its segment's row and what its frame takes there.
  struct Closed {
    Row row = 0;
    std::size_t at = 0;
    std::size_t size = 0;
  };
  struct Segment {
    std::size_t size = 0;
    std::size_t live = 0;
  };

  [[nodiscard]] FreshRecords& fresh_of(RecordType type);
  [[nodiscard]] std::size_t& fresh_bytes_of(RecordType type);
  void leave(const Place& place);
  bool arrive(FreshRecords::iterator record);
  void index_frames(Row row, std::vector<Record>& records, bool& good);

  [[nodiscard]] std::size_t room_for_ops() const;
  void seal(FreshRecords::iterator record, const Lock& lock, Rows& rows);
  void seal_others(Rows& rows);
  void seal_ops(Rows& rows);
  void append(Rows& rows, const Frame& frame);
  void close_tail(Rows& rows);
  void copy(Row victim, Rows& rows);
  void clear_dead(Rows& rows);
  Row next_row() { return next_row_++; }

  Sealer* sealer_;
  std::unordered_map<std::string, Place> places_;  ///< by type and name
  FreshRecords others_;                            ///< fresh, and no ops; oldest first
  FreshRecords ops_;                               ///< fresh ops, oldest first
  std::size_t others_bytes_ = 0;
  std::size_t ops_bytes_ = 0;
  std::uint64_t settled_ = 0;  ///< how often
  Locks locks_;
  std::vector<Row> lock_rows_;  ///< by page
  std::vector<Closed> closed_;  ///< by slot
  std::map<Row, Segment> segments_;
  std::set<Row> emptied_;  ///< segments that may have no live frame any more
  std::size_t live_bytes_ = 0;
  std::size_t dead_bytes_ = 0;
  /// The segment that still takes frames; in no row since it was last changed.
  struct Tail {
    Row row = 0;
    SegmentDraft draft;
    bool changed = false;
  };
  std::optional<Tail> tail_;
  Row next_row_ = kRootRow + 1;
  std::map<Row, Bytes> unread_;  ///< while reading: bodies of segments
};

}  // namespace attune::store
