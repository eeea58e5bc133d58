#include "daemon/sync/burnt_codes.h"

#include <algorithm>

#include "daemon/sync/stored_clock.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr std::uint8_t kVersion = 1;  // ver | LEB128(count) | count times i64 little-endian

}  // namespace

std::optional<BurntCodes> BurntCodes::decode(ByteView body) {
  Reader reader(body);
  if (reader.u8() != kVersion) return std::nullopt;
  const std::uint64_t count = reader.leb();
  if (!reader.ok() || count > limits::kBurntMax) return std::nullopt;
  BurntCodes burnt;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::optional<std::chrono::seconds> time = take_seconds(reader);
    if (!time) return std::nullopt;
    burnt.times_.push_back(Wall{time->count()});
  }
  if (!reader.done()) return std::nullopt;
  return burnt;
}

RecordChange BurntCodes::record() const {
  Bytes body{kVersion};
  append_leb(body, times_.size());
  for (const Wall& time : times_) append_seconds(body, std::chrono::seconds(time.seconds));
  return {.type = RecordType::kBurnt, .name = {}, .body = std::move(body)};
}

void BurntCodes::burn(Wall now) {
  times_.push_back(now);
  if (times_.size() > limits::kBurntMax) times_.erase(times_.begin());
}

std::chrono::seconds BurntCodes::pause(Wall now) const {
  using std::chrono::seconds;
  if (times_.size() < limits::kBurntMax) return seconds(0);
  if (seconds(times_.back().seconds - times_.front().seconds) > limits::kBurntWindow) {
    return seconds(0);
  }
  const seconds passed(now.seconds - times_.back().seconds);
  return std::clamp(limits::kBurntPause - passed, seconds(0), limits::kBurntPause);
}

bool BurntCodes::forget_the_future(Wall now) {
  bool changed = false;
  for (Wall& time : times_) {
    changed = changed || time > now;
    time = std::min(time, now);
  }
  return changed;
}

}  // namespace attune::sync
