#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/sync/commands.h"
#include "proto/bytes.h"

namespace attune::sync {

// What a local client asks of the lifecycle. Passphrases are UTF-8 in NFC; who takes one wipes it.
struct InitRequest {
  std::string name;
  Bytes passphrase;
};
struct UnlockRequest {
  Bytes passphrase;
};
struct LockRequest {};
struct ChangePassphraseRequest {
  Bytes old_passphrase;
  Bytes new_passphrase;
};

/// One request of control.proto.
using ControlRequest =
    std::variant<InitRequest, UnlockRequest, LockRequest, ChangePassphraseRequest, Command>;

/// nullopt for bytes that are no request within limits.h. `status` and `doctor` come as AskStatus
/// and Diagnose in every state of the lifecycle.
std::optional<ControlRequest> decode_request(ByteView body);

Bytes encode_answer(const Answer& answer, bool last);
/// The answer to `status` while there is no Replica: `empty` or `locked`, and the version.
Bytes encode_closed_status(std::string_view state);

}  // namespace attune::sync
