#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "proto/bytes.h"

namespace attune::crypto {

/// Hands out slots of guarded, locked memory that stays out of core dumps, and wipes what comes
/// back. Owned by Secret alone. Any thread. Where the limit on locked memory is used up slots are
/// given all the same; throws std::bad_alloc when the kernel gives no memory at all.
namespace arena {
std::uint8_t* take(std::size_t size);  // filled with zeros
void give_back(std::uint8_t* slot, std::size_t size) noexcept;
/// Overwrites every slot. Nothing may be used afterwards; called right before exec or exit.
void wipe_all() noexcept;
}  // namespace arena

/// N secret bytes in locked memory that is kept out of core dumps. Moves, never copies, prints or
/// compares; wiped when it goes. A moved-from Secret may only be destroyed or assigned to.
template <std::size_t N>
class Secret {
 public:
  Secret() : bytes_(arena::take(N)) {}
  explicit Secret(std::span<const std::uint8_t, N> bytes) : Secret() {
    std::memcpy(bytes_, bytes.data(), N);
  }
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() {
    if (bytes_ != nullptr) arena::give_back(bytes_, N);
  }

  /// The one way to duplicate a secret, so that each is seen in a review.
  [[nodiscard]] Secret clone() const { return Secret(view()); }
  [[nodiscard]] std::span<std::uint8_t, N> writable() {
    return std::span<std::uint8_t, N>(bytes_, N);
  }
  [[nodiscard]] std::span<const std::uint8_t, N> view() const {
    return std::span<const std::uint8_t, N>(bytes_, N);
  }

 private:
  std::uint8_t* bytes_;
};

using Key = Secret<32>;
static_assert(!std::is_copy_constructible_v<Key> && !std::is_copy_assignable_v<Key>);

}  // namespace attune::crypto
