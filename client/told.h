#pragma once

#include <vector>

#include "client/question.h"

namespace attune::client {

/// Reads what `--stdin` brought: one JSON object whose fields are the questions' keys. An optional
/// field may be missing, null or empty. Throws Failure (2) for anything else; it names only fields
/// that are known, never one that came. `text` is wiped. Where nothing is asked, blank input is
/// fine too.
Replies told_replies(Wiped text, const std::vector<Question>& questions);

}  // namespace attune::client
