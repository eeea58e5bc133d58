#pragma once

#include <string>

#include "daemon/sync/events.h"
#include "tests/sim/dice.h"

namespace attune::sim {

/// One line for people who read a trace.
std::string describe(const sync::Input& input);
std::string describe(const sync::Command& command);
std::string describe(const sync::Answer& answer);
std::string describe(Moment at);

}  // namespace attune::sim
