#include "crypto/secret.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace attune::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<Secret<16>>);
static_assert(!std::is_copy_assignable_v<Secret<16>>);
static_assert(std::is_nothrow_move_constructible_v<Secret<64>>);
static_assert(std::is_nothrow_move_assignable_v<Secret<64>>);

std::array<std::uint8_t, 32> pattern(std::uint8_t first) {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return bytes;
}

bool same(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string permissions;
  std::string flags;
};

// The process's mappings in order of address, as the kernel shows them.
std::vector<Mapping> mappings() {
  std::vector<Mapping> out;
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  while (std::getline(smaps, line)) {
    if (line.starts_with("VmFlags:")) {
      out.back().flags = line.substr(8) + " ";
      continue;
    }
    std::istringstream words(line);
    Mapping mapping;
    char dash = 0;
    if (words >> std::hex >> mapping.begin >> dash >> mapping.end >> mapping.permissions &&
        dash == '-') {
      out.push_back(mapping);
    }
  }
  return out;
}

// The sanitizers' runtime turns mlock into nothing, and a small limit lets it fail.
bool can_lock() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  rlimit limit{};
  return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= (8u << 20);
#endif
}

TEST(Secret, StartsFilledWithZeros) {
  Secret<32> secret;
  EXPECT_TRUE(same(secret.view(), std::array<std::uint8_t, 32>{}));
}

TEST(Secret, KeepsTheBytesItIsGiven) {
  Secret<32> secret(pattern(1));
  EXPECT_TRUE(same(secret.view(), pattern(1)));
}

TEST(Secret, MovingKeepsTheSlot) {
  Secret<32> first(pattern(2));
  const std::uint8_t* slot = first.view().data();
  Secret<32> second(std::move(first));
  EXPECT_EQ(second.view().data(), slot);
  EXPECT_TRUE(same(second.view(), pattern(2)));
}

TEST(Secret, MoveAssignmentTakesTheOthersBytes) {
  Secret<32> first(pattern(3));
  Secret<32> second(pattern(4));
  second = std::move(first);
  EXPECT_TRUE(same(second.view(), pattern(3)));
}

TEST(Secret, ACloneHasItsOwnSlot) {
  Secret<32> first(pattern(5));
  Secret<32> second = first.clone();
  first.writable()[0] = 0xee;
  EXPECT_TRUE(same(second.view(), pattern(5)));
}

TEST(Secret, ASlotIsWipedWhenItComesBack) {
  const std::uint8_t* slot = nullptr;
  {
    Secret<64> secret;
    std::fill(secret.writable().begin(), secret.writable().end(), std::uint8_t{0xaa});
    slot = secret.view().data();
  }
  // The first bytes of a free slot hold the arena's own link; no byte of the secret is left.
  EXPECT_TRUE(std::all_of(slot + sizeof(void*), slot + 64, [](auto byte) { return byte == 0; }));
  Secret<64> next;
  EXPECT_EQ(next.view().data(), slot);
  EXPECT_TRUE(same(next.view(), std::array<std::uint8_t, 64>{}));
}

TEST(Arena, SlotsOfDifferentSizesDoNotOverlap) {
  std::vector<std::pair<std::uint8_t*, std::size_t>> slots;
  for (std::size_t size : {1u, 15u, 16u, 17u, 32u, 33u, 64u, 100u, 1000u, 5000u}) {
    slots.emplace_back(arena::take(size), size);
    std::fill_n(slots.back().first, size, static_cast<std::uint8_t>(slots.size()));
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    auto [slot, size] = slots[i];
    EXPECT_TRUE(std::all_of(slot, slot + size, [i](auto byte) { return byte == i + 1; }));
    arena::give_back(slot, size);
  }
}

TEST(Arena, GrowsPastItsFirstBlock) {
  std::vector<Secret<1024>> many(1000);
  std::set<const std::uint8_t*> slots;
  for (const auto& secret : many) slots.insert(secret.view().data());
  EXPECT_EQ(slots.size(), many.size());
}

TEST(Arena, GivesSlotsLargerThanABlock) {
  constexpr std::size_t kSize = 1u << 20;
  std::uint8_t* slot = arena::take(kSize);
  EXPECT_TRUE(std::all_of(slot, slot + kSize, [](auto byte) { return byte == 0; }));
  std::fill_n(slot, kSize, std::uint8_t{0x55});
  arena::give_back(slot, kSize);
}

TEST(Arena, LiesBetweenGuardPagesAndOutOfCoreDumps) {
  Secret<32> secret;
  const auto address = reinterpret_cast<std::uintptr_t>(secret.view().data());
  const std::vector<Mapping> all = mappings();
  const auto here = std::find_if(all.begin(), all.end(), [address](const Mapping& mapping) {
    return mapping.begin <= address && address < mapping.end;
  });
  ASSERT_NE(here, all.end());
  ASSERT_NE(here, all.begin());
  ASSERT_NE(here + 1, all.end());
  EXPECT_EQ(here->permissions, "rw-p");
  EXPECT_NE(here->flags.find(" dd "), std::string::npos) << here->flags;
  EXPECT_EQ((here - 1)->end, here->begin);
  EXPECT_EQ((here - 1)->permissions, "---p");
  EXPECT_EQ((here + 1)->begin, here->end);
  EXPECT_EQ((here + 1)->permissions, "---p");
  if (can_lock()) {
    EXPECT_NE(here->flags.find(" lo "), std::string::npos) << here->flags;
  }
}

TEST(Arena, ServesSeveralThreads) {
  auto churn = [](std::uint8_t mark, bool& intact) {
    intact = true;
    for (int round = 0; round < 2000; ++round) {
      Secret<32> small;
      Secret<64> large;
      std::fill(small.writable().begin(), small.writable().end(), mark);
      std::fill(large.writable().begin(), large.writable().end(), mark);
      for (std::uint8_t byte : small.view()) intact = intact && byte == mark;
      for (std::uint8_t byte : large.view()) intact = intact && byte == mark;
    }
  };
  bool first_intact = false;
  bool second_intact = false;
  std::thread other(churn, std::uint8_t{1}, std::ref(first_intact));
  churn(2, second_intact);
  other.join();
  EXPECT_TRUE(first_intact);
  EXPECT_TRUE(second_intact);
}

TEST(Arena, WipeAllLeavesNoByte) {
  Secret<32> kept(pattern(9));
  {
    Secret<32> gone(pattern(10));
  }
  arena::wipe_all();
  EXPECT_TRUE(same(kept.view(), std::array<std::uint8_t, 32>{}));
}

}  // namespace
}  // namespace attune::crypto
