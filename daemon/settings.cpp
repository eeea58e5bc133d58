#include "daemon/settings.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <iterator>

namespace attune {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kConfigBytesMax = 64u << 10;

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

HostPort read_proxy(const toml::node& node) {
  constexpr std::string_view kScheme = "socks5://";
  const auto text = node.value<std::string>().value_or("");
  const auto place = text.starts_with(kScheme)
                         ? parse_host_port(std::string_view(text).substr(kScheme.size()))
                         : std::nullopt;
  if (!place || place->port == 0) refuse(node, "proxy is \"socks5://HOST:PORT\"");
  return *place;
}

std::string read_log_level(const toml::node& node) {
  const auto word = node.value<std::string>().value_or("");
  for (const char* level : {"error", "warn", "info", "debug"}) {
    if (word == level) return word;
  }
  refuse(node, "log is \"error\", \"warn\", \"info\" or \"debug\"");
}

}  // namespace

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
    } else if (key == "proxy") {
      settings.proxy = read_proxy(node);
    } else if (key == "editor") {
      read_switch(node, "editor is \"on\" or \"off\"");  // the client's: words in $EDITOR
    } else {
      refuse(node, "no such setting: port, beacon, log, proxy and editor are known");
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
