// What an Auditor checks of what is written to disks.
#include <algorithm>
#include <variant>

#include "daemon/couple/loosening.h"
#include "daemon/sync/notebook_records.h"
#include "proto/limits.h"
#include "tests/sim/auditor.h"

namespace attune::sim {
namespace {

/// Clocks run fast by at most 200 in a million, which makes 17 s of a day.
constexpr Moment kWaitSlack = 30s;

bool is_protective(const KindRow* row, std::uint32_t field) {
  if (field == kFieldLife) return true;
  const FieldRow* of = row == nullptr ? nullptr : row->field(field);
  return of != nullptr && of->merge == Merge::kProtective;
}

}  // namespace

Held Auditor::held(const sync::OpRecord& record, const Written& written) const {
  Held held;
  held.written = &written;
  held.husk = record.op.husk;
  held.bare = record.bare;
  held.bodies.assign(written.op.slots.size(), false);
  for (std::size_t i = 0; i < record.op.slots.size(); ++i) {
    held.bodies[i] = record.op.slots[i].body.has_value();
  }
  return held;
}

std::set<crdt::Dot> Auditor::held_of(const Facts& of, const EntryId& entry) const {
  std::set<crdt::Dot> dots;
  for (const auto& stream : {crdt::StreamId::mine(), crdt::StreamId::both(of.couple)}) {
    const auto at = of.shelf.by_entry.find({stream, entry});
    if (at == of.shelf.by_entry.end()) continue;
    for (const Held* held : at->second) dots.insert(held->written->op.dot);
  }
  return dots;
}

// What was on the screen of whoever gave the command that runs.
std::set<crdt::Dot> Auditor::on_screen(const Seen& seen, const EntryId& entry) {
  Facts& of = facts(seen.device);
  const Bytes* version = nullptr;
  if (seen.command != nullptr) {
    if (const auto* add = std::get_if<sync::AddEntry>(seen.command)) version = &add->version;
    if (const auto* edit = std::get_if<sync::EditEntry>(seen.command)) version = &edit->version;
  }
  if (version != nullptr && !version->empty()) {
    const auto at = of.versions.find(*version);
    return at == of.versions.end() ? std::set<crdt::Dot>{} : at->second.dots;
  }
  return of.screens[entry].dots;
}

void Auditor::op_kept(const Seen& seen, const RecordChange& change) {
  Facts& of = facts(seen.device);
  if (!change.body) broken(seen.device, "took an op off its disk");
  const auto record = sync::decode_op_record(change.name, *change.body);
  if (!record) broken(seen.device, "wrote an op that can't be read");
  const crdt::Op& op = record->op;
  const crdt::Hash32 header = header_of(op);
  if (forged_.contains(header)) broken(seen.device, "took an op that was made in its own name");
  const Written* written = ledger_.find(op.dot);
  if (written == nullptr) {
    const bool own = op.dot.actor.device == of.id;
    const auto is_patched = [&](const auto& each) {
      return each.second.was_patched && each.second.id == op.dot.actor.device;
    };
    if (!own && std::ranges::none_of(facts_, is_patched)) {
      broken(seen.device, "took an op that nobody wrote");
    }
    if (own && op.husk) broken(seen.device, "wrote a husk of its own");
    written = ledger_.write(op, seen.at);
    if (written == nullptr) broken(seen.device, "has an op without its past");
    if (own) wrote(seen, *written);
    if (!own) made_up_.insert(op.dot);
    if (!own && !op.husk) {
      check_form(seen, *written);
      if (!ledger_.owner(op.entry, op.kind)) broken(seen.device, "took an id that proves nothing");
    }
  }
  if (written->header != header) broken(seen.device, "used a dot twice");
  for (std::size_t i = 0; i < op.slots.size(); ++i) {
    const auto& before = written->op.slots[i].body;
    if (op.slots[i].body && before && !(*op.slots[i].body == *before)) {
      broken(seen.device, "keeps other words than were written");
    }
  }
  if (!record->bare && record->counted != written->counted) {
    broken(seen.device, written->counted ? "made a good op void" : "let a void op count");
  }
  Held now = held(*record, *written);
  const Held* before = of.shelf.find(op.dot);
  for (std::size_t i = 0; before != nullptr && i < now.bodies.size(); ++i) {
    if (before->bodies[i] && !now.bodies[i]) writing_.erased.push_back({op.dot, i});
  }
  now.came = before == nullptr ? *seen.now : before->came;
  now.at = before == nullptr ? seen.at : before->at;
  note_night(of, of.shelf.put(now));
  writing_.touched.insert({op.dot.actor.stream, written->op.entry});
  writing_.kept.insert(op.dot);
}

// An op that this device has just written.
void Auditor::wrote(const Seen& seen, const Written& written) {
  Facts& of = facts(seen.device);
  const crdt::Op& op = written.op;
  const auto whose = ledger_.owner(op.entry, op.kind);
  const bool hides = op.dot.actor.stream.is_mine() && is_forget(op) && op.slots.size() == 1;
  if (whose != of.person && !hides) broken(seen.device, "wrote on another's entry");
  const KindRow* row = ledger_.kinds().kind(op.kind);
  const bool tonight = row != nullptr && row->life == Life::kTonight;
  if (op.day != (tonight ? seen.now->night : seen.now->day)) broken(seen.device, "dated its op");
  // What is said for the last time leaves out what the partner may not have.
  const bool parts = seen.command != nullptr && std::holds_alternative<sync::Unpair>(*seen.command);
  for (const auto& [actor, last] : of.shelf.lasts) {
    if (parts) break;
    if (actor.stream != op.dot.actor.stream || of.shelf.lasts.size() > limits::kDotsMax) continue;
    if (actor != op.dot.actor && !ledger_.in_past({actor, last}, written)) {
      broken(seen.device, "wrote an op that doesn't know what the device knew");
    }
  }
  check_form(seen, written);
  check_audience(seen, written);
  check_over(seen, written);
  check_wait(seen, written);
  if (!parts) writing_.fresh.insert(op.dot);
  if (!op.dot.actor.stream.is_mine()) {
    for (const crdt::Slot& slot : op.slots) {
      if (!slot.body) continue;
      for (const std::string& word : marked_words(slot.body->bytes)) shared_words_.insert(word);
    }
  }
  of.screens[op.entry].dots = held_of(of, op.entry);
  of.screens[op.entry].dots.insert(op.dot);
}

// Whoever gets it must be able to take it, and with it all that comes after.
void Auditor::check_form(const Seen& seen, const Written& written) {
  const KindRow* row = ledger_.kinds().kind(written.op.kind);
  if (!crdt::within_limits(written.op)) broken(seen.device, "wrote an op beyond the limits");
  for (const crdt::Slot& slot : written.op.slots) {
    const FieldRow* field = row == nullptr ? nullptr : row->field(slot.field);
    if (field == nullptr || !slot.body) continue;
    const bool protective = field->merge == Merge::kProtective;
    const bool fit = protective ? slot.rank == field->rank_of(slot.body->bytes) : !slot.rank;
    const bool says = !slot.body->bytes.empty() || protective;
    if (!fit || (says && !fits(*field, slot.body->bytes))) {
      broken(seen.device, "wrote an op that nobody can take");
    }
  }
}

// What is for my own devices alone is in `mine`, and what I may share is there until I do.
void Auditor::check_audience(const Seen& seen, const Written& written) {
  const crdt::Op& op = written.op;
  const KindRow* row = ledger_.kinds().kind(op.kind);
  if (op.dot.actor.stream.is_mine() || row == nullptr) return;
  if (row->audience == Audience::kMine) broken(seen.device, "wrote a private kind into `both`");
  for (const crdt::Slot& slot : op.slots) {
    const FieldRow* field = row->field(slot.field);
    if (field != nullptr && field->mine_only) {
      broken(seen.device, "wrote a private field into `both`");
    }
  }
  if (row->audience != Audience::kChosen) return;
  const Shelf& shelf = facts(seen.device).shelf;
  if (shelf.by_entry.contains({op.dot.actor.stream, op.entry})) return;
  const auto* add = seen.command ? std::get_if<sync::AddEntry>(seen.command) : nullptr;
  const bool shares =
      seen.command != nullptr &&
      ((add != nullptr && add->share) || std::holds_alternative<sync::ShareEntry>(*seen.command));
  if (!shares) broken(seen.device, "shared what nobody asked it to share");
}

// A write lifts something stricter only where that was on the screen of who asked for it.
void Auditor::check_over(const Seen& seen, const Written& written) {
  Facts& of = facts(seen.device);
  const crdt::Op& op = written.op;
  const Entry before = ledger_.fold(of.shelf, {op.dot.actor.stream, op.entry});
  for (const crdt::Slot& slot : op.slots) {
    const auto* standing = before.find(slot.field);
    if (!slot.rank || standing == nullptr) continue;
    const auto asked = of.loosenings.find({op.entry, slot.field});
    const std::set<crdt::Dot> screen =
        asked == of.loosenings.end() ? on_screen(seen, op.entry) : asked->second.screen;
    for (const Entry::Stand& stand : *standing) {
      const crdt::Dot& dot = stand.held->written->op.dot;
      if (stand.rank() > *slot.rank && ledger_.over_covers(written, slot, dot) &&
          !screen.contains(dot) && !made_up_.contains(dot)) {
        broken(seen.device, "lifted something stricter that was not on the screen");
      }
    }
  }
}

// What makes a limit weaker was asked for a day ago.
void Auditor::check_wait(const Seen& seen, const Written& written) {
  Facts& of = facts(seen.device);
  const crdt::Op& op = written.op;
  const KindRow* row = ledger_.kinds().kind(op.kind);
  if (row == nullptr || row->loosen_wait_hours == 0) return;
  const bool share =
      seen.command != nullptr && std::holds_alternative<sync::ShareEntry>(*seen.command);
  if (share && is_forget(op)) return;
  const auto* edit = seen.command ? std::get_if<sync::EditEntry>(seen.command) : nullptr;
  const Entry before = ledger_.fold(of.shelf, {op.dot.actor.stream, op.entry});
  for (const crdt::Slot& slot : op.slots) {
    const FieldRow* field = row->field(slot.field);
    const auto* standing = before.find(slot.field);
    if (field == nullptr || standing == nullptr) continue;
    // A value that only a patched client could write, and nobody knows, is said anew as it can be.
    if (made_up_.contains(standing->front().held->written->op.dot)) continue;
    bool loosens = false;
    if (field->merge == Merge::kProtective) {
      loosens = slot.rank < standing->front().what().rank;
    } else if (field->words_loosen && slot.body) {
      loosens = slot.body->bytes != standing->front().what().body->bytes &&
                (edit == nullptr || !edit->tighter);
    }
    const auto asked = of.loosenings.find({op.entry, slot.field});
    const bool was_asked = asked != of.loosenings.end();
    if (loosens && !was_asked) broken(seen.device, "loosened a limit without a wait");
    if (loosens && seen.at - asked->second.at <
                       Moment(std::chrono::hours(row->loosen_wait_hours)) - kWaitSlack) {
      broken(seen.device, "loosened a limit before its wait was over");
    }
    if (was_asked) of.loosenings.erase(asked);
  }
}

// Who is told that a write is in is told so because it is in force.
void Auditor::check_effect(const Seen& seen, const crdt::Dot& dot) {
  Facts& of = facts(seen.device);
  const Written& written = *ledger_.find(dot);
  const KindRow* row = ledger_.kinds().kind(written.op.kind);
  // What is written now waits no longer; only what is forgotten may say again what it holds.
  const auto waiting = of.waiting.find(written.op.entry);
  for (const crdt::Slot& slot : written.op.slots) {
    if (waiting != of.waiting.end() && waiting->second.contains(slot.field) &&
        !is_forget(written.op)) {
      broken(seen.device, "goes on to wait for what was written meanwhile");
    }
  }
  if (ledger_.is_forgotten(of.shelf, written)) return;
  const Entry entry = ledger_.fold(of.shelf, {dot.actor.stream, written.op.entry});
  for (std::size_t i = 0; i < written.op.slots.size(); ++i) {
    const crdt::Slot& slot = written.op.slots[i];
    if (!is_protective(row, slot.field)) continue;
    const auto* standing = entry.find(slot.field);
    if (standing == nullptr) broken(seen.device, "wrote something that nothing stands of");
    const crdt::Dot& best = standing->front().held->written->op.dot;
    const bool superseded = writing_.fresh.contains(best) || made_up_.contains(best);
    if (standing->front().rank() > slot.rank && !superseded) {
      broken(seen.device, "accepted a write that has no effect");
    }
  }
}

// What people asked for is done to the end: what is shared is nowhere private any more, what is
// unshared or forgotten nowhere at all.
void Auditor::check_act(const Seen& seen) {
  if (!writing_.accepted || seen.command == nullptr) return;
  const Facts& of = facts(seen.device);
  const auto forgets_in = [&](bool mine) {
    return std::ranges::any_of(writing_.fresh, [&](const crdt::Dot& dot) {
      return dot.actor.stream.is_mine() == mine && is_forget(ledger_.find(dot)->op);
    });
  };
  const auto* forget = std::get_if<sync::ForgetEntry>(seen.command);
  const bool shares = std::holds_alternative<sync::ShareEntry>(*seen.command);
  const bool unshares = std::holds_alternative<sync::UnshareEntry>(*seen.command);
  if (shares && !forgets_in(true)) broken(seen.device, "shared an entry and kept it private");
  if (unshares && !forgets_in(false)) broken(seen.device, "unshared an entry and left it shared");
  if (forget != nullptr && !forgets_in(true) && !forgets_in(false)) {
    broken(seen.device, "forgot nothing");
  }
  for (const crdt::Dot& dot : writing_.fresh) {
    const crdt::Op& op = ledger_.find(dot)->op;
    if (dot.actor.stream.is_mine() || !is_forget(op)) continue;
    const Entry beside = ledger_.fold(of.shelf, {crdt::StreamId::mine(), op.entry});
    if (!beside.fields.empty())
      broken(seen.device, "forgot an entry but not what stands beside it");
  }
}

// What is off its register, forgotten or hidden has no words here.
void Auditor::check_erased(const Seen& seen, const Shelf::Place& place) {
  Facts& of = facts(seen.device);
  const auto at = of.shelf.by_entry.find(place);
  if (at == of.shelf.by_entry.end()) return;
  const Entry entry = ledger_.fold(of.shelf, place);
  for (const Held* held : at->second) {
    const crdt::Op& op = held->written->op;
    const KindRow* row = ledger_.kinds().kind(op.kind);
    if (!held->husk && !is_forget(op) && ledger_.is_forgotten(of.shelf, *held->written)) {
      broken(seen.device, "keeps the shape of what was forgotten");
    }
    for (std::size_t i = 0; i < held->bodies.size(); ++i) {
      if (!held->bodies[i] || op.slots[i].field == kFieldForget) continue;
      if (row == nullptr && held->written->counted) continue;
      if (!held->written->counted) broken(seen.device, "keeps the words of a void op");
      if (!entry.stands(op.dot, i)) {
        broken(seen.device, "keeps words that were replaced or forgotten");
      }
    }
  }
}

// Words leave a disk because they are off their register, and for nothing else.
void Auditor::check_kept(const Seen& seen, const crdt::SlotRef& erased) {
  const Facts& of = facts(seen.device);
  const Held& held = *of.shelf.find(erased.dot);
  const Entry entry = ledger_.fold(of.shelf, {erased.dot.actor.stream, held.written->op.entry});
  if (entry.stands(erased.dot, erased.slot) && !hides(of, entry)) {
    broken(seen.device, "erased words that stand");
  }
}

void Auditor::salts_kept(const Seen& seen, const RecordChange& change) {
  Facts& of = facts(seen.device);
  const auto tree = sync::parse_salts_name(change.name);
  if (!tree) broken(seen.device, "wrote salts of no op");
  if (tree->actor.stream.is_mine()) broken(seen.device, "keeps salts that nobody is sent");
  of.salts.drop([&tree](const crdt::SaltTreeId& id) { return id == *tree; });
  if (change.body && !of.salts.load(*tree, *change.body)) {
    broken(seen.device, "wrote salts that can't be read");
  }
  writing_.trees.insert(*tree);
}

// From a tree on a disk follow the salts of ops that have all their words there, and no others.
void Auditor::check_salts(const Seen& seen, const crdt::SaltTreeId& tree) {
  const Facts& of = facts(seen.device);
  for (std::size_t i = 0; i < crdt::ops_under(crdt::kSaltLevelMax); ++i) {
    const crdt::Dot dot{tree.actor, tree.first() + i};
    const Held* held = of.shelf.find(dot);
    if (held == nullptr || !of.salts.node(dot, 0)) continue;
    if (held->husk) broken(seen.device, "keeps the salts of a husk");
    for (std::size_t slot = 0; slot < held->bodies.size(); ++slot) {
      if (held->written->op.slots[slot].body && !held->bodies[slot]) {
        broken(seen.device, "keeps the salt of words that it erased");
      }
    }
  }
}

void Auditor::check_leaf(const Seen& seen, const crdt::Dot& dot) {
  const Facts& of = facts(seen.device);
  const auto leaf = of.salts.node(dot, 0);
  if (!leaf) return;
  const Held& held = *of.shelf.find(dot);
  if (held.husk) broken(seen.device, "keeps the salts of a husk");
  std::vector<crdt::Slot> slots = held.written->op.slots;
  crdt::salt_bodies(slots, *leaf);
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    if (!slots[slot].body) continue;
    if (!held.bodies[slot]) broken(seen.device, "keeps the salt of words that it erased");
    if (slots[slot] != held.written->op.slots[slot]) {
      broken(seen.device, "keeps a salt that is not the op's");
    }
  }
}

