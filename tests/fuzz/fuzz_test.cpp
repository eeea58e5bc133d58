// Every fuzz target over its seeds and over each way to damage one: empty, cut at each byte, too
// long, each bit flipped. What must hold is in the targets; a broken promise ends the program.
#include <gtest/gtest.h>

#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

class Fuzz : public ::testing::TestWithParam<Target> {
 protected:
  static void try_all(const std::vector<Bytes>& inputs) {
    for (const Bytes& input : inputs) GetParam().run(input);
  }
};

/// Damage number `index` of a seed: first every cut, then every flipped bit.
Bytes damaged(const Bytes& seed, std::size_t index) {
  if (index < seed.size()) return {seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(index)};
  const std::size_t bit = index - seed.size();
  Bytes out = seed;
  out[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  return out;
}

TEST_P(Fuzz, TakesItsSeeds) {
  const auto seeds = GetParam().seeds();
  EXPECT_FALSE(seeds.empty());
  for (const Bytes& seed : seeds) {
    EXPECT_LE(seed.size(), GetParam().bytes_max) << "no fuzzer would begin there";
  }
  try_all(seeds);
}

TEST_P(Fuzz, TakesNothingAndTooMuch) {
  GetParam().run({});
  for (Bytes seed : GetParam().seeds()) {
    seed.push_back(0);
    GetParam().run(seed);
    seed.back() = 0xff;
    GetParam().run(seed);
  }
}

TEST_P(Fuzz, TakesEveryCutAndFlippedBit) {
  const auto seeds = GetParam().seeds();
  std::size_t all = 0;
  for (const Bytes& seed : seeds) all += seed.size() * 9;
  // Where there are more than may be tried they are tried evenly.
  const std::size_t stride = 1 + all / GetParam().damages_max;
  std::size_t next = 0;
  for (const Bytes& seed : seeds) {
    for (; next < seed.size() * 9; next += stride) GetParam().run(damaged(seed, next));
    next -= seed.size() * 9;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, ::testing::ValuesIn(targets()),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace attune::fuzz
