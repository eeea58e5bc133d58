#include "tests/client/stage.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/mman.h>
#include <unistd.h>

#include <poll.h>
#include <cerrno>
#include <stdexcept>
#include <thread>

#include "client/console.h"
#include "client/run.h"

namespace attune::client {
namespace {

constexpr int kPatience = 20'000;  // milliseconds until a test fails rather than hangs

/// A file in memory, as a stream of a run.
class Paper {
 public:
  explicit Paper(const std::string& text = {}) : fd_(memfd_create("paper", MFD_CLOEXEC)) {
    if (write(fd_, text.data(), text.size()) < 0 || lseek(fd_, 0, SEEK_SET) != 0) {
      throw std::runtime_error("no paper");
    }
  }
  ~Paper() { close(fd_); }
  Paper(const Paper&) = delete;
  Paper& operator=(const Paper&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string text() const {
    std::string out(static_cast<std::size_t>(lseek(fd_, 0, SEEK_END)), '\0');
    if (pread(fd_, out.data(), out.size(), 0) < 0) throw std::runtime_error("no paper");
    return out;
  }

 private:
  int fd_;
};

/// The person in front of a terminal's other end.
class Typist {
 public:
  Typist(int master, std::vector<Line> lines) : master_(master), lines_(std::move(lines)) {
    thread_ = std::thread([this] { sit(); });
  }
  ~Typist() {
    if (thread_.joinable()) thread_.join();
  }
  Typist(const Typist&) = delete;
  Typist& operator=(const Typist&) = delete;

  /// Waits until the terminal's last writer has left; what was shown.
  std::string shown() {
    thread_.join();
    return shown_;
  }

 private:
  void sit() {
    std::size_t seen = 0;
    std::size_t next = 0;
    char chunk[4'096];
    while (true) {
      pollfd watched{.fd = master_, .events = POLLIN, .revents = 0};
      if (poll(&watched, 1, kPatience) <= 0) break;
      const ssize_t got = read(master_, chunk, sizeof chunk);
      if (got <= 0) break;
      shown_.append(chunk, static_cast<std::size_t>(got));
      while (next < lines_.size()) {
        const std::size_t at = shown_.find(lines_[next].prompt, seen);
        if (at == std::string::npos) break;
        seen = at + lines_[next].prompt.size();
        const std::string typed = lines_[next++].typed;
        if (write(master_, typed.data(), typed.size()) < 0) return;
      }
      // Whoever asks more than the test foresaw meets the end of input.
      if (next == lines_.size() && !hung_up_) {
        hung_up_ = true;
        const char end_of_input = 4;
        if (write(master_, &end_of_input, 1) < 0) return;
      }
    }
  }

  int master_;
  std::vector<Line> lines_;
  std::string shown_;
  bool hung_up_ = false;
  std::thread thread_;
};

}  // namespace

Ended run_client(const std::vector<std::string>& arguments, const std::string& told,
                 const KindTable& kinds) {
  const Paper in(told);
  const Paper out;
  const Paper err;
  Console console({.in = in.fd(), .out = out.fd(), .err = err.fd()});
  const int code = run(arguments, kinds, console);
  return {.code = code, .out = out.text(), .err = err.text()};
}

Ended run_at_terminal(const std::vector<std::string>& arguments, const std::vector<Line>& lines,
                      bool out_apart, const KindTable& kinds) {
  int master = -1;
  int slave = -1;
  if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0) throw std::runtime_error("no pty");
  const Paper paper;
  Ended ended;
  {
    Typist typist(master, lines);
    {
      Console console({.in = slave, .out = out_apart ? paper.fd() : slave, .err = slave});
      ended.code = run(arguments, kinds, console);
    }
    close(slave);
    ended.out = typist.shown();
  }
  close(master);
  if (out_apart) {
    ended.err = std::move(ended.out);
    ended.out = paper.text();
  }
  return ended;
}

}  // namespace attune::client
