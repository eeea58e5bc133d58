#include "tests/bench/record_row.h"

#include <cassert>

#include "tests/bench/record.pb.h"

namespace attune::bench {
namespace {

constexpr std::uint32_t kCreated = 8;

std::string text_of(const FieldRow& field, ByteView wire) {
  if (field.type == FieldType::kText) return std::string(as_text(*wire_content(wire)));
  const auto number = static_cast<std::int32_t>(*wire_varint(wire));
  if (field.type == FieldType::kEnum) return field.value(number)->word;
  if (field.form == Form::kDay) return to_text(LocalDay{number});
  return std::to_string(number);
}

}  // namespace

const KindTable& record_kinds() {
  static const KindTable table(*Entry::descriptor());
  return table;
}

std::uint32_t RecordRow::number(WorkField field) { return static_cast<std::uint32_t>(field) + 1; }

Bytes RecordRow::value(WorkField field, std::string_view text) const {
  const FieldRow& of = *row_.field(number(field));
  if (of.type == FieldType::kText) return wire_field(of.number, as_bytes(text));
  if (of.type == FieldType::kEnum) {
    return wire_field(of.number, static_cast<std::uint64_t>(of.value_named(text)->number));
  }
  const std::int32_t said =
      of.form == Form::kDay ? parse_day(text)->days : std::stoi(std::string(text));
  return wire_field(of.number, static_cast<std::uint64_t>(said));
}

std::vector<Bytes> RecordRow::values(const WorkRecord& record) const {
  std::vector<Bytes> values = {
      value(WorkField::kSort, record.sort), value(WorkField::kTitle, record.title),
      value(WorkField::kBody, record.body), value(WorkField::kLevel, record.level),
      value(WorkField::kReview, record.review)};
  for (const std::string& tag : record.tags) values.push_back(value(WorkField::kTags, tag));
  values.push_back(value(WorkField::kMood, std::to_string(record.mood)));
  Bytes created;
  append_u64le(created, record.created);
  values.push_back(wire_field(kCreated, created));
  return values;
}

void RecordRow::read(ByteView wire, WorkRecord& into) const {
  const std::uint32_t number = field_of(wire);
  if (number == kCreated) {
    Reader reader(*wire_content(wire));
    into.created = reader.u64le();
    return;
  }
  const auto field = static_cast<WorkField>(number - 1);
  const std::string text = text_of(*row_.field(number), wire);
  if (field == WorkField::kTags) {
    into.tags.insert(text);
  } else {
    apply({.record = 0, .field = field, .value = text}, into);
  }
}

std::uint32_t field_of(ByteView wire) {
  Reader reader(wire);
  return static_cast<std::uint32_t>(reader.leb() >> 3);
}

}  // namespace attune::bench
