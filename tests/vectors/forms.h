#pragma once

#include <string_view>

#include "tests/vectors/fields.h"
#include "tests/vectors/tally.h"

/// One function a form of vectors. Each looks at one JSON object: if its keys say that it is of
/// that form the function runs the cases in it and returns true; else it touches nothing.
namespace attune::vectors {

/// Where in the file the object stands, for complaints: the key it hangs on.
using Place = std::string_view;

/// cacophony, snow and noise-c write the same keys; the last splits the protocol's name in four.
bool run_noise(const Json& object, Place place, Tally& tally);

bool run_cpace_exchange(const Json& object, Place place, Tally& tally);
bool run_cpace_generator(const Json& object, Place place, Tally& tally);
bool run_cpace_points(const Json& object, Place place, Tally& tally);
/// Calls such as `lv_cat(b'1234',b'5')` as keys, their results as values.
bool run_cpace_strings(const Json& object, Place place, Tally& tally);

bool run_ristretto(const Json& object, Place place, Tally& tally);
bool run_argon2(const Json& object, Place place, Tally& tally);
/// Our own: kdf and HMAC-BLAKE2b.
bool run_keys(const Json& object, Place place, Tally& tally);
bool run_padme(const Json& object, Place place, Tally& tally);
bool run_wycheproof(const Json& object, Place place, Tally& tally);

}  // namespace attune::vectors
