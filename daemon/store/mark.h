#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "daemon/store/sealer.h"

namespace attune::store {

/// The store's high-water mark: a small sealed file that says how many transactions were durable.
/// It is written after each of them and never synced, so it may be behind what the store holds, and
/// is never ahead of it; a store behind its mark has lost something. A mark that cannot be read
/// says nothing, and one that cannot be written stays behind. Borrows the sealer, which outlives
/// it. Source: docs/storage.md, The mark.
class Mark {
 public:
  Mark(const std::filesystem::path& folder, Sealer& sealer);
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark();

  [[nodiscard]] std::optional<std::uint64_t> read() const;
  void write(std::uint64_t generation) noexcept;

 private:
  std::filesystem::path file_;
  Sealer& sealer_;
  int fd_ = -1;  ///< opened by the first write
};

}  // namespace attune::store
