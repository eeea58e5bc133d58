// Sends mutated frames to a LAN port or a control socket, and ends when it has sent so many. What
// it starts from is recorded: one conversation a line, its units in hex, separated by spaces.
// usage: attune_frame_storm lan PORT | control PATH  RECORDED FRAMES SEED
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/load_socket.h"

namespace attune::load {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;
using Conversation = std::vector<Bytes>;

constexpr std::size_t kConnections = 48;  // at once: below what a control socket serves
constexpr std::chrono::seconds kPatience{2};
/// Fields of a Request: a whole one of these would lock or unpair, and what comes after would meet
/// a closed door.
constexpr std::array<std::uint64_t, 2> kTabooFields = {3, 8};
constexpr std::size_t kLengthBytes = 4;

std::vector<Conversation> read_recorded(const char* path) {
  std::vector<Conversation> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    Conversation units;
    std::istringstream words(line);
    for (std::string hex; words >> hex;) {
      Bytes unit;
      for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        unit.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(at, 2), nullptr, 16)));
      }
      units.push_back(std::move(unit));
    }
    if (!units.empty()) out.push_back(std::move(units));
  }
  return out;
}

/// Draws what to send. Each mutated frame is one that the other side reads: on a LAN link what
/// comes before it is as recorded, and on a control socket all lengths but the last one are true.
class Mutator {
 public:
  Mutator(std::vector<Conversation> recorded, bool control, std::uint64_t seed)
      : recorded_(std::move(recorded)), control_(control), draw_(seed) {}

  /// The bytes of one connection; `frames` says how many mutated frames they hold.
  Bytes next(std::size_t& frames) {
    frames = control_ ? 1 + below(kFramesMax) : 1;
    return control_ ? requests(frames) : one_conversation();
  }

  std::mt19937_64& draw() { return draw_; }

 private:
  static constexpr std::size_t kFramesMax = 24;

  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : draw_() % bound; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(draw_()); }

  Bytes one_conversation() {
    const Conversation& talk = recorded_[below(recorded_.size())];
    const std::size_t changed = below(std::min<std::size_t>(talk.size(), 1 + below(talk.size())));
    Bytes out;
    for (std::size_t i = 0; i < changed; ++i) out.insert(out.end(), talk[i].begin(), talk[i].end());
    Bytes unit = mutated(talk[changed]);
    for (std::size_t copies = below(16) == 0 ? 2 : 1; copies > 0; --copies) {
      out.insert(out.end(), unit.begin(), unit.end());
    }
    return out;
  }

  Bytes requests(std::size_t count) {
    Bytes out;
    for (; count > 0; --count) {
      Bytes unit;
      do {
        unit = mutated(recorded_[below(recorded_.size())].front());
      } while (is_taboo(unit));
      if (count > 1) tell_true_length(unit);
      out.insert(out.end(), unit.begin(), unit.end());
    }
    return out;
  }

  /// Whether this is a request of a taboo field; its number may be written in more bytes than it
  /// needs.
  static bool is_taboo(const Bytes& unit) {
    std::uint64_t tag = 0;
    int shift = 0;
    for (std::size_t at = kLengthBytes; at < unit.size() && shift < 64; ++at, shift += 7) {
      tag |= static_cast<std::uint64_t>(unit[at] & 0x7fU) << shift;
      if ((unit[at] & 0x80U) == 0) break;
    }
    return std::ranges::find(kTabooFields, (tag & 0xffff'ffffU) >> 3) != kTabooFields.end();
  }

  static void tell_true_length(Bytes& unit) {
    unit.resize(std::max(unit.size(), kLengthBytes));
    const std::size_t size = unit.size() - kLengthBytes;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      unit[i] = static_cast<std::uint8_t>(size >> (8 * (kLengthBytes - 1 - i)));
    }
  }

  Bytes mutated(Bytes unit) {
    for (std::size_t i = 1 + below(2); i > 0; --i) mutate_once(unit);
    return unit;
  }

  void mutate_once(Bytes& unit) {
    if (unit.empty()) unit.push_back(byte());
    switch (below(7)) {
      case 0:
        for (std::size_t i = 1 + below(8); i > 0; --i) {
          unit[below(unit.size())] ^= static_cast<std::uint8_t>(1U << below(8));
        }
        break;
      case 1:
        unit.resize(below(unit.size()));
        break;
      case 2:
        splice(unit);
        break;
      case 3:
        lie_about_length(unit);
        break;
      case 4:
        for (std::size_t i = 1 + below(64); i > 0; --i) unit.push_back(byte());
        break;
      case 5:
        std::fill_n(unit.begin() + static_cast<std::ptrdiff_t>(below(unit.size())), 1,
                    below(2) == 0 ? 0x00 : 0xff);
        break;
      default:
        for (std::size_t at = below(unit.size()); at < unit.size(); ++at) unit[at] = byte();
        break;
    }
  }

  void splice(Bytes& unit) {
    const Conversation& other = recorded_[below(recorded_.size())];
    const Bytes& tail = other[below(other.size())];
    unit.resize(below(unit.size() + 1));
    const std::size_t from = below(tail.size());
    unit.insert(unit.end(), tail.begin() + static_cast<std::ptrdiff_t>(from), tail.end());
  }

  /// The first bytes are a length on the control socket, and on a LAN link after its opening.
  void lie_about_length(Bytes& unit) {
    const std::size_t size = std::min<std::size_t>(control_ ? kLengthBytes : 2, unit.size());
    for (std::size_t at = size - 1 - below(size); at < size; ++at) unit[at] = byte();
  }

  std::vector<Conversation> recorded_;
  bool control_;
  std::mt19937_64 draw_;
};

