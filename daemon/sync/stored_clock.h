#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "proto/bytes.h"
#include "proto/limits.h"

/// Readings of a clock as records keep them: i64 little-endian seconds. One that is further than
/// limits::kClockSecondsMax from zero is no clock's, and no sum of two that are taken overflows.
/// Source: docs/protocol.md, Limits.
namespace attune::sync {

inline void append_seconds(Bytes& out, std::chrono::seconds reading) {
  append_u64le(out, static_cast<std::uint64_t>(reading.count()));
}

/// nullopt where the bytes end or the reading is out of range.
inline std::optional<std::chrono::seconds> take_seconds(Reader& reader) {
  const std::chrono::seconds reading(static_cast<std::int64_t>(reader.u64le()));
  if (!reader.ok() || reading > limits::kClockSecondsMax || reading < -limits::kClockSecondsMax) {
    return std::nullopt;
  }
  return reading;
}

}  // namespace attune::sync
