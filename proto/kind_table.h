#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/bytes.h"
#include "proto/time.h"

namespace google::protobuf {
class Descriptor;
}

namespace attune {

enum class Merge { kLatest, kSideBySide, kProtective, kSet };
enum class Ask { kNever, kFirst, kOptional };
enum class Form { kPlain, kDay, kEntry, kTopic };
enum class Writer { kOwner, kEither };
enum class Audience { kMine, kBoth, kChosen };
enum class One { kMany, kPerPerson, kPerPersonAndTopic };
enum class Life { kUntilEnded, kTonight };
enum class FieldType { kText, kBytes, kBool, kInt32, kEnum };

/// One value of an enum field.
struct ValueRow {
  std::int32_t number = 0;
  std::string word;        ///< on the command line and in JSON: `non-negotiable`
  std::uint32_t rank = 0;  ///< for Merge::kProtective: higher is stricter
  bool ends = false;
  bool hidden = false;  ///< written by a verb alone
};

/// One field of a kind.
struct FieldRow {
  std::uint32_t number = 0;
  std::string name;  ///< its JSON key
  FieldType type = FieldType::kText;
  bool repeated = false;
  Merge merge = Merge::kLatest;
  Ask ask = Ask::kNever;
  Form form = Form::kPlain;
  bool mine_only = false;  ///< audience: MINE
  bool per_person = false;
  bool words_loosen = false;
  bool review = false;
  std::string flag;
  std::string default_value;
  std::vector<ValueRow> values;

  [[nodiscard]] const ValueRow* value(std::int32_t value_number) const;
  [[nodiscard]] const ValueRow* value_named(std::string_view word) const;
  /// Of a protective field: the value that ends the entry, or nullptr.
  [[nodiscard]] const ValueRow* ending() const;
  /// Rank of what these wire bytes (tag and value) of this field say. An unknown value, and bytes
  /// that say none, are the strictest of all.
  [[nodiscard]] std::uint32_t rank_of(ByteView wire) const;
  static constexpr std::uint32_t kRankUnknown = 1'000'000;
};

/// One kind of entry.
struct KindRow {
  std::uint32_t number = 0;  ///< its field number in Entry
  std::string noun;
  std::string plural;
  char letter = 0;
  Writer writer = Writer::kOwner;
  Audience audience = Audience::kMine;
  One one = One::kMany;
  Life life = Life::kUntilEnded;
  std::uint32_t loosen_wait_hours = 0;
  std::string add_verb;
  std::string end_verb;
  bool top_verbs = false;
  std::string state_live;
  std::string state_ended;
  bool quiets = false;
  bool final = false;
  bool asks = false;
  std::vector<FieldRow> fields;

  [[nodiscard]] const FieldRow* field(std::uint32_t field_number) const;
  [[nodiscard]] const FieldRow* field_named(std::string_view name) const;
  /// The field with form TOPIC, or nullptr.
  [[nodiscard]] const FieldRow* topic() const;
  /// The protective field that has a value with `ends`, or nullptr: then `end` writes kFieldLife.
  [[nodiscard]] const FieldRow* ending_field() const;
};

/// Every kind there is, read once from the options on the fields of a message whose fields are
/// kinds. Immutable after construction; any thread. Source: docs/architecture.md, One place for a
/// kind.
class KindTable {
 public:
  /// The rows of entry.proto.
  static const KindTable& standard();
  /// The rows of another message, for tests and benches. Throws std::invalid_argument naming the
  /// row that contradicts itself (no letter, two with one noun, a protective field without ranks,
  /// ...).
  explicit KindTable(const google::protobuf::Descriptor& entry);

  [[nodiscard]] const std::vector<KindRow>& kinds() const { return kinds_; }
  [[nodiscard]] const KindRow* kind(std::uint32_t number) const;
  [[nodiscard]] const KindRow* named(std::string_view noun) const;
  [[nodiscard]] const KindRow* lettered(char letter) const;
  /// The message whose fields are the kinds, for those who render and parse by reflection.
  [[nodiscard]] const google::protobuf::Descriptor& descriptor() const { return *descriptor_; }

 private:
  const google::protobuf::Descriptor* descriptor_;
  std::vector<KindRow> kinds_;
};

/// Field numbers of our own that every entry has beside its kind's; no kind uses 1,000 or above.
inline constexpr std::uint32_t kFieldLife = 1'000;    ///< protective: 0 never written, 1 ended
inline constexpr std::uint32_t kFieldForget = 1'001;  ///< the act of forgetting; its slot is empty

/// A kind's message cut into its fields, without a protobuf runtime. Bounded: nullopt for bytes
/// that are not a flat message of at most kFieldsPerOpMax distinct fields, each at most
/// kListElementsMax times, for a group, for a varint that is not in its shortest form, and for
/// trailing bytes.
struct WireField {
  std::uint32_t number = 0;
  std::uint32_t wire_type = 0;
  Bytes bytes;  ///< tag and value, exactly as they came
};
std::optional<std::vector<WireField>> split_message(ByteView message);

/// The varint of a WireField with wire type 0; nullopt where it is none.
std::optional<std::uint64_t> wire_varint(ByteView field);
/// The content of a WireField with wire type 2.
std::optional<ByteView> wire_content(ByteView field);
Bytes wire_field(std::uint32_t number, std::uint64_t varint);
Bytes wire_field(std::uint32_t number, ByteView content);

/// Whether one occurrence of a field fits its row: wire type, UTF-8, sizes of limits.h, day in
/// range, an entry's letter and 16-byte id, a topic's letters. An enum value that the row does not
/// know fits (it counts as the strictest); 0, which says nothing, does not.
bool fits(const FieldRow& row, ByteView field);

}  // namespace attune
