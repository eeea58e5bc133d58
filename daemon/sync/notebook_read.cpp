#include <algorithm>
#include <map>
#include <tuple>

#include "daemon/couple/authorship.h"
#include "daemon/couple/lapse.h"
#include "daemon/couple/standing.h"
#include "daemon/sync/notebook_state.h"

namespace attune::sync {
namespace {

// The least id that starts with these base32 digits.
EntryId least_with(std::string_view digits) {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  EntryId id;
  std::size_t bit = 0;
  for (char digit : digits) {
    const std::size_t value = kDigits.find(digit);
    for (int place = 4; place >= 0; --place, ++bit) {
      if (bit < 8 * EntryId::kSize && (value >> place & 1) != 0) {
        id.bytes[bit / 8] = static_cast<std::uint8_t>(id.bytes[bit / 8] | 0x80 >> bit % 8);
      }
    }
  }
  return id;
}

const Bytes* words_of(const Stream& in, const crdt::Standing& standing) {
  const crdt::Kept* kept = in.log.find(standing.dot);
  if (kept == nullptr || standing.slot >= kept->op.slots.size()) return nullptr;
  const auto& body = kept->op.slots[standing.slot].body;
  return body ? &body->bytes : nullptr;
}

auto list_order(const Found& found) { return std::tie(found.entry->day, found.entry->id); }

}  // namespace

bool Notebook::State::is_hidden(const EntryId& id, std::uint32_t kind) {
  const crdt::EntryState* mark = mine().view.find(id);
  return mark != nullptr && mark->forgets.contains(self.person) && !is_mine(id, kind);
}

std::optional<Found> Notebook::State::found(Stream& in, const crdt::EntryState& entry) {
  Found found{.stream = &in,
              .entry = &entry,
              .row = kinds.table().kind(entry.kind),
              .mine = entry.owner == self.person};
  if (found.row == nullptr) return std::nullopt;
  if (!in.log.stream().is_mine()) {
    if (is_hidden(entry.id, entry.kind)) return std::nullopt;
    if (found.mine) found.beside = mine().view.find(entry.id);
    return found;
  }
  // With my devices alone there also stand marks on what is hidden, and what belongs beside an
  // entry of both.
  const bool in_both = std::ranges::any_of(streams, [&](const auto& each) {
    return !each.first.is_mine() && each.second.view.find(entry.id) != nullptr;
  });
  if (!found.mine || in_both) return std::nullopt;
  return found;
}

couple::OpenPauses Notebook::State::pauses() {
  couple::OpenPauses open;
  Stream* in = both();
  if (in == nullptr) return open;
  for (const KindRow& row : kinds.table().kinds()) {
    const FieldRow* topic = row.topic();
    if (!row.quiets || topic == nullptr) continue;
    for (const auto& [id, entry] : in->view.entries()) {
      if (entry.kind != row.number || couple::is_ended(row, entry)) continue;
      const Bytes words = value(*in, entry, *topic);
      const auto said = wire_content(words);
      if (said) open.open(as_text(*said));
    }
  }
  return open;
}

// Of what one person says of tonight.
bool Notebook::State::is_said(const Found& found, const Now& now) {
  const FieldRow* field = found.row->ending_field();
  const crdt::Register* stands = field ? found.entry->find(field->number) : nullptr;
  if (stands == nullptr || couple::is_ended(*found.row, *found.entry)) return false;
  const crdt::Standing& best = stands->standing.front();
  const crdt::Kept* kept = found.stream->log.find(best.dot);
  if (!couple::is_said(*kept, now) || is_paused_on_all()) return false;
  // A husk that came without its op may have taken this back.
  return std::ranges::all_of(found.stream->bare, [&](const crdt::Dot& husk) {
    return kept->past.contains(husk) || kinds.person(husk.actor.device) != best.person;
  });
}

// Both people's pauses on everything, looked up by the ids that they must have.
bool Notebook::State::is_paused_on_all() {
  Stream* in = both();
  if (in == nullptr) return false;
  for (const KindRow& row : kinds.table().kinds()) {
    if (!row.quiets || row.topic() == nullptr) continue;
    for (const PersonId& person : {self.person, partner->person}) {
      const EntryId id = couple::only_one(row, person, partner->couple, "all");
      const crdt::EntryState* entry = in->view.find(id);
      if (entry != nullptr && !couple::is_ended(row, *entry)) return true;
    }
  }
  return false;
}

bool Notebook::State::is_visible(const Found& found, const Now& now) {
  // What somebody of an earlier couple wrote is nobody's here: this partner did not say it.
  const crdt::StreamId& stream = found.stream->log.stream();
  const bool of_now = stream.is_mine() || (partner && stream.couple == partner->couple);
  if (!of_now && !found.mine) return false;
  return found.row->life != Life::kTonight || is_said(found, now);
}

std::variant<Found, Failed> Notebook::State::find(std::string_view id, const Now& now) {
  const std::optional<EntryPrefix> prefix = parse_entry_prefix(id);
  if (!prefix) return wrong_usage(Reason::kMalformed);
  // A whole id is looked up: of no other it is the beginning.
  const EntryId least = least_with(prefix->digits);
  const bool is_whole = prefix->digits == to_base32(least.view());
  std::optional<Found> only;
  bool several = false;
  const auto consider = [&](Stream& in, const crdt::EntryState& entry) {
    const std::optional<Found> here = found(in, entry);
    if (!here || here->row->letter != prefix->letter || !is_visible(*here, now)) return;
    several = several || only.has_value();
    only = here;
  };
  for (auto& [stream_id, in] : streams) {
    const auto& entries = in.view.entries();
    if (is_whole) {
      if (const crdt::EntryState* entry = in.view.find(least)) consider(in, *entry);
      continue;
    }
    for (auto it = entries.lower_bound(least); it != entries.end(); ++it) {
      if (!to_base32(it->first.view()).starts_with(prefix->digits)) break;
      consider(in, it->second);
    }
  }
  if (several) return wrong_usage(Reason::kAmbiguous);
  if (!only) return no_such_entry();
  return *only;
}

Bytes Notebook::State::value(const Stream& in, const crdt::EntryState& entry,
                             const FieldRow& field) const {
  const auto whose = field.per_person ? std::optional(self.person) : std::nullopt;
  const crdt::Register* stands = entry.find(field.number, whose);
  if (stands == nullptr) return {};
  if (field.merge != Merge::kSet) {
    const Bytes* words = words_of(in, stands->standing.front());
    return words == nullptr ? Bytes{} : *words;
  }
  // By what they say, not by how long they are.
  std::map<Bytes, const Bytes*> elements;
  for (const crdt::Standing& standing : stands->standing) {
    const Bytes* words = words_of(in, standing);
    const auto content = words == nullptr ? std::nullopt : wire_content(*words);
    if (content) elements.emplace(Bytes(content->begin(), content->end()), words);
  }
  Bytes all;
  for (const auto& [content, words] : elements) append(all, *words);
  return all;
}

// What stands beside the best of each field, by the op that wrote it.
std::vector<RivalShown> Notebook::State::rivals(const Found& found) const {
  std::map<crdt::Dot, RivalShown> rivals;
  for (const FieldRow& field : found.row->fields) {
    if (field.merge != Merge::kLatest && field.merge != Merge::kSideBySide) continue;
    const crdt::Register* stands = found.entry->find(field.number);
    if (stands == nullptr) continue;
    const Bytes best = value(*found.stream, *found.entry, field);
    for (std::size_t i = 1; i < stands->standing.size(); ++i) {
      const crdt::Standing& standing = stands->standing[i];
      const Bytes* words = words_of(*found.stream, standing);
      if (words == nullptr || *words == best) continue;
      RivalShown& rival = rivals[standing.dot];
      rival.mine = standing.person == self.person;
      append(rival.message, *words);
    }
  }
  std::vector<RivalShown> out;
  out.reserve(rivals.size());
  for (auto& [dot, rival] : rivals) out.push_back(std::move(rival));
  return out;
}

couple::StateFacts Notebook::State::facts(const Found& found, const Now& now) const {
  couple::StateFacts facts{.ended = couple::is_ended(*found.row, *found.entry),
                           .waits = intents.contains(found.entry->id),
                           .review = {},
                           .today = now.day};
  for (const FieldRow& field : found.row->fields) {
    if (!field.review) continue;
    const auto day = wire_varint(value(*found.stream, *found.entry, field));
    if (day) facts.review = LocalDay{static_cast<std::int32_t>(*day)};
  }
  return facts;
}

Item Notebook::State::item(const Found& found, const Now& now) {
  Item item{.id = found.entry->id,
            .kind = found.row->number,
            .mine = found.mine,
            .day = found.entry->day,
            .shared = !found.stream->log.stream().is_mine(),
            .state = std::string(couple::state_name(*found.row, facts(found, now))),
            .version = version_of(*found.stream, *found.entry),
            .message = {},
            .rivals = rivals(found)};
  for (const FieldRow& field : found.row->fields) {
    const bool beside = field.mine_only && item.shared;
    if (!beside) {
      append(item.message, value(*found.stream, *found.entry, field));
    } else if (found.beside != nullptr) {
      append(item.message, value(mine(), *found.beside, field));
    }
  }
  was_shown(*found.stream, item.id);
  return item;
}

std::vector<Found> Notebook::State::visible(const Now& now) {
  std::vector<Found> all;
  for (auto& [id, in] : streams) {
    for (const auto& [entry_id, entry] : in.view.entries()) {
      const std::optional<Found> here = found(in, entry);
      if (here && is_visible(*here, now)) all.push_back(*here);
    }
  }
  std::ranges::sort(all, {}, list_order);
  return all;
}

Answer Notebook::State::list(const Now& now, const ListEntries& wanted) {
  const couple::OpenPauses paused = pauses();
  Items items;
  for (const Found& found : visible(now)) {
    if (wanted.kind != 0 && found.row->number != wanted.kind) continue;
    if (wanted.whose == Whose::kMine && !found.mine) continue;
    if (wanted.whose == Whose::kPartner && found.mine) continue;
    const bool held = !found.mine && paused.holds_back(*found.row, found.entry->id);
    if (held != wanted.held) continue;
    if (!wanted.ended && couple::is_ended(*found.row, *found.entry)) continue;
    items.items.push_back(item(found, now));
  }
  return items;
}

Answer Notebook::State::today(const Now& now) {
  Items items;
  for (const Found& found : visible(now)) {
    if (found.mine && couple::is_due(facts(found, now))) items.items.push_back(item(found, now));
  }
  return items;
}

Answer Notebook::State::show(const Now& now, const ShowEntry& wanted) {
  const auto found = find(wanted.id, now);
  if (const auto* failed = std::get_if<Failed>(&found)) return *failed;
  return item(std::get<Found>(found), now);
}

Answer Notebook::State::show_own(const Now& now, const ShowOwn& wanted) {
  const KindRow* row = kinds.table().kind(wanted.kind);
  if (row == nullptr || row->one != One::kPerPerson) return wrong_usage(Reason::kNoVerb);
  OwnAndTheirs said;
  Stream* in = both();
  if (in == nullptr) return said;
  const auto one_of = [&](const PersonId& person) -> std::optional<Item> {
    const EntryId id = couple::only_one(*row, person, partner->couple, "");
    const crdt::EntryState* entry = in->view.find(id);
    was_shown(*in, id);  // "not said" is on screen too
    if (entry == nullptr || couple::is_ended(*row, *entry)) return std::nullopt;
    const std::optional<Found> here = found(*in, *entry);
    if (!here || !is_visible(*here, now)) return std::nullopt;
    return item(*here, now);
  };
  said.mine = one_of(self.person);
  said.partner = one_of(partner->person);
  return said;
}

}  // namespace attune::sync
