#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "daemon/sync/events.h"
#include "daemon/sync/relay_line.h"
#include "daemon/sync/relay_pace.h"
#include "proto/relay_url.h"

namespace attune::sync {

/// One connection to a relay: Noise_NK to the pinned key, records, frames, pings. Pure; a value
/// that moves; borrows the Random. Dials in its constructor, and hangs up by itself when it is
/// over. Source: docs/protocol.md, Relay.
///
///   Dialling --opened()--> Calling --NK answer--> Greeted --Params--> Open --Ready--> Piped
///   any --wrong byte, silence, Error of Hello, GoAway, lost()--> Gone
///
///   Dialling  the connection is being made; kRelayPatience
///   Calling   message 1 is sent; only the 48 bytes of the answer may come; kRelayPatience ...
///   Greeted   Hello is sent; only Params or an Error may come;             ... for both
///   Open      up(): questions may be asked; what comes is news; silence is asked for a Pong
///   Piped     PipeAck is sent: the link belongs to whoever is at the other end of the pipe
///   Gone      the link is hung up, or was lost
class RelaySession final : public RelayLine {
 public:
  enum class State { kDialling, kCalling, kGreeted, kOpen, kPiped, kGone };

  RelaySession(LinkId link, RelayUrl relay, const Now& now, crypto::Random& random, Output& out);

  // ---- What happens to its link.
  void opened(const Now& now, Output& out);
  /// `news` has no record yet.
  void unit(Bytes bytes, const Now& now, Output& out, RelayNews& news);
  /// The link is no more.
  void lost(RelayNews& news);

  [[nodiscard]] bool up() const override { return state_ == State::kOpen; }
  std::uint32_t ask(const relay::ToRelay& question) override;

  /// Whether it lives is asked at once: the network of this device is another.
  void probe() { probing_ = up(); }
  /// Deadlines and pings; what was learnt goes into `keepalive`.
  void pass_time(const Now& now, RelayKeepalive& keepalive, Output& out, RelayNews& news);
  /// What was asked becomes records. At the end of each step.
  void flush(const Now& now, Output& out);
  /// Ends it from here, without news.
  void hang_up(Output& out);
  [[nodiscard]] std::optional<Steady> next(const RelayKeepalive& keepalive) const;

  [[nodiscard]] LinkId link() const { return link_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const RelayUrl& relay() const { return relay_; }
  [[nodiscard]] bool gone() const { return state_ == State::kGone; }
  /// Requires that it was up.
  [[nodiscard]] const relay::Params& params() const { return params_; }
  /// Hello was refused: which Error said so.
  [[nodiscard]] std::optional<relay::ErrorCode> refused() const { return refused_; }
  /// The relay said when to come back.
  [[nodiscard]] std::optional<std::chrono::seconds> away_for() const { return away_for_; }

 private:
  void heard_answer(ByteView answer, const Now& now, Output& out, RelayNews& news);
  void heard_record(Bytes bytes, const Now& now, Output& out, RelayNews& news);
  [[nodiscard]] bool heard(const relay::Frame& frame, RelayNews& news);
  [[nodiscard]] bool heard_greeted(const relay::Frame& frame, const relay::FromRelay& message,
                                   RelayNews& news);
  [[nodiscard]] bool heard_open(const relay::Frame& frame, const relay::FromRelay& message,
                                RelayNews& news);
  void pack(std::uint32_t correlation, const relay::ToRelay& question);
  void die(Output& out, RelayNews& news);
  void seal();
  [[nodiscard]] Steady idle_since() const { return std::min(last_heard_, last_sent_); }
  /// Requires a Ping under way.
  [[nodiscard]] Steady pong_due() const {
    return std::max(*pinged_, last_heard_) + limits::kRelayPongPatience;
  }

  State state_ = State::kDialling;
  LinkId link_;
  RelayUrl relay_;
  crypto::NoiseHandshake handshake_;
  std::optional<crypto::NoiseHandshake::Transport> transport_;
  Steady deadline_;  ///< kDialling, kCalling, kGreeted
  Steady last_heard_;
  Steady last_sent_;
  std::uint32_t asked_ = 0;              ///< the last correlation given out; Hello is 1
  std::vector<std::uint32_t> pipes_;     ///< correlations of Pipe
  std::optional<Steady> pinged_;         ///< a Ping is under way
  std::chrono::nanoseconds silence_{0};  ///< before it
  bool probing_ = false;
  Bytes room_;                  ///< a record that is being packed; empty: none is
  std::size_t packed_ = 0;      ///< bytes of frames in it
  std::vector<Bytes> records_;  ///< sealed and not yet in an Output
  relay::Params params_;
  std::optional<relay::ErrorCode> refused_;
  std::optional<std::chrono::seconds> away_for_;
};

}  // namespace attune::sync
