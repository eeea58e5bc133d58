#include "tests/fuzz/cost.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

bool counting = false;
std::size_t held = 0;
std::size_t held_max = 0;
std::size_t work = 0;

void* take(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  if (counting) {
    ++work;
    held += malloc_usable_size(memory);
    held_max = std::max(held_max, held);
  }
  return memory;
}

void give(void* memory) noexcept {
  if (counting && memory != nullptr) {
    // What was there before may go too; it is not counted below zero.
    held -= std::min(held, malloc_usable_size(memory));
  }
  std::free(memory);
}

}  // namespace

// In place of the library's own, for the whole program.
void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give(memory); }

// Called at each basic block of what is compiled with -fsanitize-coverage=trace-pc.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the compiler names what it calls.
extern "C" void __sanitizer_cov_trace_pc() {
  if (counting) ++work;
}

namespace attune::fuzz {

Cost cost_of(const std::function<void()>& call) {
  held = 0;
  held_max = 0;
  work = 0;
  counting = true;
  call();
  counting = false;
  return {.held_bytes_max = held_max, .work = work};
}

}  // namespace attune::fuzz
