#include "daemon/crdt/entry_index.h"

#include <gtest/gtest.h>

#include <map>

#include "crypto/random.h"
#include "daemon/crdt/view.h"

namespace attune::crdt {
namespace {

// Ids of few bits, so that many of them meet in one place.
EntryId crowded(crypto::SeededRandom& random) {
  EntryId id;
  id.bytes[0] = static_cast<std::uint8_t>(random.below(6));
  id.bytes[8] = static_cast<std::uint8_t>(random.below(3));
  id.bytes[15] = static_cast<std::uint8_t>(random.below(12));
  return id;
}

TEST(EntryIndex, FindsWhatIsThereAndNothingElse) {
  crypto::SeededRandom random(1);
  std::map<EntryId, EntryState> entries;
  EntryIndex index;
  for (int step = 0; step < 5'000; ++step) {
    const EntryId id = crowded(random);
    const auto known = entries.find(id);
    EXPECT_EQ(index.find(id), known == entries.end() ? nullptr : &known->second);
    if (known == entries.end()) {
      EntryState& entry = entries[id];
      entry.id = id;
      index.add(entry);
    } else if (random.below(2) == 0) {
      index.remove(id);
      entries.erase(known);
    }
  }
  for (auto& [id, entry] : entries) EXPECT_EQ(index.find(id), &entry);
}

}  // namespace
}  // namespace attune::crdt
