#pragma once

#include <cstddef>
#include <optional>

#include "proto/bytes.h"

namespace attune::crypto {

/// Padmé (PURBs, PoPETs 2019): the next length of which at most O(log log n) bits are significant;
/// at most 12 % more. padme(0) == 0.
std::size_t padme(std::size_t length);

/// u32le len | bytes | zeros to padme(max(256, len + 4)).
Bytes pad(ByteView bytes);
/// nullopt when the length does not fit or a padding byte is not zero.
std::optional<Bytes> unpad(ByteView padded);

}  // namespace attune::crypto
