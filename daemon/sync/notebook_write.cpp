#include <algorithm>

#include "daemon/couple/audience.h"
#include "daemon/couple/authorship.h"
#include "daemon/couple/loosening.h"
#include "daemon/couple/standing.h"
#include "daemon/sync/notebook_state.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

bool is_both(const Found& found) { return !found.stream->log.stream().is_mine(); }

// A field that an entry always has can't be cleared, and a topic is what its id is made of.
std::optional<Failed> check_cleared(const Given& given) {
  const FieldRow& row = *given.row;
  if (!given.values.empty()) return std::nullopt;
  if (row.ask == Ask::kFirst || row.merge == Merge::kProtective || row.form == Form::kTopic) {
    return wrong_usage(Reason::kFieldMissing, row.name);
  }
  return std::nullopt;
}

Bytes joined(const std::vector<Bytes>& values) {
  Bytes all;
  for (const Bytes& value : values) append(all, value);
  return all;
}

// The fields of an edit: those of its message, and those to clear.
std::variant<GivenFields, Failed> edited_fields(const KindRow& row, const EditEntry& wanted) {
  auto read = read_fields(row, wanted.message);
  if (std::holds_alternative<Failed>(read)) return read;
  GivenFields& fields = std::get<GivenFields>(read);
  for (std::uint32_t number : wanted.clear) {
    const FieldRow* field = row.field(number);
    if (field == nullptr) return wrong_usage(Reason::kFieldUnknown);
    if (find_given(fields, number) != nullptr) return wrong_usage(Reason::kMalformed, field->name);
    fields.push_back({.row = field, .values = {}});
  }
  for (const Given& given : fields) {
    if (auto failed = check_cleared(given)) return *failed;
  }
  if (fields.empty()) return wrong_usage(Reason::kFieldMissing);
  return read;
}

}  // namespace

EntryId Notebook::State::new_id(const KindRow& row) {
  return crdt::make_entry_id(self.person, row.number, parts.random->bytes<10>());
}

// A pause may be about an entry, and thanks too: it must be there, and what both see must not name
// what only I have. A topic that was typed as a prefix becomes the whole id.
std::optional<Failed> Notebook::State::check_links(const Now& now, bool for_both,
                                                   GivenFields& fields) {
  for (Given& given : fields) {
    const Form form = given.row->form;
    if (given.values.empty() || (form != Form::kEntry && form != Form::kTopic)) continue;
    const ByteView content = *wire_content(given.values.front());
    std::string id(as_text(content));
    if (form == Form::kEntry) {
      id = entry_name(static_cast<char>(content[0]), *EntryId::from(content.subspan(1)));
    } else if (id == "all" || kinds.table().named(id) != nullptr) {
      continue;
    }
    const auto linked = find(id, now);
    if (const auto* failed = std::get_if<Failed>(&linked)) {
      return failed->reason == Reason::kMalformed
                 ? wrong_usage(Reason::kValueUnknown, given.row->name)
                 : *failed;
    }
    const Found& entry = std::get<Found>(linked);
    if (for_both && !is_both(entry)) return refused(Reason::kNotShared);
    if (form == Form::kTopic) {
      const std::string whole = entry_name(entry.row->letter, entry.entry->id);
      given.values.front() = wire_field(given.row->number, as_bytes(whole));
    }
  }
  return std::nullopt;
}

