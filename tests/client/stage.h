#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "proto/kind_table.h"

namespace attune::client {

/// What a run of the client left behind.
struct Ended {
  int code = 0;
  std::string out;
  std::string err;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
  [[nodiscard]] nlohmann::json error() const { return nlohmann::json::parse(err).at("error"); }
};

/// Runs the client in this process without a terminal; `told` is its standard input.
Ended run_client(const std::vector<std::string>& arguments, const std::string& told = {},
                 const KindTable& kinds = KindTable::standard());

/// One exchange at a terminal: when `prompt` has appeared there, `typed` is typed.
struct Line {
  std::string prompt;
  std::string typed;
};
/// Runs the client at a terminal of its own with a person who types those lines, then hangs up.
/// `out` is everything that the terminal showed; `err` stays empty. With `out_apart` the client's
/// standard output goes elsewhere and is `out`, and `err` is what the terminal showed.
Ended run_at_terminal(const std::vector<std::string>& arguments, const std::vector<Line>& lines,
                      bool out_apart = true, const KindTable& kinds = KindTable::standard());

}  // namespace attune::client
