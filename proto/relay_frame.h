#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/limits.h"

/// What a device and a relay say to each other, inside records (`crypto/relay_record.h`).
///   frame = type u8 | correlation u32le | n u16be | body n
/// Several stand in one record, none spans two; a type of 0 begins the padding. An answer carries
/// the correlation of its question. Nothing here allocates: views point into the record. Source:
/// docs/protocol.md, Relay.
namespace attune::relay {

/// What opens a mailbox: 32 bytes that both devices derive. Whoever knows it reads and writes.
using Capability = std::array<std::uint8_t, 32>;
/// What the relay keeps a mailbox under: a hash of the capability, from which nothing opens it.
using MailboxId = Id<struct MailboxIdTag, 16>;
/// What two ends of a pipe meet under.
using PipeId = Id<struct PipeIdTag, 32>;

enum class FrameType : std::uint8_t {
  kPadding = 0,
  kHello = 1,
  kOpen = 2,
  kPut = 3,
  kSubscribe = 4,
  kAcknowledge = 5,
  kFetch = 6,
  kPipe = 7,
  kPipeAck = 8,
  kPing = 9,
  kParams = 65,
  kOk = 66,
  kPutOk = 67,
  kDuplicate = 68,
  kQuota = 69,
  kMessage = 70,
  kEnd = 71,
  kDone = 72,
  kWait = 73,
  kReady = 74,
  kPong = 75,
  kGoAway = 76,
  kError = 77,
};

enum class MailboxRole : std::uint8_t { kReader = 1, kWriter = 2 };

/// The end of a pipe. One side meets the other of its own pair; live and pairing never meet.
enum class PipeSide : std::uint8_t { kDialler = 1, kListener = 2, kJoiner = 3, kIssuer = 4 };

enum class ErrorCode : std::uint8_t {
  kUnsupported = 1,  ///< another version, or a frame this relay does not know
  kInvite = 2,       ///< this relay serves who brings its invite
  kNoHandle = 3,     ///< no such handle, or opened for the other role
  kTooMany = 4,      ///< handles, pipes
  kBusy = 5,         ///< that end of the pipe is taken
  kGone = 6,         ///< nobody came to the other end, or a newer end took this one's place
  kFailed = 7,       ///< the relay cannot just now
  kOutOfOrder = 8,   ///< a put before this one was not taken: put from there again
};

/// Why a put was not taken.
enum class QuotaKind : std::uint8_t {
  kRate = 1,     ///< too many in a short time
  kMailbox = 2,  ///< the mailbox is full
  kSource = 3,   ///< this network has brought its share for today
  kRelay = 4,    ///< the relay is full
};

// Device to relay.
struct Hello {  ///< the first frame; answered by Params, or an Error and the end
  std::uint16_t version = limits::kRelayVersion;
  std::uint16_t keepalive_seconds = 0;  ///< kRelayKeepaliveMin to kRelayKeepaliveMax
  ByteView invite;                      ///< empty or up to kRelayInviteMax
};
struct Open {  ///< answered by Ok; makes nothing
  Capability capability{};
  MailboxRole role = MailboxRole::kReader;
};
/// Answered by PutOk once durable, by Duplicate, by Quota, or by Error. A mailbox has one writer,
/// who counts its puts from 1: only the one after the last is taken, so none is taken twice, and
/// none behind one that was refused.
struct Put {
  std::uint16_t handle = 0;
  std::uint64_t wseq = 0;
  ByteView body;  ///< 1 to kRelayBodyMax
};
struct Subscribe {  ///< Messages come from now on, with this frame's correlation, until End
  std::uint16_t handle = 0;
  std::uint64_t after = 0;   ///< only those of a greater seq
  std::uint16_t window = 0;  ///< how many may be unacknowledged, 1 to kRelayWindowMax
};
struct Acknowledge {  ///< deletes all up to `seq`; not answered
  std::uint16_t handle = 0;
  std::uint64_t seq = 0;
};
struct Fetch {  ///< answered by Messages, the oldest first, and Done
  std::uint16_t handle = 0;
  std::uint16_t count_max = 0;
};
struct Pipe {  ///< answered by Wait or an Error; Ready when the other end is there
  PipeId id;
  PipeSide side = PipeSide::kDialler;
};
struct PipeAck {};  ///< after Ready: the last frame of this session; raw bytes follow
struct Ping {};
using ToRelay = std::variant<Hello, Open, Put, Subscribe, Acknowledge, Fetch, Pipe, PipeAck, Ping>;

// Relay to device.
struct Params {
  std::uint16_t version = limits::kRelayVersion;
  std::uint32_t hour = 0;  ///< the relay's clock: hours since 1970 UTC
  std::uint32_t mailbox_bytes = 0;
  std::uint16_t mailbox_messages = 0;
  std::uint16_t message_days = 0;
  std::uint16_t puts_per_second = 0;
  std::uint16_t puts_burst = 0;
  std::uint16_t handles = 0;
  std::uint16_t waiting_pipes = 0;
};
struct Ok {
  std::uint16_t handle = 0;
  std::uint64_t seq = 0;   ///< reader: the oldest message, 0: none; writer: the last wseq taken
  std::uint32_t used = 0;  ///< reader: bytes that wait; writer: 0
};
struct PutOk {
  std::uint64_t wseq = 0;
};
struct Duplicate {
  std::uint64_t last = 0;  ///< the last wseq taken
};
struct Quota {
  QuotaKind kind = QuotaKind::kRate;
  std::uint32_t retry_seconds = 0;
};
struct Message {
  std::uint16_t handle = 0;
  std::uint64_t seq = 0;  ///< the wseq it was put with
  ByteView body;
};
struct End {  ///< a newer subscriber of this mailbox took over
  std::uint16_t handle = 0;
};
struct Done {  ///< of a Fetch
  std::uint16_t handle = 0;
  bool more = false;
};
struct Wait {};
struct Ready {};  ///< the last frame of this session to the device
struct Pong {};
struct GoAway {  ///< the relay ends; come back after so many seconds
  std::uint16_t retry_seconds = 0;
};
struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::uint32_t retry_seconds = 0;  ///< 0: not by waiting
};
using FromRelay = std::variant<Params, Ok, PutOk, Duplicate, Quota, Message, End, Done, Wait, Ready,
                               Pong, GoAway, Error>;

