#include "crypto/passphrase.h"

#include <gtest/gtest.h>

#include <limits>
#include <new>

#include "crypto/hash.h"
#include "proto/bytes.h"
#include "proto/limits.h"

namespace attune::crypto {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
// Far below what a key slot may state: these tests are about the function, not about its cost.
constexpr PassphraseCost kCheap{.memory_bytes = 8 * kMiB, .passes = 1};
constexpr std::array<std::uint8_t, 16> kSalt{1, 2, 3};

bool allowed(std::uint64_t memory_bytes, std::uint64_t passes) {
  return cost_allowed({.memory_bytes = memory_bytes, .passes = passes});
}

TEST(Passphrase, NewSlotsHaveAnAllowedCost) { EXPECT_TRUE(cost_allowed(default_cost())); }

TEST(Passphrase, ASlotCannotBeMadeCheaper) {
  EXPECT_TRUE(allowed(64 * kMiB, 3));
  EXPECT_FALSE(allowed(64 * kMiB - 1, 3));
  EXPECT_FALSE(allowed(64 * kMiB, 2));
  EXPECT_FALSE(allowed(0, 0));
}

TEST(Passphrase, ASlotCannotBeMadeABomb) {
  EXPECT_TRUE(allowed(1024 * kMiB, 10));
  EXPECT_FALSE(allowed(1024 * kMiB + 1, 10));
  EXPECT_FALSE(allowed(1024 * kMiB, 11));
  EXPECT_FALSE(allowed(std::numeric_limits<std::uint64_t>::max(), 3));
  EXPECT_FALSE(allowed(64 * kMiB, std::numeric_limits<std::uint64_t>::max()));
}

TEST(Passphrase, OnePassphraseGivesOneKey) {
  EXPECT_TRUE(equal(hash_passphrase(as_bytes("moss on stone"), kSalt, kCheap).view(),
                    hash_passphrase(as_bytes("moss on stone"), kSalt, kCheap).view()));
}

TEST(Passphrase, PassphraseSaltAndCostEachChangeTheKey) {
  const Key key = hash_passphrase(as_bytes("moss on stone"), kSalt, kCheap);
  std::array<std::uint8_t, 16> salt = kSalt;
  salt[15] = 1;
  const PassphraseCost dearer{.memory_bytes = 8 * kMiB, .passes = 2};
  const PassphraseCost larger{.memory_bytes = 9 * kMiB, .passes = 1};
  const auto same = [&key](const Key& other) { return equal(key.view(), other.view()); };
  EXPECT_FALSE(same(hash_passphrase(as_bytes("moss on stones"), kSalt, kCheap)));
  EXPECT_FALSE(same(hash_passphrase(as_bytes("moss on stone"), salt, kCheap)));
  EXPECT_FALSE(same(hash_passphrase(as_bytes("moss on stone"), kSalt, dearer)));
  EXPECT_FALSE(same(hash_passphrase(as_bytes("moss on stone"), kSalt, larger)));
}

TEST(Passphrase, ALongPassphraseIsReadToItsEnd) {
  Bytes first(limits::kPassphraseBytesMax, 'a');
  Bytes second = first;
  second.back() = 'b';
  EXPECT_FALSE(equal(hash_passphrase(first, kSalt, kCheap).view(),
                     hash_passphrase(second, kSalt, kCheap).view()));
}

TEST(Passphrase, MemoryThatIsNotThereIsAnError) {
  const PassphraseCost impossible{.memory_bytes = 1ull << 43, .passes = 1};
  EXPECT_THROW(static_cast<void>(hash_passphrase(as_bytes("x"), kSalt, impossible)),
               std::bad_alloc);
}

}  // namespace
}  // namespace attune::crypto
