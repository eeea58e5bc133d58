#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "crypto/relay_record.h"
#include "daemon/net/fd.h"
#include "proto/relay_frame.h"
#include "proto/relay_url.h"

namespace attune::relay {

/// An answer with the bytes it views.
struct Heard {
  std::uint32_t correlation = 0;
  std::shared_ptr<const Bytes> bytes;
  std::optional<FromRelay> message;  ///< nullopt: the connection has ended

  template <typename Message>
  [[nodiscard]] const Message* as() const {
    return message ? std::get_if<Message>(&*message) : nullptr;
  }
};

/// A device as far as a relay sees one, over a blocking socket: for tests, storms and benches. Not
/// safe for several threads.
class Device {
 public:
  struct From {
    std::string address = "127.0.0.1";  ///< 127.0.0.0/8: where it comes from
    std::chrono::seconds keepalive{60};
    int receive_buffer = 0;  ///< SO_RCVBUF; 0: the system's
  };
  /// Connects and shakes hands, but says nothing. nullopt where the relay does not take it.
  static std::optional<Device> connect(const RelayUrl& url, const From& from);
  static std::optional<Device> connect(const RelayUrl& url) { return connect(url, From{}); }
  /// The same, and HELLO. nullopt where that is refused.
  static std::optional<Device> enter(const RelayUrl& url, const From& from);
  static std::optional<Device> enter(const RelayUrl& url) { return enter(url, From{}); }

  /// Adds to a record of several frames; send() takes it away.
  void add(std::uint32_t correlation, const ToRelay& message);
  /// false: the connection has ended.
  bool send();
  bool say(std::uint32_t correlation, const ToRelay& message);
  bool send_raw(ByteView bytes);
  /// A sealed record that is not sent.
  Bytes record(ByteView plain);

  /// The next answer, whatever it answers. Waits `patience`, and then, or at the connection's end,
  /// gives one without a message.
  Heard hear(std::chrono::milliseconds patience = std::chrono::seconds(20));
  /// The next one of this kind; others are passed over.
  template <typename Message>
  Heard hear_a(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    for (;;) {
      Heard heard = hear(patience);
      if (!heard.message || heard.as<Message>() != nullptr) return heard;
    }
  }
  /// Nothing waits, and nothing comes within `patience`.
  bool is_told_nothing(std::chrono::milliseconds patience);
  /// The relay has closed the connection.
  bool is_closed(std::chrono::milliseconds patience = std::chrono::seconds(20));

  /// The handle, and what stands there.
  std::optional<Ok> open(const Capability& capability, MailboxRole role);
  /// After PIPE_ACK: the raw connection.
  net::Fd leave() { return std::move(fd_); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Device(net::Fd fd, crypto::NoiseHandshake::Transport transport);
  bool fill(std::size_t bytes, std::chrono::steady_clock::time_point until);

  using Room = std::array<std::uint8_t, crypto::kRelayRecordMax>;
  net::Fd fd_;
  crypto::CipherState send_;
  crypto::CipherState receive_;
  std::unique_ptr<Room> room_;
  FramePacker packer_;
  Bytes incoming_;
  std::size_t incoming_at_ = 0;
  std::deque<Heard> heard_;
  bool ended_ = false;
};

/// A capability of this number.
Capability capability_of(std::uint64_t number);

/// So many bytes of a socket; fewer where it ends before.
Bytes read_bytes(int fd, std::size_t size);

/// A TCP connection from an address of 127.0.0.0/8; empty where there is none.
net::Fd connect_from(const HostPort& place, const std::string& address);

}  // namespace attune::relay
