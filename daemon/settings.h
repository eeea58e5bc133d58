#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "proto/relay_url.h"

namespace attune {

/// The configuration cannot be read. what() is one sentence, with the line where there is one.
class BadSettings : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the person configured in config.toml. Unknown keys are refused, so that a typing mistake is
/// seen.
struct Settings {
  std::uint16_t port = 0;    ///< `port`: of the LAN listener; 0: last time's where free, else any
  bool beacon = true;        ///< `beacon = "off"`: finds and is found by known addresses alone
  std::string log = "info";  ///< `log`: error, warn, info, debug
  std::optional<HostPort> proxy;  ///< `proxy = "socks5://HOST:PORT"`: how relays are reached
};
/// Defaults where the file is not there. At most 64 KiB are read. Throws BadSettings.
Settings read_settings(const std::filesystem::path& file);
/// The same for the file's text.
Settings parse_settings(const std::string& text);

}  // namespace attune
