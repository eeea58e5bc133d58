#include "daemon/sync/notebook_fields.h"

#include <algorithm>
#include <charconv>

#include "proto/limits.h"

namespace attune::sync {
namespace {

enum class By { kClient, kVerb };

// Why bytes that do not fit their row don't.
Failed misfit(const FieldRow& row, ByteView field) {
  if (row.type == FieldType::kText || row.type == FieldType::kBytes) {
    const auto content = wire_content(field);
    const std::size_t most =
        row.repeated || row.form == Form::kTopic ? limits::kShortBytesMax : limits::kWordsBytesMax;
    if (content && content->size() > most) return wrong_usage(Reason::kTooLong, row.name);
  }
  const bool names_a_value = row.type == FieldType::kEnum || row.form != Form::kPlain;
  return wrong_usage(names_a_value ? Reason::kValueUnknown : Reason::kMalformed, row.name);
}

bool says_nothing(const FieldRow& row, ByteView field) {
  const auto content = wire_content(field);
  if (content) return content->empty();
  return row.form == Form::kDay && wire_varint(field) == 0u;
}

bool may_say(const FieldRow& row, ByteView field, By by) {
  if (row.type != FieldType::kEnum) return true;
  const auto number = wire_varint(field);
  const ValueRow* value = number ? row.value(static_cast<std::int32_t>(*number)) : nullptr;
  return value != nullptr && (by == By::kVerb || !value->hidden);
}

std::optional<Failed> add_value(const FieldRow& row, WireField field, By by, Given& into) {
  if (says_nothing(row, field.bytes)) return std::nullopt;
  if (!fits(row, field.bytes)) return misfit(row, field.bytes);
  if (!may_say(row, field.bytes, by)) return wrong_usage(Reason::kValueUnknown, row.name);
  if (!row.repeated && !into.values.empty()) return wrong_usage(Reason::kMalformed, row.name);
  into.values.push_back(std::move(field.bytes));
  return std::nullopt;
}

std::variant<GivenFields, Failed> read(const KindRow& row, ByteView message, By by) {
  auto wire = split_message(message);
  if (!wire) return wrong_usage(Reason::kMalformed);
  GivenFields fields;
  for (WireField& field : *wire) {
    const FieldRow* known = row.field(field.number);
    if (known == nullptr) return wrong_usage(Reason::kFieldUnknown);
    auto at = std::ranges::find(fields, known, &Given::row);
    if (at == fields.end()) at = fields.insert(at, {.row = known, .values = {}});
    if (auto failed = add_value(*known, std::move(field), by, *at)) return *failed;
  }
  for (Given& given : fields) {
    if (!given.row->repeated) continue;
    std::ranges::sort(given.values);
    const auto doubles = std::ranges::unique(given.values);
    given.values.erase(doubles.begin(), doubles.end());
  }
  return fields;
}

std::optional<Bytes> default_of(const FieldRow& row, LocalDay today) {
  if (row.default_value.empty()) return std::nullopt;
  if (row.type == FieldType::kEnum) {
    const ValueRow* value = row.value_named(row.default_value);
    return wire_field(row.number, static_cast<std::uint64_t>(value->number));
  }
  if (row.form == Form::kDay) {
    int ahead = 0;
    const std::string& text = row.default_value;  // +N, checked by the table
    std::from_chars(text.data() + 1, text.data() + text.size(), ahead);
    return wire_field(row.number, static_cast<std::uint64_t>(std::int64_t{today.days} + ahead));
  }
  return wire_field(row.number, as_bytes(row.default_value));
}

}  // namespace

Bytes saying(const FieldRow& field, std::uint32_t rank) {
  auto at = std::ranges::find(field.values, rank, &ValueRow::rank);
  if (at == field.values.end()) at = std::ranges::max_element(field.values, {}, &ValueRow::rank);
  return wire_field(field.number, static_cast<std::uint64_t>(at->number));
}

Failed refused(Reason reason) { return {.code = Code::kRefused, .reason = reason, .detail = {}}; }
Failed wrong_usage(Reason reason, std::string detail) {
  return {.code = Code::kUsage, .reason = reason, .detail = std::move(detail)};
}
Failed no_such_entry() {
  return {.code = Code::kNotFound, .reason = Reason::kNoSuchEntry, .detail = {}};
}

std::variant<GivenFields, Failed> read_fields(const KindRow& row, ByteView message) {
  return read(row, message, By::kClient);
}

std::variant<GivenFields, Failed> read_own_fields(const KindRow& row, ByteView message) {
  return read(row, message, By::kVerb);
}

std::optional<Failed> complete(const KindRow& row, LocalDay today, GivenFields& fields) {
  std::erase_if(fields, [](const Given& given) { return given.values.empty(); });
  for (const FieldRow& field : row.fields) {
    if (find_given(fields, field.number) != nullptr) continue;
    if (auto value = default_of(field, today)) {
      fields.push_back({.row = &field, .values = {std::move(*value)}});
    } else if (field.ask == Ask::kFirst || field.merge == Merge::kProtective) {
      return wrong_usage(Reason::kFieldMissing, field.name);
    }
  }
  return std::nullopt;
}

const Given* find_given(const GivenFields& fields, std::uint32_t number) {
  for (const Given& given : fields) {
    if (given.row->number == number) return &given;
  }
  return nullptr;
}

std::string_view given_text(const GivenFields& fields, std::uint32_t number) {
  const Given* given = find_given(fields, number);
  if (given == nullptr || given->values.empty()) return {};
  const auto content = wire_content(given->values.front());
  return content ? as_text(*content) : std::string_view{};
}

}  // namespace attune::sync
