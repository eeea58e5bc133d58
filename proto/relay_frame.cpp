#include "proto/relay_frame.h"

#include <algorithm>
#include <cassert>

namespace attune::relay {
namespace {

bool is_in(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return low <= value && value <= high;
}

std::optional<ToRelay> read_hello(Reader& in) {
  Hello hello{.version = in.u16be(), .keepalive_seconds = in.u16be(), .invite = {}};
  hello.invite = in.take(in.left());
  if (!in.done() || hello.invite.size() > limits::kRelayInviteMax) return std::nullopt;
  const auto low = static_cast<std::uint64_t>(limits::kRelayKeepaliveMin.count());
  const auto high = static_cast<std::uint64_t>(limits::kRelayKeepaliveMax.count());
  if (!is_in(hello.keepalive_seconds, low, high)) return std::nullopt;
  return hello;
}

std::optional<ToRelay> read_open(Reader& in) {
  Open open;
  open.capability = in.take_array<32>();
  const std::uint8_t role = in.u8();
  if (!in.done() || !is_in(role, 1, 2)) return std::nullopt;
  open.role = static_cast<MailboxRole>(role);
  return open;
}

std::optional<ToRelay> read_put(Reader& in) {
  Put put{.handle = in.u16be(), .wseq = in.u64le(), .body = {}};
  put.body = in.take(in.left());
  // Stored as a signed number, and no writer counts so far.
  if (!in.done() || !is_in(put.wseq, 1, INT64_MAX)) return std::nullopt;
  if (!is_in(put.body.size(), 1, limits::kRelayBodyMax)) return std::nullopt;
  return put;
}

std::optional<ToRelay> read_subscribe(Reader& in) {
  const Subscribe subscribe{.handle = in.u16be(), .after = in.u64le(), .window = in.u16be()};
  if (!in.done() || !is_in(subscribe.window, 1, limits::kRelayWindowMax)) return std::nullopt;
  if (subscribe.after > INT64_MAX) return std::nullopt;
  return subscribe;
}

std::optional<ToRelay> read_acknowledge(Reader& in) {
  const Acknowledge acknowledge{.handle = in.u16be(), .seq = in.u64le()};
  if (!in.done() || !is_in(acknowledge.seq, 1, INT64_MAX)) return std::nullopt;
  return acknowledge;
}

std::optional<ToRelay> read_fetch(Reader& in) {
  const Fetch fetch{.handle = in.u16be(), .count_max = in.u16be()};
  if (!in.done() || fetch.count_max == 0) return std::nullopt;
  return fetch;
}

std::optional<ToRelay> read_pipe(Reader& in) {
  Pipe pipe;
  pipe.id.bytes = in.take_array<32>();
  const std::uint8_t side = in.u8();
  if (!in.done() || !is_in(side, 1, 4)) return std::nullopt;
  pipe.side = static_cast<PipeSide>(side);
  return pipe;
}

std::optional<FromRelay> read_params(Reader& in) {
  const Params params{.version = in.u16be(),
                      .hour = in.u32le(),
                      .mailbox_bytes = in.u32le(),
                      .mailbox_messages = in.u16be(),
                      .message_days = in.u16be(),
                      .puts_per_second = in.u16be(),
                      .puts_burst = in.u16be(),
                      .handles = in.u16be(),
                      .waiting_pipes = in.u16be()};
  // A later relay may say more.
  if (!in.ok()) return std::nullopt;
  return params;
}

std::optional<FromRelay> read_ok(Reader& in) {
  const Ok ok{.handle = in.u16be(), .seq = in.u64le(), .used = in.u32le()};
  if (!in.done()) return std::nullopt;
  return ok;
}

std::optional<FromRelay> read_quota(Reader& in) {
  const std::uint8_t kind = in.u8();
  const std::uint32_t retry = in.u32le();
  if (!in.done() || !is_in(kind, 1, 4)) return std::nullopt;
  return Quota{.kind = static_cast<QuotaKind>(kind), .retry_seconds = retry};
}

std::optional<FromRelay> read_message(Reader& in) {
  Message message{.handle = in.u16be(), .seq = in.u64le(), .body = {}};
  message.body = in.take(in.left());
  if (!in.done() || !is_in(message.body.size(), 1, limits::kRelayBodyMax)) return std::nullopt;
  return message;
}

std::optional<FromRelay> read_done(Reader& in) {
  const std::uint16_t handle = in.u16be();
  const std::uint8_t more = in.u8();
  if (!in.done() || more > 1) return std::nullopt;
  return Done{.handle = handle, .more = more == 1};
}

std::optional<FromRelay> read_error(Reader& in) {
  const std::uint8_t code = in.u8();
  const std::uint32_t retry = in.u32le();
  if (!in.done() || !is_in(code, 1, 8)) return std::nullopt;
  return Error{.code = static_cast<ErrorCode>(code), .retry_seconds = retry};
}

template <typename Variant, typename Value>
std::optional<Variant> whole(const Reader& in, const Value& value) {
  if (!in.done()) return std::nullopt;
  return value;
}

}  // namespace

std::nullopt_t FrameReader::stop(bool ok) {
  ok_ = ok;
  reader_ = Reader({});
  return std::nullopt;
}

std::optional<Frame> FrameReader::next() {
  if (reader_.left() == 0) return std::nullopt;
  Frame frame;
  frame.type = reader_.u8();
  if (frame.type == static_cast<std::uint8_t>(FrameType::kPadding)) {
    return stop(
        std::ranges::all_of(reader_.take(reader_.left()), [](auto byte) { return byte == 0; }));
  }
  frame.correlation = reader_.u32le();
  frame.body = reader_.take(reader_.u16be());
  if (!reader_.ok()) return stop(false);
  return frame;
}

std::optional<ToRelay> decode_to_relay(const Frame& frame) {
  Reader in(frame.body);
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::kHello:
      return read_hello(in);
    case FrameType::kOpen:
      return read_open(in);
    case FrameType::kPut:
      return read_put(in);
    case FrameType::kSubscribe:
      return read_subscribe(in);
    case FrameType::kAcknowledge:
      return read_acknowledge(in);
    case FrameType::kFetch:
      return read_fetch(in);
    case FrameType::kPipe:
      return read_pipe(in);
    case FrameType::kPipeAck:
      return whole<ToRelay>(in, PipeAck{});
    case FrameType::kPing:
      return whole<ToRelay>(in, Ping{});
    default:  // the other direction's, and numbers that are no type
      return std::nullopt;
  }
}

