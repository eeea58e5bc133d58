#pragma once

#include <filesystem>
#include <optional>

#include "daemon/store/slot.h"
#include "daemon/store/store_error.h"

namespace attune::store {

/// The key slot on disk, in two copies (`keys.1`, `keys.2`) in the store's folder. Each copy is
/// replaced by temporary file, fsync, rename, fsync of the folder, and the bytes it replaces are
/// overwritten. The first copy decides where both are whole and differ, so a change of passphrase
/// that is cut short is either done or not begun. Hashes nothing itself: read() gives cost and
/// salt, the caller hashes, open_slot() unwraps. Value type; the folder exists. One thread. Throws
/// StoreError everywhere.
class Vault {
 public:
  explicit Vault(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// nullopt where no copy exists: no store was set up here. kDamaged where no copy is whole,
  /// kNewer where one is of a newer version. Writes nothing.
  [[nodiscard]] std::optional<Slot> read() const;

  /// Makes both copies this slot, durably: a new store's first slot, or a new passphrase. When it
  /// throws the old slot or the new one is in force, never neither. The last act of an init: from
  /// then on what Store::create made is kept.
  void write(const Slot& slot);

  /// After open_slot() has opened `slot`: a copy that is missing, damaged or other than it is
  /// written again.
  void repair(const Slot& slot);

  /// Overwrites and removes every copy, which nothing undoes: the records are noise from then on.
  /// Then removes the store's own files. Works on whatever is left of a folder, and again after a
  /// crash; the Store is closed first.
  void wipe();

 private:
  std::filesystem::path folder_;
};

}  // namespace attune::store
