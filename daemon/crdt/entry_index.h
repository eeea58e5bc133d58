#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/ids.h"

namespace attune::crdt {

struct EntryState;

/// Finds entries by id with one look, beside a map that has their order: a table with open
/// addressing, never walked through. Borrows the entries, which stay where they are. Who makes ids
/// that meet in it must hash for each: it goes by the part of an id that is a hash.
class EntryIndex {
 public:
  /// nullptr where there is none.
  [[nodiscard]] EntryState* find(const EntryId& id) const;
  /// One that is not there yet.
  void add(EntryState& entry);
  /// One that is there.
  void remove(const EntryId& id);

 private:
  struct Place {
    std::uint64_t word = 0;
    EntryState* entry = nullptr;  ///< nullptr: free
  };
  static std::uint64_t word_of(const EntryId& id);
  /// Where the id is, or would be put.
  [[nodiscard]] std::size_t place_of(const EntryId& id) const;
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (places_.size() - 1); }

  std::vector<Place> places_ = std::vector<Place>(kPlacesMin);  ///< a power of two, half of it free
  std::size_t size_ = 0;
  static constexpr std::size_t kPlacesMin = 16;
};

}  // namespace attune::crdt
