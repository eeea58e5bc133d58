#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "daemon/relay/allowances.h"
#include "daemon/relay/mailboxes.h"
#include "proto/limits.h"
#include "proto/relay_url.h"

namespace attune::relay {

/// The configuration or the command line is wrong. what() is one sentence.
class BadConfig : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the operator of a relay may say. The command line comes before the file.
struct Config {
  std::optional<HostPort> listen;     ///< `listen = "HOST:PORT"`
  std::filesystem::path data;         ///< `data`: the folder of the key and the store
  std::optional<std::string> host;    ///< `host`: the name in the url; else that of `listen`
  std::optional<std::string> invite;  ///< `invite`: then it serves nobody who lacks it
  std::optional<HostPort> metrics;    ///< `metrics = "HOST:PORT"`
  std::string log = "info";           ///< `log`: error, warn, info, debug

  // [limits]
  MailboxLimits mailboxes;
  SourceLimits sources;
  std::uint32_t puts_per_second = limits::kRelayPutsPerSecond;
  std::uint32_t puts_burst = limits::kRelayPutsBurst;
  std::uint32_t handles = limits::kRelayHandles;
  std::uint32_t waiting_pipes = limits::kRelayWaitingPipes;
  std::uint64_t pipe_bytes_per_second = limits::kRelayPipeRate;
  std::uint32_t half_open = limits::kRelayHalfOpenMax;
};

/// Reads the file into `config`. Unknown keys are refused. Throws BadConfig.
void read_config(const std::filesystem::path& file, Config& config);
/// The same for the file's text.
void parse_config(const std::string& text, Config& config);

}  // namespace attune::relay
