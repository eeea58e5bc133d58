#include "crypto/relay_record.h"

#include <algorithm>
#include <cassert>

namespace attune::crypto {

std::size_t relay_plain_class(std::size_t bytes) {
  assert(bytes <= limits::kRelayPlainMax);
  std::size_t size = limits::kRelayPlainMin;
  while (size < bytes) size *= 4;
  return std::min(size, limits::kRelayPlainMax);
}

std::optional<std::size_t> relay_record_size(std::span<const std::uint8_t, 2> length) {
  const std::size_t sealed = static_cast<std::size_t>(length[0]) << 8 | length[1];
  if (sealed < limits::kRelayPlainMin + kTagBytes) return std::nullopt;
  if (relay_plain_class(sealed - kTagBytes) != sealed - kTagBytes) return std::nullopt;
  return 2 + sealed;
}

ByteView seal_relay_record(CipherState& send, std::span<std::uint8_t, kRelayRecordMax> room,
                           std::size_t plain_bytes) {
  const std::size_t plain = relay_plain_class(plain_bytes);
  const std::size_t sealed = plain + kTagBytes;
  room[0] = static_cast<std::uint8_t>(sealed >> 8);
  room[1] = static_cast<std::uint8_t>(sealed);
  std::ranges::fill(room.subspan(2 + plain_bytes, plain - plain_bytes), std::uint8_t{0});
  send.encrypt_in_place(room.subspan(2, sealed));
  return room.first(2 + sealed);
}

std::optional<ByteView> open_relay_record(CipherState& receive, std::span<std::uint8_t> record) {
  if (record.size() < 2 || relay_record_size(record.first<2>()) != record.size()) {
    return std::nullopt;
  }
  return open_relay_body(receive, record.subspan(2));
}

std::optional<ByteView> open_relay_body(CipherState& receive, std::span<std::uint8_t> sealed) {
  if (sealed.size() < limits::kRelayPlainMin + kTagBytes) return std::nullopt;
  const std::size_t plain = sealed.size() - kTagBytes;
  if (plain > limits::kRelayPlainMax || relay_plain_class(plain) != plain) return std::nullopt;
  if (!receive.decrypt_in_place(sealed)) return std::nullopt;
  return sealed.first(plain);
}

}  // namespace attune::crypto
