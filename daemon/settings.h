#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

namespace attune {

/// Where everything of one home lives. Source: the command line's contract, `--home`.
struct Home {
  std::optional<std::filesystem::path> root;  ///< as given by --home or ATTUNE_HOME; absolute
  std::filesystem::path config;               ///< config.toml; need not exist
  std::filesystem::path data;                 ///< the sealed store and the key slots
  std::filesystem::path run;                  ///< attuned.sock and lock
  [[nodiscard]] std::filesystem::path socket() const { return run / "attuned.sock"; }
  [[nodiscard]] std::filesystem::path lock() const { return run / "lock"; }
};

/// The home was named badly, or the configuration cannot be read. what() is one sentence, with the
/// line where there is one.
class BadSettings : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// From --home, else ATTUNE_HOME, else the XDG folders of this user. Throws BadSettings where the
/// socket's path would exceed limits::kSocketPathMax or no folder is known.
Home find_home(const std::optional<std::string>& given);

/// What the person configured in config.toml. Unknown keys are refused, so that a typing mistake is
/// seen.
struct Settings {
  std::uint16_t port = 0;    ///< `port`: of the LAN listener; 0: last time's where free, else any
  bool beacon = true;        ///< `beacon = "off"`: finds and is found by known addresses alone
  std::string log = "info";  ///< `log`: error, warn, info, debug
};
/// Defaults where the file is not there. At most 64 KiB are read. Throws BadSettings.
Settings read_settings(const std::filesystem::path& file);
/// The same for the file's text.
Settings parse_settings(const std::string& text);

}  // namespace attune
