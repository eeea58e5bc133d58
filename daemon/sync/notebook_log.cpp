#include <algorithm>
#include <cassert>

#include "daemon/couple/admission.h"
#include "daemon/couple/lapse.h"
#include "daemon/sync/notebook_state.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

// What the slots of one op may take, so that its header fits beside them.
constexpr std::size_t kSlotsBytesMax = limits::kOpBytesMax - 2'048;
// Loose ends of a log that an op can name without crowding out its words.
constexpr std::size_t kLooseEndsMax = 32;
// What may stand in an op that names as many as an op can.
constexpr std::size_t kTyingBytesMax = 6'144;

std::size_t size_of(const crdt::Slot& slot) {
  constexpr std::size_t kDotBytes = 40;
  const std::size_t named = slot.over.dots.size() + slot.removed.size();
  return 64 + named * kDotBytes + (slot.body ? slot.body->bytes.size() : 0);
}

// As many of the slots, from the front, as fit into one op; at least one.
std::size_t fitting(const std::vector<crdt::Slot>& slots) {
  std::size_t size = 0;
  std::size_t count = 0;
  for (const crdt::Slot& slot : slots) {
    size += size_of(slot);
    if (count > 0 && (size > kSlotsBytesMax || count == limits::kFieldsPerOpMax)) break;
    ++count;
  }
  return count;
}

bool is_forget(const crdt::Slot& slot) { return slot.field == kFieldForget; }

}  // namespace

crdt::Slot Notebook::State::make_slot(std::uint32_t field, Bytes bytes) {
  crdt::Slot slot;
  slot.field = field;
  slot.body = {.salt = {}, .bytes = std::move(bytes)};
  return slot;
}

bool Notebook::State::is_tonight(std::uint32_t kind) const {
  const KindRow* row = kinds.table().kind(kind);
  return row != nullptr && row->life == Life::kTonight;
}

void Notebook::State::changed(std::uint32_t kind, Ripple& ripple) const {
  if (std::ranges::find(ripple.changed_kinds, kind) == ripple.changed_kinds.end()) {
    ripple.changed_kinds.push_back(kind);
  }
}

// A tree that lost a leaf goes to the disk with the op that lost its words: neither outlives the
// other. What nobody else is to have is never sent, so its trees are not kept.
void Notebook::State::keep_salts(Stream& in, Ripple& ripple) {
  for (auto& [tree, bytes] : in.log.take_changed_salts()) {
    if (in.log.stream().is_mine()) continue;
    ripple.persist.changes.push_back(salts_record(tree, std::move(bytes)));
  }
}

void Notebook::State::persist(Stream& in, const crdt::Dot& dot, Ripple& ripple) {
  const crdt::Kept* kept = in.log.find(dot);
  assert(kept != nullptr);
  const bool all = !kept->op.husk && is_tonight(kept->op.kind);
  ripple.persist.changes.push_back(
      op_record(*kept, all ? ArrivalKept::kAll : ArrivalKept::kDay, in.bare.contains(dot)));
  keep_salts(in, ripple);
}

void Notebook::State::persist_head(const Stream& in, const crdt::Actor& actor, Ripple& ripple) {
  heads.set(actor, {.counter = in.log.vector().last(actor), .chain = in.log.head(actor)},
            ripple.persist);
}

void Notebook::State::make_husk(Stream& in, const crdt::Dot& dot, Ripple& ripple) {
  in.nights.erase(dot);
  if (!in.log.husk(dot)) return;
  persist(in, dot, ripple);
  ripple.persist.erases = true;
}

void Notebook::State::erase_words(Stream& in, const crdt::Dot& dot, Ripple& ripple) {
  const crdt::Kept* kept = in.log.find(dot);
  bool erased = false;
  for (std::size_t slot = 0; slot < kept->op.slots.size(); ++slot) {
    if (in.log.erase_slot(dot, slot)) erased = true;
  }
  if (!erased) return;
  persist(in, dot, ripple);
  ripple.persist.erases = true;
}

void Notebook::State::settle(Stream& in, const crdt::View::Effect& effect, Ripple& ripple) {
  std::set<crdt::Dot> erased;
  for (const crdt::SlotRef& ref : effect.superseded) {
    if (in.log.erase_slot(ref.dot, ref.slot)) erased.insert(ref.dot);
  }
  for (const crdt::Dot& dot : effect.forgotten) {
    make_husk(in, dot, ripple);
    erased.erase(dot);
  }
  for (const crdt::Dot& dot : erased) {
    persist(in, dot, ripple);
    ripple.persist.erases = true;
  }
}

// An op that the log has just appended: whether it counts, what it changes, and its record.
void Notebook::State::enter(Stream& into, const crdt::Kept& kept, Ripple& ripple) {
  const crdt::Dot dot = kept.op.dot;
  if (!couple::counts(kinds, into.view, kept)) {
    into.log.mark_void(dot);
    into.log.husk(dot);
  } else if (kept.op.husk) {
    into.bare.insert(dot);
  } else {
    const crdt::View::Effect effect = into.view.apply(kept);
    if (is_tonight(kept.op.kind)) into.nights.insert(dot);
    settle(into, effect, ripple);
    if (is_hidden(effect.entry, effect.kind)) {
      erase_words(into, dot, ripple);
    } else if (effect.changed) {
      changed(effect.kind, ripple);
    }
  }
  persist(into, dot, ripple);
  persist_head(into, dot.actor, ripple);
}

