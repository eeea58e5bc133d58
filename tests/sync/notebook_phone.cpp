#include "tests/sync/notebook_phone.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace attune::sync {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kFour = std::int64_t{4} * 3'600;
constexpr std::int64_t kEvening = 1'800'000'000 / kDaySeconds * kDaySeconds + 5 * kFour;

}  // namespace

void Disk::perform(const RecordBatch& batch) {
  for (const RecordChange& change : batch.changes) {
    const std::pair key(change.type, change.name);
    if (change.body) {
      records_[key] = *change.body;
    } else {
      records_.erase(key);
    }
  }
}

std::vector<Record> Disk::records() const {
  std::vector<Record> out;
  for (const auto& [key, body] : records_) {
    out.push_back({.type = key.first, .name = key.second, .body = body});
  }
  return out;
}

bool Disk::holds(std::string_view words) const {
  return std::ranges::any_of(records_, [words](const auto& record) {
    return as_text(record.second).find(words) != std::string_view::npos;
  });
}

Phone::Phone(std::string name, std::uint64_t seed) : random_(seed) {
  self = make_self(std::move(name), random_);
  now.steady = Steady{std::chrono::hours(1)};
  now.boot = {.id = random_.bytes<16>(), .since = std::chrono::hours(1)};
  set_wall(kEvening);
  restart();
}

void Phone::set_wall(std::int64_t seconds) {
  now.wall.seconds = seconds;
  now.day.days = static_cast<std::int32_t>(seconds / kDaySeconds);
  now.night.days = static_cast<std::int32_t>((seconds - kFour) / kDaySeconds);
  now.next_four.seconds = (std::int64_t{now.night.days} + 1) * kDaySeconds + kFour;
}

void Phone::restart() {
  notebook = Notebook::open({.kinds = &KindTable::standard(), .random = &random_}, self, partner,
                            disk.records(), now);
  ASSERT_NE(notebook, nullptr);
}

bool Phone::can_open(const std::vector<Record>& records) {
  return Notebook::open({.kinds = &KindTable::standard(), .random = &random_}, self, partner,
                        records, now) != nullptr;
}

void Phone::unpair() {
  partner->paired = false;
  notebook->people_changed();
}

void Phone::perform(const Ripple& ripple) {
  disk.perform(ripple.persist);
  changed = ripple.changed_kinds;
}

Answer Phone::ask(const Command& command) {
  Ripple ripple;
  Answer answer = notebook->perform(now, command, ripple);
  perform(ripple);
  return answer;
}

void Phone::pass_time() {
  Ripple ripple;
  wake = notebook->pass_time(now, ripple);
  perform(ripple);
}

void Phone::wait(std::chrono::seconds time) {
  now.steady.since += time;
  now.boot.since += time;
  set_wall(now.wall.seconds + time.count());
  pass_time();
}

void Phone::reboot() {
  now.boot = {.id = random_.bytes<16>(), .since = std::chrono::seconds(30)};
  now.steady = Steady{std::chrono::seconds(30)};
  restart();
}

Notebook::Verdict Phone::take(Notebook::Arriving arriving) {
  Ripple ripple;
  const auto verdict = notebook->take(now, std::move(arriving), ripple);
  perform(ripple);
  return verdict;
}

std::vector<crdt::Kept> Phone::shared_ops() const {
  std::vector<crdt::Kept> ops;
  notebook->both()->for_each([&ops](const crdt::Kept& kept) { ops.push_back(kept); });
  return ops;
}

EntryId Phone::add(std::string_view noun, const Bytes& message, bool share) {
  const Answer answer =
      ask(AddEntry{.kind = kind(noun), .message = message, .share = share, .version = {}});
  const auto* entered = std::get_if<Entered>(&answer);
  EXPECT_NE(entered, nullptr) << noun;
  return entered == nullptr ? EntryId{} : entered->id;
}

Item Phone::show(std::string_view id) {
  const Answer answer = ask(ShowEntry{std::string(id)});
  const auto* item = std::get_if<Item>(&answer);
  EXPECT_NE(item, nullptr);
  return item == nullptr ? Item{} : *item;
}

std::vector<Item> Phone::list(ListEntries wanted) {
  const Answer answer = ask(wanted);
  const auto* items = std::get_if<Items>(&answer);
  EXPECT_NE(items, nullptr);
  return items == nullptr ? std::vector<Item>{} : items->items;
}

