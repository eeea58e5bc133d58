#pragma once

#include <filesystem>
#include <string>

#include "client/wiped.h"

namespace attune::client {

/// Lets the person write in $VISUAL or $EDITOR, in a new file of theirs alone in `folder`, which is
/// overwritten and removed afterwards. The first line, which says what is asked, is dropped. What
/// the editor itself keeps (swap files, undo files) is beyond us: hence it is opt-in. Throws
/// Failure: 2 without an editor, 11 where it failed, 1 where the file cannot be made.
Wiped written_in_editor(const std::string& folder, const std::string& prompt,
                        const std::string& current);

/// Whether the person opted in to it, by `editor = "on"` in this config.toml.
bool editor_wanted(const std::filesystem::path& config);

}  // namespace attune::client
