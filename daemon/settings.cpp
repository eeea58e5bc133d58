#include "daemon/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "proto/limits.h"

namespace attune {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kConfigBytesMax = 64u << 10;

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
  if (!home) throw BadSettings("no home folder is known: give --home DIR");
  return fs::path(*home) / below_home;
}

fs::path runtime_folder() {
  if (auto value = environment("XDG_RUNTIME_DIR")) return fs::path(*value) / "attune";
  return xdg("XDG_STATE_HOME", ".local/state") / "attune" / "run";
}

[[noreturn]] void refuse(const toml::node& node, const char* why) {
  throw BadSettings(fmt::format("config.toml, line {}: {}", node.source().begin.line, why));
}

std::uint16_t read_port(const toml::node& node) {
  const auto value = node.value<std::int64_t>();
  if (!value || !node.is_integer() || *value < 0 || *value > 65'535) {
    refuse(node, "port is a number from 0 to 65535");
  }
  return static_cast<std::uint16_t>(*value);
}

bool read_switch(const toml::node& node, const char* why) {
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_string()) {
    const auto word = *node.value<std::string>();
    if (word == "on") return true;
    if (word == "off") return false;
  }
  refuse(node, why);
}

std::string read_log_level(const toml::node& node) {
  const auto word = node.value<std::string>().value_or("");
  for (const char* level : {"error", "warn", "info", "debug"}) {
    if (word == level) return word;
  }
  refuse(node, "log is \"error\", \"warn\", \"info\" or \"debug\"");
}

}  // namespace

Home find_home(const std::optional<std::string>& given) {
  Home home;
  const auto named = given ? given : environment("ATTUNE_HOME");
  if (named) {
    if (named->empty()) throw BadSettings("--home needs a folder");
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
    throw BadSettings(fmt::format("the home's path is too long: its socket may have {} bytes",
                                  limits::kSocketPathMax));
  }
  return home;
}

Settings parse_settings(const std::string& text) {
  Settings settings;
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw BadSettings(fmt::format("config.toml, line {}: not TOML", error.source().begin.line));
  }
  for (const auto& [key, node] : table) {
    if (key == "port") {
      settings.port = read_port(node);
    } else if (key == "beacon") {
      settings.beacon = read_switch(node, "beacon is \"on\" or \"off\"");
    } else if (key == "log") {
      settings.log = read_log_level(node);
    } else if (key == "editor") {
      read_switch(node, "editor is \"on\" or \"off\"");  // the client's: words in $EDITOR
    } else {
      refuse(node, "no such setting: port, beacon, log and editor are known");
    }
  }
  return settings;
}

Settings read_settings(const fs::path& file) {
  std::error_code missing;
  if (!fs::exists(file, missing)) return {};
  std::ifstream in(file, std::ios::binary);
  const char* const unreadable = "config.toml cannot be read";
  if (!in) throw BadSettings(unreadable);
  std::string text(kConfigBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) throw BadSettings(unreadable);  // a folder opens, and reads nothing
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kConfigBytesMax) throw BadSettings("config.toml is longer than 64 KiB");
  return parse_settings(text);
}

}  // namespace attune
