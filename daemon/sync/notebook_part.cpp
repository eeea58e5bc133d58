#include <algorithm>
#include <cassert>

#include "daemon/couple/authorship.h"
#include "daemon/couple/standing.h"
#include "daemon/sync/notebook_state.h"

namespace attune::sync {
namespace {

// The last dots of what is closed under pasts: those that no other of them has in its past.
std::vector<crdt::Dot> frontier_of(const crdt::OpLog& log, const crdt::VersionVector& closed) {
  std::vector<crdt::Dot> last;
  for (const auto& row : closed.rows()) last.push_back({row.actor, row.counter});
  std::vector<crdt::Dot> frontier = last;
  for (const crdt::Dot& dot : last) {
    const crdt::VersionVector behind = log.closure({dot});
    std::erase_if(frontier,
                  [&](const crdt::Dot& other) { return other != dot && behind.contains(other); });
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

void Notebook::State::write_behind(const Now& now, Stream& into, const crdt::Actor& actor,
                                   const std::vector<crdt::Dot>& past, Draft draft,
                                   Ripple& ripple) {
  crdt::Op op = compose_own(now, into, actor, std::move(draft));
  op.seen = past;
  append_own(now, into, std::move(op), ripple);
}

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
  std::vector<Draft> drafts;
  for (const auto& [id, entry] : in->view.entries()) {
    const KindRow* row = kinds.table().kind(entry.kind);
    if (row == nullptr || !is_mine(id, entry.kind)) continue;
    const auto is_in = [&entry = entry](const crdt::VersionVector& has) {
      return std::ranges::any_of(
          entry.ops, [&has](const crdt::Kept* kept) { return has.contains(kept->op.dot); });
    };
    const bool known = row->one != One::kMany || is_in(closed);
    if (!known && !is_in(perhaps)) continue;
    std::vector<crdt::Slot> slots = protecting(*in, entry, *row, closed, known);
    if (slots.empty()) continue;
    drafts.push_back({.entry = id, .kind = entry.kind, .slots = std::move(slots)});
  }
  std::vector<crdt::Dot> past = frontier_of(in->log, closed);
  const bool fits =
      past.size() <= limits::kDotsMax && actors_of(*in, self.person) < kActorsOfPersonMax;
  if (drafts.empty() || !fits) return before;
  const crdt::Actor actor{
      .stream = in->log.stream(), .device = self.device, .incarnation = {parts.random->bytes<8>()}};
  for (Draft& draft : drafts) {
    write_behind(now, *in, actor, past, std::move(draft), ripple);
    past.clear();  // the op before has it
  }
  return before;
}

}  // namespace attune::sync
