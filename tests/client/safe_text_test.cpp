#include "client/safe_text.h"

#include <gtest/gtest.h>

#include "client/normal_form.h"

namespace attune::client {
namespace {

TEST(SafeText, KeepsWordsOfEveryScript) {
  for (const char* text : {"plain", "caf\xc3\xa9", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
                           "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", "two\nlines"}) {
    EXPECT_EQ(safe_text(text), text);
  }
}

TEST(SafeText, DropsControlsBidiAndInvisibleMarks) {
  for (const char* mark :
       {"\x1b", "\x07", "\x08", "\r", "\x7f", "\xc2\x80", "\xc2\x9b", "\xd8\x9c", "\xe2\x80\x8b",
        "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6",
        "\xe2\x81\xa9", "\xef\xbb\xbf", "\xf3\xa0\x80\xa1"}) {
    EXPECT_EQ(safe_text(std::string("a") + mark + "b"), "ab");
  }
  EXPECT_EQ(safe_text(std::string("a\0b", 3)), "ab");
}

TEST(SafeText, WhatIsNoTextIsMarked) {
  EXPECT_EQ(safe_text("a\xff"
                      "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(safe_text("a\xe2\x80"), "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(SafeText, ALineIsOneLine) {
  EXPECT_EQ(safe_line("a\nb\xe2\x80\xa8"
                      "c\td"),
            "a b c d");
}

TEST(NormalForm, ComposesAndLeavesTheRest) {
  EXPECT_EQ(to_nfc(Wiped("cafe\xcc\x81")).text(), "caf\xc3\xa9");
  EXPECT_EQ(to_nfc(Wiped("caf\xc3\xa9")).text(), "caf\xc3\xa9");
  EXPECT_EQ(to_nfc(Wiped("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab")).text(), "\xed\x95\x9c");
  EXPECT_EQ(to_nfc(Wiped("\xff no text")).text(), "\xff no text");
  EXPECT_EQ(to_nfc(Wiped()).text(), "");
  EXPECT_EQ(to_nfc(Wiped("  spaces stay  ")).text(), "  spaces stay  ");
}

TEST(Wiped, MovesAndLeavesNothing) {
  Wiped one(std::string(100, 'x'));
  const Wiped two(std::move(one));
  EXPECT_EQ(two.text().size(), 100u);
  std::string text(100, 'x');
  text.resize(3);
  wipe(text);
  EXPECT_TRUE(text.empty());
  static_assert(!std::is_copy_constructible_v<Wiped> && !std::is_copy_assignable_v<Wiped>);
}

}  // namespace
}  // namespace attune::client
