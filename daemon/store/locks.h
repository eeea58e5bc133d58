#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "daemon/store/sealer.h"

namespace attune::store {

/// The locks of all bodies in segments, by slot, in pages that are rewritten where one changes.
/// Erasing a lock is what erases a body. A slot of zeros is free. Value type. Source:
/// docs/storage.md, Locks.
class Locks {
 public:
  /// (4,012 bytes of a page's body - kind and number) / 16.
  static constexpr std::size_t kPerPage = (kPageBodyBytes - 5) / sizeof(Lock);

  /// A free slot that has `lock` from now on: of one erased since the last settled() where there is
  /// one, so that few pages change.
  std::uint32_t add(const Lock& lock);
  void erase(std::uint32_t slot);
  /// nullptr for a slot that is free or not there.
  [[nodiscard]] const Lock* find(std::uint32_t slot) const;
  [[nodiscard]] std::size_t slots() const { return pages_.size() * kPerPage; }
  [[nodiscard]] std::size_t pages() const { return pages_.size(); }

  /// Pages that changed since settled().
  [[nodiscard]] const std::set<std::uint32_t>& changed() const { return changed_; }
  void settled();
  [[nodiscard]] Bytes encode(std::uint32_t page) const;
  /// A page as the store gives it back, the pages in any order; false where it is none, or is there
  /// twice.
  bool decode(ByteView body);
  /// After the last decode(): no page is missing.
  [[nodiscard]] bool whole() const { return decoded_.size() == pages_.size(); }

 private:
  using Page = std::vector<Lock>;  ///< kPerPage of them; none before it is decoded
  std::uint32_t page_with_room();
  [[nodiscard]] Lock& at(std::uint32_t slot) { return pages_[slot / kPerPage][slot % kPerPage]; }

  std::vector<Page> pages_;
  std::vector<std::uint16_t> free_;    ///< how many slots of each page
  std::vector<std::uint32_t> freed_;   ///< erased since settled() and not taken again
  std::optional<std::uint32_t> open_;  ///< the page whose slots are being taken
  std::set<std::uint32_t> changed_;
  std::set<std::uint32_t> decoded_;
};

}  // namespace attune::store
