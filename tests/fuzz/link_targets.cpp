// What comes over a link or as a datagram: streams, frames, sessions, beacons.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "daemon/net/frame_stream.h"
#include "daemon/sync/discovery.h"
#include "daemon/sync/session.h"
#include "proto/limits.h"
#include "tests/fuzz/raw_peer.h"
#include "tests/fuzz/samples.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/target.h"
#include "tests/sync/session_fixture.h"

namespace attune::fuzz {
namespace {

using sync::testing::PairedDevices;

// ---- A stream of bytes, cut into frames by the daemon's own coroutine.

struct Cut {
  std::vector<Bytes> frames;
};

asio::awaitable<void> cut_stream(net::StreamSocket& socket, net::LengthBytes length,
                                 const std::size_t& body_max, Cut& out) {
  while (auto frame = co_await net::read_frame(socket, length, body_max)) {
    out.frames.push_back(std::move(*frame));
  }
}

void run_stream(ByteView input) {
  Script script(input);
  const bool wide = script.coin();
  const std::size_t body_max = script.coin() ? limits::kFrameBytesMax : limits::kHandshakeBytesMax;
  const ByteView wire = script.rest();
  std::array<int, 2> ends{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0,
          "there is a socket");
  const ssize_t written = send(ends[1], wire.data(), wire.size(), MSG_NOSIGNAL);
  require(written == static_cast<ssize_t>(wire.size()), "the input fits a socket's buffer");
  close(ends[1]);
  asio::io_context io;
  net::StreamSocket socket{io};
  socket.assign(asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  Cut cut;
  const auto length = wide ? net::LengthBytes::kFour : net::LengthBytes::kTwo;
  asio::co_spawn(io, cut_stream(socket, length, body_max, cut), net::rethrow);
  io.run();
  Bytes again;
  for (const Bytes& frame : cut.frames) {
    require(frame.size() <= body_max, "a frame is within its limit");
    if (wide) append(again, Bytes{0, 0});
    append_u16be(again, static_cast<std::uint16_t>(frame.size()));
    append(again, frame);
  }
  require(std::ranges::equal(again, wire.first(std::min(again.size(), wire.size()))),
          "frames are what came, in its order");
}

std::vector<Bytes> stream_seeds() {
  Bytes two{0, 1};
  Bytes four{1, 0};
  for (const std::size_t size : {5u, 0u, 300u}) {
    const Bytes body(size, 'x');
    append_u16be(two, static_cast<std::uint16_t>(size));
    append(two, body);
    append(four, Bytes{0, 0});
    append_u16be(four, static_cast<std::uint16_t>(size));
    append(four, body);
  }
  Bytes too_long{0, 0};
  append_u16be(too_long, limits::kHandshakeBytesMax + 1);
  too_long.resize(too_long.size() + limits::kHandshakeBytesMax + 1);
  return {two, four, too_long};
}

// ---- One frame's plaintext, sealed with the right key.

crypto::CipherState known_cipher() { return crypto::CipherState(crypto::SeededRandom(1).key()); }

void run_frame(ByteView input) {
  Script script(input);
  const bool right_key = script.coin();
  const ByteView bytes = script.rest();
  crypto::CipherState sender = known_cipher();
  crypto::CipherState receiver = known_cipher();
  const Bytes sealed = right_key ? sender.encrypt({}, bytes) : Bytes(bytes.begin(), bytes.end());
  const auto frame = sync::open_frame(receiver, sealed);
  if (!frame) return;
  require(frame->body.size() <= sync::kFrameBodyMax, "a body is within its frame");
  crypto::CipherState again = known_cipher();
  require(sync::seal_frame(again, frame->type, frame->body) == sealed, "a frame has one form");
}

std::vector<Bytes> frame_seeds() {
  std::vector<Bytes> out;
  for (const std::size_t size : {0u, 40u, 509u, 600u}) {
    crypto::CipherState sender = known_cipher();
    crypto::CipherState receiver = known_cipher();
    const Bytes sealed = sync::seal_frame(sender, sync::FrameType::kMessage, Bytes(size, 'x'));
    Bytes raw{0};
    append(raw, sealed);
    out.push_back(raw);
    Bytes plain{1};
    append(plain, receiver.decrypt({}, sealed).value());
    out.push_back(plain);
  }
  return out;
}

// ---- One session, from its first byte on, with a device that has the keys and no manners.

enum class SessionStep : std::uint8_t { kRaw, kPlain, kMessage, kClose, kWeSay, kCount };

/// One Session and the other end of its link.
class SessionStage {
 public:
  SessionStage(bool dials, Script& script)
      : script_(script), peer_(dials ? RawPeer::listener(theirs()) : RawPeer::dialler(theirs())) {
    if (dials) {
      begin_dialling();
    } else {
      begin_listening();
    }
  }

  void go_on() {
    while (session_ && !script_.done()) step();
  }

 private:
  RawPeer::Setting theirs() {
    return {.self = &devices_.ada, .partner = &devices_.ben_as_partner, .random = &devices_.random};
  }

  /// Changes one byte, where the script says so.
  Bytes damaged(Bytes unit) {
    const std::uint8_t change = script_.u8();
    const std::size_t place = script_.u8();
    if (change != 0 && !unit.empty()) unit[place % unit.size()] ^= change;
    if (change == 255) unit.resize(place % (unit.size() + 1));
    return unit;
  }

  void begin_dialling() {
    auto started = sync::Session::dial(devices_.ben, devices_.ada_as_partner,
                                       devices_.ada_as_partner.devices[0], devices_.random);
    require(started.has_value(), "a good key can be dialled");
    session_.emplace(std::move(started->session));
    const Bytes right = peer_.on_hello(started->units.at(0).bytes).value();
    const Bytes answer = damaged(right);
    const auto step = session_->on_unit(answer);
    require(step.messages.empty() && !step.confirmed_now, "an answer confirms nobody");
    require(step.dead == (answer != right), "the right answer is taken, and no other");
    dead_ = step.dead;
  }

  void begin_listening() {
    const Bytes right = peer_.hello();
    const Bytes hello = damaged(right);
    auto started = sync::Session::accept(hello, devices_.ben, devices_.ada_as_partner,
                                         devices_.memory, devices_.random);
    require(started.has_value() == (hello == right), "the right hello is taken, and no other");
    if (!started) return;
    require(!sync::Session::accept(hello, devices_.ben, devices_.ada_as_partner, devices_.memory,
                                   devices_.random),
            "a hello is taken once");
    session_.emplace(std::move(started->session));
    require(peer_.on_answer(started->units.at(0).bytes), "our answer is right");
  }

  void step() {
    switch (
        static_cast<SessionStep>(script_.below(static_cast<std::size_t>(SessionStep::kCount)))) {
      case SessionStep::kRaw: {
        const ByteView unit = script_.piece();
        return take(Bytes(unit.begin(), unit.end()), false);
      }
      case SessionStep::kPlain:
        return take(peer_.seal_plain(script_.piece()), true);
      case SessionStep::kMessage:
        return take(peer_.seal(sync::FrameType::kMessage, script_.piece()), true);
      case SessionStep::kClose:
        return take(
            peer_.seal(sync::FrameType::kClose, script_.coin() ? script_.piece() : ByteView{}),
            true);
      case SessionStep::kWeSay:
        return say();
      case SessionStep::kCount:
        return;
    }
  }

  void take(const Bytes& unit, bool sealed) {
    const auto step = session_->on_unit(unit);
    require(!dead_ || (step.dead && step.messages.empty()), "what is dead stays dead");
    require(sealed || step.dead, "a frame is sealed");
    require(step.dead || !step.messages.empty(), "each frame says something");
    require(step.messages.size() <= 1, "each frame says one thing");
    require(step.dead || session_->confirmed(), "who sealed a frame is confirmed");
    dead_ = step.dead;
  }

  void say() {
    if (dead_) return;
    const auto& messages = evening().messages;
    const sync::SyncMessage& message = messages[script_.below(messages.size())];
    const auto frame = peer_.open(session_->seal(message));
    require(frame.has_value(), "what we seal can be opened");
    require(sync::decode_sync(frame->body) == message, "what we say is understood");
  }

  Script& script_;
  PairedDevices devices_;
  RawPeer peer_;
  std::optional<sync::Session> session_;
  bool dead_ = false;
};

void run_session(ByteView input) {
  Script script(input);
  const bool dials = script.coin();
  SessionStage(dials, script).go_on();
}

std::vector<Bytes> session_seeds() {
  std::vector<Bytes> out;
  for (const bool dials : {false, true}) {
    Bytes script{static_cast<std::uint8_t>(dials), 0, 0};
    for (const auto& message : evening().messages) {
      script.push_back(static_cast<std::uint8_t>(SessionStep::kMessage));
      add_piece(script, sync::encode_sync(message));
      script.push_back(static_cast<std::uint8_t>(SessionStep::kWeSay));
      script.push_back(1);
    }
    script.push_back(static_cast<std::uint8_t>(SessionStep::kClose));
    script.push_back(0);
    out.push_back(script);
    Bytes raw{static_cast<std::uint8_t>(dials), 0, 0, static_cast<std::uint8_t>(SessionStep::kRaw)};
    add_piece(raw, Bytes(48, 7));
    out.push_back(raw);
  }
  return out;
}

// ---- A beacon.

void run_beacon(ByteView input) {
  crypto::SeededRandom random(5);
  const crypto::Key key = random.key();
  const DeviceId who{random.bytes<16>()};
  const auto source = random.bytes<16>();
  const Bytes right = sync::make_beacon(key, who.view(), 4711, source, random);
  const bool is_right = std::ranges::equal(input, right);
  const auto port = sync::check_beacon(input, key, who.view(), source);
  require(port.has_value() == is_right, "the right beacon is heard, and no other");
  require(!port || *port == 4711, "a beacon names its port");
  auto elsewhere = source;
  elsewhere[15] ^= 1;
  require(!sync::check_beacon(input, key, who.view(), elsewhere), "a beacon names its source");
  sync::BeaconMemory memory;
  require(memory.remember(input) && !memory.remember(input), "a beacon counts once");
}

std::vector<Bytes> beacon_seeds() {
  crypto::SeededRandom random(5);
  const crypto::Key key = random.key();
  const DeviceId who{random.bytes<16>()};
  const auto source = random.bytes<16>();
  return {sync::make_beacon(key, who.view(), 4711, source, random)};
}

}  // namespace

std::vector<Target> link_targets() {
  return {{.name = "stream", .run = run_stream, .seeds = stream_seeds, .damages_max = 2'000},
          {.name = "frame", .run = run_frame, .seeds = frame_seeds},
          {.name = "session", .run = run_session, .seeds = session_seeds, .damages_max = 400},
          {.name = "beacon", .run = run_beacon, .seeds = beacon_seeds}};
}

}  // namespace attune::fuzz
