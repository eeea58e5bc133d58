#include <algorithm>

#include "daemon/couple/audience.h"
#include "daemon/couple/authorship.h"
#include "daemon/couple/standing.h"
#include "daemon/sync/notebook_state.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

bool is_both(const Found& found) { return !found.stream->log.stream().is_mine(); }

Entered entered(const Found& found) { return {.id = found.entry->id, .kind = found.row->number}; }

// Whether there is anything of it to forget: more than that it holds.
bool says_anything(const Found& found) {
  if (found.beside != nullptr && !found.beside->registers.empty()) return true;
  const FieldRow* ending = found.row->ending_field();
  return std::ranges::any_of(found.entry->registers, [ending](const crdt::Register& each) {
    return each.field != kFieldLife && (ending == nullptr || each.field != ending->number);
  });
}

Act act_on(const Found& found, Act::Did what) {
  return {.did = what,
          .stream = found.stream->log.stream(),
          .entry = found.entry->id,
          .kind = found.row->number};
}

}  // namespace

// An entry that this person may end, share or forget.
std::variant<Found, Failed> Notebook::State::find_own(std::string_view id, const Now& now) {
  auto searched = find(id, now);
  if (const auto* found = std::get_if<Found>(&searched); found != nullptr && !found->mine) {
    return refused(Reason::kNotYours);
  }
  return searched;
}

// What says that an entry of this kind is over.
crdt::Slot Notebook::State::ending_slot(const KindRow& row) {
  const FieldRow* field = row.ending_field();
  if (field == nullptr) {
    crdt::Slot slot = make_slot(kFieldLife, wire_field(kFieldLife, 1));
    slot.rank = 1;
    return slot;
  }
  const auto number = static_cast<std::uint64_t>(field->ending()->number);
  crdt::Slot slot = make_slot(field->number, wire_field(field->number, number));
  slot.rank = field->ending()->rank;
  return slot;
}

Answer Notebook::State::end(const Now& now, const EndEntry& wanted, Ripple& ripple) {
  if (wanted.id.empty()) return end_one(now, wanted, ripple);
  const auto searched = find_own(wanted.id, now);
  if (const auto* failed = std::get_if<Failed>(&searched)) return *failed;
  const Found& found = std::get<Found>(searched);
  if (couple::is_ended(*found.row, *found.entry)) return refused(Reason::kAlreadySo);
  return end_found(now, found, ripple);
}

// What there is one of is ended by what it is. A withdrawal is for everything, also for what may
// have been said elsewhere and is not here yet; so it never fails, and is written though it is
// withdrawn here.
Answer Notebook::State::end_one(const Now& now, const EndEntry& wanted, Ripple& ripple) {
  const KindRow* row = kinds.table().kind(wanted.kind);
  if (row == nullptr || row->one == One::kMany) return wrong_usage(Reason::kMalformed);
  const FieldRow* topic = row->topic();
  const bool withdraws = couple::ends_at_strictest(*row);
  Stream* in = both();
  if (in == nullptr) {
    if (withdraws) return Done{};
    return Failed{.code = Code::kNotPaired, .reason = Reason::kNotPaired, .detail = {}};
  }
  std::string about;
  if (topic != nullptr) {
    about = wanted.topic.empty() ? topic->default_value : wanted.topic;
    GivenFields link{{.row = topic, .values = {wire_field(topic->number, as_bytes(about))}}};
    if (about.size() > limits::kShortBytesMax) return wrong_usage(Reason::kTooLong, topic->name);
    if (auto failed = check_links(now, false, link)) return *failed;
    about = given_text(link, topic->number);
  }
  const EntryId id = couple::only_one(*row, self.person, partner->couple, about);
  const crdt::EntryState* entry = in->view.find(id);
  const bool over = entry == nullptr || couple::is_ended(*row, *entry);
  if (over && !withdraws) return refused(Reason::kAlreadySo);
  if (entry != nullptr) {
    return end_found(now, {.stream = in, .entry = entry, .row = row, .mine = true}, ripple);
  }
  write(now, *in, {.entry = id, .kind = row->number, .slots = {ending_slot(*row)}}, ripple);
  did(now, {.stream = in->log.stream(), .entry = id, .kind = row->number}, ripple);
  return Entered{.id = id, .kind = row->number};
}