// A word that only its speaker's own devices may hold is on no other disk.
void Auditor::check_words(const Seen& seen, const RecordChange& change) {
  if (!change.body) return;
  const Facts& of = facts(seen.device);
  for (const std::string& word : marked_words(*change.body)) {
    const auto at = words_.find(word);
    if (at == words_.end() || at->second == of.person) continue;
    if (!shared_words_.contains(word)) broken(seen.device, "holds a private word of the partner");
  }
}

void Auditor::intent_kept(const Seen& seen, const RecordChange& change) {
  Facts& of = facts(seen.device);
  const auto id = EntryId::from(change.name);
  if (!id) broken(seen.device, "wrote an intent without an entry");
  of.waiting.erase(*id);
  if (!change.body) return;
  const auto intent = sync::decode_intent(change.name, *change.body);
  if (!intent) broken(seen.device, "wrote an intent that can't be read");
  // Counted anew, it goes on; asked for anew, its wait begins.
  const bool asks = seen.command != nullptr && intent->wait == couple::Wait::begin(*seen.now);
  for (const crdt::Slot& slot : intent->slots) {
    of.waiting[*id].insert(slot.field);
    if (!asks) continue;
    // A field that waited already keeps what was on the screen when it was asked for.
    Asked& asked = of.loosenings[{*id, slot.field}];
    asked.at = seen.at;
    asked.screen.merge(on_screen(seen, *id));
    of.first_loosenings.try_emplace({*id, slot.field}, seen.at);
  }
}

}  // namespace attune::sim
