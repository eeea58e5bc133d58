#include "client/nearest.h"

#include <algorithm>

namespace attune::client {
namespace {

constexpr std::size_t kTypedMax = 64;  // longer is no name of ours, and the table stays small
constexpr std::size_t kDistanceMax = 2;
constexpr std::size_t kPrefixMin = 3;

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  const std::size_t width = to.size() + 1;
  std::vector<std::size_t> cost((from.size() + 1) * width);
  for (std::size_t i = 0; i <= from.size(); ++i) cost[i * width] = i;
  for (std::size_t j = 0; j < width; ++j) cost[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    for (std::size_t j = 1; j < width; ++j) {
      const bool same = from[i - 1] == to[j - 1];
      std::size_t best = cost[(i - 1) * width + j - 1] + (same ? 0 : 1);
      best = std::min({best, cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        best = std::min(best, cost[(i - 2) * width + j - 2] + 1);
      }
      cost[i * width + j] = best;
    }
  }
  return cost.back();
}

std::string nearest(std::string_view typed, const std::vector<std::string>& names) {
  if (typed.empty() || typed.size() > kTypedMax) return {};
  const std::size_t allowed = std::min(kDistanceMax, std::max<std::size_t>(1, typed.size() / 3));
  std::string best;
  std::size_t best_distance = allowed + 1;
  for (const std::string& name : names) {
    std::size_t distance = edit_distance(typed, name);
    const bool prefix = typed.size() >= kPrefixMin && name.starts_with(typed);
    if (prefix) distance = std::min(distance, allowed);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace attune::client
