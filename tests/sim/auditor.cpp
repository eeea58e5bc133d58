#include "tests/sim/auditor.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "daemon/sync/identity.h"
#include "daemon/sync/notebook.h"
#include "daemon/sync/notebook_records.h"
#include "proto/limits.h"
#include "tests/sim/words.h"

namespace attune::sim {
namespace {

constexpr char kMark = '~';
constexpr std::size_t kDigits = 8;

}  // namespace

std::string marked_word(std::uint64_t number) { return fmt::format("~{:08x}~", number); }

std::vector<std::string> marked_words(ByteView bytes) {
  std::vector<std::string> out;
  const std::string_view text = as_text(bytes);
  for (std::size_t at = text.find(kMark); at != std::string_view::npos;
       at = text.find(kMark, at + 1)) {
    if (at + kDigits + 1 >= text.size() || text[at + kDigits + 1] != kMark) continue;
    out.emplace_back(text.substr(at, kDigits + 2));
    at += kDigits + 1;
  }
  return out;
}

Auditor::Facts& Auditor::facts(std::size_t device) { return facts_[device]; }

void Auditor::broken(std::size_t device, const std::string& what) const {
  throw Broken{fmt::format("device {} at {}: {}", device,
                           describe(world_ == nullptr ? Moment{0} : world_->timeline().now()),
                           what)};
}

void Auditor::learn_partner(std::size_t device) {
  Facts& of = facts(device);
  const Bytes* record = world_->disk(device).find(RecordType::kPartner);
  if (record == nullptr) {
    of.partner.reset();
    of.couple = {};
    of.paired = false;
    return;
  }
  const auto partner = sync::decode_partner(*record);
  if (!partner) broken(device, "wrote a partner that can't be read");
  of.partner = partner->person;
  of.couple = partner->couple;
  of.paired = partner->paired;
}

Reader Auditor::reader(const Facts& of, const Now& now) const {
  Reader reader{
      .self = of.person, .partner = of.partner, .couple = of.couple, .waiting = {}, .now = now};
  for (const auto& [entry, fields] : of.waiting) reader.waiting.insert(entry);
  return reader;
}

void Auditor::opened(std::size_t device, bool readable) {
  if (!readable) broken(device, "can't read its own store");
  const Facts& of = facts(device);
  for (const auto& [actor, counter] : of.promised) {
    if (of.shelf.last(actor) < counter) broken(device, "lost what it had acknowledged");
  }
}

// Everything that is known of a device comes from its disk once more.
void Auditor::put_back(std::size_t device) {
  Facts& of = facts(device);
  const Disk& disk = world_->disk(device);
  if (const Bytes* record = disk.find(RecordType::kSelf)) {
    const auto self = sync::decode_self(*record);
    if (!self) broken(device, "wrote a self that can't be read");
    of.id = self->device;
    of.person = self->person;
    ledger_.add_person(of.person, of.id);
  }
  learn_partner(device);
  ++of.put_back;
  of.shelf = {};
  of.promised.clear();
  of.nights.clear();
  of.waiting.clear();
  of.undo_since.reset();
  of.salts = {};
  for (const auto& [key, body] : disk.all()) {
    if (key.first == RecordType::kOp) {
      const auto record = sync::decode_op_record(key.second, body);
      const Written* written = record ? ledger_.find(record->op.dot) : nullptr;
      if (written == nullptr) broken(device, "an older store has an op that nobody wrote");
      Held held = this->held(*record, *written);
      held.came.boot = record->arrival.boot;
      held.came.wall = record->arrival.wall;
      held.came.night = record->arrival.day;
      of.shelf.put(held);
    } else if (key.first == RecordType::kIntent) {
      const auto intent = sync::decode_intent(key.second, body);
      if (!intent) broken(device, "wrote an intent that can't be read");
      for (const crdt::Slot& slot : intent->slots) {
        of.waiting[intent->entry].insert(slot.field);
        const Moment first = of.first_loosenings[{intent->entry, slot.field}];
        of.loosenings[{intent->entry, slot.field}] = {first, of.screens[intent->entry].dots};
      }
    } else if (key.first == RecordType::kSalts) {
      const auto tree = sync::parse_salts_name(key.second);
      if (!tree || !of.salts.load(*tree, body)) broken(device, "has salts that can't be read");
    } else if (key.first == RecordType::kUndo) {
      const auto act = sync::decode_act(body);
      if (act) of.undo_since = act->since;
    }
  }
  for (auto& [dot, held] : of.shelf.ops) note_night(of, held);
}

// What is said for one night stands until that is over, forgotten or not.
void Auditor::note_night(Facts& of, Held& held) {
  const crdt::Op& op = held.written->op;
  const KindRow* row = ledger_.kinds().kind(op.kind);
  if (row == nullptr || row->life != Life::kTonight) return;
  if (!held.husk) {
    of.nights.insert(op.dot);
    return;
  }
  of.nights.erase(op.dot);
  // An act of forgetting outlives those after it, but no night.
  const bool explained = ledger_.is_forgotten(of.shelf, *held.written) && !is_forget(op);
  held.lost = !held.bare && !explained;
}

void Auditor::patched(std::size_t device, bool now) {
  Facts& of = facts(device);
  of.patched = now;
  of.was_patched = true;
  if (!now) put_back(device);
}

void Auditor::answered_stranger(std::size_t device) {
  if (!facts(device).patched) broken(device, "answered a copy of an old hello");
}

void Auditor::sends(const Seen& seen, const sync::Output& output) {
  writing_ = {};
  const Facts& of = facts(seen.device);
  const bool says = std::ranges::any_of(output.units, [&](const sync::UnitOut& unit) {
    return !world_->postbox().owns(seen.device, unit.link);  // a relay is nobody's partner
  });
  const bool talks = says || !output.datagrams.empty();
  if (talks && !of.paired && !pairing_ && !of.patched) {
    broken(seen.device, "talks, and has no partner");
  }
  for (const RecordChange& change : output.persist.changes) {
    if (change.type != RecordType::kOp || !change.body) continue;
    const auto record = sync::decode_op_record(change.name, *change.body);
    if (record && record->op.dot.actor.device == of.id) writing_.own.insert(record->op.dot);
  }
}

void Auditor::committed(const Seen& seen, const RecordBatch& batch) {
  if (facts(seen.device).patched) return;
  for (const RecordChange& change : batch.changes) {
    switch (change.type) {
      case RecordType::kOp:
        op_kept(seen, change);
        break;
      case RecordType::kIntent:
        intent_kept(seen, change);
        break;
      case RecordType::kSalts:
        salts_kept(seen, change);
        break;
      case RecordType::kPartner:
        learn_partner(seen.device);
        break;
      case RecordType::kUndo: {
        const auto act = change.body ? sync::decode_act(*change.body) : std::nullopt;
        facts(seen.device).undo_since.reset();
        if (act) facts(seen.device).undo_since = act->since;
        break;
      }
      default:
        break;
    }
    check_words(seen, change);
  }
  for (const Shelf::Place& place : writing_.touched) check_erased(seen, place);
  for (const crdt::SlotRef& erased : writing_.erased) check_kept(seen, erased);
  for (const crdt::SaltTreeId& tree : writing_.trees) check_salts(seen, tree);
  for (const crdt::Dot& dot : writing_.kept) check_leaf(seen, dot);
}

void Auditor::stepped(const Seen& seen) {
  Facts& of = facts(seen.device);
  if (of.patched) return;
  const Now& now = *seen.now;
  for (const crdt::Dot& dot : writing_.fresh) check_effect(seen, dot);
  check_act(seen);
  for (const crdt::Dot& dot : of.nights) {
    if (Expectation::is_over(*of.shelf.find(dot), now)) {
      broken(seen.device, "keeps what was said for a night that is over");
    }
  }
  if (of.undo_since && (of.undo_since->id != now.boot.id ||
                        now.boot.since - of.undo_since->since >= limits::kUndoLife)) {
    broken(seen.device, "keeps what `undo` needs for longer than `undo` can be asked");
  }
  // What waits no longer was dropped, or has just been issued.
  std::erase_if(of.loosenings, [&of](const auto& each) {
    const auto at = of.waiting.find(each.first.first);
    return at == of.waiting.end() || !at->second.contains(each.first.second);
  });
}

void Auditor::answered(const Seen& seen, RequestId request, const sync::Answer& answer, bool) {
  Facts& of = facts(seen.device);
  if (of.patched) return;
  writing_.accepted = std::holds_alternative<sync::Entered>(answer);
  const bool changed =
      std::holds_alternative<sync::Entered>(answer) || std::holds_alternative<sync::Done>(answer);
  if (changed && seen.command != nullptr) {
    for (const crdt::Dot& dot : writing_.own) {
      std::uint64_t& last = of.promised[dot.actor];
      last = std::max(last, dot.counter);
    }
  }
  const auto* synced = std::get_if<sync::Synced>(&answer);
  if (synced != nullptr && synced->exchanged) check_synced(seen, request);
  if (seen.command == nullptr) return;
  if (const auto* items = std::get_if<sync::Items>(&answer)) {
    for (const sync::Item& item : items->items) was_shown(of, item);
    if (const auto* wanted = std::get_if<sync::ListEntries>(seen.command)) {
      check_items(seen, *wanted, items->items);
    }
  } else if (const auto* item = std::get_if<sync::Item>(&answer)) {
    was_shown(of, *item);
  } else if (const auto* said = std::get_if<sync::OwnAndTheirs>(&answer)) {
    if (const auto* wanted = std::get_if<sync::ShowOwn>(seen.command)) {
      check_own(seen, *wanted, *said);
    }
  }
}

void Auditor::spoken(std::size_t device, const std::string& word) {
  words_[word] = facts(device).person;
}

void Auditor::asked_to_sync(std::size_t device, RequestId request) {
  Promise promise;
  for (const auto& [actor, last] : facts(device).shelf.lasts) {
    if (actor.stream == crdt::StreamId::both(facts(device).couple)) promise.held[actor] = last;
  }
  for (const auto& [number, of] : facts_) promise.put_back.push_back(of.put_back);
  syncs_[request] = std::move(promise);
}

}  // namespace attune::sim
