#include "crypto/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "crypto/buffered_random.h"

namespace attune::crypto {
namespace {

// Gives prepared words, so that a test sees what is done with each.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::vector<std::uint32_t> words) : words_(std::move(words)) {}
  void fill(std::span<std::uint8_t> out) override {
    const std::uint32_t word = words_.at(next_++);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 4)));
    }
  }
  [[nodiscard]] std::size_t used() const { return next_; }

 private:
  std::vector<std::uint32_t> words_;
  std::size_t next_ = 0;
};

TEST(BufferedRandom, GivesNoByteTwiceAndFillsEverySize) {
  BufferedRandom random;
  std::set<std::array<std::uint8_t, 16>> drawn;
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_TRUE(drawn.insert(random.bytes<16>()).second);
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{600}}) {
      std::vector<std::uint8_t> bytes(size);
      random.fill(bytes);
      const bool is_filled =
          std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte != 0; });
      EXPECT_TRUE(is_filled || size < 2) << size;
    }
  }
}

TEST(Random, BelowDrawsAgainWhatWouldBiasTheResult) {
  // 2^32 mod 10 is 6: the values 0..5 are the surplus.
  ScriptedRandom random({0, 5, 6});
  EXPECT_EQ(random.below(10), 6u);
  EXPECT_EQ(random.used(), 3u);
}

TEST(Random, BelowAPowerOfTwoNeverDrawsTwice) {
  ScriptedRandom random({0});
  EXPECT_EQ(random.below(2048), 0u);
  EXPECT_EQ(random.used(), 1u);
}

TEST(Random, BelowOneIsZero) {
  SystemRandom random;
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, BelowReachesEveryValueAndNoOther) {
  SeededRandom random(7);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts.at(random.below(7));
  for (int count : counts) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
}

TEST(SeededRandom, OneSeedGivesOneStream) {
  SeededRandom first(42);
  SeededRandom second(42);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(first.bytes<33>(), second.bytes<33>());
}

TEST(SeededRandom, SeedsAndCallsDiffer) {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (std::uint64_t seed : {0ull, 1ull, 256ull, 1ull << 63}) {
    SeededRandom random(seed);
    for (int i = 0; i < 10; ++i) seen.insert(random.bytes<16>());
  }
  EXPECT_EQ(seen.size(), 40u);
}

TEST(SystemRandom, NeverRepeatsItself) {
  SystemRandom random;
  EXPECT_NE(random.bytes<32>(), random.bytes<32>());
}

TEST(SystemRandom, FillsNothingWhereNothingIsAsked) {
  SystemRandom random;
  random.fill({});
}

}  // namespace
}  // namespace attune::crypto
