#pragma once

#include <cstdint>
#include <optional>

#include "crypto/noise.h"
#include "proto/bytes.h"
#include "proto/limits.h"

namespace attune::sync {

/// What a transport frame holds: a message of the conversation, or its explicit end.
enum class FrameType : std::uint8_t { kMessage = 1, kClose = 2 };

/// Room for a body in one frame.
inline constexpr std::size_t kFrameBodyMax = limits::kFramePlainMax - 3;

struct Frame {
  FrameType type{};
  Bytes body;
};

/// AEAD(type u8 | n u16be | body n | zeros), of which the plaintext is min(65,519, Padme(max(512,
/// n + 3))) bytes. Live sessions and the pairing channel use it alike. Requires a body of at most
/// kFrameBodyMax. Source: docs/protocol.md, Frames.
Bytes seal_frame(crypto::CipherState& cipher, FrameType type, ByteView body);
/// nullopt for anything but the next frame of the other side in exactly this form.
std::optional<Frame> open_frame(crypto::CipherState& cipher, ByteView sealed);

}  // namespace attune::sync
