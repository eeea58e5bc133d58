#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/net/fd.h"
#include "proto/relay_url.h"

namespace attune::relay {

/// A real attune-relay, on 127.0.0.1 unless another place is said, killed with this at the latest.
/// Its program is ATTUNE_RELAY_PROGRAM.
class RelayProcess {
 public:
  /// Starts it over this folder and waits until it says that it serves. `config`: the text of its
  /// configuration, beside `listen` and `data`. Throws std::runtime_error where it does not serve.
  RelayProcess(const std::filesystem::path& folder, const std::string& config,
               const HostPort& listen = {.host = "127.0.0.1", .port = 0});
  ~RelayProcess();
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;

  [[nodiscard]] const RelayUrl& url() const { return url_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends the signal and waits for the end; the exit status, or minus the signal that ended it.
  int end(int signal);
  /// Bytes of memory that it has now.
  [[nodiscard]] std::size_t resident_bytes() const;
  /// Seconds of processor time that it has used.
  [[nodiscard]] double processor_seconds() const;
  /// What it wrote to standard error.
  [[nodiscard]] std::string log() const;

 private:
  std::filesystem::path folder_;
  RelayUrl url_;
  pid_t pid_ = -1;
};

/// Seconds of processor time that a process has used.
double processor_seconds_of(pid_t pid);

/// Runs it to its end; what it wrote to both outputs.
struct Outcome {
  int status = 0;
  std::string output;
};
Outcome run_relay(const std::vector<std::string>& arguments);

}  // namespace attune::relay