// A set's slots add what is not there and remove what is not wanted; other fields have one slot.
std::vector<crdt::Slot> Notebook::State::slots_of(const Stream& in, const crdt::EntryState* entry,
                                                  const Given& given,
                                                  const crdt::VersionVector& seen) {
  const FieldRow& row = *given.row;
  std::vector<crdt::Slot> slots;
  if (row.merge != Merge::kSet) {
    slots.push_back(make_slot(row.number, joined(given.values)));
    if (row.merge == Merge::kProtective) {
      slots.back().rank = row.rank_of(slots.back().body->bytes);
      slots.back().over = over_of(in, entry, seen, Naming::kShort);
    }
    return slots;
  }
  std::vector<Bytes> missing = given.values;
  crdt::Slot removal;
  removal.field = row.number;
  removal.removes = true;
  const crdt::Register* stands = entry == nullptr ? nullptr : entry->find(row.number);
  for (std::size_t i = 0; stands != nullptr && i < stands->standing.size(); ++i) {
    const crdt::Standing& standing = stands->standing[i];
    const auto& body = in.log.find(standing.dot)->op.slots[standing.slot].body;
    const bool wanted = body && std::ranges::find(given.values, body->bytes) != given.values.end();
    if (wanted) {
      std::erase(missing, body->bytes);
    } else if (removal.removed.size() < limits::kDotsMax / 2) {
      removal.removed.push_back({standing.dot, standing.slot});
    }
  }
  if (!removal.removed.empty()) slots.push_back(std::move(removal));
  for (Bytes& element : missing) slots.push_back(make_slot(row.number, std::move(element)));
  return slots;
}

Answer Notebook::State::add(const Now& now, const AddEntry& wanted, Ripple& ripple) {
  const KindRow* row = kinds.table().kind(wanted.kind);
  if (row == nullptr) return wrong_usage(Reason::kMalformed);
  if (wanted.share && !couple::can_move(*row)) return refused(Reason::kPrivateKind);
  auto read = read_fields(*row, wanted.message);
  if (const auto* failed = std::get_if<Failed>(&read)) return *failed;
  GivenFields& fields = std::get<GivenFields>(read);
  if (auto failed = complete(*row, now.day, fields)) return *failed;
  const bool for_both = couple::place_of_new(*row, wanted.share) == couple::Place::kBoth;
  // A pause always passes, to a partner of before too.
  const auto alone = unpaired();
  if (for_both && alone && !(row->quiets && both() != nullptr)) return *alone;
  if (auto failed = check_links(now, for_both, fields)) return *failed;
  if (row->one != One::kMany) return add_one(now, wanted, fields, ripple);

  const EntryId id = new_id(*row);
  Stream& into = for_both ? *both() : mine();
  Draft draft{.entry = id, .kind = row->number, .slots = {}};
  Draft beside = draft;
  for (const Given& given : fields) {
    const bool kept_back = for_both && given.row->mine_only;
    std::vector<crdt::Slot>& slots = kept_back ? beside.slots : draft.slots;
    std::ranges::move(slots_of(into, nullptr, given, {}), std::back_inserter(slots));
  }
  write(now, into, std::move(draft), ripple);
  if (!beside.slots.empty()) write(now, mine(), std::move(beside), ripple);
  did(now, {.did = Act::Did::kAdded, .stream = into.log.stream(), .entry = id, .kind = row->number},
      ripple);
  return Entered{.id = id, .kind = row->number};
}

// What there is one of is said anew: what it said before and doesn't say now is cleared.
Answer Notebook::State::add_one(const Now& now, const AddEntry& wanted, const GivenFields& fields,
                                Ripple& ripple) {
  const KindRow& row = *kinds.table().kind(wanted.kind);
  Stream& in = *both();
  const FieldRow* topic = row.topic();
  const EntryId id = couple::only_one(row, self.person, partner->couple,
                                      topic ? given_text(fields, topic->number) : "");
  const crdt::EntryState* entry = in.view.find(id);
  const crdt::VersionVector on_screen = seen(in, entry, wanted.version);
  const bool held =
      entry != nullptr && row.life != Life::kTonight && !couple::is_ended(row, *entry);
  Act act{.did = held ? Act::Did::kEdited : Act::Did::kAdded,
          .stream = in.log.stream(),
          .entry = id,
          .kind = row.number};
  Draft draft{.entry = id, .kind = row.number, .slots = {}};
  for (const FieldRow& field : row.fields) {
    const Bytes before = entry == nullptr ? Bytes{} : value(in, *entry, field);
    Given cleared{.row = &field, .values = {}};
    const Given* given = find_given(fields, field.number);
    if (given == nullptr && before.empty()) continue;
    if (given == nullptr) given = &cleared;
    std::vector<crdt::Slot> slots = slots_of(in, entry, *given, on_screen);
    for (const crdt::Slot& slot : slots) {
      const crdt::Register* stands = entry == nullptr ? nullptr : entry->find(field.number);
      if (slot.rank && !couple::takes_effect(stands, *slot.rank, on_screen)) {
        return refused(Reason::kLookAgain);
      }
    }
    if (held && before.empty()) act.empty.push_back(field.number);
    if (held && field.form != Form::kTopic) append(act.before, before);
    std::ranges::move(slots, std::back_inserter(draft.slots));
  }
  write(now, in, std::move(draft), ripple);
  did(now, std::move(act), ripple);
  return Entered{.id = id, .kind = row.number};
}

