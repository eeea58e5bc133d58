#include "crypto/padding.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

#include "proto/limits.h"

namespace attune::crypto {

std::size_t padme(std::size_t length) {
  if (length < 2) return length;
  assert(length <= std::numeric_limits<std::size_t>::max() / 2);
  const auto exponent = static_cast<std::size_t>(std::bit_width(length)) - 1;
  const auto significant_bits = static_cast<std::size_t>(std::bit_width(exponent));
  const std::size_t mask = (std::size_t{1} << (exponent - significant_bits)) - 1;
  return (length + mask) & ~mask;
}

Bytes pad(ByteView bytes) {
  assert(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  Bytes out;
  out.reserve(padme(std::max(limits::kRecordPadMin, bytes.size() + 4)));
  append_u32le(out, static_cast<std::uint32_t>(bytes.size()));
  append(out, bytes);
  out.resize(padme(std::max(limits::kRecordPadMin, out.size())), 0);
  return out;
}

std::optional<Bytes> unpad(ByteView padded) {
  Reader reader(padded);
  ByteView body = reader.take(reader.u32le());
  ByteView zeros = reader.take(reader.left());
  if (!reader.ok()) return std::nullopt;
  if (!std::all_of(zeros.begin(), zeros.end(), [](std::uint8_t byte) { return byte == 0; })) {
    return std::nullopt;
  }
  return Bytes(body.begin(), body.end());
}

}  // namespace attune::crypto
