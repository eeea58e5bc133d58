#include "daemon/crdt/merge.h"

#include <algorithm>
#include <tuple>

namespace attune::crdt {
namespace {

bool is_better(const Standing& a, const Standing& b) {
  const auto key = [](const Standing& s) { return std::tie(s.rank, s.weight, s.dot); };
  if (key(a) != key(b)) return key(a) > key(b);
  return a.slot < b.slot;
}

void stand(Register& into, const Standing& standing) {
  into.standing.insert(std::ranges::upper_bound(into.standing, standing, is_better), standing);
}

template <typename Replaced>
void take_off(Register& from, std::vector<SlotRef>& gone, Replaced is_replaced) {
  erase_if(from.standing, [&gone, &is_replaced](const Standing& standing) {
    if (!is_replaced(standing)) return false;
    gone.push_back({standing.dot, standing.slot});
    return true;
  });
}

}  // namespace

void merge_maximal(Register& into, const Write& write, std::vector<SlotRef>& gone) {
  take_off(into, gone, [&write](const Standing& s) { return write.past.contains(s.dot); });
  stand(into, write.standing);
}

bool covers(const Write& write, const Standing& standing) {
  if (!write.past.contains(standing.dot)) return false;
  if (write.standing.rank >= standing.rank) return true;
  switch (write.slot.over.reach) {
    case Over::Reach::kNothing:
      return false;
    case Over::Reach::kPast:
      return true;
    case Over::Reach::kDots:
      return write.over != nullptr && write.over->contains(standing.dot);
  }
  return false;
}

void merge_protective(Register& into, const Write& write, std::vector<SlotRef>& gone) {
  take_off(into, gone, [&write](const Standing& s) { return covers(write, s); });
  stand(into, write.standing);
}

// What a removal names is taken off only where it is in its past: whatever else it names may come
// before or after it, and would stand here and not there.
void merge_set(Register& into, const Write& write, std::vector<SlotRef>& gone) {
  if (!write.slot.removes) {
    stand(into, write.standing);
    return;
  }
  take_off(into, gone, [&write](const Standing& s) {
    return write.past.contains(s.dot) &&
           std::ranges::binary_search(write.slot.removed, SlotRef{s.dot, s.slot});
  });
  if (write.slot.body) gone.push_back({write.standing.dot, write.standing.slot});
}

void merge(Policy policy, Register& into, const Write& write, std::vector<SlotRef>& gone) {
  switch (policy) {
    case Policy::kLatest:
    case Policy::kSideBySide:
      return merge_maximal(into, write, gone);
    case Policy::kProtective:
      return merge_protective(into, write, gone);
    case Policy::kSet:
      return merge_set(into, write, gone);
    case Policy::kOpaque:
      return;
  }
}

}  // namespace attune::crdt
