#include <algorithm>

#include "daemon/sync/notebook_state.h"
#include "proto/limits.h"

// What a client had on screen. A version is opaque to it:
//   couple 16 | n x (device 16 | incarnation 8 | counter u64le)
// the last ops on the entry that its item showed, none in the past of another.

namespace attune::sync {
namespace {

constexpr std::size_t kDotBytes = 16 + 8 + 8;

// The ops among `of` up to which `seen` reaches, without those in the past of another.
std::vector<crdt::Dot> last_seen(const crdt::OpLog& log, const crdt::VersionVector& of,
                                 const crdt::VersionVector& seen) {
  std::vector<crdt::Dot> dots;
  for (const auto& row : of.rows()) {
    const std::uint64_t counter = std::min(row.counter, seen.last(row.actor));
    if (counter > 0) dots.push_back({row.actor, counter});
  }
  std::vector<crdt::Dot> last;
  for (const crdt::Dot& dot : dots) {
    const bool is_past = std::ranges::any_of(dots, [&](const crdt::Dot& other) {
      return other != dot && log.find(other)->past.contains(dot);
    });
    if (!is_past) last.push_back(dot);
  }
  if (last.size() > limits::kDotsMax) last.resize(limits::kDotsMax);
  return last;
}

crdt::VersionVector read_version(const crdt::OpLog& log, ByteView version) {
  Reader reader(version);
  const CoupleId couple{reader.take_array<CoupleId::kSize>()};
  std::vector<crdt::Dot> dots;
  while (reader.ok() && reader.left() >= kDotBytes && dots.size() < limits::kDotsMax) {
    crdt::Dot dot;
    dot.actor.stream = {couple};
    dot.actor.device = {reader.take_array<DeviceId::kSize>()};
    dot.actor.incarnation = {reader.take_array<Incarnation::kSize>()};
    dot.counter = reader.u64le();
    if (log.find(dot) != nullptr) dots.push_back(dot);
  }
  return log.closure(dots);
}

}  // namespace

Bytes Notebook::State::version_of(const Stream& in, const crdt::EntryState& entry) const {
  Bytes version;
  append(version, in.log.stream().couple.view());
  for (const crdt::Dot& dot : last_seen(in.log, entry.touched(), entry.touched())) {
    append(version, dot.actor.device.view());
    append(version, dot.actor.incarnation.view());
    append_u64le(version, dot.counter);
  }
  return version;
}

// After a restart nothing counts as shown but what this device wrote itself, and what that had in
// its past.
crdt::VersionVector Notebook::State::seen(const Stream& in, const crdt::EntryState* entry,
                                          ByteView version) const {
  if (entry == nullptr) return in.log.vector();
  if (!version.empty()) return read_version(in.log, version);
  const auto at = shown.find(entry->id);
  if (at != shown.end()) {
    // All but the first stand in the order of the log, so the usual case is quickly told.
    const auto& ops = entry->ops;
    const bool all =
        !ops.empty() && ops.front()->place < at->second && ops.back()->place < at->second;
    if (all) return entry->touched();
    crdt::VersionVector vector;
    for (const crdt::Kept* kept : entry->ops) {
      if (kept->place < at->second) vector.raise(kept->op.dot.actor, kept->op.dot.counter);
    }
    return vector;
  }
  for (auto kept = entry->ops.rbegin(); kept != entry->ops.rend(); ++kept) {
    if ((*kept)->op.dot.actor.device != self.device) continue;
    crdt::VersionVector vector = (*kept)->past.vector();
    vector.raise((*kept)->op.dot.actor, (*kept)->op.dot.counter);
    return vector;
  }
  return {};
}

crdt::Over Notebook::State::over_of(const Stream& in, const crdt::EntryState* entry,
                                    const crdt::VersionVector& seen, Naming naming) {
  using Reach = crdt::Over::Reach;
  if (entry == nullptr) return {};
  if (naming == Naming::kShort && seen.covers(entry->touched())) {
    return {.reach = Reach::kPast, .dots = {}};
  }
  std::vector<crdt::Dot> dots = last_seen(in.log, entry->touched(), seen);
  // Of each field of an intent, so that all of them and its words fit into an op.
  if (naming == Naming::kDots && dots.size() > limits::kIntentDotsMax) {
    dots.resize(limits::kIntentDotsMax);
  }
  if (dots.empty()) return {};
  return {.reach = Reach::kDots, .dots = std::move(dots)};
}

void Notebook::State::was_shown(const Stream& in, const EntryId& entry) {
  shown[entry] = in.log.size();
}

}  // namespace attune::sync
