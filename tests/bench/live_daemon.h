#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "client/control_channel.h"

namespace attune::bench {

/// A real daemon in a home of its own, asked over its control socket. Ended with this. Throws
/// std::runtime_error for an answer that a bench does not expect.
class LiveDaemon {
 public:
  /// `around` stands before the daemon's command line: a network that it is to run in.
  LiveDaemon(const std::filesystem::path& folder, const std::string& name,
             std::vector<std::string> around = {});
  ~LiveDaemon();
  LiveDaemon(const LiveDaemon&) = delete;
  LiveDaemon& operator=(const LiveDaemon&) = delete;

  void start();
  void stop();
  void init();
  void unlock();

  /// One request on a connection that stays open between requests.
  v1::Answer ask(const v1::Request& request);
  /// A request with a connection of its own, whose answers are read from it.
  [[nodiscard]] std::unique_ptr<client::ControlChannel> begin(const v1::Request& request) const;
  /// Something good, of this many bytes, that both see.
  void add(std::size_t bytes);
  /// Returns when both have the same.
  void sync();
  /// The same, over a live session: not by parcels that wait at a relay.
  void exchange();
  /// Sets this relay and returns when it is reached.
  void reach_relay(const std::string& url);
  [[nodiscard]] std::size_t entries();

  struct Usage {
    double cpu_seconds = 0;
    double rss_mb = 0;
    std::uint64_t wakeups = 0;  ///< voluntary context switches
  };
  [[nodiscard]] Usage usage() const;
  /// Payload, both ways, of the TCP connections that stand with this daemon's listener.
  [[nodiscard]] std::size_t tcp_bytes() const;

  static void pair(LiveDaemon& a, LiveDaemon& b);

 private:
  std::filesystem::path home_;
  std::string name_;
  std::vector<std::string> around_;
  pid_t pid_ = -1;
  std::unique_ptr<client::ControlChannel> channel_;
};

/// So many writes of `bytes`, one after the other: for each, how long until who watches at the
/// other is told.
std::vector<double> seen_after_ms(LiveDaemon& writer, LiveDaemon& reader, std::size_t count,
                                  std::size_t bytes);

}  // namespace attune::bench
