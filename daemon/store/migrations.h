#pragma once

#include <cstdint>

#include "daemon/store/sqlite.h"

namespace attune::store {

/// `attn`, in the file's header: this is a store of ours.
inline constexpr std::uint32_t kApplicationId = 0x6174746e;
/// The newest form of the file that this program knows. Numbers are for ever.
inline constexpr std::uint32_t kStoreVersion = 2;

/// The version of the file, from its header alone; nothing is created, locked or changed. kDamaged
/// for what is no store and for version 1, which no release ever wrote; kNewer for a version this
/// program doesn't know.
std::uint32_t read_version(const std::filesystem::path& file);

/// Takes an open file to kStoreVersion, one transaction a step; a new, empty file counts as version
/// 0. kNewer where the log holds a version that the header did not show yet.
void migrate(Database& database);

/// kDamaged unless the file holds exactly the table of kStoreVersion (no index keeps copies, no
/// trigger waits) and its pages fit together, so that writing to it can't harm what reading didn't
/// touch.
void check_structure(const Database& database);

}  // namespace attune::store