OwnAndTheirs Phone::consent() {
  const Answer answer = ask(ShowOwn{kind("consent")});
  const auto* shown = std::get_if<OwnAndTheirs>(&answer);
  EXPECT_NE(shown, nullptr);
  return shown == nullptr ? OwnAndTheirs{} : *shown;
}

Reason Phone::refusal(const Command& command) {
  const Answer answer = ask(command);
  const auto* failed = std::get_if<Failed>(&answer);
  return failed == nullptr ? Reason::kNone : failed->reason;
}

Reason Phone::say(std::string_view stance, const Bytes& rest) {
  return refusal(AddEntry{.kind = kind("consent"),
                          .message = value_field("consent", "stance", stance) + rest,
                          .share = false,
                          .version = {}});
}

void Phone::withdraw() {
  EXPECT_EQ(refusal(EndEntry{.id = {}, .kind = kind("consent"), .topic = {}}), Reason::kNone);
}

std::vector<crdt::Kept> Phone::say_what_protects(const crdt::VersionVector& there) {
  Ripple ripple;
  const crdt::VersionVector before = notebook->say_what_protects(now, there, {}, ripple);
  perform(ripple);
  std::vector<crdt::Kept> said;
  notebook->both()->for_each([&](const crdt::Kept& kept) {
    if (!before.contains(kept.op.dot)) said.push_back(kept);
  });
  return said;
}

void pair(Phone& a, Phone& b, const CoupleId& couple) {
  const auto know = [&couple](Phone& me, const Phone& other) {
    Partner partner{.person = other.self.person,
                    .name = other.self.name,
                    .couple = couple,
                    .paired = true,
                    .devices = {}};
    PartnerDevice device;
    device.device = other.self.device;
    partner.devices.push_back(std::move(device));
    me.partner = std::move(partner);
    me.notebook->people_changed();
  };
  know(a, b);
  know(b, a);
}

Notebook::Arriving arriving(const Phone& from, const crdt::Kept& kept) {
  const Bytes bytes = crdt::encode_op(kept.op);
  auto op = crdt::decode_op(kept.op.dot, bytes);
  EXPECT_TRUE(op.has_value());
  return {.op = std::move(*op),
          .tag = from.notebook->author_tag(kept.op.dot),
          .from = from.self.person,
          .bytes = bytes.size()};
}

void send(const Phone& from, Phone& to) {
  for (const crdt::Kept& kept : from.shared_ops()) {
    if (to.notebook->both()->find(kept.op.dot) != nullptr) continue;
    EXPECT_EQ(to.take(arriving(from, kept)), Notebook::Verdict::kTaken);
  }
}

void exchange(Phone& a, Phone& b) {
  send(a, b);
  send(b, a);
}

std::uint32_t kind(std::string_view noun) { return KindTable::standard().named(noun)->number; }

const FieldRow& row(std::string_view noun, std::string_view field) {
  return *KindTable::standard().named(noun)->field_named(field);
}

Bytes text_field(std::string_view noun, std::string_view field, std::string_view text) {
  return wire_field(row(noun, field).number, as_bytes(text));
}

Bytes value_field(std::string_view noun, std::string_view field, std::string_view word) {
  const FieldRow& of = row(noun, field);
  return wire_field(of.number, static_cast<std::uint64_t>(of.value_named(word)->number));
}

Bytes day_field(std::string_view noun, std::string_view field, LocalDay day) {
  return wire_field(row(noun, field).number, static_cast<std::uint64_t>(day.days));
}

Bytes operator+(Bytes a, const Bytes& b) {
  append(a, b);
  return a;
}

std::string name_of(std::string_view noun, const EntryId& id) {
  return entry_name(KindTable::standard().named(noun)->letter, id);
}

std::string said(const Item& item, std::string_view field) {
  const FieldRow& of = *KindTable::standard().kind(item.kind)->field_named(field);
  const auto fields = split_message(item.message);
  EXPECT_TRUE(fields.has_value());
  std::string all;
  for (const WireField& each : *fields) {
    if (each.number != of.number) continue;
    if (!all.empty()) all += ", ";
    if (const auto content = wire_content(each.bytes)) all += as_text(*content);
    const auto number = wire_varint(each.bytes);
    const ValueRow* value = number ? of.value(static_cast<std::int32_t>(*number)) : nullptr;
    if (value != nullptr) all += value->word;
  }
  return all;
}

}  // namespace attune::sync
