#include "daemon/relay/pipe_meeting.h"

namespace attune::relay {

PipeMeeting::Outcome PipeMeeting::come(const PipeId& id, const PipeEnd& end) {
  const bool pairing = is_pairing(end.side);
  const auto [at, is_new] = places_.try_emplace(PipeKey{.pairing = pairing, .id = id});
  std::optional<PipeEnd>& waiting = at->second.waiting;
  Outcome outcome;
  if (is_new) {
    waiting = end;
  } else if (!waiting) {
    outcome.kind = pairing ? Outcome::Kind::kBusy : Outcome::Kind::kTaken;
    outcome.holder = at->second.holder;
  } else if (waiting->side != end.side && waiting->session != end.session) {
    outcome.kind = Outcome::Kind::kMet;
    outcome.other = std::exchange(waiting, std::nullopt);
  } else if (pairing || waiting->side != end.side) {
    outcome.kind = Outcome::Kind::kBusy;
  } else {
    outcome.replaced = std::exchange(waiting, end);
  }
  return outcome;
}

void PipeMeeting::leave(const PipeKey& key, SessionId session) {
  const auto at = places_.find(key);
  if (at == places_.end() || !at->second.waiting || at->second.waiting->session != session) return;
  places_.erase(at);
}

void PipeMeeting::hold(const PipeKey& key, PipeHolder holder) {
  const auto at = places_.find(key);
  if (at != places_.end()) at->second.holder = holder;
}

void PipeMeeting::close(const PipeKey& key) { places_.erase(key); }

std::vector<std::pair<PipeKey, PipeEnd>> PipeMeeting::expire(Steady now) {
  std::vector<std::pair<PipeKey, PipeEnd>> late;
  std::erase_if(places_, [&](const auto& place) {
    const std::optional<PipeEnd>& waiting = place.second.waiting;
    if (!waiting || waiting->until > now) return false;
    late.emplace_back(place.first, *waiting);
    return true;
  });
  return late;
}

}  // namespace attune::relay
