#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>

#include "proto/bytes.h"
#include "proto/ids.h"
#include "proto/limits.h"

namespace attune::net {

/// The control socket cannot be offered safely: its folder or its path is not as it must be. what()
/// is one sentence for the person who started the daemon.
class ControlSocketRefused : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the control socket tells its owner, on the thread of the io_context, never from inside a
/// call to ControlSocket. An exception thrown by an event leaves through io_context::run().
class ControlEvents {
 public:
  virtual void request(RequestId request, Bytes body) = 0;
  /// The client of this request, whose last answer was not yet given, has left or was dropped.
  /// Answers to it are ignored from now on.
  virtual void client_gone(RequestId request) = 0;

 protected:
  ~ControlEvents() = default;
};

struct ControlSettings {
  std::filesystem::path path;  ///< of the socket file; its folder is made (0700) where missing
  bool holds_lock = false;     ///< the caller holds the home's lock: a file left at `path` is stale
  int listener_fd = -1;       ///< a listening Unix socket to adopt (path and lock unused); -1: none
  uid_t owner = ::geteuid();  ///< whose processes are answered, and who must own the folder
  std::size_t clients_max = limits::kControlClientsMax;
  std::size_t open_requests_max = 16;  ///< of one client, without their last answer
};

/// The Unix socket on which local clients ask: frames of u32be length | body, in both directions,
/// several requests per connection. Requests are at most kControlFrameMax, answers
/// kControlAnswerMax. Only processes of `owner` are heard (SO_PEERCRED); others are closed without
/// a byte. A client whose request streams (answers that are not the last) and that is more than
/// kControlBacklogBytes behind is dropped; the next request of a client is not read while a bigger
/// answer is under way. The folder must belong to `owner` with no right for anybody else; the
/// socket file is 0600. The io_context and the events outlive it; one thread. Destruction closes
/// everything at once and leaves the socket file.
class ControlSocket {
 public:
  /// `next_request` names requests. Throws ControlSocketRefused or std::system_error.
  ControlSocket(asio::io_context& io, ControlEvents& events, const ControlSettings& settings,
                std::function<RequestId()> next_request);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Requires body.size() <= kControlAnswerMax. `last` ends the request.
  void answer(RequestId request, Bytes body, bool last);

  /// The listening socket, still owned by us and close-on-exec.
  [[nodiscard]] int listener_fd() const;
  [[nodiscard]] std::size_t clients() const;

  /// Returns when all answers have been taken by the kernel, or after `patience`. Before an execve
  /// or the end of the process.
  asio::awaitable<void> drained(std::chrono::milliseconds patience);
  /// Accepts nobody any more, and the socket listens on: who connects waits for the process that
  /// inherits it. Before the last answers that this process gives.
  void pause();
  /// Accepts nobody any more and removes the socket file, unless it was adopted.
  void retire();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace attune::net
