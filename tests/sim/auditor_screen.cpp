// What an Auditor checks of what people are told.
#include <algorithm>
#include <variant>

#include "tests/sim/auditor.h"

namespace attune::sim {
namespace {

bool same(const sync::RivalShown& a, const sync::RivalShown& b) {
  return a.mine == b.mine && a.message == b.message;
}

/// Why two items differ; nullptr where they don't. A version is opaque and left out.
const char* difference(const sync::Item& is, const sync::Item& must) {
  if (is.id != must.id || is.kind != must.kind) return "another entry";
  if (is.mine != must.mine || is.shared != must.shared) return "another owner or place";
  if (is.day != must.day) return "another day";
  if (is.state != must.state) return "another state";
  if (is.message != must.message) return "other words";
  if (!std::ranges::equal(is.rivals, must.rivals, same)) return "other rivals";
  return nullptr;
}

std::vector<sync::Item> list_of(sync::Replica& mind, const Now& now, bool held) {
  const sync::Command wanted =
      sync::ListEntries{.kind = 0, .whose = sync::Whose::kBoth, .held = held, .ended = true};
  auto output = mind.step(now, sync::CommandCame{.request = RequestId{1}, .command = wanted});
  for (const sync::AnswerOut& out : output.answers) {
    if (const auto* items = std::get_if<sync::Items>(&out.answer)) return items->items;
  }
  return {};
}

}  // namespace

void Auditor::was_shown(Facts& of, const sync::Item& item) {
  const Screen screen{held_of(of, item.id)};
  of.screens[item.id] = screen;
  of.versions[item.version] = screen;
}

void Auditor::check_items(const Seen& seen, const sync::ListEntries& wanted,
                          const std::vector<sync::Item>& items) {
  const Facts& of = facts(seen.device);
  const Expectation expectation(ledger_, of.shelf, reader(of, *seen.now));
  const std::vector<sync::Item> must = expectation.items(wanted);
  for (std::size_t i = 0; i < std::min(items.size(), must.size()); ++i) {
    if (const char* why = difference(items[i], must[i])) {
      const KindRow* row = ledger_.kinds().kind(must[i].kind);
      broken(seen.device, std::string("shows ") + why + " than what stands of " +
                              entry_name(row->letter, must[i].id));
    }
  }
  if (items.size() > must.size()) broken(seen.device, "shows an entry that must not be seen");
  if (items.size() < must.size()) broken(seen.device, "doesn't show an entry that stands");
}

void Auditor::check_own(const Seen& seen, const sync::ShowOwn& wanted,
                        const sync::OwnAndTheirs& said) {
  Facts& of = facts(seen.device);
  if (!of.partner) return;
  const Expectation expectation(ledger_, of.shelf, reader(of, *seen.now));
  const auto check = [&](const PersonId& whose, const std::optional<sync::Item>& is) {
    const auto must = expectation.own(wanted.kind, whose);
    if (is && !must) broken(seen.device, "shows a consent that is not said now");
    if (!is && must) broken(seen.device, "doesn't show a consent that is said");
    if (is && difference(*is, *must) != nullptr) {
      broken(seen.device, std::string("shows ") + difference(*is, *must) + " of a consent");
    }
    const EntryId id = crdt::make_entry_id(whose, wanted.kind, crdt::topic_nonce(of.couple, ""));
    of.screens[id].dots = held_of(of, id);  // "not said" is on screen too
    if (is) was_shown(of, *is);
  };
  check(of.person, said.mine);
  check(*of.partner, said.partner);
}

// Synced means: what this device had when it was asked is durable on the other.
void Auditor::check_synced(const Seen& seen, RequestId request) {
  const auto at = syncs_.find(request);
  if (at == syncs_.end()) return;
  const Promise promise = std::move(at->second);
  syncs_.erase(at);
  std::size_t i = 0;
  for (const auto& [number, of] : facts_) {
    if (promise.put_back[i++] != of.put_back || of.patched) return;
  }
  for (const auto& [number, of] : facts_) {
    if (number == seen.device || of.person == facts(seen.device).person) continue;
    for (const auto& [actor, last] : promise.held) {
      if (of.shelf.last(actor) < last) {
        broken(seen.device, "said that the partner has what is on no disk of theirs");
      }
    }
  }
}

// What a patched partner can read: no word, no op and no count of what is private, and no
// acknowledgement of what is on no disk.
void Auditor::heard(const sync::SyncMessage& message) {
  const auto at =
      std::ranges::find_if(facts_, [](const auto& each) { return !each.second.patched; });
  if (at == facts_.end()) return;
  const auto& [device, of] = *at;
  for (const std::string& word : marked_words(sync::encode_sync(message))) {
    const auto said = words_.find(word);
    if (said != words_.end() && said->second == of.person && !shared_words_.contains(word)) {
      broken(device, "sent a private word");
    }
  }
  const auto check_vector = [&](const crdt::VersionVector& vector) {
    for (const auto& row : vector.rows()) {
      if (row.actor.stream.is_mine()) broken(device, "told of its private stream");
      if (of.shelf.last(row.actor) < row.counter && world_->is_up(device) && of.put_back == 1) {
        broken(device, "said that it has what is not on its disk");
      }
    }
  };
  if (const auto* batch = std::get_if<sync::OpsMessage>(&message)) {
    for (const sync::OpRun& run : batch->runs) {
      if (run.run.first.actor.stream.is_mine()) broken(device, "sent a private op");
    }
  } else if (const auto* greeting = std::get_if<sync::Greeting>(&message)) {
    check_vector(greeting->moved);
  } else if (const auto* ack = std::get_if<sync::Ack>(&message)) {
    check_vector(ack->moved);
  } else if (const auto* even = std::get_if<sync::Even>(&message)) {
    check_vector(even->moved);
  }
}

void Auditor::compare_with_twin(std::size_t device) {
  if (!world_->is_up(device) || facts(device).patched) return;
  const auto twin = world_->twin(device);
  if (!twin) broken(device, "wrote a store that can't be read");
  const Now now = world_->now(device);
  twin->step(now, sync::NetworkChanged{});
  for (const bool held : {false, true}) {
    const std::vector<sync::Item> must = list_of(*twin, now, held);
    bool answered = false;
    world_->ask(
        device,
        sync::ListEntries{.kind = 0, .whose = sync::Whose::kBoth, .held = held, .ended = true},
        [&](const sync::Answer& answer, bool) {
          const auto* is = std::get_if<sync::Items>(&answer);
          answered = is != nullptr;
          const auto alike = [](const sync::Item& a, const sync::Item& b) {
            return a.version == b.version && difference(a, b) == nullptr;
          };
          if (answered && !std::ranges::equal(is->items, must, alike)) {
            broken(device, "says something else than its store does");
          }
        });
    if (!answered && world_->is_up(device)) broken(device, "doesn't answer");
  }
}

bool Auditor::hides(const Facts& of, const Entry& entry) const {
  return Expectation(ledger_, of.shelf, reader(of, Now{})).is_hidden(entry.id, entry.kind);
}

void Auditor::converged() {
  for (const auto& [number, of] : facts_) {
    if (!world_->is_up(number)) broken(number, "doesn't start");
    compare_with_twin(number);
  }
  for (const auto& [number, of] : facts_) {
    for (const auto& [other_number, other] : facts_) {
      if (number == other_number || of.couple != other.couple || !of.paired) continue;
      for (const auto& [actor, last] : of.shelf.lasts) {
        if (actor.stream != crdt::StreamId::both(of.couple)) continue;
        if (other.shelf.last(actor) >= last) continue;
        broken(number, "has what the other has not");
      }
      for (const auto& [place, ops] : of.shelf.by_entry) {
        if (place.first != crdt::StreamId::both(of.couple)) continue;
        const Entry entry = ledger_.fold(of.shelf, place);
        const KindRow* row = ledger_.kinds().kind(entry.kind);
        if (row == nullptr || row->life == Life::kTonight) continue;
        // A store that was put back asks for what it lacks, and may be given what is left of it.
        // What a patched client wrote may have had no words from the beginning.
        const bool whole = of.put_back == 1 && other.put_back == 1;
        if (hides(of, entry) || !whole) continue;
        for (const auto& [field, standing] : entry.fields) {
          for (const Entry::Stand& stand : standing) {
            if (!stand.held->bodies[stand.slot] && stand.what().body) {
              broken(number, "has lost words that stand of " + entry_name(row->letter, entry.id));
            }
          }
        }
      }
    }
  }
}

}  // namespace attune::sim
