#include "daemon/sync/pairing_search.h"

#include <algorithm>

#include "proto/limits.h"

namespace attune::sync {
namespace {

/// Addresses remembered as tried; more than these are somebody's beacons who plays no fair game.
constexpr std::size_t kTriedMax = 64;

}  // namespace

bool PairingSearch::wants_dial(const Endpoint& issuer, Steady now, std::size_t under_way) {
  if (under_way + waiting_.size() >= limits::kAddressesMax) return false;
  std::erase_if(tried_,
                [now](const auto& entry) { return now - entry.second >= limits::kDialPause; });
  if (tried_.size() >= kTriedMax) return false;
  return tried_.emplace(issuer, now).second;
}

bool PairingSearch::drop(LinkId link) {
  return std::erase_if(waiting_, [link](const FoundLink& each) { return each.link == link; }) > 0;
}

bool PairingSearch::has(LinkId link) const {
  return std::ranges::any_of(waiting_, [link](const FoundLink& each) { return each.link == link; });
}

std::optional<FoundLink> PairingSearch::next() {
  if (waiting_.empty()) return std::nullopt;
  const FoundLink link = waiting_.front();
  waiting_.pop_front();
  return link;
}

bool PairingDials::arrived(const Endpoint& remote) {
  auto asked =
      std::ranges::find_if(under_way_, [&remote](const Asked& each) { return each.to == remote; });
  if (asked == under_way_.end()) {
    // A failed dial does not say where it went, so the one that stands here may have been crossed
    // out for it: any other that is under way takes its place.
    if (under_way_.empty()) return false;
    asked = under_way_.begin();
  }
  const bool mine = asked->command == command_;
  under_way_.erase(asked);
  return mine;
}

void PairingDials::failed() {
  if (!under_way_.empty()) under_way_.pop_front();
}

std::size_t PairingDials::under_way() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      under_way_, [this](const Asked& each) { return each.command == command_; }));
}

}  // namespace attune::sync
