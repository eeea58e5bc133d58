#pragma once

#include <strings.h>

#include <utility>

#include "proto/bytes.h"

namespace attune {

/// A passphrase on its way from the control socket to the hash. Moves, never copies; wiped when it
/// goes. It comes in ordinary memory, as everything from a socket does.
class TypedPassphrase {
 public:
  explicit TypedPassphrase(Bytes bytes) : bytes_(std::move(bytes)) {}
  TypedPassphrase(TypedPassphrase&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  TypedPassphrase& operator=(TypedPassphrase&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  TypedPassphrase(const TypedPassphrase&) = delete;
  TypedPassphrase& operator=(const TypedPassphrase&) = delete;
  ~TypedPassphrase() {
    if (bytes_.data() != nullptr) ::explicit_bzero(bytes_.data(), bytes_.size());
  }

  [[nodiscard]] ByteView view() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace attune