Answer Notebook::State::end_found(const Now& now, const Found& found, Ripple& ripple) {
  crdt::Slot ending = ending_slot(*found.row);
  const FieldRow* field = found.row->ending_field();
  const crdt::Register* stands = found.entry->find(ending.field);
  const crdt::VersionVector on_screen = seen(*found.stream, found.entry, {});
  const bool ends = couple::ends_at_strictest(*found.row) ||
                    couple::takes_effect(stands, *ending.rank, on_screen);
  if (!ends) return refused(Reason::kLookAgain);
  if (field != nullptr &&
      couple::loosens(*found.row, stands, {.field = field, .rank = ending.rank})) {
    if (is_ending_waiting(found, ending)) return refused(Reason::kAlreadySo);
    drop_intent(found.entry->id, ripple);
    ending.over = over_of(*found.stream, found.entry, on_screen, Naming::kDots);
    wait(now, found, {std::move(ending)}, ripple);
    Act act = act_on(found, Act::Did::kEdited);
    act.waits = true;
    did(now, std::move(act), ripple);
    return entered(found);
  }
  drop_intent(found.entry->id, ripple);
  ending.over = over_of(*found.stream, found.entry, on_screen, Naming::kShort);
  Draft draft{.entry = found.entry->id, .kind = found.row->number, .slots = {}};
  // What was said for one night goes with the saying of it.
  if (found.row->life == Life::kTonight) {
    for (const FieldRow& other : found.row->fields) {
      if (&other == field || value(*found.stream, *found.entry, other).empty()) continue;
      draft.slots.push_back(make_slot(other.number, {}));
    }
  }
  draft.slots.push_back(std::move(ending));
  write(now, *found.stream, std::move(draft), ripple);
  did(now, act_on(found, Act::Did::kFinal), ripple);
  return entered(found);
}

bool Notebook::State::is_ending_waiting(const Found& found, const crdt::Slot& ending) const {
  const auto at = intents.find(found.entry->id);
  return at != intents.end() &&
         std::ranges::any_of(at->second.slots, [&ending](const crdt::Slot& slot) {
           return slot.field == ending.field && slot.rank == ending.rank;
         });
}

// Slots that say again what an entry says: what both may see of it, or what stands beside it too.
std::vector<crdt::Slot> Notebook::State::copy_slots(const Found& found, Copied which) {
  std::vector<crdt::Slot> slots;
  for (const FieldRow& field : found.row->fields) {
    if (field.mine_only != (which == Copied::kMineOnly)) continue;
    const bool beside = is_both(found) && field.mine_only;
    const crdt::EntryState* entry = beside ? found.beside : found.entry;
    if (entry == nullptr) continue;
    const Bytes all = value(beside ? mine() : *found.stream, *entry, field);
    const auto parts_of = split_message(all);
    if (!parts_of) continue;
    for (const WireField& part : *parts_of) {
      slots.push_back(make_slot(field.number, part.bytes));
      if (field.merge == Merge::kProtective) slots.back().rank = field.rank_of(part.bytes);
    }
  }
  return slots;
}

// The private entry's words move: it is ended and keeps none of them.
Answer Notebook::State::share(const Now& now, const ShareEntry& wanted, Ripple& ripple) {
  const auto searched = find_own(wanted.id, now);
  if (const auto* failed = std::get_if<Failed>(&searched)) return *failed;
  const Found& found = std::get<Found>(searched);
  if (!couple::can_move(*found.row)) return refused(Reason::kPrivateKind);
  if (is_both(found)) return refused(Reason::kAlreadySo);
  if (couple::is_ended(*found.row, *found.entry) ||
      couple::is_forgotten(*found.row, *found.entry, self.person)) {
    return refused(Reason::kEnded);
  }
  if (auto failed = unpaired()) return *failed;
  const EntryId id = new_id(*found.row);
  const std::uint32_t kind = found.row->number;
  Draft shared{.entry = id, .kind = kind, .slots = copy_slots(found, Copied::kShareable)};
  Draft beside{.entry = id, .kind = kind, .slots = copy_slots(found, Copied::kMineOnly)};
  drop_intent(found.entry->id, ripple);
  crdt::Slot ending = ending_slot(*found.row);
  ending.over.reach = crdt::Over::Reach::kPast;
  write(now, mine(),
        {.entry = found.entry->id, .kind = kind, .slots = {make_slot(kFieldForget, {}), ending}},
        ripple);
  write(now, *both(), std::move(shared), ripple);
  if (!beside.slots.empty()) write(now, mine(), std::move(beside), ripple);
  did(now, {.did = Act::Did::kShared, .stream = both()->log.stream(), .entry = id, .kind = kind},
      ripple);
  return Entered{.id = id, .kind = kind};
}

