#pragma once

#include <string>
#include <vector>

#include "client/console.h"
#include "proto/kind_table.h"

namespace attune::client {

/// One run of `attune` with the arguments after its name: asks what is needed, asks the daemon,
/// prints the answer. Gives the exit status. The only place where a Failure is caught.
int run(const std::vector<std::string>& arguments, const KindTable& kinds, Console& console);

}  // namespace attune::client
