#include "proto/home.h"

#include <cstdlib>

#include "proto/limits.h"

namespace attune {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

fs::path xdg(const char* variable, const char* below_home) {
  if (auto value = environment(variable)) {
    if (fs::path(*value).is_absolute()) return *value;
  }
  auto home = environment("HOME");
  if (!home) throw NoHome("No home folder is known: give --home DIR.");
  return fs::path(*home) / below_home;
}

fs::path runtime_folder() {
  if (auto value = environment("XDG_RUNTIME_DIR")) return fs::path(*value) / "attune";
  return xdg("XDG_STATE_HOME", ".local/state") / "attune" / "run";
}

}  // namespace

Home find_home(const std::optional<std::string>& given) {
  Home home;
  const auto named = given ? given : environment("ATTUNE_HOME");
  if (named) {
    if (named->empty()) throw NoHome("--home needs a folder.");
    home.root = fs::absolute(*named).lexically_normal();
    home.config = *home.root / "config.toml";
    home.data = *home.root / "data";
    home.run = *home.root / "run";
  } else {
    home.config = xdg("XDG_CONFIG_HOME", ".config") / "attune" / "config.toml";
    home.data = xdg("XDG_DATA_HOME", ".local/share") / "attune";
    home.run = runtime_folder();
  }
  if (home.socket().native().size() > limits::kSocketPathMax) {
    throw NoHome("The home's path is too long: its socket may have " +
                 std::to_string(limits::kSocketPathMax) + " bytes.");
  }
  return home;
}

}  // namespace attune
