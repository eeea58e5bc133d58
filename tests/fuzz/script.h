#pragma once

#include <algorithm>

#include "proto/bytes.h"

namespace attune::fuzz {

/// Reads an input as a list of choices. Never fails: where nothing is left every choice is the
/// first one and every piece is empty. Borrows the bytes.
class Script {
 public:
  explicit Script(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  std::uint8_t u8() {
    if (rest_.empty()) return 0;
    const std::uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  std::size_t below(std::size_t bound) { return u8() % bound; }
  bool coin() { return (u8() & 1) != 0; }
  std::uint16_t u16() {
    const std::uint8_t high = u8();
    const std::uint8_t low = u8();
    return static_cast<std::uint16_t>(high << 8 | low);
  }
  /// A piece with its length before it, as add_piece writes it; cut where less is left.
  ByteView piece() {
    const std::size_t said = u16();
    const std::size_t size = std::min(said, rest_.size());
    const ByteView head = rest_.first(size);
    rest_ = rest_.subspan(size);
    return head;
  }
  ByteView rest() {
    const ByteView all = rest_;
    rest_ = {};
    return all;
  }

 private:
  ByteView rest_;
};

inline void add_piece(Bytes& script, ByteView piece) {
  append_u16be(script, static_cast<std::uint16_t>(piece.size()));
  append(script, piece);
}

}  // namespace attune::fuzz
