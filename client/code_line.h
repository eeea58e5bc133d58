#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/console.h"

namespace attune::client {

/// Reads a spoken code from the terminal; Tab completes its words. nullopt at end of input.
std::optional<Wiped> read_code_line(Console& console, const std::string& prompt);

/// What Tab offers after `typed`, the line so far: whole lines, each with one more word.
std::vector<std::string> code_completions(const std::string& typed);

}  // namespace attune::client
