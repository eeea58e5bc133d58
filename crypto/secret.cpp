#include "crypto/secret.h"

#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <stdexcept>

#include "crypto/sodium_ready.h"

namespace attune::crypto {

void sodium_ready() {
  static const int result = sodium_init();
  if (result < 0) throw std::runtime_error("libsodium does not start");
}

namespace arena {
namespace {

// 8,192 keys of 32 bytes: what a household needs, at a thirtieth of the usual 8 MiB of
// RLIMIT_MEMLOCK.
constexpr std::size_t kBlockBytes = 256u << 10;
constexpr std::size_t kSlotBytesMin = 16;
constexpr std::size_t kClassCount = 33;

// What a slot holds while nobody has it: the next free one of its size.
struct FreeSlot {
  FreeSlot* next = nullptr;
};
static_assert(sizeof(FreeSlot) <= kSlotBytesMin && alignof(FreeSlot) <= kSlotBytesMin);

std::size_t class_of(std::size_t size) {
  std::size_t slot_bytes = std::bit_ceil(std::max(size, kSlotBytesMin));
  return static_cast<std::size_t>(std::countr_zero(slot_bytes));
}
constexpr std::size_t slot_bytes_of(std::size_t slot_class) { return std::size_t{1} << slot_class; }

// A mapping between two pages nobody may touch. Blocks live as long as the process.
struct Block {
  std::uint8_t* begin = nullptr;
  std::uint8_t* end = nullptr;
  Block* next = nullptr;
};

Block* map_block(std::size_t size) {
  auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t inner = (size + page - 1) / page * page;
  void* outer = mmap(nullptr, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (outer == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::uint8_t*>(outer) + page;
  if (mprotect(begin, inner, PROT_READ | PROT_WRITE) != 0) {
    munmap(outer, inner + 2 * page);
    throw std::bad_alloc();
  }
  madvise(begin, inner, MADV_DONTDUMP);
  // Where RLIMIT_MEMLOCK is used up the pages may be swapped; refusing to run would help nobody.
  static_cast<void>(mlock(begin, inner));
  return new Block{begin, begin + inner, nullptr};
}

class Arena {
 public:
  std::uint8_t* take(std::size_t size) {
    std::size_t slot_class = class_of(size);
    if (slot_class >= kClassCount) throw std::bad_alloc();
    std::lock_guard lock(mutex_);
    FreeSlot* slot = free_[slot_class];
    if (slot == nullptr) return carve(slot_bytes_of(slot_class));
    free_[slot_class] = slot->next;
    sodium_memzero(slot, sizeof(*slot));
    return reinterpret_cast<std::uint8_t*>(slot);
  }

  void give_back(std::uint8_t* slot, std::size_t size) noexcept {
    std::size_t slot_class = class_of(size);
    sodium_memzero(slot, slot_bytes_of(slot_class));
    std::lock_guard lock(mutex_);
    free_[slot_class] = new (slot) FreeSlot{free_[slot_class]};
  }

  void wipe_all() noexcept {
    std::lock_guard lock(mutex_);
    for (Block* block = blocks_; block != nullptr; block = block->next) {
      sodium_memzero(block->begin, static_cast<std::size_t>(block->end - block->begin));
    }
    free_.fill(nullptr);
  }

 private:
  // A slot of fresh memory, which the kernel gives filled with zeros.
  std::uint8_t* carve(std::size_t slot_bytes) {
    if (static_cast<std::size_t>(rest_end_ - rest_) < slot_bytes) {
      Block* block = map_block(std::max(kBlockBytes, slot_bytes));
      block->next = blocks_;
      blocks_ = block;
      rest_ = block->begin;
      rest_end_ = block->end;
    }
    std::uint8_t* slot = rest_;
    rest_ += slot_bytes;
    return slot;
  }

  std::mutex mutex_;
  Block* blocks_ = nullptr;
  std::uint8_t* rest_ = nullptr;
  std::uint8_t* rest_end_ = nullptr;
  std::array<FreeSlot*, kClassCount> free_{};
};

// Never destroyed: a static Secret of any file may outlast every other static object.
Arena& instance() {
  static Arena* arena = [] {
    sodium_ready();
    return new Arena;
  }();
  return *arena;
}

}  // namespace

std::uint8_t* take(std::size_t size) { return instance().take(size); }
void give_back(std::uint8_t* slot, std::size_t size) noexcept { instance().give_back(slot, size); }
void wipe_all() noexcept { instance().wipe_all(); }

}  // namespace arena
}  // namespace attune::crypto
