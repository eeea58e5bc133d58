#include <algorithm>

#include "daemon/couple/lapse.h"
#include "daemon/couple/loosening.h"
#include "daemon/couple/standing.h"
#include "daemon/sync/notebook_state.h"
#include "proto/limits.h"

namespace attune::sync {

// Whatever was said for a night that is over leaves this device, whoever said it.
void Notebook::State::end_nights(const Now& now, Ripple& ripple) {
  for (auto& [id, in] : streams) {
    const std::set<crdt::Dot> nights = in.nights;
    for (const crdt::Dot& dot : nights) {
      const crdt::Kept* kept = in.log.find(dot);
      if (!couple::is_over(kept->arrival, now)) continue;
      const std::uint32_t kind = kept->op.kind;
      if (in.view.lose(*kept)) changed(kind, ripple);
      make_husk(in, dot, ripple);
    }
  }
  if (last_act && is_tonight(last_act->kind)) {
    const auto at = streams.find(last_act->stream);
    if (at == streams.end() || at->second.view.find(last_act->entry) == nullptr) {
      last_act.reset();
      ripple.persist.changes.push_back(act_record(last_act));
      ripple.persist.erases = true;
    }
  }
}

// The wait is over: the real op, with what was on screen when it was asked for. Where something
// stricter has come that was not, or other words, nothing is loosened.
void Notebook::State::issue(const Now& now, Intent intent, Ripple& ripple) {
  const auto at = streams.find(intent.stream);
  if (at == streams.end()) return;
  Stream& in = at->second;
  const crdt::EntryState* entry = in.view.find(intent.entry);
  const KindRow* row = kinds.table().kind(intent.kind);
  if (entry == nullptr || row == nullptr || couple::is_ended(*row, *entry)) return;
  // Of what is forgotten, or shared with nobody any more, only the end is still said.
  const bool only_ends = !is_open(in) || couple::is_forgotten(*row, *entry, self.person);
  const FieldRow* field = row->ending_field();
  std::erase_if(intent.slots, [&](const crdt::Slot& slot) {
    const bool ends =
        field != nullptr && slot.field == field->number && slot.rank == field->ending()->rank;
    if (only_ends && !ends) return true;
    const crdt::VersionVector was_seen = in.log.closure(slot.over.dots);
    const crdt::Register* stands = entry->find(slot.field);
    if (slot.rank) return !couple::takes_effect(stands, *slot.rank, was_seen);
    return !couple::is_seen(stands, was_seen);
  });
  for (crdt::Slot& slot : intent.slots) {
    if (!slot.rank) slot.over = {};  // an op says it of protective slots alone
  }
  if (intent.slots.empty()) return;
  write(now, in, {.entry = intent.entry, .kind = intent.kind, .slots = std::move(intent.slots)},
        ripple);
}

void Notebook::State::issue_intents(const Now& now, Ripple& ripple) {
  std::vector<EntryId> due;
  for (auto& [id, intent] : intents) {
    const KindRow* row = kinds.table().kind(intent.kind);
    couple::Wait counted = intent.wait;
    counted.count(now);
    if (row != nullptr && counted.left(*row) == 0s) {
      due.push_back(id);
    } else if (counted.boot.id != intent.wait.boot.id ||
               counted.counted - intent.wait.counted >= limits::kWaitKept ||
               counted.wall < intent.wait.wall) {
      intent.wait = counted;
      ripple.persist.changes.push_back(intent_record(intent));
    }
  }
  for (const EntryId& id : due) {
    Intent intent = std::move(intents.at(id));
    if (last_act && last_act->waits && last_act->entry == id) {
      last_act.reset();
      ripple.persist.changes.push_back(act_record(last_act));
    }
    drop_intent(id, ripple);
    issue(now, std::move(intent), ripple);
  }
}

void Notebook::State::expire_undo(const Now& now, Ripple& ripple) {
  if (!last_act) return;
  const bool same_boot = last_act->since.id == now.boot.id;
  if (same_boot && now.boot.since - last_act->since.since < limits::kUndoLife) return;
  last_act.reset();
  ripple.persist.changes.push_back(act_record(last_act));
  ripple.persist.erases = true;
}

std::optional<Steady> Notebook::State::pass_time(const Now& now, Ripple& ripple) {
  end_nights(now, ripple);
  issue_intents(now, ripple);
  expire_undo(now, ripple);

  std::optional<std::chrono::seconds> next;
  const auto at_latest = [&next](std::chrono::seconds wait) {
    next = next ? std::min(*next, wait) : wait;
  };
  for (const auto& [id, in] : streams) {
    for (const crdt::Dot& dot : in.nights) {
      // The timer stands still while the machine sleeps: what was said leaves this device so soon
      // after it woke, and not when the rest of the wait is up.
      at_latest(std::min(couple::until_over(in.log.find(dot)->arrival, now), limits::kNightLook));
    }
  }
  for (const auto& [id, intent] : intents) {
    const KindRow* row = kinds.table().kind(intent.kind);
    if (row == nullptr) continue;
    couple::Wait counted = intent.wait;
    counted.count(now);
    at_latest(std::min(counted.left(*row), limits::kWaitKept));
  }
  if (last_act) at_latest(limits::kUndoLife - (now.boot.since - last_act->since.since));
  if (!next) return std::nullopt;
  // At least a second, so that a clock that stands still costs no more than that.
  return now.steady + std::max(*next, std::chrono::seconds{1});
}

}  // namespace attune::sync
