#include "tests/sim/ledger.h"

#include <algorithm>
#include <tuple>

namespace attune::sim {

bool is_forget(const crdt::Op& op) {
  return std::ranges::any_of(op.slots,
                             [](const crdt::Slot& slot) { return slot.field == kFieldForget; });
}

const std::vector<Entry::Stand>* Entry::find(std::uint32_t field) const {
  const auto at = fields.find(field);
  return at == fields.end() ? nullptr : &at->second;
}

bool Entry::stands(const crdt::Dot& dot, std::size_t slot) const {
  for (const auto& [field, standing] : fields) {
    for (const Stand& each : standing) {
      if (each.slot == slot && each.held->written->op.dot == dot) return true;
    }
  }
  return false;
}

Held& Shelf::put(const Held& held) {
  const crdt::Op& op = held.written->op;
  auto [at, fresh] = ops.insert_or_assign(op.dot, held);
  if (!fresh) return at->second;
  by_entry[{op.dot.actor.stream, op.entry}].push_back(&at->second);
  std::uint64_t& last = lasts[op.dot.actor];
  last = std::max(last, op.dot.counter);
  return at->second;
}

const Held* Shelf::find(const crdt::Dot& dot) const {
  const auto at = ops.find(dot);
  return at == ops.end() ? nullptr : &at->second;
}

std::uint64_t Shelf::last(const crdt::Actor& actor) const {
  const auto at = lasts.find(actor);
  return at == lasts.end() ? 0 : at->second;
}

void Ledger::add_person(const PersonId& person, const DeviceId& device) {
  if (std::ranges::find(people_, person) == people_.end()) people_.push_back(person);
  devices_[device] = person;
}

std::optional<PersonId> Ledger::person(const DeviceId& device) const {
  const auto at = devices_.find(device);
  if (at == devices_.end()) return std::nullopt;
  return at->second;
}

std::optional<PersonId> Ledger::owner(const EntryId& id, std::uint32_t kind) const {
  crdt::EntryNonce nonce;
  std::copy_n(id.bytes.begin(), nonce.size(), nonce.begin());
  for (const PersonId& person : people_) {
    if (crdt::make_entry_id(person, kind, nonce) == id) return person;
  }
  return std::nullopt;
}

const Written* Ledger::find(const crdt::Dot& dot) const {
  const auto at = ops_.find(dot);
  return at == ops_.end() ? nullptr : &at->second;
}

std::size_t Ledger::number_of(const crdt::Actor& actor) {
  return actors_.try_emplace(actor, actors_.size()).first->second;
}

bool Ledger::in_past(const crdt::Dot& dot, const Written& of) const {
  const auto at = actors_.find(dot.actor);
  return at != actors_.end() && at->second < of.past.size() && dot.counter <= of.past[at->second];
}

const Written* Ledger::write(crdt::Op op, Moment at) {
  Written written;
  written.actor = number_of(op.dot.actor);
  std::vector<crdt::Dot> direct = op.seen;
  if (op.dot.counter > 1) direct.push_back({op.dot.actor, op.dot.counter - 1});
  for (const crdt::Dot& dot : direct) {
    const Written* before = find(dot);
    if (before == nullptr) return nullptr;
    if (written.past.size() < actors_.size()) written.past.resize(actors_.size());
    for (std::size_t i = 0; i < before->past.size(); ++i) {
      written.past[i] = std::max(written.past[i], before->past[i]);
    }
    written.past[before->actor] = std::max(written.past[before->actor], dot.counter);
  }
  for (const std::uint64_t counter : written.past) written.past_ops += counter;
  written.header = header_of(op);
  written.person = person(op.dot.actor.device).value_or(PersonId{});
  written.at = at;
  written.op = std::move(op);
  written.counted = counts(written);
  const crdt::Dot dot = written.op.dot;
  const Written& kept = ops_.emplace(dot, std::move(written)).first->second;
  if (kept.counted && is_forget(kept.op)) {
    forgets_[{dot.actor.stream, kept.op.entry}].push_back(&kept);
  }
  return &kept;
}

// Gate COUNT, for kinds with one writer.
bool Ledger::counts(const Written& written) const {
  const crdt::Op& op = written.op;
  const auto whose = owner(op.entry, op.kind);
  const KindRow* row = kinds_.kind(op.kind);
  if (row == nullptr) return whose.has_value();
  const bool mine = op.dot.actor.stream.is_mine();
  const bool hides = mine && op.slots.size() == 1 && op.slots.front().field == kFieldForget;
  if (whose != written.person && !hides) return false;
  const auto is_private = [row](const crdt::Slot& slot) {
    const FieldRow* field = row->field(slot.field);
    return row->audience == Audience::kMine || (field != nullptr && field->mine_only);
  };
  if (!mine && std::ranges::any_of(op.slots, is_private)) return false;
  if (row->one != One::kMany) return true;
  const auto acts = forgets_.find({op.dot.actor.stream, op.entry});
  const bool forgotten =
      acts != forgets_.end() && std::ranges::any_of(acts->second, [&](const Written* act) {
        return act->person == written.person && in_past(act->op.dot, written);
      });
  const FieldRow* ending = row->ending_field();
  // Of what is forgotten an entry may still say that it is over, and how firmly it holds until then
  // where that is said in the act itself.
  const bool forgets = is_forget(op);
  return !forgotten || std::ranges::all_of(op.slots, [ending, forgets](const crdt::Slot& slot) {
    if (slot.field == kFieldLife || slot.field == kFieldForget) return true;
    if (ending == nullptr || slot.field != ending->number) return false;
    return forgets || slot.rank == ending->ending()->rank;
  });
}

bool Ledger::over_covers(const Written& by, const crdt::Slot& slot, const crdt::Dot& what) const {
  using Reach = crdt::Over::Reach;
  if (!in_past(what, by) || slot.over.reach == Reach::kNothing) return false;
  if (slot.over.reach == Reach::kPast) return true;
  return std::ranges::any_of(slot.over.dots, [&](const crdt::Dot& dot) {
    const Written* named = in_past(dot, by) ? find(dot) : nullptr;
    return named != nullptr && (dot == what || in_past(what, *named));
  });
}

// Whether a write of `by` takes a write off their register.
bool Ledger::replaces(const Written& by, const Entry::Stand& what) const {
  const crdt::Op& op = what.held->written->op;
  const crdt::Slot& before = what.what();
  if (!in_past(op.dot, by)) return false;
  const KindRow* row = kinds_.kind(op.kind);
  const FieldRow* field = row == nullptr ? nullptr : row->field(before.field);
  const bool protective =
      before.field == kFieldLife || (field != nullptr && field->merge == Merge::kProtective);
  const bool set = field != nullptr && field->merge == Merge::kSet;
  return std::ranges::any_of(by.op.slots, [&](const crdt::Slot& slot) {
    if (slot.field != before.field) return false;
    if (set) {
      return slot.removes && std::ranges::find(slot.removed, crdt::SlotRef{op.dot, what.slot}) !=
                                 slot.removed.end();
    }
    if (!protective) return true;
    return slot.rank.value_or(FieldRow::kRankUnknown) >= before.rank.value_or(0) ||
           over_covers(by, slot, op.dot);
  });
}

bool Ledger::is_forgotten(const Shelf& shelf, const Written& written) const {
  const auto acts = forgets_.find({written.op.dot.actor.stream, written.op.entry});
  return acts != forgets_.end() && std::ranges::any_of(acts->second, [&](const Written* act) {
           // Of a husk that came alone nobody can tell that it forgot something.
           const Held* held = shelf.find(act->op.dot);
           return act->person == written.person && held != nullptr && !held->bare &&
                  in_past(written.op.dot, *act);
         });
}

// What is not known here is kept as it came, and stands nowhere.
bool Ledger::has_register(std::uint32_t kind, const crdt::Slot& slot) const {
  if (slot.field == kFieldForget || slot.removes) return false;
  const KindRow* row = kinds_.kind(kind);
  return slot.field == kFieldLife || (row != nullptr && row->field(slot.field) != nullptr);
}

Entry Ledger::fold(const Shelf& shelf, const Shelf::Place& place) const {
  Entry entry;
  entry.id = place.second;
  const auto at = shelf.by_entry.find(place);
  if (at == shelf.by_entry.end()) return entry;
  const Written* first = nullptr;
  for (const Held* held : at->second) {
    const Written& written = *held->written;
    if (!written.counted || held->lost || held->bare) continue;
    if (is_forgotten(shelf, written)) continue;
    const auto key = [](const Written& w) { return std::tuple(w.past_ops, w.op.dot); };
    if (first == nullptr || key(written) < key(*first)) first = &written;
    for (std::size_t slot = 0; slot < written.op.slots.size(); ++slot) {
      const Entry::Stand stand{.held = held, .slot = slot};
      if (!has_register(written.op.kind, stand.what())) continue;
      const bool replaced = std::ranges::any_of(at->second, [&](const Held* other) {
        return other->written->counted && !other->bare && replaces(*other->written, stand);
      });
      if (!replaced) entry.fields[stand.what().field].push_back(stand);
    }
  }
  if (first == nullptr) return entry;
  entry.exists = true;
  entry.kind = first->op.kind;
  entry.day = first->op.day;
  for (auto& [field, standing] : entry.fields) {
    std::ranges::sort(standing, [](const Entry::Stand& a, const Entry::Stand& b) {
      const auto key = [](const Entry::Stand& s) {
        return std::tuple(s.rank(), s.held->written->past_ops, s.held->written->op.dot);
      };
      return key(a) != key(b) ? key(a) > key(b) : a.slot < b.slot;
    });
  }
  return entry;
}

}  // namespace attune::sim
