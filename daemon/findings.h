#pragma once

#include <vector>

#include "daemon/sync/commands.h"
#include "proto/home.h"

namespace attune {

/// What `doctor` can see of this machine, each check by its name: `home-folder`, `control-socket`,
/// `disk-space`, `lan-listener`, `clock`. Reads only.
struct Watched {
  int lan_listener = -1;
  int control_listener = -1;
};
std::vector<sync::Finding> look_around(const Home& home, const Watched& watched);

}  // namespace attune
