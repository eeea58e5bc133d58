#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "attune/v1/control.pb.h"
#include "proto/bytes.h"

namespace attune::client {

/// The connection to the daemon of one home: frames of u32be length | message, in both directions.
/// Throws Failure: 6 where nobody listens, 1 where another user's process does, where the answer is
/// longer than limits::kControlAnswerMax or cannot be read. One thread.
class ControlChannel {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// `owner`: whose process must listen. `home_named` chooses the next step that a failure names.
  explicit ControlChannel(const std::filesystem::path& socket, bool home_named = false,
                          uid_t owner = ::geteuid());
  /// Takes over a connected socket.
  explicit ControlChannel(int fd) : fd_(fd) {}
  ~ControlChannel();
  ControlChannel(const ControlChannel&) = delete;
  ControlChannel& operator=(const ControlChannel&) = delete;

  /// Sends one request and wipes its serialised form.
  void send(const v1::Request& request);
  /// The next answer; nullopt where the daemon closed the connection. Throws Failure (1) when
  /// `patience` is over; without it waits for ever.
  std::optional<v1::Answer> next(std::optional<Milliseconds> patience = std::nullopt);

  /// To wait for with others: readable when next() has something to read.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  /// False at the end of the connection.
  bool fill(Bytes& buffer, std::size_t size, std::chrono::steady_clock::time_point deadline);

  int fd_ = -1;
};

}  // namespace attune::client
