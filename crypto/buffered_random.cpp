#include "crypto/buffered_random.h"

#include <sodium.h>

#include <algorithm>

namespace attune::crypto {

void BufferedRandom::fill(std::span<std::uint8_t> out) {
  if (out.size() > kBytes / 4) return kernel_.fill(out);
  if (out.size() > kBytes - given_) {
    kernel_.fill(waiting_.writable());
    given_ = 0;
  }
  const auto next = waiting_.writable().subspan(given_, out.size());
  std::ranges::copy(next, out.begin());
  sodium_memzero(next.data(), next.size());
  given_ += out.size();
}

}  // namespace attune::crypto
