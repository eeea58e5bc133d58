#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/verbs.h"

namespace attune::client {

/// The flags that stand anywhere on the line.
struct Options {
  std::optional<std::string> home;
  bool json = false;
  bool plain = false;
  bool no_input = false;
  bool no_color = false;
  bool quiet = false;
  bool yes = false;
  bool from_stdin = false;
  bool help = false;
  bool version = false;
};

/// One command as it was typed, checked against its verb: every value is one that the verb knows,
/// every id has an id's form. Points into the KindTable.
struct Invocation {
  Options options;
  Verb verb;
  std::string argument;                      ///< empty: none was given
  std::map<std::string, std::string> flags;  ///< those given, with their value

  [[nodiscard]] bool has(const std::string& flag) const { return flags.contains(flag); }
};

/// Reads the arguments after the program's name. Throws Failure (2), which never repeats one: an
/// argument may be somebody's words. The table outlives the Invocation.
Invocation parse_command_line(const std::vector<std::string>& arguments, const KindTable& kinds);

/// Whether `--json` stands on the line, even on one that cannot be read.
bool wants_json(const std::vector<std::string>& arguments);

}  // namespace attune::client
