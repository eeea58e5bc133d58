#pragma once

namespace attune::crypto {

/// Initialises libsodium, once, whichever thread comes first. Called by everything here that uses
/// it, so that static objects of other rooms may use the library too. Throws std::runtime_error if
/// it fails.
void sodium_ready();

}  // namespace attune::crypto
