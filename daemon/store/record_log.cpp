#include "daemon/store/record_log.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "proto/limits.h"

namespace attune::store {
namespace {

// A longer record would push all others out of the root each time it is rewritten.
constexpr std::size_t kFreshBytesMax = limits::kRootOthersMax / 2;
// A segment with less room than this is not worth opening again.
constexpr std::size_t kTailRoomMin = kPageBodyBytes / 4;

std::string key_of(RecordType type, ByteView name) {
  std::string key(1, static_cast<char>(type));
  key += as_text(name);
  return key;
}

}  // namespace

FreshRecords& RecordLog::fresh_of(RecordType type) {
  return type == RecordType::kOp ? ops_ : others_;
}

std::size_t& RecordLog::fresh_bytes_of(RecordType type) {
  return type == RecordType::kOp ? ops_bytes_ : others_bytes_;
}

// ---- Reading.

bool RecordLog::read(Row row, Bytes body) {
  next_row_ = std::max(next_row_, row + 1);
  if (!body.empty() && body[0] == static_cast<std::uint8_t>(PageKind::kLocks)) {
    if (!locks_.decode(body)) return false;
    const std::uint32_t page = Reader(ByteView(body).subspan(1)).u32le();
    if (lock_rows_.size() <= page) lock_rows_.resize(page + 1);
    lock_rows_[page] = row;
    return true;
  }
  return unread_.emplace(row, std::move(body)).second;
}

// What a slot's lock opens is live; a frame that none opens is dead.
void RecordLog::index_frames(Row row, std::vector<Record>& records, bool& good) {
  const Bytes& body = unread_.at(row);
  Segment& segment = segments_[row];
  segment.size = body.size();
  SegmentReader frames(body);
  while (auto frame = frames.next()) {
    const Lock* lock = locks_.find(frame->slot);
    auto words = lock == nullptr ? std::nullopt : sealer_->reopen(*lock, frame->closed);
    if (!words) {
      dead_bytes_ += frame->size;
      continue;
    }
    const Place place{.slot = frame->slot, .fresh = {}, .since = 0};
    good = good && places_.emplace(key_of(frame->type, frame->name), place).second &&
           closed_[frame->slot].size == 0;
    closed_[frame->slot] = {.row = row, .at = frame->at, .size = frame->size};
    segment.live += frame->size;
    live_bytes_ += frame->size;
    records.push_back(
        {.type = frame->type, .name = std::move(frame->name), .body = std::move(*words)});
  }
  good = good && frames.done();
  if (segment.live == 0) emptied_.insert(row);
}

std::optional<std::vector<Record>> RecordLog::finish(FreshRecords fresh) {
  std::vector<Record> records;
  records.reserve(locks_.slots() + fresh.size());
  places_.reserve(locks_.slots() + fresh.size());
  closed_.resize(locks_.slots());
  bool good = locks_.whole();
  std::size_t smallest = kPageBodyBytes - kTailRoomMin;
  std::optional<Row> open;
  for (const auto& [row, body] : unread_) {
    index_frames(row, records, good);
    if (body.size() >= smallest) continue;
    smallest = body.size();
    open = row;
  }
  for (std::uint32_t slot = 0; slot < closed_.size(); ++slot) {
    good = good && (locks_.find(slot) == nullptr) == (closed_[slot].size == 0);
  }
  for (Record& record : fresh) {
    records.push_back(record);
    FreshRecords& into = fresh_of(record.type);
    into.push_back(std::move(record));
    good = good && arrive(std::prev(into.end()));
  }
  if (!good) return std::nullopt;
  locks_.settled();
  if (open) {
    tail_.emplace(Tail{.row = *open, .draft = {}, .changed = false});
    SegmentReader frames(unread_.at(*open));
    while (auto frame = frames.next()) {
      tail_->draft.append(frame->slot, frame->type, frame->name, frame->closed);
    }
  }
  unread_.clear();
  return records;
}

// ---- Changing.

void RecordLog::leave(const Place& place) {
  if (!place.slot) {
    fresh_bytes_of(place.fresh->type) -= fresh_size(*place.fresh);
    fresh_of(place.fresh->type).erase(place.fresh);
    return;
  }
  const Closed closed = std::exchange(closed_[*place.slot], {});
  Segment& segment = segments_.at(closed.row);
  segment.live -= closed.size;
  if (segment.live == 0) emptied_.insert(closed.row);
  live_bytes_ -= closed.size;
  dead_bytes_ += closed.size;
  locks_.erase(*place.slot);
}

bool RecordLog::arrive(FreshRecords::iterator record) {
  fresh_bytes_of(record->type) += fresh_size(*record);
  return places_
      .emplace(key_of(record->type, record->name),
               Place{.slot = std::nullopt, .fresh = record, .since = settled_})
      .second;
}

void RecordLog::change(const RecordChange& change) {
  assert(change.type != RecordType::kRoot);
  const auto known = places_.find(key_of(change.type, change.name));
  if (known != places_.end()) {
    leave(known->second);
    places_.erase(known);
  }
  if (!change.body) return;
  FreshRecords& into = fresh_of(change.type);
  into.push_back({.type = change.type, .name = change.name, .body = *change.body});
  arrive(std::prev(into.end()));
}

// ---- Bringing the rows up to date.

std::size_t RecordLog::room_for_ops() const {
  std::size_t pages = 0;
  const std::size_t taken = kRootHeadBytes + others_bytes_;
  while (body_bytes_of(pages) < taken + limits::kRootOpsRoomMin) ++pages;
  return body_bytes_of(pages) - taken;
}

void RecordLog::append(Rows& rows, const Frame& frame) {
  const std::size_t most = frame.size;
  if (most + 1 > kPageBodyBytes) {  // longer than a page: in a segment of its own
    SegmentDraft alone;
    const std::size_t at = alone.append(frame.slot, frame.type, frame.name, frame.closed);
    const Row row = next_row();
    const std::size_t size = alone.body().size() - at;
    rows.put(row, alone.body());
    segments_[row] = {.size = alone.body().size(), .live = size};
    closed_[frame.slot] = {.row = row, .at = at, .size = size};
    live_bytes_ += size;
    return;
  }
  if (tail_ && tail_->draft.body().size() + most > kPageBodyBytes) close_tail(rows);
  if (!tail_) tail_.emplace(Tail{.row = next_row(), .draft = {}, .changed = false});
  SegmentDraft& draft = tail_->draft;
  const std::size_t at = draft.append(frame.slot, frame.type, frame.name, frame.closed);
  const std::size_t size = draft.body().size() - at;
  tail_->changed = true;
  Segment& segment = segments_[tail_->row];
  segment.size = draft.body().size();
  segment.live += size;
  closed_[frame.slot] = {.row = tail_->row, .at = at, .size = size};
  live_bytes_ += size;
}

void RecordLog::close_tail(Rows& rows) {
  if (tail_->changed) rows.put(tail_->row, tail_->draft.body());
  tail_.reset();
}

void RecordLog::seal(FreshRecords::iterator record, const Lock& lock, Rows& rows) {
  const Bytes closed = sealer_->close(lock, record->body);
  const std::uint32_t slot = locks_.add(lock);
  if (closed_.size() <= slot) closed_.resize(locks_.slots());
  append(rows, {.slot = slot,
                .type = record->type,
                .name = record->name,
                .closed = closed,
                .size = SegmentDraft::size_max(record->name, closed.size())});
  places_.at(key_of(record->type, record->name)) = {.slot = slot, .fresh = {}, .since = 0};
  fresh_bytes_of(record->type) -= fresh_size(*record);
  fresh_of(record->type).erase(record);
}

void RecordLog::seal_others(Rows& rows) {
  for (auto at = others_.begin(); at != others_.end();) {
    const auto record = at++;
    const bool is_long = fresh_size(*record) > kFreshBytesMax;
    if (is_long) seal(record, sealer_->fresh_locks(1).front(), rows);
  }
  const auto is_cold = [this](const Record& record) {
    return settled_ - places_.at(key_of(record.type, record.name)).since > limits::kColdCommits;
  };
  while (kRootHeadBytes + others_bytes_ + limits::kRootOpsRoomMin > kPageBodyBytes &&
         is_cold(others_.front())) {
    seal(others_.begin(), sealer_->fresh_locks(1).front(), rows);
  }
  if (others_bytes_ <= limits::kRootOthersMax) return;
  while (others_bytes_ > limits::kRootOthersMax / 2) {
    seal(others_.begin(), sealer_->fresh_locks(1).front(), rows);
  }
}

void RecordLog::seal_ops(Rows& rows) {
  if (ops_bytes_ <= room_for_ops()) return;
  for (const Lock& lock : sealer_->fresh_locks(ops_.size())) seal(ops_.begin(), lock, rows);
}

// The frames that live, to the tail as they are: their locks stay.
void RecordLog::copy(Row victim, Rows& rows) {
  const Segment before = segments_.at(victim);
  segments_.erase(victim);
  live_bytes_ -= before.live;
  dead_bytes_ -= before.size - before.live - 1;
  if (before.live > 0) {
    const Bytes body = rows.read(victim);
    SegmentReader frames(body);
    while (auto frame = frames.next()) {
      const Closed* closed = frame->slot < closed_.size() ? &closed_[frame->slot] : nullptr;
      if (closed == nullptr || closed->row != victim || closed->at != frame->at) continue;
      frame->size = SegmentDraft::size_max(frame->name, frame->closed.size());
      append(rows, *frame);
    }
  }
  rows.erase(victim);
}

void RecordLog::clear_dead(Rows& rows) {
  for (const Row row : std::exchange(emptied_, {})) {
    const auto at = segments_.find(row);
    if (at == segments_.end() || at->second.live > 0) continue;
    if (tail_ && tail_->row == row) {
      emptied_.insert(row);
      continue;
    }
    dead_bytes_ -= at->second.size - 1;
    segments_.erase(at);
    rows.erase(row);
  }
  while (dead_bytes_ > live_bytes_ + limits::kDeadBytesAllowed) {
    std::optional<Row> victim;
    double most = 0;
    for (const auto& [row, segment] : segments_) {
      const double dead = 1 - static_cast<double>(segment.live) / static_cast<double>(segment.size);
      if ((tail_ && tail_->row == row) || dead <= most) continue;
      most = dead;
      victim = row;
    }
    if (!victim) return;
    copy(*victim, rows);
  }
}

void RecordLog::settle(Rows& rows) {
  ++settled_;
  seal_others(rows);
  seal_ops(rows);
  clear_dead(rows);
  if (tail_ && tail_->changed) {
    rows.put(tail_->row, tail_->draft.body());
    tail_->changed = false;
  }
  lock_rows_.resize(locks_.pages());
  for (const std::uint32_t page : locks_.changed()) {
    if (lock_rows_[page] == 0) lock_rows_[page] = next_row();
    rows.put(lock_rows_[page], locks_.encode(page));
  }
  locks_.settled();
}

}  // namespace attune::store
