#pragma once

#include <cstdint>
#include <unordered_map>

#include "proto/limits.h"
#include "proto/time.h"

namespace attune::relay {

/// A rate with a burst. Value type of 16 bytes; rate and burst are the caller's. Pure.
class TokenBucket {
 public:
  struct Terms {
    double per_second = 0;
    double burst = 0;
  };
  TokenBucket(Steady now, const Terms& terms) : level_(terms.burst), at_(now) {}
  /// false: not now.
  bool take(Steady now, const Terms& terms, double count);
  [[nodiscard]] bool is_full(Steady now, const Terms& terms) const;

 private:
  [[nodiscard]] double level(Steady now, const Terms& terms) const;

  double level_;
  Steady at_;
};

/// A network that connections come from: a keyed hash of a /32 or /64 under a key that lives in
/// memory for a day. No address can be read from it, and tomorrow nobody can tell who it was.
struct SourceKey {
  std::uint64_t value = 0;
  friend auto operator<=>(const SourceKey&, const SourceKey&) = default;
};

struct SourceLimits {
  std::uint32_t connects_per_second = limits::kRelayConnectsPerSecond;
  std::uint32_t connections = limits::kRelayConnectionsPerSource;
  std::uint64_t new_bytes_per_day = limits::kRelayNewBytesPerDay;
  std::uint64_t pipe_free_bytes = limits::kRelayPipeFreeBytes;
};

/// What each source has open and has used today. Pure; at most kRelaySourceRows rows, one for each
/// source that has something open, or used something today. One thread.
class Sources {
 public:
  explicit Sources(const SourceLimits& limits) : limits_(limits) {}

  /// One more connection; false: too many, or too fast.
  bool enter(Steady now, SourceKey source);
  void leave(SourceKey source);
  /// false: today's share of new bytes is used up; nothing is counted then.
  bool take_new_bytes(SourceKey source, std::uint64_t bytes);
  /// How many of `bytes` are free of the pipe's rate; counted at once.
  std::uint64_t take_pipe_bytes(SourceKey source, std::uint64_t bytes);
  /// A new day: keys are new too, so rows without connections are nobody's any more.
  void new_day();

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    TokenBucket connects;
    std::uint32_t open = 0;
    std::uint64_t new_bytes = 0;
    std::uint64_t pipe_bytes = 0;
  };
  struct Hash {
    // The key is a keyed hash already: nobody outside can choose it.
    std::size_t operator()(const SourceKey& key) const { return key.value; }
  };
  [[nodiscard]] TokenBucket::Terms connect_terms() const;
  void sweep(Steady now);

  SourceLimits limits_;
  std::unordered_map<SourceKey, Row, Hash> rows_;
};

}  // namespace attune::relay
