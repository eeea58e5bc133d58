#include <gtest/gtest.h>

#include <algorithm>

#include "attune/v1/entry.pb.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "proto/time.h"

namespace attune {
namespace {

Bytes serialised(const google::protobuf::Message& message) {
  const std::string text = message.SerializeAsString();
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

Bytes sample() {
  v1::Journal journal;
  journal.set_words("the sea");
  journal.add_feelings("calm");
  journal.add_feelings("tired");
  journal.set_template_(v1::TEMPLATE_MOMENT);
  return serialised(journal);
}

const FieldRow& field(std::string_view noun, std::string_view name) {
  return *KindTable::standard().named(noun)->field_named(name);
}

Bytes text_field(const FieldRow& row, std::string_view text) {
  return wire_field(row.number, as_bytes(text));
}

TEST(SplitMessage, GivesEachOccurrenceWithItsBytes) {
  const Bytes message = sample();
  const auto fields = split_message(message);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 4u);
  EXPECT_EQ((*fields)[0].number, 1u);
  EXPECT_EQ(as_text(*wire_content((*fields)[2].bytes)), "tired");
  EXPECT_EQ(wire_varint((*fields)[3].bytes), 1u);
  Bytes joined;
  for (const WireField& each : *fields) append(joined, each.bytes);
  EXPECT_EQ(joined, message);
}

TEST(SplitMessage, AnEmptyMessageHasNoFields) {
  const auto fields = split_message({});
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->empty());
}

TEST(SplitMessage, CutAnywhereButBetweenFieldsIsRefused) {
  const Bytes message = sample();
  std::vector<std::size_t> seams = {0};
  const auto fields = split_message(message);
  ASSERT_TRUE(fields);
  for (const WireField& each : *fields) seams.push_back(seams.back() + each.bytes.size());
  for (std::size_t size = 0; size <= message.size(); ++size) {
    const bool seam = std::find(seams.begin(), seams.end(), size) != seams.end();
    EXPECT_EQ(split_message(ByteView(message).first(size)).has_value(), seam) << size;
  }
}

TEST(SplitMessage, AFlippedBitIsReadAsOtherFieldsOrRefusedButNeverLosesBytes) {
  const Bytes message = sample();
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    Bytes flipped = message;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << bit % 8);
    const auto fields = split_message(flipped);
    if (!fields) continue;
    Bytes joined;
    for (const WireField& each : *fields) append(joined, each.bytes);
    EXPECT_EQ(joined, flipped) << bit;
  }
}

TEST(SplitMessage, GroupsZeroNumbersAndUnknownWireTypesAreRefused) {
  EXPECT_FALSE(split_message(Bytes{1 << 3 | 3, 1 << 3 | 4}));
  EXPECT_FALSE(split_message(Bytes{1 << 3 | 4}));
  EXPECT_FALSE(split_message(Bytes{1 << 3 | 6, 0}));
  EXPECT_FALSE(split_message(Bytes{1 << 3 | 7, 0}));
  EXPECT_FALSE(split_message(Bytes{0, 0}));
}

TEST(SplitMessage, ALengthBeyondTheEndIsRefused) {
  EXPECT_FALSE(split_message(Bytes{1 << 3 | 2, 2, 'a'}));
  Bytes huge = {1 << 3 | 2};
  append_leb(huge, ~std::uint64_t{0});
  EXPECT_FALSE(split_message(huge));
}

TEST(SplitMessage, AVarintHasOneForm) {
  EXPECT_TRUE(split_message(Bytes{1 << 3, 1}));
  EXPECT_FALSE(split_message(Bytes{1 << 3, 0x81, 0}));
  EXPECT_FALSE(split_message(Bytes{0x88, 0, 1}));
}

TEST(SplitMessage, FixedNumbersAreKeptWhole) {
  const Bytes message = {1 << 3 | 5, 1, 2, 3, 4, 2 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8};
  const auto fields = split_message(message);
  ASSERT_TRUE(fields);
  EXPECT_EQ((*fields)[0].wire_type, 5u);
  EXPECT_EQ((*fields)[1].bytes.size(), 9u);
}

TEST(SplitMessage, HoldsItsCounts) {
  Bytes repeated;
  for (std::size_t i = 0; i < limits::kListElementsMax; ++i) append(repeated, wire_field(1, 1));
  EXPECT_TRUE(split_message(repeated));
  append(repeated, wire_field(1, 1));
  EXPECT_FALSE(split_message(repeated));
  Bytes distinct;
  for (std::uint32_t i = 1; i <= limits::kFieldsPerOpMax; ++i) append(distinct, wire_field(i, 1));
  EXPECT_TRUE(split_message(distinct));
  append(distinct, wire_field(limits::kFieldsPerOpMax + 1, 1));
  EXPECT_FALSE(split_message(distinct));
}

TEST(SplitMessage, FieldNumbersEndWhereProtobufEndsThem) {
  EXPECT_TRUE(split_message(wire_field((1u << 29) - 1, 1)));
  EXPECT_FALSE(split_message(wire_field(1u << 29, 1)));
}

TEST(WireField, IsWhatProtobufWrites) {
  v1::Journal journal;
  journal.set_words("the sea");
  EXPECT_EQ(wire_field(1, as_bytes("the sea")), serialised(journal));
  v1::Pause pause;
  pause.set_revisit(-3);
  EXPECT_EQ(wire_field(3, static_cast<std::uint64_t>(std::int64_t{-3})), serialised(pause));
}

