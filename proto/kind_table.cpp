#include "proto/kind_table.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "attune/v1/entry.pb.h"
#include "attune/v1/kind.pb.h"

namespace attune {
namespace {

namespace pb = google::protobuf;

// Keys that every item has, whatever its kind. Source: the command line's contract, Entries.
constexpr std::array<std::string_view, 9> kItemKeys = {"id",     "kind",    "state",  "by",  "day",
                                                       "shared", "version", "rivals", "hash"};

[[noreturn]] void refuse(std::string_view row, const char* why) {
  throw std::invalid_argument(std::string(row) + ": " + why);
}

bool is_word(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_days_ahead(std::string_view text) {
  constexpr std::size_t kDigitsMax = 6;
  if (text.size() < 2 || text.size() > 1 + kDigitsMax || text[0] != '+') return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// `SomeThing` -> `SOME_THING_`: what the names of an enum's values start with.
std::string value_prefix(const pb::EnumDescriptor& type) {
  std::string out;
  for (const char c : type.name()) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out.push_back('_');
    out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return out + '_';
}

std::string value_word(const pb::EnumValueDescriptor& value, const std::string& prefix) {
  std::string_view name = value.name();
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  std::string out;
  for (const char c : name) {
    if (c == '_') {
      out.push_back('-');
    } else {
      out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  return out;
}

std::vector<ValueRow> value_rows(const pb::EnumDescriptor& type) {
  std::vector<ValueRow> rows;
  std::set<std::string> words;
  const std::string prefix = value_prefix(type);
  for (int i = 0; i < type.value_count(); ++i) {
    const pb::EnumValueDescriptor& value = *type.value(i);
    if (value.number() == 0) {
      if (value.name() != prefix + "UNSPECIFIED") refuse(type.full_name(), "0 is not UNSPECIFIED");
      continue;
    }
    if (value.number() < 0) refuse(value.full_name(), "is negative");
    const v1::ValueRow& options = value.options().GetExtension(v1::value);
    ValueRow row;
    row.number = value.number();
    row.word = options.word().empty() ? value_word(value, prefix) : options.word();
    row.rank = options.rank();
    row.ends = options.ends();
    row.hidden = options.hidden();
    if (!is_word(row.word)) refuse(value.full_name(), "its word is not lower-case letters");
    if (!words.insert(row.word).second) refuse(value.full_name(), "its word is taken");
    if (row.rank >= FieldRow::kRankUnknown) refuse(value.full_name(), "its rank is too high");
    rows.push_back(std::move(row));
  }
  if (rows.empty()) refuse(type.full_name(), "has no values");
  return rows;
}

FieldType field_type(const pb::FieldDescriptor& field) {
  if (field.type() == pb::FieldDescriptor::TYPE_STRING) return FieldType::kText;
  if (field.type() == pb::FieldDescriptor::TYPE_BYTES) return FieldType::kBytes;
  if (field.type() == pb::FieldDescriptor::TYPE_BOOL) return FieldType::kBool;
  if (field.type() == pb::FieldDescriptor::TYPE_INT32) return FieldType::kInt32;
  if (field.type() == pb::FieldDescriptor::TYPE_ENUM) return FieldType::kEnum;
  refuse(field.full_name(), "has a type that no field of a kind has");
}

Merge merge_of(const pb::FieldDescriptor& field, v1::Merge merge) {
  switch (merge) {
    case v1::MERGE_UNSPECIFIED:
    case v1::LATEST:
      return Merge::kLatest;
    case v1::SIDE_BY_SIDE:
      return Merge::kSideBySide;
    case v1::PROTECTIVE:
      return Merge::kProtective;
    case v1::SET:
      return Merge::kSet;
    default:
      refuse(field.full_name(), "merge is unknown");
  }
}

Ask ask_of(const pb::FieldDescriptor& field, v1::Ask ask) {
  switch (ask) {
    case v1::ASK_UNSPECIFIED:
      return Ask::kNever;
    case v1::FIRST:
      return Ask::kFirst;
    case v1::OPTIONAL:
      return Ask::kOptional;
    default:
      refuse(field.full_name(), "ask is unknown");
  }
}

Form form_of(const pb::FieldDescriptor& field, v1::Form form) {
  switch (form) {
    case v1::FORM_UNSPECIFIED:
      return Form::kPlain;
    case v1::DAY:
      return Form::kDay;
    case v1::ENTRY:
      return Form::kEntry;
    case v1::TOPIC:
      return Form::kTopic;
    default:
      refuse(field.full_name(), "form is unknown");
  }
}

Audience audience_of(const pb::FieldDescriptor& field, v1::Audience audience) {
  switch (audience) {
    case v1::MINE:
      return Audience::kMine;
    case v1::BOTH:
      return Audience::kBoth;
    case v1::CHOSEN:
      return Audience::kChosen;
    default:
      refuse(field.full_name(), "has no audience");
  }
}

Writer writer_of(const pb::FieldDescriptor& field, v1::Writer writer) {
  switch (writer) {
    case v1::OWNER:
      return Writer::kOwner;
    case v1::EITHER:
      return Writer::kEither;
    default:
      refuse(field.full_name(), "has no writer");
  }
}

One one_of(const pb::FieldDescriptor& field, v1::One one) {
  switch (one) {
    case v1::ONE_UNSPECIFIED:
      return One::kMany;
    case v1::PER_PERSON:
      return One::kPerPerson;
    case v1::PER_PERSON_AND_TOPIC:
      return One::kPerPersonAndTopic;
    default:
      refuse(field.full_name(), "one is unknown");
  }
}

Life life_of(const pb::FieldDescriptor& field, v1::Life life) {
  switch (life) {
    case v1::LIFE_UNSPECIFIED:
      return Life::kUntilEnded;
    case v1::TONIGHT:
      return Life::kTonight;
    default:
      refuse(field.full_name(), "life is unknown");
  }
}

void check_protective(std::string_view name, const FieldRow& row) {
  if (row.type != FieldType::kEnum) refuse(name, "is protective but no enum");
  const bool ranked = std::any_of(row.values.begin(), row.values.end(), [&](const ValueRow& value) {
    return value.rank != row.values.front().rank;
  });
  if (!ranked) refuse(name, "is protective without ranks");
}

void check_default(std::string_view name, const FieldRow& row) {
  if (row.default_value.empty()) return;
  if (row.type == FieldType::kEnum) {
    if (row.value_named(row.default_value) == nullptr)
      refuse(name, "its default is none of its values");
  } else if (row.form == Form::kDay) {
    if (!is_days_ahead(row.default_value)) refuse(name, "its default is no number of days ahead");
  } else if (row.form == Form::kTopic) {
    if (!is_word(row.default_value)) refuse(name, "its default is no topic");
  } else {
    refuse(name, "has a default that its type does not allow");
  }
}

void check_field(std::string_view name, const FieldRow& row) {
  const auto forbid = [&](bool wrong, const char* why) {
    if (wrong) refuse(name, why);
  };
  forbid(row.number >= kFieldLife, "numbers from 1,000 on are ours");
  forbid(std::find(kItemKeys.begin(), kItemKeys.end(), row.name) != kItemKeys.end(),
         "every item has a key of that name");
  forbid(row.form == Form::kDay && row.type != FieldType::kInt32, "is a day but no int32");
  forbid(row.form == Form::kEntry && row.type != FieldType::kBytes, "is an entry but no bytes");
  forbid(row.form == Form::kTopic && row.type != FieldType::kText, "is a topic but no string");
  forbid(row.repeated && row.type != FieldType::kText && row.type != FieldType::kBytes,
         "is repeated but neither string nor bytes");
  forbid(row.repeated != (row.merge == Merge::kSet), "a set is repeated, and nothing else is");
  forbid(row.ask != Ask::kNever && row.type != FieldType::kText, "is asked for but no string");
  forbid(row.review && row.form != Form::kDay, "is a review but no day");
  forbid(!row.flag.empty() && !is_word(row.flag), "its flag is not lower-case letters");
  if (row.merge == Merge::kProtective) check_protective(name, row);
  const auto ends = std::count_if(row.values.begin(), row.values.end(),
                                  [](const ValueRow& value) { return value.ends; });
  forbid(ends > 1, "two of its values end the entry");
  forbid(ends == 1 && row.merge != Merge::kProtective, "ends the entry but is not protective");
  check_default(name, row);
}

FieldRow field_row(const pb::FieldDescriptor& field) {
  const v1::FieldRow& options = field.options().GetExtension(v1::field);
  FieldRow row;
  row.number = static_cast<std::uint32_t>(field.number());
  row.name = field.name();
  row.type = field_type(field);
  row.repeated = field.is_repeated();
  row.merge = merge_of(field, options.merge());
  row.ask = ask_of(field, options.ask());
  row.form = form_of(field, options.form());
  row.mine_only = options.audience() == v1::MINE;
  row.per_person = options.per_person();
  row.words_loosen = options.words_loosen();
  row.review = options.review();
  row.flag = options.flag();
  row.default_value = options.default_value();
  if (row.type == FieldType::kEnum) row.values = value_rows(*field.enum_type());
  check_field(field.full_name(), row);
  return row;
}

void check_fields(const KindRow& row) {
  std::set<std::string> flags;
  int topics = 0;
  int endings = 0;
  for (const FieldRow& field : row.fields) {
    if (!field.flag.empty() && !flags.insert(field.flag).second)
      refuse(row.noun, "two fields have one flag");
    if (field.form == Form::kTopic) ++topics;
    if (field.ending() != nullptr) ++endings;
    if (field.words_loosen && row.loosen_wait_hours == 0) {
      refuse(row.noun, "a change of words loosens, but nothing waits");
    }
  }
  if (row.fields.empty()) refuse(row.noun, "has no fields");
  if (topics > 1) refuse(row.noun, "has two topics");
  if (endings > 1) refuse(row.noun, "has two fields that end it");
  if ((topics == 1) != (row.one == One::kPerPersonAndTopic)) {
    refuse(row.noun, "a topic belongs to a kind with one for each person and topic");
  }
}

std::string or_else(const std::string& given, const std::string& otherwise) {
  return given.empty() ? otherwise : given;
}

KindRow kind_row(const pb::FieldDescriptor& field) {
  if (field.type() != pb::FieldDescriptor::TYPE_MESSAGE || field.is_repeated()) {
    refuse(field.full_name(), "is no single message");
  }
  const v1::KindRow& options = field.options().GetExtension(v1::kind);
  KindRow row;
  row.number = static_cast<std::uint32_t>(field.number());
  row.noun = options.noun();
  if (!is_word(row.noun) || row.noun == "all") refuse(field.full_name(), "has no noun");
  row.plural = or_else(options.plural(), row.noun);
  const std::string& letter = options.letter();
  if (letter.size() != 1 || letter[0] < 'a' || letter[0] > 'z') refuse(row.noun, "has no letter");
  row.letter = letter[0];
  row.writer = writer_of(field, options.writer());
  row.audience = audience_of(field, options.audience());
  row.one = one_of(field, options.one());
  row.life = life_of(field, options.life());
  row.loosen_wait_hours = options.loosen_wait_hours();
  row.add_verb = or_else(options.add_verb(), "add");
  row.end_verb = or_else(options.end_verb(), "end");
  row.top_verbs = options.top_verbs();
  row.state_live = or_else(options.state_live(), "active");
  row.state_ended = or_else(options.state_ended(), "ended");
  row.quiets = options.quiets();
  row.final = options.final();
  row.asks = options.asks();
  for (const std::string* word :
       {&row.add_verb, &row.end_verb, &row.state_live, &row.state_ended}) {
    if (!is_word(*word)) refuse(row.noun, "a verb or state is not lower-case letters");
  }
  if (row.add_verb == row.end_verb) refuse(row.noun, "one verb begins and ends it");
  const pb::Descriptor& message = *field.message_type();
  for (int i = 0; i < message.field_count(); ++i)
    row.fields.push_back(field_row(*message.field(i)));
  check_fields(row);
  return row;
}

}  // namespace

const ValueRow* FieldRow::value(std::int32_t value_number) const {
  for (const ValueRow& row : values) {
    if (row.number == value_number) return &row;
  }
  return nullptr;
}

const ValueRow* FieldRow::value_named(std::string_view word) const {
  for (const ValueRow& row : values) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

const ValueRow* FieldRow::ending() const {
  if (merge != Merge::kProtective) return nullptr;
  for (const ValueRow& row : values) {
    if (row.ends) return &row;
  }
  return nullptr;
}

std::uint32_t FieldRow::rank_of(ByteView wire) const {
  const std::optional<std::uint64_t> said = wire_varint(wire);
  if (!said || *said > INT32_MAX) return kRankUnknown;
  const ValueRow* row = value(static_cast<std::int32_t>(*said));
  return row == nullptr ? kRankUnknown : row->rank;
}

const FieldRow* KindRow::field(std::uint32_t field_number) const {
  for (const FieldRow& row : fields) {
    if (row.number == field_number) return &row;
  }
  return nullptr;
}

const FieldRow* KindRow::field_named(std::string_view name) const {
  for (const FieldRow& row : fields) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const FieldRow* KindRow::topic() const {
  for (const FieldRow& row : fields) {
    if (row.form == Form::kTopic) return &row;
  }
  return nullptr;
}

const FieldRow* KindRow::ending_field() const {
  for (const FieldRow& row : fields) {
    if (row.ending() != nullptr) return &row;
  }
  return nullptr;
}

const KindTable& KindTable::standard() {
  static const KindTable table(*v1::Entry::descriptor());
  return table;
}

KindTable::KindTable(const pb::Descriptor& entry) : descriptor_(&entry) {
  std::set<std::string> nouns;
  std::set<char> letters;
  for (int i = 0; i < entry.field_count(); ++i) {
    KindRow row = kind_row(*entry.field(i));
    if (!nouns.insert(row.noun).second) refuse(row.noun, "two kinds have this noun");
    if (!letters.insert(row.letter).second) refuse(row.noun, "its letter is taken");
    kinds_.push_back(std::move(row));
  }
}

const KindRow* KindTable::kind(std::uint32_t number) const {
  for (const KindRow& row : kinds_) {
    if (row.number == number) return &row;
  }
  return nullptr;
}

const KindRow* KindTable::named(std::string_view noun) const {
  for (const KindRow& row : kinds_) {
    if (row.noun == noun) return &row;
  }
  return nullptr;
}

const KindRow* KindTable::lettered(char letter) const {
  for (const KindRow& row : kinds_) {
    if (row.letter == letter) return &row;
  }
  return nullptr;
}

}  // namespace attune
