#pragma once

#include <stdexcept>
#include <string>

namespace attune::store {

/// What went wrong with the files, as far as somebody else can act on it.
enum class StoreFault {
  kFull,     ///< no space (or quota, or file size) left: nothing was changed, later may work
  kIo,       ///< a read, write or fsync failed: the process must stop, never try again
  kDamaged,  ///< bytes are not what was written: cut, flipped, missing, swapped or older
  kNewer,    ///< made by a newer version of the program; left as it is
  kBusy,     ///< another process holds the store
};

/// The machine failed the store, or its files are not ours to read. Caught in `daemon/driver.cpp`
/// and `daemon/lifecycle.cpp`. what() names the step, never a path, a key or a word of the couple.
class StoreError : public std::runtime_error {
 public:
  StoreError(StoreFault fault, const std::string& step) : std::runtime_error(step), fault_(fault) {}
  [[nodiscard]] StoreFault fault() const { return fault_; }

 private:
  StoreFault fault_;
};

}  // namespace attune::store