std::variant<Plan, Failed> Notebook::State::plan(const Found& found, const GivenFields& fields,
                                                 const EditEntry& wanted) {
  const crdt::VersionVector on_screen = seen(*found.stream, found.entry, wanted.version);
  Plan plan;
  for (const Given& given : fields) {
    const FieldRow& row = *given.row;
    if (is_both(found) && row.mine_only) {
      std::ranges::move(slots_of(mine(), found.beside, given, {}), std::back_inserter(plan.beside));
      continue;
    }
    const crdt::Register* stands = found.entry->find(row.number);
    const bool several = stands != nullptr && stands->standing.size() > 1;
    const bool differs = (several && row.merge != Merge::kSet) ||
                         value(*found.stream, *found.entry, row) != joined(given.values);
    std::vector<crdt::Slot> slots = slots_of(*found.stream, found.entry, given, on_screen);
    bool waits = false;
    for (crdt::Slot& slot : slots) {
      if (slot.rank && !couple::takes_effect(stands, *slot.rank, on_screen)) {
        return refused(Reason::kLookAgain);
      }
      waits =
          waits ||
          couple::loosens(
              *found.row, stands,
              {.field = &row, .rank = slot.rank, .differs = differs, .tighter = wanted.tighter});
      if (!waits) continue;
      if (!couple::is_seen(stands, on_screen)) return refused(Reason::kLookAgain);
      // The real op has another past than this moment's.
      slot.over = over_of(*found.stream, found.entry, on_screen, Naming::kDots);
    }
    std::ranges::move(slots, std::back_inserter(waits ? plan.later : plan.now));
  }
  return plan;
}

Answer Notebook::State::edit(const Now& now, const EditEntry& wanted, Ripple& ripple) {
  const auto searched = find(wanted.id, now);
  if (const auto* failed = std::get_if<Failed>(&searched)) return *failed;
  const Found& found = std::get<Found>(searched);
  if (found.row->number != wanted.kind) return no_such_entry();
  if (!found.mine && found.row->writer == Writer::kOwner) return refused(Reason::kNotYours);
  if (couple::is_ended(*found.row, *found.entry) ||
      couple::is_forgotten(*found.row, *found.entry, self.person)) {
    return refused(Reason::kEnded);
  }
  auto read = edited_fields(*found.row, wanted);
  if (const auto* failed = std::get_if<Failed>(&read)) return *failed;
  GivenFields& fields = std::get<GivenFields>(read);
  if (auto failed = check_links(now, is_both(found), fields)) return *failed;
  for (const Given& given : fields) {
    if (given.row->form != Form::kTopic) continue;
    if (value(*found.stream, *found.entry, *given.row) != given.values.front()) {
      return wrong_usage(Reason::kValueUnknown, given.row->name);
    }
  }
  return change(now, found, wanted, fields, ripple);
}

