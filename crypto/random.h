#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "crypto/secret.h"

namespace attune::crypto {

/// Where randomness comes from. Injected, so that a seeded world replays bit for bit.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <std::size_t N>
  std::array<std::uint8_t, N> bytes() {
    std::array<std::uint8_t, N> out;
    fill(out);
    return out;
  }
  Key key() {
    Key key;
    fill(key.writable());
    return key;
  }
  /// Uniform in [0, bound), bound > 0, without modulo bias.
  std::uint32_t below(std::uint32_t bound);
};

/// The kernel's randomness (randombytes_buf). Stateless; any thread.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

/// ChaCha20 keystream of a seed: for tests and the simulator alone.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::array<std::uint8_t, 32> key_{};
  std::uint64_t block_ = 0;
};

}  // namespace attune::crypto
