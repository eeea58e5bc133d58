#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/bytes.h"
#include "proto/ids.h"

namespace attune::sync {

// What two devices say inside the pairing channel. Source: docs/protocol.md, Pairing.

/// The first message of each side: its half of the new root, and who its person is.
struct Introduction {
  std::array<std::uint8_t, 32> random{};
  PersonId person;
  std::string name;                     ///< 1 to limits::kNameBytesMax bytes of UTF-8
  std::array<std::uint8_t, 16> same{};  ///< of the couple the sender knows, in its role
  friend bool operator==(const Introduction&, const Introduction&) = default;
};
/// The person said yes.
struct Confirm {
  friend bool operator==(const Confirm&, const Confirm&) = default;
};
/// The person said no.
struct Decline {
  friend bool operator==(const Decline&, const Decline&) = default;
};
using PairingMessage = std::variant<Introduction, Confirm, Decline>;

/// More bytes than any of them has.
inline constexpr std::size_t kPairingMessageBytesMax = 256;

Bytes encode_pairing(const PairingMessage& message);
/// nullopt for bytes that are not one message within limits.h.
std::optional<PairingMessage> decode_pairing(ByteView body);

}  // namespace attune::sync
