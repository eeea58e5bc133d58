#include "daemon/couple/lapse.h"

#include <algorithm>

#include "proto/limits.h"

namespace attune::couple {
namespace {

bool is_old(const crdt::Kept::Arrival& arrival, const Now& now) {
  return arrival.boot.id != now.boot.id ||
         now.boot.since - arrival.boot.since >= limits::kConsentLife ||
         now.wall.seconds - arrival.wall.seconds >= limits::kConsentLife.count();
}

}  // namespace

crdt::Kept::Arrival arrival_tonight(const Now& now) {
  return {.day = now.night, .wall = now.wall, .boot = now.boot};
}

bool is_said(const crdt::Kept& kept, const Now& now) {
  return kept.op.day == now.night && !is_old(kept.arrival, now);
}

bool is_over(const crdt::Kept::Arrival& arrival, const Now& now) {
  return arrival.day != now.night || is_old(arrival, now);
}

std::chrono::seconds until_over(const crdt::Kept::Arrival& arrival, const Now& now) {
  using std::chrono::seconds;
  if (is_over(arrival, now)) return seconds{0};
  const seconds to_four{std::max<std::int64_t>(now.next_four.seconds - now.wall.seconds, 0)};
  const seconds by_boot = limits::kConsentLife - (now.boot.since - arrival.boot.since);
  const seconds by_wall = limits::kConsentLife - seconds{now.wall.seconds - arrival.wall.seconds};
  return std::min({to_four, by_boot, by_wall});
}

}  // namespace attune::couple
