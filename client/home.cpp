#include "client/home.h"

#include <toml++/toml.h>

#include <cstdlib>
#include <system_error>

#include "client/failure.h"
#include "proto/limits.h"

namespace attune::client {
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
  if (!home) throw Failure(Ending::kUsage, "No home folder is known.", {"attune --home DIR"});
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
    if (named->empty()) throw Failure(Ending::kUsage, "--home needs a folder.");
    const fs::path root = fs::absolute(*named).lexically_normal();
    home.named = true;
    home.config = root / "config.toml";
    home.run = root / "run";
  } else {
    home.config = xdg("XDG_CONFIG_HOME", ".config") / "attune" / "config.toml";
    home.run = runtime_folder();
  }
  if (home.socket().native().size() > limits::kSocketPathMax) {
    throw Failure(Ending::kUsage, "The home's path is too long: its socket may have " +
                                      std::to_string(limits::kSocketPathMax) + " bytes.");
  }
  return home;
}

bool editor_wanted(const Home& home) {
  std::error_code missing;
  if (!fs::is_regular_file(home.config, missing)) return false;
  try {
    const toml::table table = toml::parse_file(home.config.native());
    const toml::node_view<const toml::node> editor = table["editor"];
    return editor.value_or(std::string()) == "on" || editor.value_or(false);
  } catch (const toml::parse_error&) {
    return false;  // the daemon refuses to start with such a file, and says so with the line
  }
}

}  // namespace attune::client
