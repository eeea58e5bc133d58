#include "daemon/crdt/version_vector.h"

#include <algorithm>

namespace attune::crdt {
namespace {

template <typename RowsOf>
auto row_at(RowsOf& chunk, const Actor& actor) {
  return std::lower_bound(chunk.begin(), chunk.end(), actor,
                          [](const auto& row, const Actor& wanted) { return row.actor < wanted; });
}

}  // namespace

// The chunk that holds the actor, or would hold it: the last that begins at or before it, else the
// first. Zero where there is none yet.
std::size_t VersionVector::chunk_of(const Actor& actor) const {
  auto after = std::upper_bound(
      chunks_.begin(), chunks_.end(), actor,
      [](const Actor& wanted, const auto& chunk) { return wanted < chunk->front().actor; });
  if (after == chunks_.begin()) return 0;
  return static_cast<std::size_t>(after - chunks_.begin()) - 1;
}

bool VersionVector::shares(const std::shared_ptr<Chunk>& chunk) const {
  return !chunks_.empty() && chunks_[chunk_of(chunk->front().actor)] == chunk;
}

VersionVector::Chunk& VersionVector::writable(std::size_t index) {
  std::shared_ptr<Chunk>& chunk = chunks_[index];
  if (chunk.use_count() > 1) chunk = std::make_shared<Chunk>(*chunk);
  return *chunk;
}

std::uint64_t VersionVector::last(const Actor& actor) const {
  if (chunks_.empty()) return 0;
  const Chunk& chunk = *chunks_[chunk_of(actor)];
  auto row = row_at(chunk, actor);
  return row != chunk.end() && row->actor == actor ? row->counter : 0;
}

bool VersionVector::covers(const VersionVector& other) const {
  return std::ranges::all_of(other.chunks_, [this](const auto& chunk) {
    return shares(chunk) || std::ranges::all_of(*chunk, [this](const Row& row) {
             return row.counter <= last(row.actor);
           });
  });
}

Causality VersionVector::compare(const VersionVector& other) const {
  const bool over = covers(other);
  const bool under = other.covers(*this);
  if (over && under) return Causality::kEqual;
  if (under) return Causality::kBefore;
  return over ? Causality::kAfter : Causality::kConcurrent;
}

VersionVector VersionVector::moved_since(const VersionVector& base) const {
  VersionVector moved;
  for (const auto& chunk : chunks_) {
    if (base.shares(chunk)) continue;
    for (const Row& row : *chunk) {
      if (row.counter > base.last(row.actor)) moved.raise(row.actor, row.counter);
    }
  }
  return moved;
}

void VersionVector::raise(const Actor& actor, std::uint64_t counter) {
  if (counter == 0) return;
  if (chunks_.empty()) {
    chunks_.push_back(std::make_shared<Chunk>(1, Row{actor, counter}));
    size_ = 1;
    total_ = counter;
    return;
  }
  const std::size_t index = chunk_of(actor);
  const Chunk& held = *chunks_[index];
  auto row = row_at(held, actor);
  const auto at = row - held.begin();
  if (row != held.end() && row->actor == actor) {
    if (row->counter >= counter) return;
    total_ += counter - row->counter;
    writable(index)[static_cast<std::size_t>(at)].counter = counter;
    return;
  }
  Chunk& chunk = writable(index);
  chunk.insert(chunk.begin() + at, Row{actor, counter});
  total_ += counter;
  ++size_;
  if (chunk.size() <= kChunkRows) return;
  const auto middle = chunk.begin() + kChunkRows / 2;
  auto upper = std::make_shared<Chunk>(middle, chunk.end());
  chunk.erase(middle, chunk.end());
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
}

void VersionVector::merge(const VersionVector& other) {
  if (chunks_.empty()) {
    *this = other;
    return;
  }
  for (const auto& chunk : other.chunks_) {
    if (shares(chunk)) continue;
    for (const Row& row : *chunk) raise(row.actor, row.counter);
  }
}

}  // namespace attune::crdt
