#include "tests/house/manners.h"

#include <gtest/gtest.h>

namespace attune::house {
namespace {

std::vector<SourceFile> one(std::string path, std::string text) {
  return {{std::move(path), std::move(text)}};
}

std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "x\n";
  return text;
}

TEST(Files, HaveSixHundredLinesAtMost) {
  EXPECT_EQ(long_files(one("client/ask.cpp", lines(600))), Faults{});
  EXPECT_EQ(long_files(one("client/ask.cpp", lines(601))).size(), 1u);
  EXPECT_EQ(long_files(one("proto/attune/v1/entry.proto", lines(601))).size(), 1u);
}

TEST(Lines, HaveAHundredColumnsAtMost) {
  const std::string full(100, 'x');
  EXPECT_EQ(long_lines(one("client/ask.h", full + "\n" + full)), Faults{});
  EXPECT_EQ(long_lines(one("client/ask.h", "\n" + full + "x\n")),
            Faults{"client/ask.h:2: 101 columns"});
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "\xc3\xa9";
  EXPECT_EQ(long_lines(one("client/ask.h", accents)), Faults{});
}

TEST(Names, AreNoDrawers) {
  for (const char* path : {"daemon/util.h", "daemon/net/link_manager.cpp", "client/helpers.cpp",
                           "tests/common/world.h", "proto/frame-handler.cpp"}) {
    EXPECT_EQ(drawer_names(one(path, "")).size(), 1u) << path;
  }
  for (const char* text : {"class LinkManager {", "struct Helper;", "enum class CommonThing {",
                           "using Utils = int;", "message FrameHandler {"}) {
    EXPECT_EQ(drawer_names(one("daemon/net/lan.h", text)).size(), 1u) << text;
  }
}

TEST(Names, MayContainTheLettersOfADrawer) {
  EXPECT_EQ(drawer_names(one("daemon/sync/commonest.h", "struct Utilisation {};")), Faults{});
  EXPECT_EQ(drawer_names(one("daemon/net/lan.h", "#include <utility>  // class Helper")), Faults{});
}

TEST(Marks, OfUnfinishedWorkAreFaults) {
  for (const std::string& mark :
       {std::string("TEST(A, DIS") + "ABLED_B)", std::string("GTEST_") + "SKIP();",
        std::string("std::this_thread::sleep") + "_for(1s);", std::string("usl") + "eep(10);",
        std::string("// TO") + "DO", std::string("// FIX") + "ME", std::string("// XX") + "X"}) {
    EXPECT_EQ(unfinished_marks(one("tests/net/lan_test.cpp", mark)).size(), 1u) << mark;
  }
  EXPECT_EQ(unfinished_marks(one("tests/net/lan_test.cpp", "mkdtemp(\"/tmp/XXXXXX\");")), Faults{});
}

TEST(TopLevel, IsWhatTheArchitectureNames) {
  const std::vector<std::string> whole = {".git",       "CMakeLists.txt", "CMakePresets.json",
                                          "LICENSE",    "README.md",      "build",
                                          "build-asan", "client",         "crypto",
                                          "daemon",     "docs",           "packaging",
                                          "proto",      "tests"};
  EXPECT_EQ(wrong_top(whole), Faults{});
  std::vector<std::string> more = whole;
  more.push_back("scripts");
  EXPECT_EQ(wrong_top(more).size(), 1u);
  std::vector<std::string> fewer = whole;
  std::erase(fewer, "LICENSE");
  EXPECT_EQ(wrong_top(fewer).size(), 1u);
}

TEST(Labels, StandOnce) {
  const std::string first = "inline constexpr auto kDevice = \"dev\"sv;\n";
  EXPECT_EQ(repeated_labels({"crypto/labels.h", first}), Faults{});
  EXPECT_EQ(
      repeated_labels({"crypto/labels.h", first + "inline constexpr auto kOther = \"dev\"sv;"})
          .size(),
      1u);
  EXPECT_EQ(
      repeated_labels({"crypto/labels.h", first + "inline constexpr auto kDevice = \"d2\"sv;"})
          .size(),
      1u);
  EXPECT_EQ(repeated_labels({"crypto/labels.h", first + "inline constexpr int kDepth = 3;"}).size(),
            1u);
  EXPECT_EQ(repeated_labels({"crypto/labels.h", "// nothing"}).size(), 1u);
}

TEST(Limits, AreOneLineEach) {
  const std::string good =
      "#pragma once\n\n#include <chrono>\n\nnamespace attune::limits {\n"
      "inline constexpr std::size_t kOpBytesMax = 16'384;  // an op as it travels\n"
      "inline constexpr std::chrono::seconds kQrLife = 120s;\n}  // namespace attune::limits\n";
  EXPECT_EQ(broken_limits({"proto/limits.h", good}), Faults{});
  for (const char* more :
       {"inline constexpr std::size_t kTwo =", "    4 * kOpBytesMax;", "struct Limit {",
        "inline constexpr int kA = 1; inline constexpr int kB = 2;", "inline int kLoose = 3;",
        "inline constexpr std::size_t kOpBytesMax = 1;"}) {
    EXPECT_EQ(broken_limits({"proto/limits.h", good + more}).size(), 1u) << more;
  }
}

TEST(KindRows, SayWhatEveryKindMustSay) {
  const std::string field = "  string words = 1 [(field) = { ask: FIRST }];\n";
  const std::string row =
      "  Boundary boundary = 10 [(kind) = { noun: \"boundary\" letter: \"b\" writer: OWNER\n"
      "    audience: CHOSEN }];\n";
  EXPECT_EQ(incomplete_rows({"entry.proto", field + row}), Faults{});
  EXPECT_EQ(incomplete_rows({"entry.proto", field}).size(), 1u);
  EXPECT_EQ(incomplete_rows({"entry.proto", row + row}).size(), 2u);  // noun and letter
  EXPECT_EQ(incomplete_rows({"entry.proto", row + "  int32 day = 3;\n"}).size(), 1u);
  EXPECT_EQ(incomplete_rows({"entry.proto", row + "  repeated string by = 3;\n"}).size(), 1u);
  for (const char* part :
       {"noun: \"boundary\"", "letter: \"b\"", "writer: OWNER", "audience: CHOSEN"}) {
    std::string missing = row;
    missing.erase(missing.find(part), std::string_view(part).size());
    EXPECT_EQ(incomplete_rows({"entry.proto", missing}).size(), 1u) << part;
  }
}

}  // namespace
}  // namespace attune::house
