#include "tests/relay/device.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>

#include "crypto/labels.h"

namespace attune::relay {
namespace {

using Clock = std::chrono::steady_clock;

bool wait_readable(int fd, Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(0, left.count()))) > 0;
}

bool send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t gone = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (gone <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(gone));
  }
  return true;
}

bool receive_all(int fd, std::span<std::uint8_t> room) {
  const auto until = Clock::now() + std::chrono::seconds(20);
  std::size_t size = 0;
  while (size < room.size()) {
    if (!wait_readable(fd, until)) return false;
    const ssize_t got = ::recv(fd, room.data() + size, room.size() - size, 0);
    if (got <= 0) return false;
    size += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Capability capability_of(std::uint64_t number) {
  Capability capability{};
  std::memcpy(capability.data(), &number, sizeof number);
  return capability;
}

net::Fd connect_from(const HostPort& place, const std::string& address) {
  net::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in from{};
  from.sin_family = AF_INET;
  ::inet_pton(AF_INET, address.c_str(), &from.sin_addr);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(place.port);
  ::inet_pton(AF_INET, place.host.c_str(), &to.sin_addr);
  const int on = 1;
  // The port is drawn when connecting, so that one address may use them all.
  ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return {};
  }
  return fd;
}

Device::Device(net::Fd fd, crypto::NoiseHandshake::Transport transport)
    : fd_(std::move(fd)),
      send_(std::move(transport.send)),
      receive_(std::move(transport.receive)),
      room_(std::make_unique_for_overwrite<Room>()),
      packer_(crypto::relay_plain_room(*room_)) {}

std::optional<Device> Device::connect(const RelayUrl& url, const From& from) {
  net::Fd fd = connect_from(url.place, from.address);
  if (!fd) return std::nullopt;
  if (from.receive_buffer > 0) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &from.receive_buffer, sizeof(int));
  }
  crypto::SystemRandom random;
  crypto::NoiseParty party;
  party.prologue = lv(crypto::labels::kRelay);
  party.remote_static = url.key;
  crypto::NoiseHandshake handshake("Noise_NK_25519_ChaChaPoly_BLAKE2b", std::move(party), random);
  const auto first = handshake.write({});
  std::array<std::uint8_t, limits::kRelayHandshakeBytes> second{};
  if (!send_all(fd.get(), *first) || !receive_all(fd.get(), second)) return std::nullopt;
  if (!handshake.read(second)) return std::nullopt;
  return Device(std::move(fd), handshake.split());
}

std::optional<Device> Device::enter(const RelayUrl& url, const From& from) {
  auto device = connect(url, from);
  if (!device) return std::nullopt;
  Hello hello{.keepalive_seconds = static_cast<std::uint16_t>(from.keepalive.count()),
              .invite = {}};
  if (url.invite) hello.invite = as_bytes(*url.invite);
  device->say(0, hello);
  if (device->hear().as<Params>() == nullptr) return std::nullopt;
  return device;
}

void Device::add(std::uint32_t correlation, const ToRelay& message) {
  if (packer_.add(correlation, message)) return;
  send();
  static_cast<void>(packer_.add(correlation, message));
}

bool Device::send() {
  const std::size_t size = packer_.size();
  packer_.clear();
  if (size == 0) return true;
  return send_raw(crypto::seal_relay_record(send_, *room_, size));
}

bool Device::say(std::uint32_t correlation, const ToRelay& message) {
  add(correlation, message);
  return send();
}

bool Device::send_raw(ByteView bytes) { return send_all(fd_.get(), bytes); }

Bytes Device::record(ByteView plain) {
  std::ranges::copy(plain, crypto::relay_plain_room(*room_).begin());
  const ByteView sealed = crypto::seal_relay_record(send_, *room_, plain.size());
  return {sealed.begin(), sealed.end()};
}

/// At least so many bytes stand in incoming_.
bool Device::fill(std::size_t bytes, Clock::time_point until) {
  while (incoming_.size() - incoming_at_ < bytes) {
    if (!wait_readable(fd_.get(), until)) return false;
    std::array<std::uint8_t, 65'536> scratch;
    const ssize_t got = ::recv(fd_.get(), scratch.data(), scratch.size(), 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    append(incoming_, ByteView(scratch).first(static_cast<std::size_t>(got)));
  }
  return true;
}

Heard Device::hear(std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  while (heard_.empty()) {
    if (incoming_at_ > (1u << 20) || incoming_at_ == incoming_.size()) {
      incoming_.erase(incoming_.begin(),
                      incoming_.begin() + static_cast<std::ptrdiff_t>(incoming_at_));
      incoming_at_ = 0;
    }
    if (!fill(2, until)) return {};
    const auto size =
        crypto::relay_record_size(std::span(incoming_).subspan(incoming_at_).first<2>());
    if (!size || !fill(*size, until)) return {};
    const auto record = std::span(incoming_).subspan(incoming_at_, *size);
    incoming_at_ += *size;
    const auto plain = crypto::open_relay_record(receive_, record);
    if (!plain) return {};
    const auto bytes = std::make_shared<const Bytes>(plain->begin(), plain->end());
    FrameReader frames(*bytes);
    while (const auto frame = frames.next()) {
      heard_.push_back({.correlation = frame->correlation,
                        .bytes = bytes,
                        .message = decode_from_relay(*frame)});
    }
  }
  Heard heard = std::move(heard_.front());
  heard_.pop_front();
  return heard;
}

bool Device::is_told_nothing(std::chrono::milliseconds patience) {
  return !hear(patience).message && !ended_;
}

bool Device::is_closed(std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  heard_.clear();
  while (!ended_ && Clock::now() < until) {
    incoming_at_ = incoming_.size();
    fill(1, until);
  }
  return ended_;
}

std::optional<Ok> Device::open(const Capability& capability, MailboxRole role) {
  say(1, Open{.capability = capability, .role = role});
  const Heard heard = hear_a<Ok>();
  const Ok* ok = heard.as<Ok>();
  if (ok == nullptr) return std::nullopt;
  return *ok;
}

Bytes read_bytes(int fd, std::size_t size) {
  Bytes bytes(size);
  std::size_t at = 0;
  while (at < size) {
    const ssize_t got = ::recv(fd, bytes.data() + at, size - at, 0);
    if (got <= 0) break;
    at += static_cast<std::size_t>(got);
  }
  bytes.resize(at);
  return bytes;
}

}  // namespace attune::relay
