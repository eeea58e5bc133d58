#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

namespace attune {

/// Where everything of one person on one machine lies: what the daemon keeps, and where its clients
/// find it. Value type.
struct Home {
  std::optional<std::filesystem::path> root;  ///< as given by --home or ATTUNE_HOME; absolute
  std::filesystem::path config;               ///< config.toml; need not exist
  std::filesystem::path data;                 ///< the sealed store and the key slots
  std::filesystem::path run;                  ///< attuned.sock and lock; the person's own
  [[nodiscard]] std::filesystem::path socket() const { return run / "attuned.sock"; }
  [[nodiscard]] std::filesystem::path lock() const { return run / "lock"; }
};

/// There is no such home. what() is one sentence for a person.
class NoHome : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// From --home, else ATTUNE_HOME, else the XDG folders of this user: the same for the daemon and
/// its clients. Throws NoHome where no folder is known or the socket's path would exceed
/// limits::kSocketPathMax.
Home find_home(const std::optional<std::string>& given);

}  // namespace attune
