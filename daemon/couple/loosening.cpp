#include "daemon/couple/loosening.h"

#include <algorithm>

namespace attune::couple {

bool loosens(const KindRow& row, const crdt::Register* stands, const Change& change) {
  if (row.loosen_wait_hours == 0 || stands == nullptr) return false;
  if (change.rank) return *change.rank < stands->standing.front().rank;
  return change.field->words_loosen && change.differs && !change.tighter;
}

Wait Wait::begin(const Now& now) { return {.boot = now.boot, .wall = now.wall}; }

void Wait::count(const Now& now) {
  using std::chrono::seconds;
  const seconds by_wall{now.wall.seconds - wall.seconds};
  // In another boot its clock shows what passed since that boot began, and no more.
  const seconds by_boot = now.boot.id == boot.id ? now.boot.since - boot.since : now.boot.since;
  counted += std::max(seconds{0}, std::min(by_wall, by_boot));
  boot = now.boot;
  wall = now.wall;
}

std::chrono::seconds Wait::left(const KindRow& row) const {
  const std::chrono::seconds whole = std::chrono::hours(row.loosen_wait_hours);
  return std::max(std::chrono::seconds{0}, whole - counted);
}

}  // namespace attune::couple
