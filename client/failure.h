#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace attune::client {

/// How a command ends. The number is the exit status, but for kNotPaired, which exits 5 as
/// kNotSetUp does. Source: the command line's contract, codes.
enum class Ending {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kLocked = 4,
  kNotSetUp = 5,
  kNoDaemon = 6,
  kRefused = 7,
  kNotReached = 8,
  kCheckFailed = 9,
  kDamaged = 10,
  kCancelled = 11,
  kWaiting = 12,
  kNotPaired = 25,
};
int exit_status(Ending ending);
/// `not-found`: the ending's name in a JSON error.
std::string_view code_word(Ending ending);

/// Ends the command that runs; caught in run(), one place. The sentences are ours alone: nothing
/// that was typed, and nothing a partner wrote, is in them.
class Failure : public std::exception {
 public:
  Failure(Ending ending, std::string message, std::vector<std::string> next = {})
      : ending_(ending), message_(std::move(message)), next_(std::move(next)) {}

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] Ending ending() const { return ending_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  /// Commands that may help, as they are typed.
  [[nodiscard]] const std::vector<std::string>& next() const { return next_; }

 private:
  Ending ending_;
  std::string message_;
  std::vector<std::string> next_;
};

}  // namespace attune::client
