#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "crypto/noise.h"
#include "crypto/seal.h"
#include "proto/bytes.h"
#include "proto/limits.h"

/// A record between a device and a relay: u16be length | AEAD(frames | zeros). Its plaintext has
/// one of six lengths: 64, 256, 1,024, 4,096, 16,384 or 65,519. Source: docs/protocol.md, Relay.
namespace attune::crypto {

inline constexpr std::size_t kRelayRecordMax = 2 + limits::kRelayPlainMax + kTagBytes;

/// The smallest class that holds `bytes`; requires that they are at most kRelayPlainMax.
std::size_t relay_plain_class(std::size_t bytes);

/// The whole size of the record that begins with these two bytes; nullopt where it is of no class.
std::optional<std::size_t> relay_record_size(std::span<const std::uint8_t, 2> length);

/// Where the frames of a record that is to be sealed stand in its room of kRelayRecordMax bytes.
inline std::span<std::uint8_t> relay_plain_room(std::span<std::uint8_t, kRelayRecordMax> room) {
  return room.subspan<2, limits::kRelayPlainMax>();
}
/// Pads the `plain_bytes` that stand in relay_plain_room(room) and seals them. The record.
ByteView seal_relay_record(CipherState& send, std::span<std::uint8_t, kRelayRecordMax> room,
                           std::size_t plain_bytes);

/// The plaintext of a whole record, opened in place; nullopt where it is not the next one.
std::optional<ByteView> open_relay_record(CipherState& receive, std::span<std::uint8_t> record);
/// The same for a record without its length.
std::optional<ByteView> open_relay_body(CipherState& receive, std::span<std::uint8_t> sealed);

}  // namespace attune::crypto
