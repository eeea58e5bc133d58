#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace attune::store {

/// The name under which SQLite finds the files of this store. Registers them the first time.
///
/// SQLite's `secure_delete` overwrites a cell that is freed, but when it rebuilds a page while
/// balancing the tree, copies of cells that moved stay behind in the page's free middle; erased
/// later in their new place, such a copy would stay. So every page on its way into the database
/// file passes wipe_free_middle(). The log keeps such copies: it is truncated after erasing.
///
/// A quota or a limit on file size is reported as a full disk.
const char* erasing_vfs();

/// Overwrites the bytes between a b-tree page's cell pointers and its first cell. Leaves every
/// other page (overflow, free list) and whatever makes no sense as it is. `header_at` is 100 on the
/// first page of a file, else 0.
void wipe_free_middle(std::span<std::uint8_t> page, std::size_t header_at);

}  // namespace attune::store
