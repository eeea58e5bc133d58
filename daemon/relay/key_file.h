#pragma once

#include <filesystem>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "daemon/net/fd.h"

namespace attune::relay {

/// Makes the folder (0700) where it is missing, and holds it for this process: throws BadConfig
/// where another relay holds it, std::system_error where it cannot be made.
net::Fd hold_folder(const std::filesystem::path& folder);

/// The relay's X25519 key, 32 bytes in the file `key` of the folder (0600). Made, durably, where it
/// is missing: devices pin it, so it must never change. Throws BadConfig where the file is not what
/// it should be, std::system_error.
crypto::KeyPair load_key(const std::filesystem::path& folder, crypto::Random& random);

}  // namespace attune::relay