std::size_t Notebook::State::actors_of(const Stream& in, const PersonId& person) const {
  std::size_t count = 0;
  for (const auto& row : in.log.vector().rows()) {
    if (kinds.person(row.actor.device) == person) ++count;
  }
  return count;
}

// A new one, so that no copy of this store can use a counter twice. A person's share of a log's
// actors is bounded: when it is used up, the last of this device goes on.
Incarnation Notebook::State::next_incarnation(const Stream& in) {
  if (actors_of(in, self.person) < kActorsOfPersonMax) {
    return Incarnation{parts.random->bytes<8>()};
  }
  return last_incarnation(in, in.log.vector()).value_or(Incarnation{});
}

// The heaviest of this device of which all is in `there`.
std::optional<Incarnation> Notebook::State::last_incarnation(
    const Stream& in, const crdt::VersionVector& there) const {
  std::optional<Incarnation> last;
  std::uint64_t heaviest = 0;
  for (const auto& row : in.log.vector().rows()) {
    if (row.actor.device != self.device || there.last(row.actor) < row.counter) continue;
    const std::uint64_t weight = in.log.weight({row.actor, row.counter});
    if (weight < heaviest) continue;
    heaviest = weight;
    last = row.actor.incarnation;
  }
  return last;
}

// Ops of their own name what more loose ends there are than fit beside words; what they say is
// said again at once.
void Notebook::State::tie_loose_ends(const Now& now, Stream& into, const Draft& draft,
                                     Ripple& ripple) {
  while (into.log.frontier().size() > kLooseEndsMax) {
    crdt::Slot first = draft.slots.front();
    if (size_of(first) > kTyingBytesMax) first = make_slot(first.field, {});
    write_one(now, into, {.entry = draft.entry, .kind = draft.kind, .slots = {std::move(first)}},
              ripple);
  }
}

void Notebook::State::write_one(const Now& now, Stream& into, Draft draft, Ripple& ripple) {
  if (!into.incarnation) into.incarnation = next_incarnation(into);
  const crdt::Actor actor{
      .stream = into.log.stream(), .device = self.device, .incarnation = *into.incarnation};
  append_own(now, into, compose_own(now, into, actor, std::move(draft)), ripple);
}

crdt::Op Notebook::State::compose_own(const Now& now, Stream& into, const crdt::Actor& actor,
                                      Draft draft, std::optional<std::vector<crdt::Dot>> past) {
  crdt::Op op;
  op.entry = draft.entry;
  op.kind = draft.kind;
  op.day = is_tonight(draft.kind) ? now.night : now.day;
  op.slots = std::move(draft.slots);
  std::optional<crdt::SaltNode> root;
  if (into.log.needs_salt_root(actor)) root = parts.random->bytes<sizeof(crdt::SaltNode)>();
  into.log.salt(actor, op.slots, root);
  return past ? into.log.compose(actor, std::move(op), std::move(*past))
              : into.log.compose(actor, std::move(op));
}

void Notebook::State::append_own(const Now& now, Stream& into, crdt::Op op, Ripple& ripple) {
  assert(crdt::within_limits(op));
  const crdt::Dot dot = op.dot;
  const crdt::Kept::Arrival arrival =
      is_tonight(op.kind) ? couple::arrival_tonight(now)
                          : crdt::Kept::Arrival{.day = now.day, .wall = now.wall, .boot = now.boot};
  const auto taken = into.log.append(std::move(op), arrival);
  assert(taken == crdt::OpLog::Taken::kAppended);
  static_cast<void>(taken);
  enter(into, *into.log.find(dot), ripple);
  assert(into.log.find(dot)->counted);
}

void Notebook::State::write(const Now& now, Stream& into, Draft draft, Ripple& ripple) {
  assert(!draft.slots.empty());
  std::vector<crdt::Slot>& slots = draft.slots;
  const bool forgets = std::ranges::any_of(slots, is_forget);
  if (!forgets) tie_loose_ends(now, into, draft, ripple);
  while (!slots.empty()) {
    const auto count = static_cast<std::ptrdiff_t>(forgets ? slots.size() : fitting(slots));
    std::vector<crdt::Slot> part(slots.begin(), slots.begin() + count);
    slots.erase(slots.begin(), slots.begin() + count);
    write_one(now, into, {.entry = draft.entry, .kind = draft.kind, .slots = std::move(part)},
              ripple);
  }
  was_shown(into, draft.entry);
}

void Notebook::State::hand_over(Ripple& ripple) {
  if (overdue.changes.empty()) return;
  std::ranges::move(overdue.changes, std::back_inserter(ripple.persist.changes));
  ripple.persist.erases = ripple.persist.erases || overdue.erases;
  overdue = {};
}

}  // namespace attune::sync
