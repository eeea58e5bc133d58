#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "daemon/net/fd.h"
#include "proto/relay_url.h"

namespace attune::bench {

/// A network namespace that one cable joins to this process's, and nothing to anything else. Ended
/// with this. Throws std::runtime_error where this user or machine allows none.
class FarNetwork {
 public:
  explicit FarNetwork(int number);
  ~FarNetwork();
  FarNetwork(const FarNetwork&) = delete;
  FarNetwork& operator=(const FarNetwork&) = delete;

  /// The end of the cable that is here: all that is reached from there.
  [[nodiscard]] std::string our_end() const;
  /// What stands before a command line that is to run there.
  [[nodiscard]] std::vector<std::string> around() const;
  /// A connection from there. Throws std::system_error.
  [[nodiscard]] net::Fd connect(const HostPort& place) const;

 private:
  [[nodiscard]] std::string file() const;
  [[nodiscard]] std::string wire() const;
  void lay_cable() const;

  int number_ = 0;
  pid_t keeper_ = -1;  ///< a process that does nothing, so that the namespace is there
};

/// Carries TCP connections from `host` on to `to`, each byte `delay` after it came, both ways: the
/// distance to a relay. Runs in a process of its own, which ends with this.
class Distance {
 public:
  Distance(const std::string& host, const HostPort& to, std::chrono::milliseconds delay);
  ~Distance();
  Distance(const Distance&) = delete;
  Distance& operator=(const Distance&) = delete;

  [[nodiscard]] const HostPort& place() const { return place_; }

 private:
  HostPort place_;
  pid_t pid_ = -1;
};

}  // namespace attune::bench
