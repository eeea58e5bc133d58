#include <algorithm>
#include <utility>

#include "daemon/couple/authorship.h"
#include "daemon/couple/standing.h"
#include "daemon/sync/notebook_state.h"

namespace attune::sync {
namespace {

// The last dots of what is closed under pasts: those that no op of it names, as a dot that is in
// the past of another is named by one of its actor's or by one behind these.
std::vector<crdt::Dot> frontier_of(const crdt::OpLog& log, const crdt::VersionVector& closed) {
  crdt::VersionVector named;
  log.for_each([&](const crdt::Kept& kept) {
    if (!closed.contains(kept.op.dot)) return;
    for (const crdt::Dot& dot : kept.op.seen) named.raise(dot.actor, dot.counter);
  });
  std::vector<crdt::Dot> frontier;
  for (const auto& row : closed.rows()) {
    const crdt::Dot last{row.actor, row.counter};
    if (!named.contains(last)) frontier.push_back(last);
  }
  return frontier;
}

}  // namespace

// What can't be said twice in one night: a withdrawal stands whatever comes late.
void Notebook::State::take_back_tonight(const Now& now, Ripple& ripple) {
  Stream* in = both();
  if (in == nullptr) return;
  for (const KindRow& row : kinds.table().kinds()) {
    if (row.one != One::kPerPerson || !couple::ends_at_strictest(row)) continue;
    const crdt::EntryState* entry =
        in->view.find(couple::only_one(row, self.person, partner->couple, {}));
    if (entry == nullptr || couple::is_ended(row, *entry)) continue;
    end_found(now, {.stream = in, .entry = entry, .row = &row, .mine = true}, ripple);
  }
}

// What of an entry of mine protects and was written beyond `there`: nothing of it can make anything
// looser than it is there, as no slot but an act of forgetting names what it was over.
std::vector<crdt::Slot> Notebook::State::protecting(Stream& in, const crdt::EntryState& entry,
                                                    const KindRow& row,
                                                    const crdt::VersionVector& there, bool known) {
  std::vector<crdt::Slot> slots;
  const FieldRow* ending = row.ending_field();
  const auto say = [&](const FieldRow& field, std::uint32_t rank) {
    Bytes says = value(in, entry, field);
    if (says.empty()) says = saying(field, rank);
    slots.push_back(make_slot(field.number, std::move(says)));
    slots.back().rank = field.rank_of(slots.back().body->bytes);
  };
  const auto forgets = entry.forgets.find(self.person);
  const bool forgotten = forgets != entry.forgets.end() &&
                         std::ranges::any_of(forgets->second, [&there](const crdt::Dot& dot) {
                           return !there.contains(dot);
                         });
  for (const crdt::Register& stands : entry.registers) {
    const crdt::Standing& first = stands.standing.front();
    const FieldRow* field = row.field(stands.field);
    const bool life = stands.field == kFieldLife;
    if (!life && (field == nullptr || field->merge != Merge::kProtective)) continue;
    const bool lifts = field != nullptr && field == ending && !couple::ends_at_strictest(row) &&
                       first.rank == field->ending()->rank;
    if (lifts || (!forgotten && there.contains(first.dot))) continue;
    if (!life && !known) continue;  // how firm something is says that it is
    if (life) {
      slots.push_back(ending_slot(row));
    } else {
      say(*field, first.rank);
    }
  }
  if (forgotten) {
    slots.insert(slots.begin(), make_slot(kFieldForget, {}));
  } else if (const FieldRow* topic = row.topic(); topic != nullptr && !slots.empty()) {
    slots.push_back(make_slot(topic->number, value(in, entry, *topic)));
  }
  return slots;
}

// `there`: closed under pasts. `perhaps`: what may be there as well.
std::vector<Draft> Notebook::State::protecting_drafts(Stream& in, const crdt::VersionVector& there,
                                                      const crdt::VersionVector& perhaps) {
  std::vector<Draft> drafts;
  for (const auto& [id, entry] : in.view.entries()) {
    const KindRow* row = kinds.table().kind(entry.kind);
    if (row == nullptr || !is_mine(id, entry.kind)) continue;
    const auto is_in = [&entry = entry](const crdt::VersionVector& has) {
      return std::ranges::any_of(
          entry.ops, [&has](const crdt::Kept* kept) { return has.contains(kept->op.dot); });
    };
    const bool known = row->one != One::kMany || is_in(there);
    if (!known && !is_in(perhaps)) continue;
    std::vector<crdt::Slot> slots = protecting(in, entry, *row, there, known);
    if (slots.empty()) continue;
    drafts.push_back({.entry = id, .kind = entry.kind, .slots = std::move(slots)});
  }
  return drafts;
}

// As an actor of whose ops the partner lacks none: a new one, or where this person has as many as
// they may have, the last that the partner has wholly.
crdt::VersionVector Notebook::State::say_what_protects(const Now& now,
                                                       const crdt::VersionVector& there,
                                                       const crdt::VersionVector& perhaps,
                                                       Ripple& ripple) {
  Stream* in = both();
  if (in == nullptr) return {};
  crdt::VersionVector before = in->log.vector();
  std::vector<crdt::Dot> last;
  for (const auto& row : there.rows()) last.push_back({row.actor, row.counter});
  const crdt::VersionVector closed = in->log.closure(last);
  std::vector<Draft> drafts = protecting_drafts(*in, closed, perhaps);
  const std::optional<Incarnation> incarnation =
      actors_of(*in, self.person) < kActorsOfPersonMax
          ? Incarnation{parts.random->bytes<8>()}
          : last_incarnation(*in, closed);
  if (drafts.empty() || !incarnation) return before;
  const crdt::Actor actor{
      .stream = in->log.stream(), .device = self.device, .incarnation = *incarnation};
  std::vector<crdt::Dot> past = frontier_of(in->log, closed);
  const crdt::Kept* last_op = in->log.find({actor, in->log.vector().last(actor)});
  std::erase_if(past, [&](const crdt::Dot& dot) {
    return dot.actor == actor || (last_op != nullptr && last_op->past.contains(dot));
  });
  for (Draft& draft : drafts) {
    // The next op has the one before.
    append_own(now, *in,
               compose_own(now, *in, actor, std::move(draft), std::exchange(past, {})), ripple);
  }
  return before;
}

}  // namespace attune::sync