inline constexpr std::size_t kFrameHeadBytes = 7;
/// The largest frame, a put or a message with a full body, fits into one record.
static_assert(kFrameHeadBytes + 2 + 8 + limits::kRelayBodyMax <= limits::kRelayPlainMax);

/// One frame as it stands in a record.
struct Frame {
  std::uint8_t type = 0;
  std::uint32_t correlation = 0;
  ByteView body;
};

/// Takes the frames of one record's plaintext, which outlives it.
class FrameReader {
 public:
  explicit FrameReader(ByteView plain) : reader_(plain) {}
  /// The next; nullopt at the padding, at the end, and where the bytes are no frames: see ok().
  std::optional<Frame> next();
  /// false: something that is neither a frame nor zeros.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::nullopt_t stop(bool ok);

  Reader reader_;
  bool ok_ = true;
};

/// nullopt for an unknown type, a body of another length, or a value out of its range.
std::optional<ToRelay> decode_to_relay(const Frame& frame);
std::optional<FromRelay> decode_from_relay(const Frame& frame);

/// Packs frames into the plaintext of one record, whose room outlives it.
class FramePacker {
 public:
  explicit FramePacker(std::span<std::uint8_t> room) : room_(room) {}
  /// false: no room left for it, and nothing is changed. Requires that a body fits its limit.
  [[nodiscard]] bool add(std::uint32_t correlation, const ToRelay& message);
  [[nodiscard]] bool add(std::uint32_t correlation, const FromRelay& message);
  [[nodiscard]] std::size_t size() const { return size_; }
  void clear() { size_ = 0; }

 private:
  struct Writer;
  template <typename Variant>
  bool pack(std::uint32_t correlation, const Variant& message);

  std::span<std::uint8_t> room_;
  std::size_t size_ = 0;
};

}  // namespace attune::relay
