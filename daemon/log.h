#pragma once

#include <string>

namespace attune {

/// Starts logging to standard error at `level` (error, warn, info, debug). Lines are the name of an
/// event and counts: nothing of the couple, no id of an entry, no address, no time where systemd
/// adds its own.
void start_log(const std::string& level);

}  // namespace attune
