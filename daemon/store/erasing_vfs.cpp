#include "daemon/store/erasing_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

namespace attune::store {
namespace {

constexpr std::size_t kFileHeaderBytes = 100;
constexpr int kPageBytesMin = 512;
constexpr int kPageBytesMax = 65'536;

// An open database file or log: ours in front, the system's own right behind it in the same memory.
struct ErasingFile {
  sqlite3_file base;
  bool has_pages;  // the database file: what is written are pages of the tree
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(sizeof(ErasingFile) % alignof(void*) == 0);

sqlite3_file* inner(sqlite3_file* file) { return reinterpret_cast<ErasingFile*>(file)->inner(); }

// SQLite knows ENOSPC as a full disk, and takes a quota or a limit on file size for a broken one.
int write_through(sqlite3_file* system, const void* bytes, int size, sqlite3_int64 at) {
  errno = 0;
  const int result = system->pMethods->xWrite(system, bytes, size, at);
  const bool is_limit = result == SQLITE_IOERR_WRITE && (errno == EDQUOT || errno == EFBIG);
  return is_limit ? SQLITE_FULL : result;
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  const bool is_page = reinterpret_cast<ErasingFile*>(file)->has_pages && size >= kPageBytesMin &&
                       size <= kPageBytesMax && at % size == 0;
  if (!is_page) return write_through(inner(file), bytes, size, at);
  try {
    const auto* first = static_cast<const std::uint8_t*>(bytes);
    std::vector<std::uint8_t> page(first, first + size);
    wipe_free_middle(page, at == 0 ? kFileHeaderBytes : 0);
    return write_through(inner(file), page.data(), size, at);
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

// Without shared memory and memory mapping (version 1): the store is held by one connection, and
// every byte goes through write().
const sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = [](sqlite3_file* f) { return inner(f)->pMethods->xClose(inner(f)); },
    .xRead = [](sqlite3_file* f, void* to, int size,
                sqlite3_int64 at) { return inner(f)->pMethods->xRead(inner(f), to, size, at); },
    .xWrite = write,
    .xTruncate = [](sqlite3_file* f,
                    sqlite3_int64 size) { return inner(f)->pMethods->xTruncate(inner(f), size); },
    .xSync = [](sqlite3_file* f, int flags) { return inner(f)->pMethods->xSync(inner(f), flags); },
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return inner(f)->pMethods->xFileSize(inner(f), size); },
    .xLock = [](sqlite3_file* f, int lock) { return inner(f)->pMethods->xLock(inner(f), lock); },
    .xUnlock = [](sqlite3_file* f,
                  int lock) { return inner(f)->pMethods->xUnlock(inner(f), lock); },
    .xCheckReservedLock =
        [](sqlite3_file* f, int* held) {
          return inner(f)->pMethods->xCheckReservedLock(inner(f), held);
        },
    .xFileControl =
        [](sqlite3_file* f, int what, void* with) {
          return inner(f)->pMethods->xFileControl(inner(f), what, with);
        },
    .xSectorSize = [](sqlite3_file* f) { return inner(f)->pMethods->xSectorSize(inner(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* system_vfs(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* system = system_vfs(vfs);
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return system->xOpen(system, name, file, flags, out_flags);
  }
  file->pMethods = nullptr;
  reinterpret_cast<ErasingFile*>(file)->has_pages = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  sqlite3_file* behind = inner(file);
  const int result = system->xOpen(system, name, behind, flags, out_flags);
  // SQLite closes exactly the files that have methods, also after a failed open.
  if (behind->pMethods != nullptr) file->pMethods = &kMethods;
  return result;
}

// The system's own functions behind a name of ours: all but xOpen get the system's vfs as SQLite
// gives it to them, which they don't look at.
sqlite3_vfs make_vfs() {
  sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = *system;
  vfs.szOsFile = static_cast<int>(sizeof(ErasingFile)) + system->szOsFile;
  vfs.pNext = nullptr;
  vfs.zName = "attune-erasing";
  vfs.pAppData = system;
  vfs.xOpen = open_file;
  return vfs;
}

std::size_t u16be(std::span<const std::uint8_t> page, std::size_t at) {
  return static_cast<std::size_t>(page[at] << 8 | page[at + 1]);
}

}  // namespace

void wipe_free_middle(std::span<std::uint8_t> page, std::size_t header_at) {
  constexpr std::size_t kLeafHeaderBytes = 8;
  constexpr std::size_t kInteriorHeaderBytes = 12;
  if (page.size() < header_at + kInteriorHeaderBytes) return;
  const std::uint8_t type = page[header_at];
  const bool is_leaf = type == 10 || type == 13;
  const bool is_interior = type == 2 || type == 5;
  // The first byte of any other page belongs to a page number, and is 0 below 2^24 pages.
  if (!is_leaf && !is_interior) return;
  const std::size_t pointers = header_at + (is_leaf ? kLeafHeaderBytes : kInteriorHeaderBytes);
  const std::size_t begin = pointers + 2 * u16be(page, header_at + 3);
  std::size_t end = u16be(page, header_at + 5);
  if (end == 0) end = kPageBytesMax;
  if (end > page.size() || begin >= end) return;
  std::fill(page.begin() + static_cast<std::ptrdiff_t>(begin),
            page.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
}

const char* erasing_vfs() {
  static sqlite3_vfs vfs = make_vfs();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : nullptr;
}

}  // namespace attune::store
