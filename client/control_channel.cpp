#include "client/control_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "client/failure.h"
#include "client/wiped.h"
#include "client/wording.h"
#include "proto/limits.h"

namespace attune::client {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kChunk =
    64u << 10;  // memory grows with what has come, not with what was promised

bool is_process_of(int fd, uid_t owner) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return size == sizeof peer && peer.uid == owner;
}

[[noreturn]] void fail(const char* sentence) { throw Failure(Ending::kFailed, sentence); }

/// Returns when the socket can be read; throws when the deadline is over.
void await_readable(int fd, Clock::time_point deadline) {
  while (true) {
    int wait = -1;
    if (deadline != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) fail("The daemon does not answer.");
      wait = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
    }
    pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = poll(&watched, 1, wait);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) fail("Waiting for the daemon failed.");
  }
}

}  // namespace

ControlChannel::ControlChannel(const std::filesystem::path& socket_path, bool home_named,
                               uid_t owner) {
  const std::string& path = socket_path.native();
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) {
    throw Failure(Ending::kUsage, "The home's path is too long for a socket.");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("No socket could be made.");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int why = errno;
    close(fd);
    if (why == EACCES) fail("This home's daemon is not yours to ask.");
    throw Failure(Ending::kNoDaemon, std::string(kNoDaemonSentence), start_the_daemon(home_named));
  }
  if (!is_process_of(fd, owner)) {
    close(fd);
    fail("Another user's process listens in this home; nothing was said to it.");
  }
  fd_ = fd;
}

ControlChannel::~ControlChannel() {
  if (fd_ >= 0) close(fd_);
}

void ControlChannel::send(const v1::Request& request) {
  const std::size_t size = request.ByteSizeLong();
  if (size > limits::kControlFrameMax) throw Failure(Ending::kUsage, "That is too long.");
  std::string frame(kLengthBytes + size, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    frame[i] = static_cast<char>(size >> (8 * (kLengthBytes - 1 - i)) & 0xff);
  }
  request.SerializeToArray(frame.data() + kLengthBytes, static_cast<int>(size));
  std::size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t taken = ::send(fd_, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;  // the daemon left: next() finds its last answer, or the end
    sent += static_cast<std::size_t>(taken);
  }
  wipe(frame);
}

bool ControlChannel::fill(Bytes& buffer, std::size_t size, Clock::time_point deadline) {
  buffer.clear();
  while (buffer.size() < size) {
    await_readable(fd_, deadline);
    const std::size_t start = buffer.size();
    buffer.resize(start + std::min(kChunk, size - start));
    const ssize_t got = recv(fd_, buffer.data() + start, buffer.size() - start, 0);
    if (got == 0) return false;
    if (got < 0 && errno != EINTR) return false;
    buffer.resize(start + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  return true;
}

std::optional<v1::Answer> ControlChannel::next(std::optional<Milliseconds> patience) {
  const auto deadline = patience ? Clock::now() + *patience : Clock::time_point::max();
  Bytes buffer;
  if (!fill(buffer, kLengthBytes, deadline)) return std::nullopt;
  std::size_t size = 0;
  for (const std::uint8_t byte : buffer) size = size << 8 | byte;
  if (size > limits::kControlAnswerMax) fail(kStrangeAnswer);
  if (!fill(buffer, size, deadline)) return std::nullopt;
  v1::Answer answer;
  if (!answer.ParseFromArray(buffer.data(), static_cast<int>(buffer.size()))) fail(kStrangeAnswer);
  explicit_bzero(buffer.data(), buffer.size());
  return answer;
}

}  // namespace attune::client