struct Target {
  std::optional<std::uint16_t> port;  // or
  std::string path;

  int connect(std::mt19937_64& draw) const {
    if (port) return connect_from_somewhere(*port, draw);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un there{};
    there.sun_family = AF_UNIX;
    path.copy(there.sun_path, sizeof there.sun_path - 1);
    if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0) {
      return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
  }
};

struct Talk {
  Bytes unsent;
  std::size_t at = 0;
  Clock::time_point since;
};

class Storm {
 public:
  Storm(Target target, Mutator mutator, std::size_t frames)
      : target_(std::move(target)), mutator_(std::move(mutator)), wanted_(frames) {}

  /// False where nobody answers any more.
  bool run() {
    auto reached = Clock::now();
    while (sent_ < wanted_ || !talks_.empty()) {
      while (sent_ < wanted_ && talks_.size() < kConnections && open_one()) {
        reached = Clock::now();
      }
      if (talks_.empty() && Clock::now() - reached > kPatience * 5) break;
      std::array<epoll_event, 64> events{};
      const int count = epoll_wait(epoll_, events.data(), events.size(), 20);
      for (int i = 0; i < count; ++i) happened(events[static_cast<std::size_t>(i)]);
      if (++turns_ % 64 == 0) leave_the_silent();
    }
    std::printf("{\"frames\":%zu,\"connections\":%zu,\"refused\":%zu,\"answered_bytes\":%zu}\n",
                sent_, connections_, refused_, answered_);
    return sent_ >= wanted_;
  }

 private:
  bool open_one() {
    const int fd = target_.connect(mutator_.draw());
    if (fd < 0) {
      ++refused_;
      return false;
    }
    ++connections_;
    std::size_t frames = 0;
    Bytes bytes = mutator_.next(frames);
    sent_ += frames;
    talks_[fd] = {.unsent = std::move(bytes), .at = 0, .since = Clock::now()};
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return true;
  }

  void happened(const epoll_event& event) {
    const int fd = event.data.fd;
    if ((event.events & EPOLLIN) != 0 && !read_all(fd)) return leave(fd);
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) return leave(fd);
    if ((event.events & EPOLLOUT) != 0) write_on(fd);
  }

  bool read_all(int fd) {
    std::array<std::uint8_t, 65'536> chunk{};
    for (;;) {
      const ssize_t size = recv(fd, chunk.data(), chunk.size(), 0);
      if (size < 0) return errno == EAGAIN;
      if (size == 0) return false;
      answered_ += static_cast<std::size_t>(size);
    }
  }

  void write_on(int fd) {
    Talk& talk = talks_[fd];
    const ssize_t size =
        send(fd, talk.unsent.data() + talk.at, talk.unsent.size() - talk.at, MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN) return leave(fd);
    if (size > 0) talk.at += static_cast<std::size_t>(size);
    if (talk.at < talk.unsent.size()) return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
    shutdown(fd, SHUT_WR);
  }

  void leave_the_silent() {
    std::vector<int> silent;
    for (const auto& [fd, talk] : talks_) {
      if (Clock::now() - talk.since > kPatience) silent.push_back(fd);
    }
    for (const int fd : silent) leave(fd);
  }

  void leave(int fd) {
    reset(fd);
    talks_.erase(fd);
  }

  Target target_;
  Mutator mutator_;
  std::size_t wanted_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::map<int, Talk> talks_;
  std::size_t sent_ = 0;
  std::size_t connections_ = 0;
  std::size_t refused_ = 0;
  std::size_t answered_ = 0;
  std::size_t turns_ = 0;
};

}  // namespace
}  // namespace attune::load

int main(int argc, char** argv) {
  using namespace attune::load;
  if (argc != 6) {
    std::fputs("usage: attune_frame_storm lan PORT|control PATH RECORDED FRAMES SEED\n", stderr);
    return 2;
  }
  const bool control = std::strcmp(argv[1], "control") == 0;
  Target target;
  if (control) {
    target.path = argv[2];
  } else {
    target.port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10));
  }
  auto recorded = read_recorded(argv[3]);
  if (recorded.empty()) return 2;
  Mutator mutator(std::move(recorded), control, std::strtoull(argv[5], nullptr, 10));
  Storm storm(std::move(target), std::move(mutator), std::strtoul(argv[4], nullptr, 10));
  return storm.run() ? 0 : 1;
}
