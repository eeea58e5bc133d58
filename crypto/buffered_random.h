#pragma once

#include <cstddef>

#include "crypto/random.h"
#include "crypto/secret.h"

namespace attune::crypto {

/// The kernel's randomness, some at a time: who draws a few bytes thousands of times pays for few
/// calls. What waits to be drawn is in locked memory, and is wiped there as it is given. Not for
/// two threads; not for a process that forks and goes on.
class BufferedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;

 private:
  static constexpr std::size_t kBytes = 512;
  SystemRandom kernel_;
  Secret<kBytes> waiting_;
  std::size_t given_ = kBytes;
};

}  // namespace attune::crypto