std::optional<FromRelay> decode_from_relay(const Frame& frame) {
  Reader in(frame.body);
  switch (static_cast<FrameType>(frame.type)) {
    case FrameType::kParams:
      return read_params(in);
    case FrameType::kOk:
      return read_ok(in);
    case FrameType::kPutOk: {
      const PutOk put_ok{.wseq = in.u64le()};
      return whole<FromRelay>(in, put_ok);
    }
    case FrameType::kDuplicate: {
      const Duplicate duplicate{.last = in.u64le()};
      return whole<FromRelay>(in, duplicate);
    }
    case FrameType::kQuota:
      return read_quota(in);
    case FrameType::kMessage:
      return read_message(in);
    case FrameType::kEnd: {
      const End end{.handle = in.u16be()};
      return whole<FromRelay>(in, end);
    }
    case FrameType::kDone:
      return read_done(in);
    case FrameType::kWait:
      return whole<FromRelay>(in, Wait{});
    case FrameType::kReady:
      return whole<FromRelay>(in, Ready{});
    case FrameType::kPong:
      return whole<FromRelay>(in, Pong{});
    case FrameType::kGoAway: {
      const GoAway go_away{.retry_seconds = in.u16be()};
      return whole<FromRelay>(in, go_away);
    }
    case FrameType::kError:
      return read_error(in);
    default:  // the other direction's, and numbers that are no type
      return std::nullopt;
  }
}

/// Writes one frame into the room; remembers when it did not fit.
struct FramePacker::Writer {
  std::span<std::uint8_t> room;
  std::size_t at = 0;
  bool fits = true;

