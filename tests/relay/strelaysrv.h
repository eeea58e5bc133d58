#pragma once

#include <sys/types.h>

#include <filesystem>

#include "tests/relay/raw_forwarder.h"

namespace attune::relay {

/// A session of two ends at a strelaysrv of its own, the relay of Syncthing, on 127.0.0.1 and in no
/// pool; ended with this. Source: docs.syncthing.net/specs/relay-v1.
class StrelaysrvSession {
 public:
  [[nodiscard]] static bool is_installed();
  /// `folder`: for its key. Throws std::runtime_error where the two do not meet.
  explicit StrelaysrvSession(const std::filesystem::path& folder);
  ~StrelaysrvSession();
  StrelaysrvSession(const StrelaysrvSession&) = delete;
  StrelaysrvSession& operator=(const StrelaysrvSession&) = delete;

  [[nodiscard]] const Ends& ends() const { return ends_; }
  /// The process of strelaysrv.
  [[nodiscard]] pid_t relay() const { return relay_; }

 private:
  net::Fd line_;  ///< while it is open the session stands
  Ends ends_;
  pid_t relay_ = -1;
  pid_t pid_ = -1;
};

}  // namespace attune::relay
