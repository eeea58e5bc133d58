#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attune::client {

/// Insertions, deletions, replacements and swaps of neighbours between two words.
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The name that a mistyped one most likely meant; empty where none is near: a third of its
/// letters, two at most, or a prefix of three letters.
std::string nearest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace attune::client
