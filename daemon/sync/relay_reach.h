#pragma once

#include <chrono>
#include <optional>

#include "crypto/random.h"
#include "daemon/sync/relay_line.h"
#include "daemon/sync/relay_pace.h"
#include "daemon/sync/relay_session.h"
#include "proto/record.h"
#include "proto/relay_url.h"

namespace attune::sync {

/// Numbers for what this device dials; those of incoming links have no top bit.
class DialNumbers {
 public:
  [[nodiscard]] LinkId next() { return LinkId{kTopBit | ++last_}; }

 private:
  static constexpr std::uint64_t kTopBit = std::uint64_t{1} << 63;
  std::uint64_t last_ = 0;
};

/// The setting of a relay, as one record keeps it; nullopt: none.
RecordChange relay_record(const std::optional<RelayUrl>& relay);
/// Name of that record among the settings.
[[nodiscard]] bool is_relay_record(const Record& record);
/// nullopt for bytes that no version of this program writes.
std::optional<RelayUrl> decode_relay(ByteView body);

/// Keeps one session with the relay that is set, for as long as one is. Pure; owned by the Replica
/// and by Partings; borrows the Random.
///
///   Off --set()--> Resting --due--> Calling --Params--> Up
///    ^--set(none)--   ^------ gone: later each time -----'
class RelayReach {
 public:
  explicit RelayReach(crypto::Random& random) : random_(random) {}

  /// What is set when the Replica begins.
  void begin(std::optional<RelayUrl> relay, const Now& now);
  /// Another relay or none: what stood is hung up, the new one is dialled at once.
  void set(std::optional<RelayUrl> relay, const Now& now, Output& out, RelayNews& news);
  [[nodiscard]] const std::optional<RelayUrl>& relay() const { return relay_; }

  [[nodiscard]] bool up() const { return session_ && session_->up(); }
  /// Requires up().
  [[nodiscard]] RelayLine& line() { return *session_; }
  [[nodiscard]] const relay::Params& params() const { return session_->params(); }
  /// The relay did not take this device in: its invite is wrong, or its version is another.
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] const RelayKeepalive& keepalive() const { return keepalive_; }
  [[nodiscard]] RelayKeepalive& keepalive() { return keepalive_; }

  // ---- Its link.
  [[nodiscard]] bool owns(LinkId link) const { return session_ && session_->link() == link; }
  void opened(const Now& now, Output& out) { session_->opened(now, out); }
  void unit(Bytes bytes, const Now& now, Output& out, RelayNews& news);
  void lost(const Now& now, RelayNews& news);

  /// What stands is hung up, without news; another is dialled at once.
  void renew(const Now& now, Output& out);
  /// What stands is hung up, without news; it comes back as after a loss, but not before `away`.
  void leave(std::chrono::seconds away, const Now& now, Output& out);
  /// Neither a session nor an attempt is under way.
  [[nodiscard]] bool rests() const { return !session_; }

  void network_changed(const Now& now);
  /// An attempt that is due later is due now.
  void hurry(const Now& now);
  /// At every wake-up: deadlines, pings, the next attempt.
  void pass_time(const Now& now, DialNumbers& dials, Output& out, RelayNews& news);
  void flush(const Now& now, Output& out);
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  void rest(const Now& now);

  crypto::Random& random_;
  std::optional<RelayUrl> relay_;
  std::optional<RelaySession> session_;
  std::optional<Steady> attempt_;  ///< Resting
  std::optional<Steady> since_;    ///< of Up
  GrowingPause pause_;
  RelayKeepalive keepalive_;
  bool refused_ = false;
};

}  // namespace attune::sync