Answer Notebook::State::change(const Now& now, const Found& found, const EditEntry& wanted,
                               const GivenFields& fields, Ripple& ripple) {
  auto planned = plan(found, fields, wanted);
  if (const auto* failed = std::get_if<Failed>(&planned)) return *failed;
  Plan& plan = std::get<Plan>(planned);
  const bool says = !plan.now.empty() || !plan.later.empty();
  if (says && !is_open(*found.stream) && !found.row->quiets) {
    return Failed{.code = Code::kNotPaired, .reason = Reason::kNotPaired, .detail = {}};
  }
  const EntryId id = found.entry->id;
  const std::uint32_t kind = found.row->number;
  Act act{.did = Act::Did::kEdited,
          .stream = found.stream->log.stream(),
          .entry = id,
          .kind = kind,
          .waits = !plan.later.empty()};
  for (const Given& given : fields) {
    const auto is_of = [&given](const crdt::Slot& slot) { return slot.field == given.row->number; };
    if (std::ranges::any_of(plan.later, is_of)) continue;
    const bool beside = is_both(found) && given.row->mine_only;
    Bytes before;
    if (!beside) before = value(*found.stream, *found.entry, *given.row);
    if (beside && found.beside != nullptr) before = value(mine(), *found.beside, *given.row);
    if (before.empty()) act.empty.push_back(given.row->number);
    append(act.before, before);
  }
  if (!plan.now.empty()) {
    settle_intent(id, plan.now, ripple);
    write(now, *found.stream, {.entry = id, .kind = kind, .slots = std::move(plan.now)}, ripple);
  }
  if (!plan.beside.empty()) {
    write(now, mine(), {.entry = id, .kind = kind, .slots = std::move(plan.beside)}, ripple);
  }
  if (!plan.later.empty()) wait(now, found, std::move(plan.later), ripple);
  did(now, std::move(act), ripple);
  return Entered{.id = id, .kind = kind};
}

void Notebook::State::wait(const Now& now, const Found& found, std::vector<crdt::Slot> slots,
                           Ripple& ripple) {
  const EntryId id = found.entry->id;
  Intent intent{.stream = found.stream->log.stream(),
                .entry = id,
                .kind = found.row->number,
                .slots = std::move(slots),
                .wait = couple::Wait::begin(now)};
  // What waits already goes on to, from now on, where it is not asked for anew.
  if (const auto at = intents.find(id); at != intents.end()) {
    for (crdt::Slot& slot : at->second.slots) {
      if (std::ranges::find(intent.slots, slot.field, &crdt::Slot::field) == intent.slots.end()) {
        intent.slots.push_back(std::move(slot));
      }
    }
  }
  ripple.persist.changes.push_back(intent_record(intent));
  intents.insert_or_assign(id, std::move(intent));
  changed(found.row->number, ripple);
}

// A field that is written now waits no longer.
void Notebook::State::settle_intent(const EntryId& id, const std::vector<crdt::Slot>& written,
                                    Ripple& ripple) {
  const auto at = intents.find(id);
  if (at == intents.end()) return;
  std::erase_if(at->second.slots, [&written](const crdt::Slot& slot) {
    return std::ranges::find(written, slot.field, &crdt::Slot::field) != written.end();
  });
  if (at->second.slots.empty()) {
    drop_intent(id, ripple);
  } else {
    ripple.persist.changes.push_back(intent_record(at->second));
    ripple.persist.erases = true;
  }
}

bool Notebook::State::drop_intent(const EntryId& entry, Ripple& ripple) {
  const auto at = intents.find(entry);
  if (at == intents.end()) return false;
  changed(at->second.kind, ripple);
  intents.erase(at);
  ripple.persist.changes.push_back(intent_gone(entry));
  ripple.persist.erases = true;
  return true;
}

void Notebook::State::did(const Now& now, Act act, Ripple& ripple) {
  if (last_act && !last_act->before.empty()) ripple.persist.erases = true;
  act.since = now.boot;
  last_act = std::move(act);
  ripple.persist.changes.push_back(act_record(last_act));
}

}  // namespace attune::sync
