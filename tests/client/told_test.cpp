#include "client/told.h"

#include <gtest/gtest.h>

#include "client/failure.h"
#include "proto/limits.h"

namespace attune::client {
namespace {

const char* const kSecret = "Zimtschnecke";

std::vector<Question> questions() {
  Question words;
  words.key = "words";
  words.required = true;
  Question why;
  why.key = "why";
  Question feelings;
  feelings.key = "feelings";
  feelings.shape = Shape::kList;
  Question tighter;
  tighter.key = "tighter";
  tighter.shape = Shape::kTruth;
  Question version;
  version.key = "version";
  version.shape = Shape::kVersion;
  std::vector<Question> out;
  for (Question* each : {&words, &why, &feelings, &tighter, &version}) out.push_back(*each);
  return out;
}

Replies told(const std::string& text) { return told_replies(Wiped(text), questions()); }

std::string refusal(const std::string& text, const std::vector<Question>& asked = questions()) {
  try {
    told_replies(Wiped(text), asked);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.ending(), Ending::kUsage);
    EXPECT_EQ(failure.message().find(kSecret), std::string::npos);
    return failure.message();
  }
  ADD_FAILURE() << "it was taken: " << text;
  return {};
}

TEST(Told, FieldsAreThoseOfTheQuestions) {
  const Replies replies =
      told(R"({"words":"a","why":"b","feelings":["c","d"],"tighter":true,"version":"0a"})");
  EXPECT_EQ(replies.at("words").texts.at(0).text(), "a");
  EXPECT_EQ(replies.at("why").texts.at(0).text(), "b");
  EXPECT_EQ(replies.at("feelings").texts.at(1).text(), "d");
  EXPECT_TRUE(replies.at("tighter").truth);
  EXPECT_EQ(replies.at("version").texts.at(0).text(), "0a");
}

TEST(Told, OptionalFieldsMayBeMissingNullOrEmpty) {
  for (const char* text :
       {R"({"words":"a"})", R"({"words":"a","why":null})", R"({"words":"a","why":"  "})",
        R"({"words":"a","feelings":[]})", R"({"words":"a","feelings":[""]})",
        R"({"words":"a","tighter":false})"}) {
    EXPECT_EQ(told(text).size(), 1u) << text;
  }
}

TEST(Told, AnUnknownFieldNamesOnlyTheKnown) {
  EXPECT_EQ(refusal(std::string(R"({"words":"a",")") + kSecret + R"(":"x"})"),
            "An unknown field on standard input. Known are: words, why?, feelings?, tighter?, "
            "version?.");
  refusal(R"({"words":"a","Words":"b"})");
  refusal(std::string(R"({"words":"a","more":")") + kSecret + R"("})");
}

TEST(Told, WhatIsNeededIsNamed) {
  EXPECT_EQ(refusal("{}"), "\"words\" is needed on standard input.");
  refusal(R"({"words":""})");
  refusal(R"({"words":" \n"})");
  refusal(R"({"words":null})");
}

TEST(Told, EachFieldHasItsType) {
  refusal(R"({"words":["Zimtschnecke"]})");
  refusal(R"({"words":{"Zimtschnecke":1}})");
  refusal(R"({"words":1})");
  refusal(R"({"words":"a","feelings":"Zimtschnecke"})");
  refusal(R"({"words":"a","feelings":["x",1]})");
  refusal(R"({"words":"a","tighter":"true"})");
  refusal(R"({"words":"a","version":"Zimtschnecke"})");
}

TEST(Told, OnlyOneObjectWillDo) {
  for (const char* text : {"", " ", "Zimtschnecke", "\"Zimtschnecke\"", "[\"Zimtschnecke\"]", "1",
                           "null", R"({"words":"Zimtschnecke")", R"({"words":"Zimtschnecke"} more)",
                           R"({"words":"a"}{"words":"b"})", "{\"words\":\"\xff\"}"}) {
    refusal(text);
  }
}

TEST(Told, EveryBeginningOfAnObjectIsRefused) {
  const std::string whole = R"({"words":"a","feelings":["b"],"tighter":true})";
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
}

TEST(Told, DeepNestingIsRefusedWithoutHarm) {
  refusal("{\"words\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}");
}

TEST(Told, AtMostOneMebibyteIsRead) {
  const std::string frame = R"({"words":""})";
  const std::string most(limits::kStdinBytesMax - frame.size(), 'x');
  EXPECT_NO_THROW(told(R"({"words":")" + most + R"("})"));
  EXPECT_NE(refusal(R"({"words":")" + most + R"(x"})").find("1 MiB"), std::string::npos);
}

TEST(Told, AListHasALimit) {
  std::string elements;
  for (std::size_t i = 0; i < limits::kListElementsMax; ++i) elements += "\"x\",";
  EXPECT_NO_THROW(
      told(R"({"words":"a","feelings":[)" + elements.substr(0, elements.size() - 1) + "]}"));
  refusal(R"({"words":"a","feelings":[)" + elements + "\"x\"]}");
}

TEST(Told, WhatIsDeeperOrMoreThanAnyAnswerIsRefused) {
  const std::string not_one = "Standard input is not one JSON object.";
  EXPECT_EQ(refusal(R"({"words":"a","feelings":[["x"]]})"), not_one);
  EXPECT_EQ(refusal(R"({"words":"a","other":{"x":{}}})"), not_one);
  EXPECT_EQ(refusal(std::string(100'000, '[')), not_one);
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(refusal(objects), not_one);
  std::string list = R"({"words":"a","feelings":[0)";
  for (int i = 0; i < 10'000; ++i) list += ",0";
  EXPECT_EQ(refusal(list + "]}"), not_one);
}

TEST(Told, CutAnywhereOrWithAFlippedBitItIsRefusedOrAnotherObject) {
  const std::string whole = R"({"words":"No calls","feelings":["calm"]})";
  told(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(told(whole.substr(0, size)), Failure) << size;
  }
  EXPECT_THROW(told(whole + '}'), Failure);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string other = whole;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    try {
      EXPECT_NE(told(other).at("words").texts.size(), 0u);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.ending(), Ending::kUsage);
    }
  }
}

TEST(Told, WhereNothingIsAskedNothingMayCome) {
  EXPECT_TRUE(told_replies(Wiped(), {}).empty());
  EXPECT_TRUE(told_replies(Wiped("{}"), {}).empty());
  EXPECT_EQ(refusal(R"({"words":"a"})", {}), "This command takes no fields on standard input.");
}

TEST(Told, NullAndEmptyClearWhereThatIsPossible) {
  Question why;
  why.key = "why";
  why.clearable = true;
  for (const char* text : {R"({"why":null})", R"({"why":""})"}) {
    EXPECT_TRUE(told_replies(Wiped(text), {why}).at("why").cleared) << text;
  }
}

}  // namespace
}  // namespace attune::client
