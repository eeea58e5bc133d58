#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace attune::client {

/// Overwrites all that the string holds or held, then empties it.
inline void wipe(std::string& text) {
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

/// A person's words or passphrase on their way to the daemon: moves, never copies, and is
/// overwritten when it goes. It cannot be printed. What a parser or the kernel's terminal kept
/// aside is not covered.
class Wiped {
 public:
  Wiped() = default;
  explicit Wiped(std::string text) : text_(std::move(text)) {}
  Wiped(Wiped&& other) noexcept { swap(other); }
  Wiped& operator=(Wiped&& other) noexcept {
    swap(other);
    return *this;
  }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe(text_); }

  [[nodiscard]] const std::string& text() const { return text_; }
  /// To fill it. Reserve first: what grows leaves its old bytes behind.
  std::string& writable() { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  void swap(Wiped& other) noexcept { text_.swap(other.text_); }

  std::string text_;
};

}  // namespace attune::client
