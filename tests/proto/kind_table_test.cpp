#include "proto/kind_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "tests/proto/schema.h"

namespace attune {
namespace {

const KindRow& row(const KindTable& table, std::string_view noun) {
  const KindRow* found = table.named(noun);
  if (found == nullptr) throw std::out_of_range(std::string(noun));
  return *found;
}

std::vector<std::string> words(const FieldRow& field) {
  std::vector<std::string> out;
  for (const ValueRow& value : field.values) out.push_back(value.word);
  return out;
}

TEST(KindTable, ReadsTheBoundaryFromItsRow) {
  const KindRow& boundary = row(KindTable::standard(), "boundary");
  EXPECT_EQ(boundary.number, 10u);
  EXPECT_EQ(boundary.letter, 'b');
  EXPECT_EQ(boundary.plural, "boundaries");
  EXPECT_EQ(boundary.writer, Writer::kOwner);
  EXPECT_EQ(boundary.audience, Audience::kChosen);
  EXPECT_EQ(boundary.loosen_wait_hours, 24u);
  EXPECT_EQ(boundary.one, One::kMany);
  const FieldRow* why = boundary.field_named("why");
  ASSERT_NE(why, nullptr);
  EXPECT_TRUE(why->mine_only);
  EXPECT_EQ(why->ask, Ask::kOptional);
  const FieldRow* spoken = boundary.field_named("words");
  ASSERT_NE(spoken, nullptr);
  EXPECT_EQ(spoken->merge, Merge::kSideBySide);
  EXPECT_TRUE(spoken->words_loosen);
}

TEST(KindTable, ValueWordsComeFromTheEnumWithoutPrefixAndZero) {
  const FieldRow* firmness = row(KindTable::standard(), "boundary").field_named("firmness");
  ASSERT_NE(firmness, nullptr);
  EXPECT_EQ(words(*firmness), (std::vector<std::string>{"ended", "negotiable", "non-negotiable"}));
  EXPECT_EQ(firmness->flag, "kind");
  EXPECT_TRUE(firmness->value_named("ended")->hidden);
  EXPECT_EQ(firmness->ending(), firmness->value_named("ended"));
  EXPECT_EQ(firmness->value(0), nullptr);
  EXPECT_EQ(firmness->value(3)->word, "non-negotiable");
}

TEST(KindTable, EmptyVerbsAndStatesHaveTheirUsualNames) {
  const KindRow& resource = row(KindTable::standard(), "resource");
  EXPECT_EQ(resource.add_verb, "add");
  EXPECT_EQ(resource.end_verb, "end");
  EXPECT_EQ(resource.state_live, "active");
  EXPECT_EQ(resource.state_ended, "ended");
  const KindRow& consent = row(KindTable::standard(), "consent");
  EXPECT_EQ(consent.add_verb, "say");
  EXPECT_EQ(consent.end_verb, "withdraw");
  EXPECT_EQ(consent.state_ended, "not-said");
}

TEST(KindTable, FindsAKindByNumberNounAndLetter) {
  const KindTable& table = KindTable::standard();
  for (const KindRow& kind : table.kinds()) {
    EXPECT_EQ(table.kind(kind.number), &kind);
    EXPECT_EQ(table.named(kind.noun), &kind);
    EXPECT_EQ(table.lettered(kind.letter), &kind);
  }
  EXPECT_EQ(table.kind(9'999), nullptr);
  EXPECT_EQ(table.named("nothing"), nullptr);
  EXPECT_EQ(table.lettered('?'), nullptr);
}

TEST(KindTable, KnowsTopicsAndTheFieldThatEnds) {
  const KindTable& table = KindTable::standard();
  EXPECT_EQ(row(table, "pause").topic()->name, "about");
  EXPECT_EQ(row(table, "boundary").topic(), nullptr);
  EXPECT_EQ(row(table, "pause").ending_field()->name, "hold");
  EXPECT_EQ(row(table, "boundary").ending_field()->name, "firmness");
  EXPECT_EQ(row(table, "thanks").ending_field(), nullptr);
}

TEST(KindTable, RanksAnUnknownOrUnreadableValueStrictest) {
  const FieldRow* stance = row(KindTable::standard(), "consent").field_named("stance");
  EXPECT_EQ(stance->rank_of(wire_field(stance->number, 1)), 0u);
  EXPECT_EQ(stance->rank_of(wire_field(stance->number, 7)), 6u);
  EXPECT_EQ(stance->rank_of(wire_field(stance->number, 99)), FieldRow::kRankUnknown);
  EXPECT_EQ(stance->rank_of(wire_field(stance->number, std::uint64_t{1} << 32 | 1)),
            FieldRow::kRankUnknown);
  EXPECT_EQ(stance->rank_of({}), FieldRow::kRankUnknown);
  EXPECT_EQ(stance->rank_of(wire_field(stance->number, as_bytes("1"))), FieldRow::kRankUnknown);
}

TEST(KindTable, ARowInATestsOwnDescriptorIsAKind) {
  const Schema schema(R"(
    enum WarmthOfTea {
      WARMTH_OF_TEA_UNSPECIFIED = 0;
      WARMTH_OF_TEA_LUKE_WARM = 1;
      WARMTH_OF_TEA_HOT = 2 [(attune.v1.value) = { word: "steaming" }];
    }
    message Tea {
      string leaves = 1 [(attune.v1.field) = { ask: FIRST }];
      WarmthOfTea warmth = 2 [(attune.v1.field) = { flag: "warmth" default_value: "steaming" }];
      int32 until = 3 [(attune.v1.field) = { flag: "until" form: DAY default_value: "+30" }];
    }
    message Entry {
      Tea tea = 77 [(attune.v1.kind) = { noun: "tea" letter: "t" writer: EITHER audience: BOTH
                                         final: true }];
    })");
  const KindTable table(schema.descriptor());
  ASSERT_EQ(table.kinds().size(), 1u);
  const KindRow& tea = row(table, "tea");
  EXPECT_EQ(tea.number, 77u);
  EXPECT_EQ(tea.plural, "tea");
  EXPECT_EQ(tea.writer, Writer::kEither);
  EXPECT_TRUE(tea.final);
  EXPECT_EQ(words(*tea.field_named("warmth")), (std::vector<std::string>{"luke-warm", "steaming"}));
  EXPECT_EQ(&table.descriptor(), &schema.descriptor());
}

// What a row may not say. The field is `words` where the text does not give another.
struct Contradiction {
  const char* name;
  const char* fields;
  const char* options;
};
const char* const kPlainField = "string words = 1;";
const char* const kPlainKind = "noun: \"tea\" letter: \"t\" writer: OWNER audience: BOTH";

class Contradictions : public testing::TestWithParam<Contradiction> {};

std::string schema_text(const std::string& fields, const std::string& options) {
  return "enum Heat { HEAT_UNSPECIFIED = 0; HEAT_LOW = 1; HEAT_HIGH = 2; }\n"
         "enum Ends { ENDS_UNSPECIFIED = 0; ENDS_YES = 1 [(attune.v1.value) = { ends: true rank: 1 "
         "}];"
         " ENDS_TOO = 2 [(attune.v1.value) = { ends: true }]; }\n"
         "enum Zero { NOTHING = 0; ZERO_ONE = 1; }\n"
         "message Tea {" +
         fields + "} message Entry { Tea tea = 5 [(attune.v1.kind) = {" + options + "}]; }";
}

TEST_P(Contradictions, AreRefused) {
  const Schema schema(schema_text(GetParam().fields, GetParam().options));
  EXPECT_THROW(KindTable{schema.descriptor()}, std::invalid_argument);
}

TEST(KindTable, ThePlainRowOfTheContradictionsIsNone) {
  const Schema schema(schema_text(kPlainField, kPlainKind));
  EXPECT_NO_THROW(KindTable{schema.descriptor()});
}

#define FIELD(type, options) type " = 1 [(attune.v1.field) = {" options "}];"
INSTANTIATE_TEST_SUITE_P(
    KindTable, Contradictions,
    testing::Values(
        Contradiction{"NoNoun", kPlainField, "letter: \"t\" writer: OWNER audience: BOTH"},
        Contradiction{"NoLetter", kPlainField, "noun: \"tea\" writer: OWNER audience: BOTH"},
        Contradiction{"TwoLetters", kPlainField,
                      "noun: \"tea\" letter: \"te\" writer: OWNER audience: BOTH"},
        Contradiction{"NoWriter", kPlainField, "noun: \"tea\" letter: \"t\" audience: BOTH"},
        Contradiction{"NoAudience", kPlainField, "noun: \"tea\" letter: \"t\" writer: OWNER"},
        Contradiction{"NounAll", kPlainField,
                      "noun: \"all\" letter: \"t\" writer: OWNER audience: BOTH"},
        Contradiction{"NoFields", "", kPlainKind},
        Contradiction{"OneVerb", kPlainField,
                      "noun: \"tea\" letter: \"t\" writer: OWNER audience: BOTH add_verb: \"end\""},
        Contradiction{"KeyOfItems", "string shared = 1;", kPlainKind},
        Contradiction{"OurNumber", "string words = 1000;", kPlainKind},
        Contradiction{"TypeOfNoField", "double words = 1;", kPlainKind},
        Contradiction{"ProtectiveText", FIELD("string words", "merge: PROTECTIVE"), kPlainKind},
        Contradiction{"ProtectiveWithoutRanks", FIELD("Heat heat", "merge: PROTECTIVE"),
                      kPlainKind},
        Contradiction{"TwoEnds", FIELD("Ends ends", "merge: PROTECTIVE"), kPlainKind},
        Contradiction{"EndsUnprotected", "Ends ends = 1;", kPlainKind},
        Contradiction{"ZeroMeansSomething", "Zero zero = 1;", kPlainKind},
        Contradiction{"DayOfText", FIELD("string day_of", "form: DAY"), kPlainKind},
        Contradiction{"EntryOfText", FIELD("string about", "form: ENTRY"), kPlainKind},
        Contradiction{"TopicOfBytes", FIELD("bytes about", "form: TOPIC"), kPlainKind},
        Contradiction{"TopicWithoutOne", FIELD("string about", "form: TOPIC"), kPlainKind},
        Contradiction{"ReviewWithoutDay", FIELD("int32 after", "review: true"), kPlainKind},
        Contradiction{"AskedNumber", FIELD("int32 after", "ask: FIRST"), kPlainKind},
        Contradiction{"SetOfOne", FIELD("string words", "merge: SET"), kPlainKind},
        Contradiction{"RepeatedUnset", "repeated string words = 1;", kPlainKind},
        Contradiction{"RepeatedNumber", FIELD("repeated int32 words", "merge: SET"), kPlainKind},
        Contradiction{"DefaultUnknown", FIELD("Heat heat", "default_value: \"mild\""), kPlainKind},
        Contradiction{"DefaultDate",
                      FIELD("int32 until", "form: DAY default_value: \"2027-01-01\""), kPlainKind},
        Contradiction{"DefaultWords", FIELD("string words", "default_value: \"hello\""),
                      kPlainKind},
        Contradiction{"FlagWithBlank", FIELD("bool win", "flag: \"a win\""), kPlainKind},
        Contradiction{"LoosensUnwaited", FIELD("string words", "words_loosen: true"), kPlainKind}),
    [](const auto& each) { return std::string(each.param.name); });
#undef FIELD

TEST(KindTable, TwoKindsShareNeitherNounNorLetter) {
  const std::string tea =
      "message Tea { string words = 1; } message Entry { "
      "Tea a = 5 [(attune.v1.kind) = { noun: \"tea\" letter: \"t\" writer: OWNER "
      "audience: BOTH }]; Tea b = 6 [(attune.v1.kind) = { ";
  const std::string rest = " writer: OWNER audience: BOTH }]; }";
  const Schema noun(tea + "noun: \"tea\" letter: \"u\"" + rest);
  EXPECT_THROW(KindTable{noun.descriptor()}, std::invalid_argument);
  const Schema letter(tea + "noun: \"ale\" letter: \"t\"" + rest);
  EXPECT_THROW(KindTable{letter.descriptor()}, std::invalid_argument);
  const Schema fine(tea + "noun: \"ale\" letter: \"u\"" + rest);
  EXPECT_NO_THROW(KindTable{fine.descriptor()});
}

TEST(KindTable, TheRefusalNamesTheRow) {
  const Schema schema(schema_text("string shared = 1;", kPlainKind));
  try {
    const KindTable table(schema.descriptor());
    FAIL() << "it was taken";
  } catch (const std::invalid_argument& refused) {
    EXPECT_NE(std::string(refused.what()).find("attune.test.Tea.shared"), std::string::npos);
  }
}

}  // namespace
}  // namespace attune
