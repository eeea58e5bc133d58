#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "daemon/net/fd.h"

namespace attune::relay {

/// Two ends that reach each other through a forwarder.
struct Ends {
  net::Fd one;
  net::Fd other;
};

/// The least that a forwarder can be: joins each two connections that come, and moves bytes in one
/// epoll loop, by splice or by recv and send. Runs in a process of its own, which ends with this.
class RawForwarder {
 public:
  explicit RawForwarder(bool splices);
  ~RawForwarder();
  RawForwarder(const RawForwarder&) = delete;
  RawForwarder& operator=(const RawForwarder&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::vector<Ends> join(int count) const;

 private:
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace attune::relay