TEST(WireField, ContentAndVarintRefuseEachOtherAndTrailingBytes) {
  Bytes number = wire_field(4, 300);
  Bytes content = wire_field(4, as_bytes("abc"));
  EXPECT_EQ(wire_varint(number), 300u);
  EXPECT_FALSE(wire_content(number));
  EXPECT_FALSE(wire_varint(content));
  for (std::size_t size = 0; size < number.size(); ++size) {
    EXPECT_FALSE(wire_varint(ByteView(number).first(size))) << size;
  }
  for (std::size_t size = 0; size < content.size(); ++size) {
    EXPECT_FALSE(wire_content(ByteView(content).first(size))) << size;
  }
  number.push_back(0);
  content.push_back(0);
  EXPECT_FALSE(wire_varint(number));
  EXPECT_FALSE(wire_content(content));
}

TEST(Fits, TextUpToItsLimitInWholeCharacters) {
  const FieldRow& words = field("journal", "words");
  EXPECT_TRUE(fits(words, text_field(words, "")));
  EXPECT_TRUE(fits(words, text_field(words, std::string(limits::kWordsBytesMax, 'a'))));
  EXPECT_FALSE(fits(words, text_field(words, std::string(limits::kWordsBytesMax + 1, 'a'))));
  const FieldRow& feelings = field("journal", "feelings");
  EXPECT_TRUE(fits(feelings, text_field(feelings, std::string(limits::kShortBytesMax, 'a'))));
  EXPECT_FALSE(fits(feelings, text_field(feelings, std::string(limits::kShortBytesMax + 1, 'a'))));
}

TEST(Fits, OnlyTheFieldItsNumberNames) {
  EXPECT_FALSE(fits(field("journal", "words"), text_field(field("journal", "feelings"), "calm")));
  EXPECT_FALSE(fits(field("journal", "words"), wire_field(1, 5)));
  EXPECT_FALSE(fits(field("journal", "words"), {}));
}

TEST(Fits, TextIsUtf8) {
  const FieldRow& words = field("journal", "words");
  for (const char* good :
       {"caf\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x9f\x8c\x8a",
        "\xf4\x8f\xbf\xbf", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}) {
    EXPECT_TRUE(fits(words, text_field(words, good))) << good;
  }
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xe2\x82", "\xed\xa0\x80",
                          "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xff", "a\xf0\x9f\x8c", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(fits(words, text_field(words, bad))) << to_hex(as_bytes(bad));
  }
}

TEST(Fits, DaysWithinTheCalendar) {
  const FieldRow& review = field("boundary", "review");
  const auto last = static_cast<std::uint64_t>(parse_day("9999-12-31")->days);
  EXPECT_TRUE(fits(review, wire_field(review.number, 0)));
  EXPECT_TRUE(fits(review, wire_field(review.number, last)));
  EXPECT_FALSE(fits(review, wire_field(review.number, last + 1)));
  EXPECT_FALSE(fits(review, wire_field(review.number, ~std::uint64_t{0})));
  EXPECT_FALSE(fits(review, text_field(review, "2027-01-01")));
}

TEST(Fits, AnEntryIsALetterAndItsId) {
  const FieldRow& about = field("thanks", "about");
  EXPECT_TRUE(fits(about, text_field(about, "b" + std::string(16, '\xff'))));
  EXPECT_FALSE(fits(about, text_field(about, std::string(16, '\xff'))));
  EXPECT_FALSE(fits(about, text_field(about, "b" + std::string(15, '\xff'))));
  EXPECT_FALSE(fits(about, text_field(about, "b" + std::string(17, '\xff'))));
  EXPECT_FALSE(fits(about, text_field(about, "B" + std::string(16, '\xff'))));
}

TEST(Fits, ATopicIsOneWord) {
  const FieldRow& about = field("pause", "about");
  for (const char* good : {"all", "boundary", "b-0123456789abcdefghjkmnpqrs"}) {
    EXPECT_TRUE(fits(about, text_field(about, good))) << good;
  }
  for (const char* bad : {"", "two words", "ALL", "caf\xc3\xa9", "a\n"}) {
    EXPECT_FALSE(fits(about, text_field(about, bad))) << bad;
  }
  EXPECT_FALSE(fits(about, text_field(about, std::string(limits::kShortBytesMax + 1, 'a'))));
}

TEST(Fits, ANewerValueButNeitherNothingNorANegativeOne) {
  const FieldRow& firmness = field("boundary", "firmness");
  EXPECT_TRUE(fits(firmness, wire_field(firmness.number, 3)));
  EXPECT_TRUE(fits(firmness, wire_field(firmness.number, 99)));
  EXPECT_FALSE(fits(firmness, wire_field(firmness.number, 0)));
  EXPECT_FALSE(fits(firmness, wire_field(firmness.number, std::uint64_t{1} << 31)));
  EXPECT_FALSE(fits(firmness, wire_field(firmness.number, ~std::uint64_t{0})));
}

TEST(Fits, ATruthIsOneOrZero) {
  const FieldRow& win = field("thanks", "win");
  EXPECT_TRUE(fits(win, wire_field(win.number, 0)));
  EXPECT_TRUE(fits(win, wire_field(win.number, 1)));
  EXPECT_FALSE(fits(win, wire_field(win.number, 2)));
}

}  // namespace
}  // namespace attune
