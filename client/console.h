#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/wiped.h"

namespace attune::client {

/// Where one run of the client reads and writes, by file descriptors that it does not own. Prompts
/// and errors go to `err`, answers to `out`. One thread.
class Console {
 public:
  struct Streams {
    int in = 0;
    int out = 1;
    int err = 2;
  };
  explicit Console(Streams streams);

  /// Somebody can be asked: standard input is a terminal.
  [[nodiscard]] bool can_ask() const { return in_is_terminal_; }
  [[nodiscard]] bool out_is_terminal() const { return out_is_terminal_; }
  /// NO_COLOR, TERM=dumb and a pipe switch colour off.
  [[nodiscard]] bool color_allowed() const { return color_allowed_; }
  [[nodiscard]] const Streams& streams() const { return streams_; }

  /// Writes all of it at once. Throws Failure (1) where nobody reads any more.
  void print(std::string_view text);
  void complain(std::string_view text);

  /// A line from the terminal without its end; nullopt at end of input.
  std::optional<Wiped> read_line();
  /// Prompts for one without showing what is typed: echo is off before the prompt is there.
  std::optional<Wiped> read_hidden_line(std::string_view prompt);
  /// Everything up to the end of standard input, or up to `limit` + 1 bytes; the rest is read and
  /// forgotten.
  Wiped read_all(std::size_t limit);
  /// Returns when either can be read: true for the terminal, false for the other.
  bool wait_for_line_or(int other_fd);
  /// Returns when `fd` can be read. False where whoever reads our output has left.
  bool wait_while_read(int fd);

 private:
  Streams streams_;
  bool in_is_terminal_ = false;
  bool out_is_terminal_ = false;
  bool color_allowed_ = false;
};

/// From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT end the process with 128 + their number, with
/// the terminal's echo as it was; a reader who left is an error of a write, not a signal.
void end_well_on_signals();

}  // namespace attune::client
