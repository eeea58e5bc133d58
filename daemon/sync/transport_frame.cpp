#include "daemon/sync/transport_frame.h"

#include <algorithm>
#include <cassert>

#include "crypto/padding.h"

namespace attune::sync {
namespace {

constexpr std::size_t kHeadBytes = 3;  // type, n

std::size_t padded_bytes(std::size_t body_bytes) {
  const std::size_t wanted = std::max(limits::kFramePlainMin, body_bytes + kHeadBytes);
  return std::min(limits::kFramePlainMax, crypto::padme(wanted));
}

bool is_frame_type(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(FrameType::kMessage) ||
         type == static_cast<std::uint8_t>(FrameType::kClose);
}

}  // namespace

Bytes seal_frame(crypto::CipherState& cipher, FrameType type, ByteView body) {
  assert(body.size() <= kFrameBodyMax);
  Bytes plain;
  plain.reserve(padded_bytes(body.size()));
  plain.push_back(static_cast<std::uint8_t>(type));
  append_u16be(plain, static_cast<std::uint16_t>(body.size()));
  append(plain, body);
  plain.resize(padded_bytes(body.size()), 0);
  return cipher.encrypt({}, plain);
}

std::optional<Frame> open_frame(crypto::CipherState& cipher, ByteView sealed) {
  const auto plain = cipher.decrypt({}, sealed);
  if (!plain) return std::nullopt;
  Reader reader(*plain);
  const std::uint8_t type = reader.u8();
  const ByteView body = reader.take(reader.u16be());
  const ByteView zeros = reader.take(reader.left());
  if (!reader.ok() || !is_frame_type(type)) return std::nullopt;
  if (plain->size() != padded_bytes(body.size())) return std::nullopt;
  if (!std::ranges::all_of(zeros, [](std::uint8_t byte) { return byte == 0; })) {
    return std::nullopt;
  }
  return Frame{.type = static_cast<FrameType>(type), .body = Bytes(body.begin(), body.end())};
}

}  // namespace attune::sync
