#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/noise.h"
#include "daemon/net/frame_stream.h"
#include "daemon/relay/allowances.h"
#include "daemon/relay/batch.h"
#include "daemon/relay/pipe_meeting.h"
#include "daemon/relay/timer_wheel.h"

namespace attune::relay {

/// One connection of a device, as the Server has it. Holds no buffer while nothing is stuck: what
/// arrives stays with the kernel until a whole record is there, what leaves is sealed in the
/// Server's scratch. Shared, because a coroutine or a wait keeps it alive. One thread.
struct Session : std::enable_shared_from_this<Session> {
  //   Handshake --message 1--> Hello --HELLO--> Open --READY--> Meeting --both PIPE_ACK-->
  //   (spliced)
  //       '----------- refused, failed, silent, gone: Closed from each ------------'
  enum class State : std::uint8_t { kHandshake, kHello, kOpen, kMeeting, kClosed };

  struct Handle {
    MailboxId mailbox;
    MailboxRole role = MailboxRole::kReader;
    bool subscribed = false;
  };
  /// kMeeting: the pipe and who is at its other end.
  struct Meeting {
    PipeKey key;
    SessionId other;
    bool acknowledged = false;
  };

  Session(net::StreamSocket connected, SessionId name, SourceKey from, const TokenBucket& bucket)
      : socket(std::move(connected)), id(name), source(from), puts(bucket) {}

  [[nodiscard]] bool is_half_open() const {
    return state == State::kHandshake || state == State::kHello;
  }
  /// It may still be asked something.
  [[nodiscard]] bool listens() const {
    return state != State::kClosed && !ending && !(meeting && meeting->acknowledged);
  }

  net::StreamSocket socket;
  SessionId id;
  SourceKey source;
  TokenBucket puts;
  State state = State::kHandshake;
  bool ending = false;   ///< closed once what it was sent is on its way
  bool paused = false;   ///< its coroutine has ended; resume() starts it again
  bool writing = false;  ///< a wait for room to write is under way
  bool waits_for_queue = false;
  std::uint8_t looks = 0;           ///< of Fetch and Subscribe, under way
  std::uint16_t patience = 0;       ///< seconds of silence until it is dropped
  std::uint32_t low_water = 1;      ///< SO_RCVLOWAT as it is set
  std::uint32_t seen = 0;           ///< bytes of a record that was not whole at the last look
  TimerWheel::Second deadline = 0;  ///< when it is dropped
  TimerWheel::Second wheel_at = 0;  ///< where it stands in the wheel
  std::uint32_t queued = 0;         ///< weight of its jobs that wait
  std::optional<crypto::CipherState> send;
  std::optional<crypto::CipherState> receive;
  std::optional<Meeting> meeting;
  std::vector<Handle> handles;  ///< numbered from 1
  std::vector<PipeKey> pipes;   ///< where it waits
  Bytes partial;  ///< of a record that the kernel does not hold whole; nearly always empty
  Bytes unsent;   ///< sealed, and not taken by the kernel; nearly always empty
};

}  // namespace attune::relay
