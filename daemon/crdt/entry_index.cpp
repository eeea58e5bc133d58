#include "daemon/crdt/entry_index.h"

#include <cassert>
#include <utility>

#include "daemon/crdt/view.h"

namespace attune::crdt {

// The six bytes of hash, then the last two of the nonce.
std::uint64_t EntryIndex::word_of(const EntryId& id) {
  std::uint64_t word = 0;
  for (std::size_t i = 8; i < EntryId::kSize; ++i) word = word << 8 | id.bytes[i];
  return word;
}

std::size_t EntryIndex::place_of(const EntryId& id) const {
  const std::uint64_t word = word_of(id);
  std::size_t at = static_cast<std::size_t>(word) & (places_.size() - 1);
  while (places_[at].entry != nullptr &&
         (places_[at].word != word || places_[at].entry->id != id)) {
    at = next(at);
  }
  return at;
}

EntryState* EntryIndex::find(const EntryId& id) const { return places_[place_of(id)].entry; }

void EntryIndex::add(EntryState& entry) {
  if (2 * (size_ + 1) > places_.size()) {
    const auto before = std::exchange(places_, std::vector<Place>(2 * places_.size()));
    for (const Place& place : before) {
      if (place.entry == nullptr) continue;
      std::size_t at = static_cast<std::size_t>(place.word) & (places_.size() - 1);
      while (places_[at].entry != nullptr) at = next(at);
      places_[at] = place;
    }
  }
  Place& place = places_[place_of(entry.id)];
  assert(place.entry == nullptr);
  place = {.word = word_of(entry.id), .entry = &entry};
  ++size_;
}

// What stands behind a free place would not be found: each that may stand there moves to it.
void EntryIndex::remove(const EntryId& id) {
  std::size_t free = place_of(id);
  assert(places_[free].entry != nullptr);
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = next(free); places_[at].entry != nullptr; at = next(at)) {
    const std::size_t home = static_cast<std::size_t>(places_[at].word) & mask;
    if (((at - home) & mask) < ((at - free) & mask)) continue;
    places_[free] = places_[at];
    free = at;
  }
  places_[free] = {};
  --size_;
}

}  // namespace attune::crdt
