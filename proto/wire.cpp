#include <algorithm>
#include <map>

#include "proto/kind_table.h"
#include "proto/limits.h"

namespace attune {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kContent = 2;
constexpr std::uint32_t kFixed32 = 5;
constexpr std::uint64_t kFieldNumberMax = (1u << 29) - 1;  // the protobuf encoding's own
constexpr std::size_t kEntryBytes = 17;                    // letter, then the id

struct Tag {
  std::uint32_t number = 0;
  std::uint32_t wire_type = 0;
};

std::optional<Tag> take_tag(Reader& reader) {
  const std::uint64_t tag = reader.leb();
  const std::uint64_t number = tag >> 3;
  if (!reader.ok() || number == 0 || number > kFieldNumberMax) return std::nullopt;
  return Tag{.number = static_cast<std::uint32_t>(number),
             .wire_type = static_cast<std::uint32_t>(tag & 7)};
}

/// Whether a value of this wire type could be taken. Groups are not.
bool skip_value(Reader& reader, std::uint32_t wire_type) {
  switch (wire_type) {
    case kVarint:
      reader.leb();
      return reader.ok();
    case kFixed64:
      reader.take(8);
      return reader.ok();
    case kContent:
      reader.lv(reader.left());
      return reader.ok();
    case kFixed32:
      reader.take(4);
      return reader.ok();
    default:
      return false;
  }
}

/// How many bytes the character that starts here has; 0 where it is none. Overlong forms,
/// surrogates and what lies beyond U+10FFFF are none.
std::size_t character_size(ByteView rest) {
  const std::uint8_t lead = rest[0];
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || rest.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((rest[i] & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = rest[1];
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return size;
}

bool is_utf8(ByteView text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text = text.subspan(size);
  }
  return true;
}

bool is_topic(ByteView text) {
  if (text.empty() || text.size() > limits::kShortBytesMax) return false;
  return std::all_of(text.begin(), text.end(), [](std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool content_fits(const FieldRow& row, ByteView content) {
  if (row.form == Form::kEntry) {
    return content.size() == kEntryBytes && content[0] >= 'a' && content[0] <= 'z';
  }
  if (row.form == Form::kTopic) return is_topic(content);
  if (content.size() > (row.repeated ? limits::kShortBytesMax : limits::kWordsBytesMax))
    return false;
  return row.type == FieldType::kBytes || is_utf8(content);
}

bool number_fits(const FieldRow& row, std::uint64_t varint) {
  const auto value = static_cast<std::int64_t>(varint);
  if (row.type == FieldType::kBool) return varint <= 1;
  if (value < INT32_MIN || value > INT32_MAX) return false;
  if (row.type == FieldType::kEnum) return value > 0;
  return row.form != Form::kDay || (value >= 0 && value <= kLastDay.days);
}

}  // namespace

std::optional<std::vector<WireField>> split_message(ByteView message) {
  std::vector<WireField> fields;
  std::map<std::uint32_t, std::size_t> seen;
  Reader reader(message);
  while (reader.left() > 0) {
    const ByteView start = message.last(reader.left());
    const std::optional<Tag> tag = take_tag(reader);
    if (!tag || !skip_value(reader, tag->wire_type)) return std::nullopt;
    if (++seen[tag->number] > limits::kListElementsMax) return std::nullopt;
    if (seen.size() > limits::kFieldsPerOpMax) return std::nullopt;
    const ByteView taken = start.first(start.size() - reader.left());
    fields.push_back({.number = tag->number,
                      .wire_type = tag->wire_type,
                      .bytes = Bytes(taken.begin(), taken.end())});
  }
  return fields;
}

std::optional<std::uint64_t> wire_varint(ByteView field) {
  Reader reader(field);
  const std::optional<Tag> tag = take_tag(reader);
  if (!tag || tag->wire_type != kVarint) return std::nullopt;
  const std::uint64_t value = reader.leb();
  if (!reader.done()) return std::nullopt;
  return value;
}

std::optional<ByteView> wire_content(ByteView field) {
  Reader reader(field);
  const std::optional<Tag> tag = take_tag(reader);
  if (!tag || tag->wire_type != kContent) return std::nullopt;
  const ByteView content = reader.lv(reader.left());
  if (!reader.done()) return std::nullopt;
  return content;
}

Bytes wire_field(std::uint32_t number, std::uint64_t varint) {
  Bytes out;
  append_leb(out, std::uint64_t{number} << 3 | kVarint);
  append_leb(out, varint);
  return out;
}

Bytes wire_field(std::uint32_t number, ByteView content) {
  Bytes out;
  append_leb(out, std::uint64_t{number} << 3 | kContent);
  append_lv(out, content);
  return out;
}

bool fits(const FieldRow& row, ByteView field) {
  Reader reader(field);
  const std::optional<Tag> tag = take_tag(reader);
  if (!tag || tag->number != row.number) return false;
  switch (row.type) {
    case FieldType::kText:
    case FieldType::kBytes: {
      const auto content = wire_content(field);
      return content && content_fits(row, *content);
    }
    case FieldType::kBool:
    case FieldType::kInt32:
    case FieldType::kEnum: {
      const auto varint = wire_varint(field);
      return varint && number_fits(row, *varint);
    }
  }
  return false;
}

}  // namespace attune
