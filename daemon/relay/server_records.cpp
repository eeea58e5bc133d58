#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "crypto/labels.h"
#include "daemon/relay/server.h"

namespace attune::relay {
namespace {

constexpr const char* kNoise = "Noise_NK_25519_ChaChaPoly_BLAKE2b";
constexpr std::size_t kRecordMin = 2 + limits::kRelayPlainMin + crypto::kTagBytes;

/// Takes bytes off the front of what the kernel holds, without copying them.
void discard(int fd, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t gone = ::recv(fd, nullptr, bytes, MSG_TRUNC | MSG_DONTWAIT);
    if (gone <= 0) return;
    bytes -= static_cast<std::size_t>(gone);
  }
}

}  // namespace

/// Looks at what the kernel holds, heeds every whole record of it, and takes these away. What is
/// not whole stays where it is, and the kernel wakes us when the rest is there.
void Server::take(Session& session) {
  if (stopping_) return;
  const std::size_t kept = session.partial.size();
  std::ranges::copy(session.partial, in_.begin());
  const int fd = session.socket.native_handle();
  const ssize_t got = ::recv(fd, in_.data() + kept, in_.size() - kept, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (got <= 0) return close(session);
  const std::size_t peeked = static_cast<std::size_t>(got);
  std::size_t needed = 0;
  const std::size_t used = heed_all(session, std::span(in_).first(kept + peeked), needed);
  flush();
  if (session.state == Session::State::kClosed) return;
  if (used > 0) {
    assert(used >= kept);  // what was kept is the beginning of one record
    wait_until(session, second() + session.patience);
    discard(fd, used - kept);
    unsent_bytes_ -= kept;
    session.partial = {};
  }
  if (session.ending) return close(session);
  store_.begin();
  if (!session.listens()) return join_if_ready(session);
  const std::size_t rest = kept + peeked - used;
  if (must_wait(session)) {
    set_low_water(session, 1);
    return pause(session);
  }
  if (used == 0 && rest == session.seen && !keep_partial(session, kept, peeked)) return;
  session.seen = static_cast<std::uint32_t>(rest);
  const std::size_t missing = needed - std::min(needed, session.partial.size());
  set_low_water(session, needed > 0 && missing > 0 ? missing : kRecordMin);
}

/// How many bytes stood in whole records; `needed` is what the next one needs, where that is known.
std::size_t Server::heed_all(Session& session, std::span<std::uint8_t> bytes, std::size_t& needed) {
  std::size_t used = 0;
  while (session.listens() && !must_wait(session)) {
    const std::span<std::uint8_t> rest = bytes.subspan(used);
    needed = 2;
    if (session.state == Session::State::kHandshake) needed = limits::kRelayHandshakeBytes;
    if (rest.size() < needed) break;
    if (session.state != Session::State::kHandshake) {
      const auto size = crypto::relay_record_size(rest.first<2>());
      if (!size) {
        metrics_.bad_records += 1;
        session.ending = true;
        break;
      }
      needed = *size;
    }
    if (rest.size() < needed) break;
    heed(session, rest.first(needed));
    used += needed;
    needed = 0;
  }
  return used;
}

/// We were woken for a record that is not whole and got no longer: the kernel has no room for the
/// rest. Takes over what it holds. false: that is more memory than there is for such.
bool Server::keep_partial(Session& session, std::size_t kept, std::size_t peeked) {
  if (unsent_bytes_ + peeked > limits::kRelayUnsentBytes) {
    metrics_.slow_dropped += 1;
    close(session);
    return false;
  }
  session.partial.assign(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(kept + peeked));
  unsent_bytes_ += peeked;
  discard(session.socket.native_handle(), peeked);
  return true;
}

void Server::set_low_water(Session& session, std::size_t bytes) {
  const auto wanted = static_cast<std::uint32_t>(bytes);
  if (wanted == session.low_water) return;
  session.low_water = wanted;
  const int value = static_cast<int>(wanted);
  ::setsockopt(session.socket.native_handle(), SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);
}

void Server::heed(Session& session, std::span<std::uint8_t> record) {
  if (session.state == Session::State::kHandshake) {
    if (!shake_hands(session, record)) {
      metrics_.handshakes_failed += 1;
      session.ending = true;
    }
    return;
  }
  const auto plain = crypto::open_relay_record(*session.receive, record);
  if (!plain) {
    metrics_.bad_records += 1;
    session.ending = true;
    return;
  }
  FrameReader frames(*plain);
  while (session.listens()) {
    const auto frame = frames.next();
    if (!frame) break;
    ask(session, *frame);
  }
  if (frames.ok()) return;
  metrics_.bad_records += 1;
  session.ending = true;
}

/// Both messages at once: nothing is kept between them.
bool Server::shake_hands(Session& session, ByteView message) {
  crypto::NoiseParty party;
  party.role = crypto::NoiseRole::kResponder;
  party.prologue = lv(crypto::labels::kRelay);
  party.static_key = key_.clone();
  crypto::NoiseHandshake handshake(kNoise, std::move(party), random_);
  const auto payload = handshake.read(message);
  if (!payload || !payload->empty()) return false;
  const auto answer = handshake.write({});
  if (!answer) return false;
  send_bytes(session, *answer);
  crypto::NoiseHandshake::Transport transport = handshake.split();
  session.send.emplace(std::move(transport.send));
  session.receive.emplace(std::move(transport.receive));
  if (session.state == Session::State::kClosed) return true;
  session.state = Session::State::kHello;
  session.patience = static_cast<std::uint16_t>(limits::kHandshakePatience.count());
  metrics_.handshakes += 1;
  return true;
}

/// Frames of one device share a record until another device's turn, or flush().
void Server::say(Session& session, std::uint32_t correlation, const FromRelay& message) {
  if (session.state == Session::State::kClosed) return;
  if (outgoing_ != &session) {
    flush();
    if (session.state == Session::State::kClosed) return;
    outgoing_ = &session;
  }
  if (packer_.add(correlation, message)) return;
  flush();
  if (session.state == Session::State::kClosed) return;
  outgoing_ = &session;
  const bool fits = packer_.add(correlation, message);
  assert(fits);
  static_cast<void>(fits);
}

void Server::flush() {
  Session* session = std::exchange(outgoing_, nullptr);
  if (session == nullptr) return;
  const std::size_t size = packer_.size();
  packer_.clear();
  send_bytes(*session, crypto::seal_relay_record(*session->send, out_, size));
}

void Server::send_bytes(Session& session, ByteView bytes) {
  std::size_t sent = 0;
  if (session.unsent.empty()) {
    const ssize_t gone = ::send(session.socket.native_handle(), bytes.data(), bytes.size(),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (gone < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return close(session);
    }
    sent = gone < 0 ? 0 : static_cast<std::size_t>(gone);
    if (sent == bytes.size()) return;
  }
  const ByteView rest = bytes.subspan(sent);
  if (unsent_bytes_ + rest.size() > limits::kRelayUnsentBytes) {
    metrics_.slow_dropped += 1;
    return close(session);
  }
  unsent_bytes_ += rest.size();
  append(session.unsent, rest);
  wait_for_room(session);
}

void Server::wait_for_room(Session& session) {
  if (session.writing) return;
  session.writing = true;
  session.socket.async_wait(
      net::StreamSocket::wait_write,
      [this, keep = session.shared_from_this()](const asio::error_code& error) {
        keep->writing = false;
        if (keep->state == Session::State::kClosed) return;
        if (error) return close(*keep);
        drain(*keep);
      });
}

void Server::drain(Session& session) {
  const ssize_t gone = ::send(session.socket.native_handle(), session.unsent.data(),
                              session.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (gone < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    return close(session);
  }
  if (gone > 0) {
    session.unsent.erase(session.unsent.begin(), session.unsent.begin() + gone);
    unsent_bytes_ -= static_cast<std::size_t>(gone);
  }
  if (!session.unsent.empty()) return wait_for_room(session);
  session.unsent = {};
  if (!session.listens()) return join_if_ready(session);
  catch_up(session);
  store_.begin();
  resume(session);
}

}  // namespace attune::relay
