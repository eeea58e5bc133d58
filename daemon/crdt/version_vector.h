#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "daemon/crdt/dot.h"

namespace attune::crdt {

enum class Causality { kEqual, kBefore, kAfter, kConcurrent };

/// For each actor, the last operation seen. Holds no gaps: counter n implies 1..n. Rows are sorted
/// by actor and never zero. Value type; not safe for concurrent writes. At most limits::kActorsMax
/// rows. Copies share their rows in chunks until one of them is written, so that the past of every
/// op of a long history costs the few rows in which it differs from the past before it.
class VersionVector {
 public:
  struct Row {
    Actor actor;
    std::uint64_t counter = 0;
    friend bool operator==(const Row&, const Row&) = default;
  };
  class Rows;

  [[nodiscard]] std::uint64_t last(const Actor& actor) const;
  [[nodiscard]] bool contains(const Dot& dot) const { return dot.counter <= last(dot.actor); }
  [[nodiscard]] bool covers(const VersionVector& other) const;
  [[nodiscard]] Causality compare(const VersionVector& other) const;
  /// A forward range over the rows, in the order of their actors; valid until this is written.
  [[nodiscard]] Rows rows() const&;
  Rows rows() const&& = delete;
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// How many operations it contains: the sum of its counters.
  [[nodiscard]] std::uint64_t total() const { return total_; }
  /// The rows of this that are above what `base` says of them.
  [[nodiscard]] VersionVector moved_since(const VersionVector& base) const;

  void raise(const Actor& actor, std::uint64_t counter);  // never lowers
  void merge(const VersionVector& other);
  friend bool operator==(const VersionVector& a, const VersionVector& b) {
    return a.size_ == b.size_ && a.covers(b) && b.covers(a);
  }

 private:
  using Chunk = std::vector<Row>;  // sorted, never empty, at most kChunkRows
  using Chunks = std::vector<std::shared_ptr<Chunk>>;
  static constexpr std::size_t kChunkRows = 32;

  [[nodiscard]] std::size_t chunk_of(const Actor& actor) const;
  [[nodiscard]] bool shares(const std::shared_ptr<Chunk>& chunk) const;
  Chunk& writable(std::size_t index);

  Chunks chunks_;  // sorted by first actor
  std::size_t size_ = 0;
  std::uint64_t total_ = 0;
};

/// The rows of a vector, which must outlive it.
class VersionVector::Rows {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = const Row&;

    Iterator() = default;
    Iterator(const Chunks& chunks, std::size_t chunk) : chunks_(&chunks), chunk_(chunk) {}
    reference operator*() const { return (*(*chunks_)[chunk_])[row_]; }
    pointer operator->() const { return &**this; }
    Iterator& operator++() {
      if (++row_ == (*chunks_)[chunk_]->size()) {
        row_ = 0;
        ++chunk_;
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Chunks* chunks_ = nullptr;
    std::size_t chunk_ = 0;
    std::size_t row_ = 0;
  };

  explicit Rows(const VersionVector& vector) : vector_(&vector) {}
  [[nodiscard]] Iterator begin() const { return {vector_->chunks_, 0}; }
  [[nodiscard]] Iterator end() const { return {vector_->chunks_, vector_->chunks_.size()}; }
  [[nodiscard]] std::size_t size() const { return vector_->size_; }
  [[nodiscard]] bool empty() const { return vector_->size_ == 0; }

 private:
  const VersionVector* vector_;
};

inline VersionVector::Rows VersionVector::rows() const& { return Rows(*this); }

}  // namespace attune::crdt
