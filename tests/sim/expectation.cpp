#include "tests/sim/expectation.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "proto/limits.h"

namespace attune::sim {
namespace {

const Bytes* words_of(const Entry::Stand& stand) {
  if (!stand.held->bodies[stand.slot]) return nullptr;
  return &stand.what().body->bytes;
}

Bytes value(const Entry& entry, const FieldRow& field) {
  const auto* standing = entry.find(field.number);
  if (standing == nullptr) return {};
  if (field.merge != Merge::kSet) {
    const Bytes* words = words_of(standing->front());
    return words == nullptr ? Bytes{} : *words;
  }
  std::map<Bytes, Bytes> elements;
  for (const Entry::Stand& stand : *standing) {
    const Bytes* words = words_of(stand);
    if (words == nullptr) continue;
    const auto content = wire_content(*words);
    if (content) elements.emplace(Bytes(content->begin(), content->end()), *words);
  }
  Bytes all;
  for (const auto& [content, words] : elements) append(all, words);
  return all;
}

std::vector<sync::RivalShown> rivals(const KindRow& row, const Entry& entry, const PersonId& self) {
  std::map<crdt::Dot, sync::RivalShown> found;
  for (const FieldRow& field : row.fields) {
    if (field.merge != Merge::kLatest && field.merge != Merge::kSideBySide) continue;
    const auto* standing = entry.find(field.number);
    if (standing == nullptr) continue;
    const Bytes best = value(entry, field);
    for (std::size_t i = 1; i < standing->size(); ++i) {
      const Bytes* words = words_of((*standing)[i]);
      if (words == nullptr || *words == best) continue;
      const Written& by = *(*standing)[i].held->written;
      sync::RivalShown& rival = found[by.op.dot];
      rival.mine = by.person == self;
      append(rival.message, *words);
    }
  }
  std::vector<sync::RivalShown> out;
  for (auto& [dot, rival] : found) out.push_back(std::move(rival));
  return out;
}

}  // namespace

bool is_ended(const KindRow& row, const Entry& entry) {
  if (entry.fields.empty() || entry.find(kFieldLife) != nullptr) return true;
  const FieldRow* field = row.ending_field();
  const auto* standing = field == nullptr ? nullptr : entry.find(field->number);
  if (standing == nullptr) return false;
  const std::uint32_t ending = field->ending()->rank;
  const bool strictest = std::ranges::all_of(
      field->values, [ending](const ValueRow& each) { return each.rank <= ending; });
  const std::uint32_t rank = standing->front().rank();
  return strictest ? rank >= ending : rank <= ending;
}

Expectation::Expectation(const Ledger& ledger, const Shelf& shelf, Reader reader)
    : ledger_(ledger), shelf_(shelf), reader_(std::move(reader)) {}

bool Expectation::is_over(const Held& held, const Now& now) {
  return held.came.night != now.night || held.came.boot.id != now.boot.id ||
         now.boot.since - held.came.boot.since >= limits::kConsentLife ||
         now.wall.seconds - held.came.wall.seconds >= limits::kConsentLife.count();
}

bool Expectation::is_hidden(const EntryId& id, std::uint32_t kind) const {
  if (ledger_.owner(id, kind) == reader_.self) return false;
  const auto marks = shelf_.by_entry.find({crdt::StreamId::mine(), id});
  return marks != shelf_.by_entry.end() && std::ranges::any_of(marks->second, [](const Held* held) {
           return held->written->counted && is_forget(held->written->op);
         });
}

std::optional<Expectation::Shown> Expectation::shown(const Shelf::Place& place) const {
  Shown shown;
  shown.both = !place.first.is_mine();
  shown.entry = ledger_.fold(shelf_, place);
  if (!shown.entry.exists) return std::nullopt;
  shown.row = ledger_.kinds().kind(shown.entry.kind);
  if (shown.row == nullptr) return std::nullopt;
  shown.mine = ledger_.owner(place.second, shown.entry.kind) == reader_.self;
  shown.ended = is_ended(*shown.row, shown.entry);
  if (shown.both) {
    if (is_hidden(place.second, shown.entry.kind)) return std::nullopt;
    if (place.first.couple != reader_.couple && !shown.mine) return std::nullopt;
    if (shown.mine) {
      Entry beside = ledger_.fold(shelf_, {crdt::StreamId::mine(), place.second});
      if (beside.exists) shown.beside = std::move(beside);
    }
  } else {
    if (!shown.mine) return std::nullopt;
    for (const auto& [other, ops] : shelf_.by_entry) {
      if (other.second != place.second || other.first.is_mine()) continue;
      if (ledger_.fold(shelf_, other).exists) return std::nullopt;
    }
  }
  if (shown.row->life == Life::kTonight && !is_said(shown)) return std::nullopt;
  return shown;
}

bool Expectation::is_paused_on_all() const {
  for (const KindRow& row : ledger_.kinds().kinds()) {
    if (!row.quiets || row.topic() == nullptr) continue;
    for (const PersonId& person : ledger_.people()) {
      const EntryId id =
          crdt::make_entry_id(person, row.number, crdt::topic_nonce(reader_.couple, "all"));
      const Entry entry = ledger_.fold(shelf_, {crdt::StreamId::both(reader_.couple), id});
      if (entry.exists && !is_ended(row, entry)) return true;
    }
  }
  return false;
}

std::vector<const Held*> Expectation::bare_husks() const {
  std::vector<const Held*> bare;
  for (const auto& [dot, held] : shelf_.ops) {
    if (held.bare) bare.push_back(&held);
  }
  return bare;
}

bool Expectation::is_said(const Shown& shown) const {
  const FieldRow* field = shown.row->ending_field();
  const auto* standing = field == nullptr ? nullptr : shown.entry.find(field->number);
  if (standing == nullptr || shown.ended) return false;
  const Held& best = *standing->front().held;
  if (best.written->op.day != reader_.now.night || is_over(best, reader_.now)) return false;
  if (is_paused_on_all()) return false;
  return std::ranges::all_of(bare_husks(), [&](const Held* husk) {
    return ledger_.in_past(husk->written->op.dot, *best.written) ||
           husk->written->person != best.written->person;
  });
}

std::string Expectation::state(const Shown& shown) const {
  if (shown.ended) return shown.row->state_ended;
  if (reader_.waiting.contains(shown.entry.id)) return "loosening";
  for (const FieldRow& field : shown.row->fields) {
    if (!field.review) continue;
    const auto day = wire_varint(value(shown.entry, field));
    if (day && static_cast<std::int32_t>(*day) <= reader_.now.day.days) return "review";
  }
  return shown.row->state_live;
}

sync::Item Expectation::item(const Shown& shown) const {
  sync::Item item{.id = shown.entry.id,
                  .kind = shown.row->number,
                  .mine = shown.mine,
                  .day = shown.entry.day,
                  .shared = shown.both,
                  .state = state(shown),
                  .version = {},
                  .message = {},
                  .rivals = rivals(*shown.row, shown.entry, reader_.self)};
  for (const FieldRow& field : shown.row->fields) {
    if (!field.mine_only || !shown.both) {
      append(item.message, value(shown.entry, field));
    } else if (shown.beside) {
      append(item.message, value(*shown.beside, field));
    }
  }
  return item;
}

std::vector<sync::Item> Expectation::items(const sync::ListEntries& wanted) const {
  std::vector<sync::Item> out;
  for (const auto& [place, ops] : shelf_.by_entry) {
    const auto each = shown(place);
    if (!each || (wanted.kind != 0 && each->row->number != wanted.kind)) continue;
    if (wanted.whose == sync::Whose::kMine && !each->mine) continue;
    if (wanted.whose == sync::Whose::kPartner && each->mine) continue;
    // No kind asks anything of the partner yet, so a pause holds nothing back.
    if (wanted.held || (!wanted.ended && each->ended)) continue;
    out.push_back(item(*each));
  }
  std::ranges::sort(out, {}, [](const sync::Item& each) { return std::tuple(each.day, each.id); });
  return out;
}

std::optional<sync::Item> Expectation::own(std::uint32_t kind, const PersonId& whose) const {
  const EntryId id = crdt::make_entry_id(whose, kind, crdt::topic_nonce(reader_.couple, ""));
  const auto each = shown({crdt::StreamId::both(reader_.couple), id});
  if (!each || each->ended) return std::nullopt;
  return item(*each);
}

}  // namespace attune::sim
