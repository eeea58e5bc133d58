#pragma once

#include <map>
#include <optional>

#include "proto/ids.h"

namespace attune::couple {

/// Who is who: this person, the partner where there is one, and whose each known device is.
/// Value type. Source: docs/protocol.md, People.
struct People {
  PersonId me;
  std::optional<PersonId> partner;
  CoupleId couple;  ///< zero until the first pairing
  std::map<DeviceId, PersonId> devices;

  [[nodiscard]] std::optional<PersonId> person(const DeviceId& device) const {
    auto it = devices.find(device);
    if (it == devices.end()) return std::nullopt;
    return it->second;
  }
};

}  // namespace attune::couple
