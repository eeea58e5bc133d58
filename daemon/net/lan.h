#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/net/lan_events.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"
#include "proto/ids.h"
#include "proto/limits.h"
#include "proto/relay_url.h"

namespace attune::net {

/// How the bytes of a link are cut into units: first one of `first_bytes` bytes without a length
/// (none where 0), then frames of u16be length | body.
/// Incoming links: a first byte 1 means 65 bytes, 2 means 17, 3 means 1 (each with that byte); any
/// other is met with silence. Source: docs/protocol.md, On the LAN.
struct Framing {
  std::size_t first_bytes = 0;
};

inline constexpr Framing kLiveAnswer{48};  ///< what a dialler hears: Noise message 2, then frames
inline constexpr Framing kCodeAnswer{16};  ///< n_i, then frames
inline constexpr Framing kQrAnswer{0};     ///< frames only
inline constexpr Framing kRelayAnswer{limits::kRelayHandshakeBytes};  ///< then records as frames
inline constexpr Framing kLiveOpening{limits::kHelloBytes};  ///< what a listener hears on a pipe
inline constexpr Framing kCodeOpening{17};
inline constexpr Framing kQrOpening{1};

struct LanSettings {
  std::uint16_t port = 0;  ///< what the person configured: this one or an exception; 0: not set
  std::uint16_t last_port = 0;  ///< last time's, taken where it is free; 0: none known
  int listener_fd = -1;         ///< a listening TCP socket to adopt instead of making one; -1: none
  std::chrono::milliseconds patience = limits::kHandshakePatience;
  std::chrono::milliseconds relay_patience = limits::kRelayPatience;
  std::optional<HostPort> proxy;  ///< a SOCKS5 proxy through which relays are dialled
  std::chrono::milliseconds close_patience{1'000};  ///< for what was sent before a close()
  std::chrono::milliseconds accept_pause{200};      ///< after the machine ran out of descriptors
  std::size_t half_open_max = limits::kHalfOpenMax;
  std::size_t unsent_bytes_max = 1u << 20;  ///< per link; a link further behind is dropped
};

/// The LAN port and the connections in and out of it: moves units of bytes and understands none.
/// Until the owner says authenticated(), a link has `patience` in all (a dialled one: that long to
/// connect and that long from then on), its units are at most kHandshakeBytesMax, and at most
/// `half_open_max` incoming ones exist, of which the oldest makes room for a new one; failures are
/// silent. Afterwards frames are at most kFrameBytesMax and silence is allowed.
/// The io_context and the events outlive it; one thread. Destruction closes everything at once.
/// Functions that name a link which is gone do nothing.
class Lan {
 public:
  /// `next_link` names incoming links; it must never give an id that dial() was given.
  /// Throws std::system_error where no port can be listened on.
  Lan(asio::io_context& io, LanEvents& events, const LanSettings& settings,
      std::function<LinkId()> next_link);
  ~Lan();
  Lan(const Lan&) = delete;
  Lan& operator=(const Lan&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// The listening socket, still owned by us and close-on-exec: who wants it inherited over an
  /// execve clears that flag.
  [[nodiscard]] int listener_fd() const;

  /// Connects; several may be under way. `first_unit` (may be empty) is sent raw as soon as it can
  /// be. link_opened or dial_failed follows.
  void dial(LinkId link, const Endpoint& remote, Framing framing, Bytes first_unit = {});

  /// The same to a relay, by its name or address, through the proxy where one is set: the link has
  /// `relay_patience` in place of `patience`, its first unit is kRelayAnswer, and link_opened says
  /// no address.
  void dial_relay(LinkId link, const HostPort& to);
  /// The link, which was authenticated, has become a pipe to somebody else: the next unit is the
  /// first of `framing`, and it is a stranger's link again, with `relay_patience`. Only from the
  /// event of the unit before.
  void recut(LinkId link, Framing framing);
  /// A name is being looked up on a thread that the io_context's destruction would wait for.
  [[nodiscard]] bool looking_up() const;

  /// Both require that link_opened has come; what is sent while still dialling is lost.
  void send_raw(LinkId link, Bytes bytes);
  /// u16be length | body. Requires body.size() <= kFrameBytesMax.
  void send_frame(LinkId link, Bytes body);
  /// Bytes given to send_* that the kernel has not taken yet; 0 where the link is gone.
  [[nodiscard]] std::size_t unsent(LinkId link) const;

  /// The other side has proved who it is: no deadline any more, frames up to kFrameBytesMax.
  void authenticated(LinkId link);
  /// The other side's first unit was sealed by somebody we know, though perhaps long ago: its
  /// frames may be whole. The deadline stays.
  void widen(LinkId link);
  /// A person is being asked: the deadline is this far from now, and the link no longer makes room
  /// for new ones. The owner bounds how many links it extends.
  void extend(LinkId link, std::chrono::milliseconds patience);

  /// Sends what was given before, within close_patience, and closes. No event names the link again.
  void close(LinkId link);
  void close_all();
  /// Returns when every closed link has said its last, which takes close_patience at most.
  asio::awaitable<void> drained();

  [[nodiscard]] std::size_t half_open() const;  ///< incoming and neither authenticated nor extended

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace attune::net
