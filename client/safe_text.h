#pragma once

#include <string>
#include <string_view>

namespace attune::client {

/// Text for a terminal: without control, bidi and invisible formatting characters, so that nobody's
/// words can move the cursor, turn a line around or imitate our own sentences. Line breaks stay;
/// what is not UTF-8 becomes U+FFFD.
std::string safe_text(std::string_view text);
/// The same on one line.
std::string safe_line(std::string_view text);

}  // namespace attune::client
