#include "client/console.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "client/failure.h"

namespace attune::client {
namespace {

constexpr std::size_t kLineBytesMax = 64u << 10;

// What a signal handler puts right: the terminal whose echo is off, and how it was.
volatile std::sig_atomic_t echo_is_off = 0;
int echo_fd = -1;
termios echo_before{};

void end_by_signal(int number) {
  if (echo_is_off != 0) tcsetattr(echo_fd, TCSANOW, &echo_before);
  _exit(128 + number);
}

/// Nothing typed is shown while it lives. Where the descriptor is no terminal it does nothing.
class NoEcho {
 public:
  explicit NoEcho(int fd) {
    if (tcgetattr(fd, &echo_before) != 0) return;
    echo_fd = fd;
    echo_is_off = 1;
    termios quiet = echo_before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    tcsetattr(fd, TCSADRAIN, &quiet);
  }
  ~NoEcho() {
    if (echo_is_off == 0) return;
    tcsetattr(echo_fd, TCSANOW, &echo_before);
    echo_is_off = 0;
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
};

/// False where nobody takes it.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t taken = write(fd, text.data(), text.size());
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(taken));
  }
  return true;
}

/// Reads byte by byte, so that nothing after the line is taken from who reads next.
std::optional<Wiped> line_from(int fd) {
  Wiped line;
  line.writable().reserve(kLineBytesMax);
  while (line.text().size() < kLineBytesMax) {
    char byte = 0;
    const ssize_t got = read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (line.empty()) return std::nullopt;
      return line;
    }
    if (byte == '\n') return line;
    line.writable().push_back(byte);
  }
  return line;
}

bool says_something(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

Console::Console(Streams streams) : streams_(streams) {
  in_is_terminal_ = isatty(streams.in) == 1;
  out_is_terminal_ = isatty(streams.out) == 1;
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  color_allowed_ = out_is_terminal_ && !dumb && !says_something("NO_COLOR");
}

void Console::print(std::string_view text) {
  if (!write_all(streams_.out, text)) throw Failure(Ending::kFailed, "Nobody reads the output.");
}

void Console::complain(std::string_view text) { write_all(streams_.err, text); }

std::optional<Wiped> Console::read_line() { return line_from(streams_.in); }

std::optional<Wiped> Console::read_hidden_line(std::string_view prompt) {
  std::optional<Wiped> line;
  {
    const NoEcho hidden(streams_.in);
    complain(prompt);
    line = line_from(streams_.in);
  }
  complain("\n");
  return line;
}

Wiped Console::read_all(std::size_t limit) {
  Wiped all;
  std::string& text = all.writable();
  text.resize(limit + 1);
  std::size_t kept = 0;
  std::string rest(4'096, '\0');
  while (true) {
    const bool room = kept < text.size();
    char* to = room ? text.data() + kept : rest.data();
    const ssize_t got = read(streams_.in, to, room ? text.size() - kept : rest.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (room) kept += static_cast<std::size_t>(got);
  }
  wipe(rest);
  text.resize(kept);
  return all;
}

bool Console::wait_for_line_or(int other_fd) {
  while (true) {
    pollfd watched[2] = {{.fd = other_fd, .events = POLLIN, .revents = 0},
                         {.fd = streams_.in, .events = POLLIN, .revents = 0}};
    if (poll(watched, 2, -1) <= 0) continue;
    if (watched[0].revents != 0) return false;
    if (watched[1].revents != 0) return true;
  }
}

bool Console::wait_while_read(int fd) {
  while (true) {
    pollfd watched[2] = {{.fd = fd, .events = POLLIN, .revents = 0},
                         {.fd = streams_.out, .events = 0, .revents = 0}};
    if (poll(watched, 2, -1) <= 0) continue;
    if (watched[0].revents != 0) return true;
    if ((watched[1].revents & POLLERR) != 0) return false;
  }
}

void end_well_on_signals() {
  struct sigaction ending{};
  ending.sa_handler = end_by_signal;
  sigemptyset(&ending.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaction(number, &ending, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace attune::client
