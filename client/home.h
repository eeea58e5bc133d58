#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace attune::client {

/// Where the daemon of a home listens, and what its person configured.
struct Home {
  bool named = false;            ///< by --home or ATTUNE_HOME
  std::filesystem::path config;  ///< config.toml; need not exist
  std::filesystem::path run;     ///< the socket's folder, the person's own
  [[nodiscard]] std::filesystem::path socket() const { return run / "attuned.sock"; }
};

/// From --home, else ATTUNE_HOME, else the XDG folders, as the daemon finds them. Throws Failure
/// (2) where no folder is known or the socket's path exceeds limits::kSocketPathMax.
Home find_home(const std::optional<std::string>& given);

/// Whether the person opted in, by `editor = "on"` in config.toml, to writing words in $EDITOR.
bool editor_wanted(const Home& home);

}  // namespace attune::client
