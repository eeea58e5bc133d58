#include "client/item_fields.h"

#include "proto/ids.h"
#include "proto/time.h"

namespace attune::client {
namespace {

std::string entry_text(ByteView content) {
  const auto id = content.empty() ? std::nullopt : EntryId::from(content.subspan(1));
  return id ? entry_name(static_cast<char>(content[0]), *id) : to_hex(content);
}

void show_content(const FieldRow& row, ByteView content, ShownField& shown) {
  if (row.form == Form::kEntry) {
    shown.texts.push_back(entry_text(content));
  } else if (row.type == FieldType::kBytes) {
    shown.texts.push_back(to_hex(content));
  } else if (!content.empty()) {
    shown.texts.emplace_back(as_text(content));
  }
}

void show_number(const FieldRow& row, std::uint64_t varint, ShownField& shown) {
  const auto number = static_cast<std::int32_t>(varint);
  if (row.type == FieldType::kBool) {
    shown.truth = varint != 0;
  } else if (row.type == FieldType::kEnum) {
    const ValueRow* value = row.value(number);
    if (number != 0) shown.texts = {value == nullptr ? "unknown" : value->word};
  } else if (row.form != Form::kDay) {
    shown.number = number;
  } else if (number != 0) {
    shown.texts = {to_text(LocalDay{number})};
  }
}

}  // namespace

std::vector<ShownField> shown_fields(const KindRow& kind, ByteView message) {
  std::vector<ShownField> out;
  const auto fields = split_message(message);
  if (!fields) return out;
  for (const FieldRow& row : kind.fields) {
    ShownField shown;
    shown.row = &row;
    for (const WireField& field : *fields) {
      if (field.number != row.number || !fits(row, field.bytes)) continue;
      if (!row.repeated) shown.texts.clear();
      if (const auto content = wire_content(field.bytes)) show_content(row, *content, shown);
      if (const auto varint = wire_varint(field.bytes)) show_number(row, *varint, shown);
    }
    if (!shown.texts.empty() || shown.truth || shown.number) out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace attune::client
