#pragma once

#include "client/wiped.h"

namespace attune::client {

/// The same text in Unicode's form NFC, so that a passphrase typed on another keyboard is the same
/// bytes. Text that is not UTF-8 comes back as it was. The buffers in between are wiped.
Wiped to_nfc(Wiped text);

}  // namespace attune::client
