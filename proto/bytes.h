#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

/// LEB128, the only variable-length integer of our canonical encodings (docs/protocol.md).
inline void append_leb(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

/// lv(x) = LEB128(len(x)) || x.
inline void append_lv(Bytes& out, ByteView value) {
  append_leb(out, value.size());
  append(out, value);
}
inline void append_lv(Bytes& out, std::string_view value) { append_lv(out, as_bytes(value)); }

/// lv(a) || lv(b) || ...: prologues, channel identifiers and hash inputs are built with it.
template <typename... Parts>
Bytes lv(const Parts&... parts) {
  Bytes out;
  (append_lv(out, parts), ...);
  return out;
}

inline void append_u16be(Bytes& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
inline void append_u32le(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}
inline void append_u64le(Bytes& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

/// Takes values off the front of hostile bytes. Every take is checked against what is left; after
/// the first that does not fit, `ok()` is false and every later take gives a zero value. Borrows
/// the bytes.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

  ByteView take(std::size_t size) {
    if (!ok_ || size > rest_.size()) return fail();
    ByteView head = rest_.first(size);
    rest_ = rest_.subspan(size);
    return head;
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> take_array() {
    std::array<std::uint8_t, N> out{};
    ByteView head = take(N);
    if (head.size() == N) std::memcpy(out.data(), head.data(), N);
    return out;
  }
  std::uint8_t u8() {
    ByteView head = take(1);
    return head.empty() ? std::uint8_t{0} : head[0];
  }
  std::uint16_t u16be() {
    auto b = take_array<2>();
    return static_cast<std::uint16_t>(b[0] << 8 | b[1]);
  }
  std::uint32_t u32le() { return static_cast<std::uint32_t>(little(4)); }
  std::uint64_t u64le() { return little(8); }
  /// LEB128 in its shortest form only, so that equal values have equal bytes.
  std::uint64_t leb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t byte = u8();
      if (!ok_) return 0;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        if (byte == 0 && shift != 0) break;
        return value;
      }
    }
    fail();
    return 0;
  }
  /// The x of lv(x), at most `size_max` bytes.
  ByteView lv(std::size_t size_max) {
    std::uint64_t size = leb();
    if (!ok_ || size > size_max || size > rest_.size()) return fail();
    return take(static_cast<std::size_t>(size));
  }

 private:
  ByteView fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }
  std::uint64_t little(unsigned size) {
    ByteView head = take(size);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < head.size(); ++i) value |= std::uint64_t{head[i]} << (8 * i);
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

inline std::string to_hex(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

inline std::optional<Bytes> from_hex(std::string_view text) {
  auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = nibble(text[i]);
    int low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

}  // namespace attune