Answer Notebook::State::unshare(const Now& now, const UnshareEntry& wanted, Ripple& ripple) {
  const auto searched = find_own(wanted.id, now);
  if (const auto* failed = std::get_if<Failed>(&searched)) return *failed;
  const Found& found = std::get<Found>(searched);
  if (!couple::can_move(*found.row)) return refused(Reason::kPrivateKind);
  if (!is_both(found)) return refused(Reason::kNotShared);
  if (couple::is_ended(*found.row, *found.entry) ||
      couple::is_forgotten(*found.row, *found.entry, self.person)) {
    return refused(Reason::kEnded);
  }
  return unshare_found(now, found, ripple);
}

// Texts that stand beside the one that is shown, each as an entry of its own: no machine picks
// which of them goes.
std::vector<Draft> Notebook::State::copy_rivals(const Found& found) {
  std::vector<Draft> copies;
  for (const RivalShown& rival : rivals(found)) {
    const auto said = split_message(rival.message);
    const auto is_text = [&found](const WireField& part) {
      const FieldRow* field = found.row->field(part.number);
      return field != nullptr && field->merge == Merge::kSideBySide;
    };
    if (!said || std::ranges::none_of(*said, is_text)) continue;
    Draft copy{.entry = new_id(*found.row),
               .kind = found.row->number,
               .slots = copy_slots(found, Copied::kShareable)};
    for (const WireField& part : *said) {
      std::erase_if(copy.slots,
                    [&part](const crdt::Slot& slot) { return slot.field == part.number; });
      copy.slots.push_back(make_slot(part.number, part.bytes));
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

Answer Notebook::State::unshare_found(const Now& now, const Found& found, Ripple& ripple) {
  const EntryId id = new_id(*found.row);
  const std::uint32_t kind = found.row->number;
  Draft back{.entry = id, .kind = kind, .slots = copy_slots(found, Copied::kShareable)};
  std::ranges::move(copy_slots(found, Copied::kMineOnly), std::back_inserter(back.slots));
  std::vector<Draft> beside = copy_rivals(found);
  drop_intent(found.entry->id, ripple);
  forget_beside(now, found, ripple);
  write(now, *found.stream,
        {.entry = found.entry->id, .kind = kind, .slots = {make_slot(kFieldForget, {})}}, ripple);
  // Nothing comes back of an entry whose words are nowhere any more: it was brought back by a
  // partner who had forgotten them.
  if (back.slots.empty()) {
    did(now, act_on(found, Act::Did::kFinal), ripple);
    return entered(found);
  }
  write(now, mine(), std::move(back), ripple);
  for (Draft& rival : beside) write(now, mine(), std::move(rival), ripple);
  did(now, {.stream = crdt::StreamId::mine(), .entry = id, .kind = kind}, ripple);
  return Entered{.id = id, .kind = kind};
}

void Notebook::State::forget_beside(const Now& now, const Found& found, Ripple& ripple) {
  if (found.beside == nullptr || found.beside->registers.empty()) return;
  write(
      now, mine(),
      {.entry = found.entry->id, .kind = found.row->number, .slots = {make_slot(kFieldForget, {})}},
      ripple);
}

// The words go at once, here and everywhere. What a boundary holds goes the ordinary way of its
// ending: the act of forgetting says its firmness again, and the ending waits.
Answer Notebook::State::forget(const Now& now, const ForgetEntry& wanted, Ripple& ripple) {
  const auto searched = find(wanted.id, now);
  if (const auto* failed = std::get_if<Failed>(&searched)) return *failed;
  const Found found = std::get<Found>(searched);
  if (wanted.here) return forget_here(now, found, ripple);
  if (!found.mine) return refused(Reason::kNotYours);
  // Beside an act of forgetting that came back to a store that was put back, words may stand.
  if (couple::is_forgotten(*found.row, *found.entry, self.person) && !says_anything(found)) {
    return refused(Reason::kAlreadySo);
  }
  const FieldRow* field = found.row->ending_field();
  const crdt::Register* stands = field ? found.entry->find(field->number) : nullptr;
  crdt::Slot ending = ending_slot(*found.row);
  Draft draft{
      .entry = found.entry->id, .kind = found.row->number, .slots = {make_slot(kFieldForget, {})}};
  const bool waits = field != nullptr &&
                     couple::loosens(*found.row, stands, {.field = field, .rank = ending.rank});
  if (waits) {
    Bytes holding = value(*found.stream, *found.entry, *field);
    if (holding.empty()) holding = saying(*field, stands->standing.front().rank);
    crdt::Slot holds = make_slot(field->number, std::move(holding));
    holds.rank = field->rank_of(holds.body->bytes);
    draft.slots.push_back(std::move(holds));
  } else if (field != nullptr && found.row->one != One::kMany) {
    ending.over =
        over_of(*found.stream, found.entry, seen(*found.stream, found.entry, {}), Naming::kShort);
    draft.slots.push_back(ending);
  }
  drop_intent(found.entry->id, ripple);
  forget_beside(now, found, ripple);
  write(now, *found.stream, std::move(draft), ripple);
  if (waits) {
    ending.over = over_of(*found.stream, found.entry, found.stream->log.vector(), Naming::kDots);
    wait(now, found, {std::move(ending)}, ripple);
  }
  did(now, act_on(found, Act::Did::kFinal), ripple);
  return entered(found);
}

// The partner's words leave my devices; the mark stays with them and hides what comes after too.
Answer Notebook::State::forget_here(const Now& now, const Found& found, Ripple& ripple) {
  if (found.mine || found.row->one != One::kMany) return refused(Reason::kNoVerb);
  write(
      now, mine(),
      {.entry = found.entry->id, .kind = found.row->number, .slots = {make_slot(kFieldForget, {})}},
      ripple);
  for (const crdt::Kept* kept : found.entry->ops) {
    erase_words(*found.stream, kept->op.dot, ripple);
  }
  did(now, act_on(found, Act::Did::kFinal), ripple);
  return entered(found);
}

Answer Notebook::State::undo(const Now& now, Ripple& ripple) {
  expire_undo(now, ripple);
  if (!last_act) return refused(Reason::kNothingToUndo);
  const Act act = *last_act;
  Answer answer = refused(Reason::kCannotUndo);
  const auto at = streams.find(act.stream);
  const crdt::EntryState* entry = at == streams.end() ? nullptr : at->second.view.find(act.entry);
  const auto here = entry == nullptr ? std::nullopt : found(at->second, *entry);
  if (!here) return answer;
  switch (act.did) {
    case Act::Did::kAdded:
      answer = undo_add(now, *here, ripple);
      break;
    case Act::Did::kEdited:
      answer = undo_edit(now, *here, act, ripple);
      break;
    case Act::Did::kShared:
      answer = unshare_found(now, *here, ripple);
      break;
    case Act::Did::kFinal:
      return answer;
  }
  if (std::holds_alternative<Failed>(answer)) return answer;
  last_act.reset();
  ripple.persist.changes.push_back(act_record(last_act));
  ripple.persist.erases = true;
  return answer;
}

// What was added is forgotten, or, where that takes a protection away, ended by the ordinary wait;
// what there is one of is ended.
Answer Notebook::State::undo_add(const Now& now, const Found& found, Ripple& ripple) {
  if (couple::is_ended(*found.row, *found.entry)) return refused(Reason::kAlreadySo);
  if (found.row->one != One::kMany || found.row->loosen_wait_hours > 0) {
    return end_found(now, found, ripple);
  }
  forget_beside(now, found, ripple);
  write(
      now, *found.stream,
      {.entry = found.entry->id, .kind = found.row->number, .slots = {make_slot(kFieldForget, {})}},
      ripple);
  return entered(found);
}

Answer Notebook::State::undo_edit(const Now& now, const Found& found, const Act& act,
                                  Ripple& ripple) {
  if (act.waits) drop_intent(act.entry, ripple);
  if (act.before.empty() && act.empty.empty()) return entered(found);
  auto read = read_own_fields(*found.row, act.before);
  if (std::holds_alternative<Failed>(read)) return refused(Reason::kCannotUndo);
  GivenFields& fields = std::get<GivenFields>(read);
  for (std::uint32_t number : act.empty) {
    fields.push_back({.row = found.row->field(number), .values = {}});
  }
  return change(now, found, {}, fields, ripple);
}

}  // namespace attune::sync