  void bytes(ByteView view) {
    if (view.size() > room.size() - at) fits = false;
    if (!fits) return;
    std::copy(view.begin(), view.end(), room.begin() + static_cast<std::ptrdiff_t>(at));
    at += view.size();
  }
  void u8(std::uint8_t value) { bytes({&value, 1}); }
  void u16be(std::uint16_t value) {
    const std::array<std::uint8_t, 2> wire{static_cast<std::uint8_t>(value >> 8),
                                           static_cast<std::uint8_t>(value)};
    bytes(wire);
  }
  template <typename Unsigned>
  void little(Unsigned value) {
    std::array<std::uint8_t, sizeof(Unsigned)> wire{};
    for (std::size_t i = 0; i < wire.size(); ++i) {
      wire[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    bytes(wire);
  }

  FrameType body(const Hello& hello) {
    u16be(hello.version);
    u16be(hello.keepalive_seconds);
    bytes(hello.invite);
    return FrameType::kHello;
  }
  FrameType body(const Open& open) {
    bytes(open.capability);
    u8(static_cast<std::uint8_t>(open.role));
    return FrameType::kOpen;
  }
  FrameType body(const Put& put) {
    u16be(put.handle);
    little(put.wseq);
    bytes(put.body);
    return FrameType::kPut;
  }
  FrameType body(const Subscribe& subscribe) {
    u16be(subscribe.handle);
    little(subscribe.after);
    u16be(subscribe.window);
    return FrameType::kSubscribe;
  }
  FrameType body(const Acknowledge& acknowledge) {
    u16be(acknowledge.handle);
    little(acknowledge.seq);
    return FrameType::kAcknowledge;
  }
  FrameType body(const Fetch& fetch) {
    u16be(fetch.handle);
    u16be(fetch.count_max);
    return FrameType::kFetch;
  }
  FrameType body(const Pipe& pipe) {
    bytes(pipe.id.bytes);
    u8(static_cast<std::uint8_t>(pipe.side));
    return FrameType::kPipe;
  }
  static FrameType body(const PipeAck&) { return FrameType::kPipeAck; }
  static FrameType body(const Ping&) { return FrameType::kPing; }
  FrameType body(const Params& params) {
    u16be(params.version);
    little(params.hour);
    little(params.mailbox_bytes);
    u16be(params.mailbox_messages);
    u16be(params.message_days);
    u16be(params.puts_per_second);
    u16be(params.puts_burst);
    u16be(params.handles);
    u16be(params.waiting_pipes);
    return FrameType::kParams;
  }
  FrameType body(const Ok& ok) {
    u16be(ok.handle);
    little(ok.seq);
    little(ok.used);
    return FrameType::kOk;
  }
  FrameType body(const PutOk& put_ok) {
    little(put_ok.wseq);
    return FrameType::kPutOk;
  }
  FrameType body(const Duplicate& duplicate) {
    little(duplicate.last);
    return FrameType::kDuplicate;
  }
  FrameType body(const Quota& quota) {
    u8(static_cast<std::uint8_t>(quota.kind));
    little(quota.retry_seconds);
    return FrameType::kQuota;
  }
  FrameType body(const Message& message) {
    u16be(message.handle);
    little(message.seq);
    bytes(message.body);
    return FrameType::kMessage;
  }
  FrameType body(const End& end) {
    u16be(end.handle);
    return FrameType::kEnd;
  }
  FrameType body(const Done& done) {
    u16be(done.handle);
    u8(done.more ? 1 : 0);
    return FrameType::kDone;
  }
  static FrameType body(const Wait&) { return FrameType::kWait; }
  static FrameType body(const Ready&) { return FrameType::kReady; }
  static FrameType body(const Pong&) { return FrameType::kPong; }
  FrameType body(const GoAway& go_away) {
    u16be(go_away.retry_seconds);
    return FrameType::kGoAway;
  }
  FrameType body(const Error& error) {
    u8(static_cast<std::uint8_t>(error.code));
    little(error.retry_seconds);
    return FrameType::kError;
  }
};

template <typename Variant>
bool FramePacker::pack(std::uint32_t correlation, const Variant& message) {
  const std::span<std::uint8_t> rest = room_.subspan(size_);
  if (rest.size() < kFrameHeadBytes) return false;
  Writer body{.room = rest, .at = kFrameHeadBytes};
  const FrameType type =
      std::visit([&body](const auto& value) { return body.body(value); }, message);
  if (!body.fits) return false;
  const std::size_t bytes = body.at - kFrameHeadBytes;
  assert(bytes <= UINT16_MAX);
  Writer head{.room = rest};
  head.u8(static_cast<std::uint8_t>(type));
  head.little(correlation);
  head.u16be(static_cast<std::uint16_t>(bytes));
  size_ += body.at;
  return true;
}

bool FramePacker::add(std::uint32_t correlation, const ToRelay& message) {
  return pack(correlation, message);
}

bool FramePacker::add(std::uint32_t correlation, const FromRelay& message) {
  return pack(correlation, message);
}

}  // namespace attune::relay
