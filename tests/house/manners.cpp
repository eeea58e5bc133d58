#include "tests/house/manners.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>
#include <set>

namespace attune::house {
namespace {

std::string place(const SourceFile& file, std::size_t line) {
  return file.path + ':' + std::to_string(line) + ": ";
}

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// `FrameStream` and `frame_stream.h` both give `frame`, `stream` (and `h`).
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) == 0 || std::isupper(letter) != 0) words.emplace_back();
    if (std::isalnum(letter) != 0) words.back() += static_cast<char>(std::tolower(letter));
  }
  return words;
}

bool is_drawer(std::string_view name) {
  static const std::set<std::string> kDrawers = {"util",     "utils",   "utility",  "utilities",
                                                 "common",   "helper",  "helpers",  "manager",
                                                 "managers", "handler", "handlers", "misc"};
  return std::ranges::any_of(words_of(name),
                             [](const std::string& word) { return kDrawers.contains(word); });
}

}  // namespace

Faults long_files(std::span<const SourceFile> tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    const std::size_t lines = file.lines().size();
    if (file.is_code() && lines > kFileLinesMax) {
      faults.push_back(file.path + ": " + std::to_string(lines) + " lines; it holds two nouns");
    }
  }
  return faults;
}

Faults long_lines(std::span<const SourceFile> tree) {
  Faults faults;
  for (const SourceFile& file : tree) {
    if (!file.is_code()) continue;
    std::size_t number = 0;
    for (std::string_view line : file.lines()) {
      ++number;
      if (const std::size_t width = columns(line); width > kLineColumnsMax) {
        faults.push_back(place(file, number) + std::to_string(width) + " columns");
      }
    }
  }
  return faults;
}

Faults drawer_names(std::span<const SourceFile> tree) {
  static const std::regex kType(
      R"re(\b(class|struct|enum|union|message|concept|using)\s+(?:class\s+)?([A-Za-z_]\w*))re");
  static const std::regex kText(R"re("[^"]*")re");
  Faults faults;
  for (const SourceFile& file : tree) {
    if (is_drawer(file.path)) faults.push_back(file.path + ": name it after the noun it holds");
    if (!file.is_code()) continue;
    std::size_t number = 0;
    for (std::string_view line : file.lines()) {
      ++number;
      const std::string code = std::regex_replace(std::string(without_comment(line)), kText, "");
      for (std::sregex_iterator at(code.begin(), code.end(), kType), end; at != end; ++at) {
        if (is_drawer(at->str(2))) {
          faults.push_back(place(file, number) + at->str(2) + " says nothing about what it is");
        }
      }
    }
  }
  return faults;
}

Faults unfinished_marks(std::span<const SourceFile> tree) {
  // Each in two parts, so that this file is not its own fault. The last three as whole words only:
  // a template for mkdtemp ends in six of the third's letters.
  static const std::regex kMarks(std::string("DIS") + "ABLED_|GTEST_" + "SKIP|sleep" +
                                 "_for|sleep" + "_until|\\b(u|nano)?sle" + "ep\\s*\\(|\\b(TO" +
                                 "DO|FIX" + "ME|XX" + "X)\\b");
  Faults faults;
  for (const SourceFile& file : tree) {
    std::size_t number = 0;
    for (std::string_view line : file.lines()) {
      ++number;
      const std::string text(line);
      std::smatch match;
      if (std::regex_search(text, match, kMarks)) {
        faults.push_back(place(file, number) + match.str());
      }
    }
  }
  return faults;
}

Faults wrong_top(std::span<const std::string> names) {
  static const std::set<std::string> kAllowed = {"CMakeLists.txt", "CMakePresets.json",
                                                 "LICENSE",        "README.md",
                                                 "client",         "crypto",
                                                 "daemon",         "docs",
                                                 "packaging",      "proto",
                                                 "tests",          "compile_commands.json"};
  static const std::array<std::string, 8> kNeeded = {
      "CMakeLists.txt", "LICENSE", "client", "crypto", "daemon", "packaging", "proto", "tests"};
  Faults faults;
  for (const std::string& name : names) {
    const bool built = name == "build" || name.starts_with("build-");
    if (!kAllowed.contains(name) && !name.starts_with('.') && !built) {
      faults.push_back(name + ": the top level is fixed");
    }
  }
  for (const std::string& name : kNeeded) {
    if (std::ranges::find(names, name) == names.end()) faults.push_back(name + ": is missing");
  }
  return faults;
}

Faults repeated_labels(const SourceFile& labels) {
  static const std::regex kLabel(R"re(constexpr auto (\w+) =\s*"([^"]*)"sv;)re");
  static const std::regex kConstant("constexpr");
  Faults faults;
  std::set<std::string> names;
  std::set<std::string> values;
  const std::string& text = labels.text;
  const std::sregex_iterator end;
  std::ptrdiff_t count = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), kLabel); at != end; ++at, ++count) {
    const std::string name = at->str(1);
    const std::string value = at->str(2);
    if (!names.insert(name).second) faults.push_back(labels.path + ": " + name + " again");
    if (!values.insert(value).second) {
      faults.push_back(labels.path + ": the label \"" + value + "\" again");
    }
  }
  if (count == 0 ||
      count != std::distance(std::sregex_iterator(text.begin(), text.end(), kConstant), end)) {
    faults.push_back(labels.path + ": a constant is no label of the usual form");
  }
  return faults;
}

