#pragma once

#include <string>

#include "client/command_line.h"

namespace attune::client {

/// The page that an invocation asks for: of its command, of a noun or topic, or all commands.
/// Throws Failure (2) for an unknown topic, with the nearest.
std::string help_text(const Invocation& invocation, const KindTable& kinds);

}  // namespace attune::client
