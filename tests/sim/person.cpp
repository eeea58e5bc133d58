#include "tests/sim/person.h"

#include <algorithm>
#include <variant>

#include "proto/limits.h"

namespace attune::sim {
namespace {

constexpr std::size_t kSeenMax = 60;

}  // namespace

Person::Person(World& world, Auditor& auditor, std::size_t device, std::uint64_t seed)
    : world_(world),
      auditor_(auditor),
      device_(device),
      dice_(seed, 32 + device),
      next_word_(device << 24) {}

const KindRow& Person::any_kind() { return dice_.pick(KindTable::standard().kinds()); }

const sync::Item* Person::any_item() {
  if (seen_.empty()) return nullptr;
  // What was seen last is what people have in mind.
  const std::size_t near = std::min<std::size_t>(seen_.size(), dice_.one_in(3) ? kSeenMax : 8);
  return &seen_[seen_.size() - 1 - dice_.below(static_cast<std::uint32_t>(near))];
}

std::string Person::name_of(const sync::Item& item) const {
  return entry_name(KindTable::standard().kind(item.kind)->letter, item.id);
}

std::string Person::any_name() {
  const sync::Item* item = any_item();
  if (item == nullptr) return "b-0000000000";
  const std::string name = name_of(*item);
  return dice_.one_in(4) ? name.substr(0, 2 + dice_.between(4, 10)) : name;
}

Bytes Person::any_version(const EntryId& id) {
  if (dice_.one_in(2)) return {};
  std::vector<const sync::Item*> of;
  for (const sync::Item& item : seen_) {
    if (item.id == id) of.push_back(&item);
  }
  if (of.empty()) return {};
  return dice_.one_in(2) ? of.back()->version : dice_.pick(of)->version;
}

std::string Person::any_topic() {
  if (dice_.one_in(2)) return "all";
  if (dice_.one_in(2)) return any_kind().noun;
  return any_name();
}

std::string Person::any_text(std::size_t most) {
  // Far enough from each other that no mistyped letter makes one into another's.
  constexpr std::uint32_t kApart = 2'654'435'761u;
  const std::uint32_t number = static_cast<std::uint32_t>(next_word_++) * kApart;
  const std::string word = marked_word(number);
  auditor_.spoken(device_, word);
  std::string text = word;
  if (dice_.one_in(2)) text += " and a few words more";
  if (dice_.one_in(40)) text.append(dice_.below(static_cast<std::uint32_t>(most)), 'x');
  if (text.size() > most) text.resize(most);
  return text;
}

Bytes Person::any_value(const FieldRow& field) {
  const std::uint32_t number = field.number;
  switch (field.type) {
    case FieldType::kText:
      if (field.form == Form::kTopic) return wire_field(number, as_bytes(any_topic()));
      return wire_field(number, as_bytes(any_text(field.repeated ? limits::kShortBytesMax
                                                                 : limits::kWordsBytesMax)));
    case FieldType::kBytes: {
      Bytes content;
      if (const sync::Item* item = any_item(); item != nullptr && field.form == Form::kEntry) {
        content.push_back(
            static_cast<std::uint8_t>(KindTable::standard().kind(item->kind)->letter));
        append(content, item->id.view());
      }
      return wire_field(number, ByteView(content));
    }
    case FieldType::kBool:
      return wire_field(number, 1);
    case FieldType::kInt32: {
      const std::int32_t today = world_.now(device_).day.days;
      return wire_field(number, static_cast<std::uint64_t>(today + 30) - dice_.below(60));
    }
    case FieldType::kEnum:
      return wire_field(number, static_cast<std::uint64_t>(dice_.pick(field.values).number));
  }
  return {};
}

Bytes Person::any_message(const KindRow& row, std::uint32_t part, std::uint32_t whole) {
  Bytes message;
  for (const FieldRow& field : row.fields) {
    if (!dice_.chance(part, whole)) continue;
    for (std::uint32_t i = field.repeated ? dice_.between(1, 3) : 1; i > 0; --i) {
      append(message, any_value(field));
    }
  }
  return message;
}

void Person::see(const sync::Item& item) {
  seen_.push_back(item);
  if (seen_.size() > kSeenMax) seen_.erase(seen_.begin());
}

void Person::see(const sync::Answer& answer) {
  if (!std::holds_alternative<sync::Failed>(answer)) ++done_;
  if (const auto* items = std::get_if<sync::Items>(&answer)) {
    for (const sync::Item& item : items->items) see(item);
  } else if (const auto* item = std::get_if<sync::Item>(&answer)) {
    see(*item);
  } else if (const auto* said = std::get_if<sync::OwnAndTheirs>(&answer)) {
    if (said->mine) see(*said->mine);
    if (said->partner) see(*said->partner);
  } else if (const auto* entered = std::get_if<sync::Entered>(&answer)) {
    sync::Item made;
    made.id = entered->id;
    made.kind = entered->kind;
    made.mine = true;
    see(made);
  }
}

void Person::give(sync::Command command) {
  world_.ask(device_, std::move(command),
             [this](const sync::Answer& answer, bool) { see(answer); });
}

void Person::look() {
  give(sync::ListEntries{
      .kind = 0, .whose = sync::Whose::kBoth, .held = false, .ended = dice_.one_in(2)});
}

void Person::add() {
  const KindRow& row = any_kind();
  Bytes message = any_message(row, 2, 3);
  const FieldRow& first = row.fields.front();
  const bool has_first = std::ranges::any_of(
      split_message(message).value_or(std::vector<WireField>{}),
      [&first](const WireField& field) { return field.number == first.number; });
  if (!has_first && first.form != Form::kTopic) append(message, any_value(first));
  Bytes version;
  if (row.one != One::kMany && dice_.one_in(3)) {
    const auto at = std::ranges::find_if(
        seen_, [&row](const sync::Item& item) { return item.kind == row.number && item.mine; });
    if (at != seen_.end()) version = any_version(at->id);
  }
  give(sync::AddEntry{.kind = row.number,
                      .message = std::move(message),
                      .share = dice_.one_in(2),
                      .version = std::move(version)});
}

void Person::edit() {
  const sync::Item* item = any_item();
  if (item == nullptr) return add();
  const KindRow& row = *KindTable::standard().kind(item->kind);
  sync::EditEntry edit{.id = name_of(*item),
                       .kind = row.number,
                       .message = any_message(row, 1, 2),
                       .clear = {},
                       .tighter = dice_.one_in(3),
                       .version = any_version(item->id)};
  // Of a list some elements stay.
  for (const WireField& part : split_message(item->message).value_or(std::vector<WireField>{})) {
    const FieldRow* field = row.field(part.number);
    if (field != nullptr && field->repeated && dice_.one_in(2)) append(edit.message, part.bytes);
  }
  for (const FieldRow& field : row.fields) {
    if (dice_.one_in(8)) edit.clear.push_back(field.number);
  }
  give(std::move(edit));
}

void Person::end() {
  const KindRow& row = any_kind();
  if (row.one != One::kMany && dice_.one_in(2)) {
    return give(sync::EndEntry{.id = {},
                               .kind = row.number,
                               .topic = row.topic() == nullptr ? std::string() : any_topic()});
  }
  give(sync::EndEntry{.id = any_name(), .kind = 0, .topic = {}});
}

// What no client of ours would send: it must be refused, and change nothing.
void Person::nonsense() {
  const KindRow& row = any_kind();
  Bytes message = any_message(row, 1, 1);
  for (std::uint32_t i = dice_.between(1, 4); i > 0 && !message.empty(); --i) {
    message[dice_.below(static_cast<std::uint32_t>(message.size()))] ^=
        static_cast<std::uint8_t>(1u << dice_.below(8));
  }
  if (dice_.one_in(3)) message.resize(message.size() / 2);
  if (dice_.one_in(2)) {
    return give(sync::AddEntry{.kind = dice_.one_in(4) ? dice_.below(40) : row.number,
                               .message = std::move(message),
                               .share = dice_.one_in(2),
                               .version = Bytes(dice_.below(100), 7)});
  }
  give(sync::EditEntry{.id = any_name(),
                       .kind = row.number,
                       .message = std::move(message),
                       .clear = {dice_.below(6)},
                       .tighter = false,
                       .version = Bytes(dice_.below(100), 7)});
}

void Person::sync() {
  auditor_.asked_to_sync(device_, world_.next_request());
  give(sync::SyncNow{std::chrono::seconds(dice_.between(1, 60))});
}

void Person::act() {
  if (!world_.is_up(device_)) return;
  const std::uint32_t what = dice_.below(100);
  if (what < 24) return add();
  if (what < 48) return edit();
  if (what < 56) return end();
  if (what < 61) return give(sync::ShareEntry{any_name()});
  if (what < 64) return give(sync::UnshareEntry{any_name()});
  if (what < 70) return give(sync::ForgetEntry{any_name(), dice_.one_in(3)});
  if (what < 74) return give(sync::Undo{});
  if (what < 82) return look();
  if (what < 86) return give(sync::ShowEntry{any_name()});
  if (what < 92) {
    for (const KindRow& row : KindTable::standard().kinds()) {
      if (row.one == One::kPerPerson) give(sync::ShowOwn{row.number});
    }
    return;
  }
  if (what < 93) return give(sync::ListToday{});
  if (what < 96) return sync();
  if (what < 97) return give(sync::AskStatus{});
  if (what < 98) return give(sync::Watch{});
  nonsense();
}

}  // namespace attune::sim