Faults broken_limits(const SourceFile& limits) {
  static const std::regex kLimit(R"re(^inline constexpr [\w:]+ (k\w+) = [^;{}]+;\s*$)re");
  static const std::regex kFrame(
      R"re(^(#pragma once|#include [<"].*|namespace .*\{|\}.*|using namespace [\w:]+;|\s*)$)re");
  Faults faults;
  std::set<std::string> names;
  std::size_t number = 0;
  for (std::string_view line : limits.lines()) {
    ++number;
    const std::string code(without_comment(line));
    std::smatch match;
    if (std::regex_match(code, match, kLimit)) {
      const std::string name = match.str(1);
      if (!names.insert(name).second) faults.push_back(place(limits, number) + name + " again");
    } else if (!std::regex_match(code, kFrame)) {
      faults.push_back(place(limits, number) + "is not one limit on one line");
    }
  }
  if (names.empty()) faults.push_back(limits.path + ": holds no limit");
  return faults;
}

namespace {

// The text between the braces of each `(kind) = {...}`.
std::vector<std::string> rows_of(const std::string& text) {
  std::vector<std::string> rows;
  const std::string_view kStart = "(kind) = {";
  for (auto at = text.find(kStart); at != std::string::npos; at = text.find(kStart, at)) {
    at += kStart.size();
    rows.push_back(text.substr(at, text.find('}', at) - at));
  }
  return rows;
}

std::string value_of(const std::string& row, const std::string& key) {
  std::smatch match;
  const std::regex value("\\b" + key + R"re(:\s*"?([\w-]+))re");
  return std::regex_search(row, match, value) ? match.str(1) : std::string();
}

void check_row(const std::string& row, std::set<std::string>& seen, Faults& faults) {
  for (const char* key : {"noun", "letter", "writer", "audience"}) {
    const std::string value = value_of(row, key);
    const bool single = std::string_view(key) == "noun" || std::string_view(key) == "letter";
    if (value.empty()) {
      faults.push_back("a kind's row has no " + std::string(key) + ": " + row);
    } else if (single && !seen.insert(std::string(key) + ' ' + value).second) {
      faults.push_back("two kinds have the " + std::string(key) + ' ' + value);
    }
  }
}

}  // namespace

Faults incomplete_rows(const SourceFile& entry_proto) {
  static const std::set<std::string> kKept = {"id",     "kind",    "state",  "by",  "day",
                                              "shared", "version", "rivals", "hash"};
  static const std::regex kField(R"re(^\s*(?:repeated |optional )?[\w.]+ (\w+) = \d+)re");
  Faults faults;
  std::size_t number = 0;
  for (std::string_view line : entry_proto.lines()) {
    ++number;
    const std::string code(without_comment(line));
    std::smatch match;
    if (std::regex_search(code, match, kField) && kKept.contains(match.str(1))) {
      faults.push_back(place(entry_proto, number) + "JSON keeps the name " + match.str(1));
    }
  }
  std::set<std::string> seen;
  const std::vector<std::string> rows = rows_of(entry_proto.text);
  for (const std::string& row : rows) check_row(row, seen, faults);
  if (rows.empty()) faults.push_back(entry_proto.path + ": holds no kind");
  return faults;
}

}  // namespace attune::house
