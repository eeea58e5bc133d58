#include "daemon/relay/config.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <string_view>

namespace attune::relay {
namespace {

constexpr std::size_t kConfigBytesMax = 64u << 10;

[[noreturn]] void refuse(const toml::node& node, std::string_view why) {
  throw BadConfig(fmt::format("the configuration, line {}: {}", node.source().begin.line, why));
}

std::string text_of(const toml::node& node) {
  if (!node.is_string()) refuse(node, "a text in quotes belongs here");
  return *node.value<std::string>();
}

HostPort place_of(const toml::node& node) {
  const auto place = parse_host_port(text_of(node));
  if (!place) refuse(node, "this is no HOST:PORT");
  return *place;
}

std::string log_of(const toml::node& node) {
  const std::string word = text_of(node);
  for (const char* level : {"error", "warn", "info", "debug"}) {
    if (word == level) return word;
  }
  refuse(node, "log is \"error\", \"warn\", \"info\" or \"debug\"");
}

/// A number of the table [limits] and where it goes.
struct Number {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::function<void(Config&, std::uint64_t)> set;
};

template <typename Field>
Number number(std::uint64_t least, std::uint64_t most, Field field) {
  return {.least = least, .most = most, .set = [field](Config& config, std::uint64_t value) {
            auto& target = field(config);
            target = static_cast<std::remove_reference_t<decltype(target)>>(value);
          }};
}

constexpr std::uint64_t kU16 = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint64_t kU32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kBig = std::uint64_t{1} << 50;

// What PARAMS tells a device has the width that it has there.
const std::map<std::string_view, Number>& numbers() {
  static const std::map<std::string_view, Number> kNumbers = {
      {"mailbox_bytes", number(limits::kRelayBodyMax, kU32,
                               [](Config& c) -> auto& { return c.mailboxes.mailbox_bytes; })},
      {"mailbox_messages",
       number(1, kU16, [](Config& c) -> auto& { return c.mailboxes.mailbox_messages; })},
      {"message_days",
       number(1, 3'650, [](Config& c) -> auto& { return c.mailboxes.message_days; })},
      {"store_bytes",
       number(1u << 20, kBig, [](Config& c) -> auto& { return c.mailboxes.store_bytes; })},
      {"puts_per_second", number(1, kU16, [](Config& c) -> auto& { return c.puts_per_second; })},
      {"puts_burst", number(1, kU16, [](Config& c) -> auto& { return c.puts_burst; })},
      {"handles", number(1, kU16, [](Config& c) -> auto& { return c.handles; })},
      {"waiting_pipes", number(1, kU16, [](Config& c) -> auto& { return c.waiting_pipes; })},
      {"pipe_free_bytes_per_day",
       number(0, kBig, [](Config& c) -> auto& { return c.sources.pipe_free_bytes; })},
      {"pipe_bytes_per_second",
       number(1'000, kBig, [](Config& c) -> auto& { return c.pipe_bytes_per_second; })},
      {"connects_per_second",
       number(1, kU32, [](Config& c) -> auto& { return c.sources.connects_per_second; })},
      {"connections_per_source",
       number(1, kU32, [](Config& c) -> auto& { return c.sources.connections; })},
      {"half_open", number(16, kU32, [](Config& c) -> auto& { return c.half_open; })},
      {"new_bytes_per_day",
       number(0, kBig, [](Config& c) -> auto& { return c.sources.new_bytes_per_day; })},
  };
  return kNumbers;
}

void read_limits(const toml::node& node, Config& config) {
  const toml::table* table = node.as_table();
  if (table == nullptr) refuse(node, "limits is a table");
  for (const auto& [key, value] : *table) {
    const auto row = numbers().find(key.str());
    if (row == numbers().end()) refuse(value, "no such limit");
    const auto given = value.value<std::int64_t>();
    if (!value.is_integer() || !given || *given < 0 ||
        static_cast<std::uint64_t>(*given) < row->second.least ||
        static_cast<std::uint64_t>(*given) > row->second.most) {
      refuse(value, fmt::format("{} is a number from {} to {}", key.str(), row->second.least,
                                row->second.most));
    }
    row->second.set(config, static_cast<std::uint64_t>(*given));
  }
}

void read_key(std::string_view key, const toml::node& node, Config& config) {
  if (key == "listen") {
    config.listen = place_of(node);
  } else if (key == "data") {
    config.data = text_of(node);
  } else if (key == "host") {
    config.host = text_of(node);
    if (!parse_host_port(to_text(HostPort{.host = *config.host, .port = 1}))) {
      refuse(node, "host is a name or an address, without a port");
    }
  } else if (key == "invite") {
    config.invite = text_of(node);
    if (!is_relay_invite(*config.invite)) {
      refuse(node, "an invite has up to 64 of A-Z, a-z, 0-9, _ and -");
    }
  } else if (key == "metrics") {
    config.metrics = place_of(node);
  } else if (key == "log") {
    config.log = log_of(node);
  } else if (key == "limits") {
    read_limits(node, config);
  } else {
    refuse(node, "no such key: listen, data, host, invite, metrics, log and limits are known");
  }
}

}  // namespace

void parse_config(const std::string& text, Config& config) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw BadConfig(fmt::format("the configuration, line {}: not TOML", error.source().begin.line));
  }
  for (const auto& [key, node] : table) read_key(key.str(), node, config);
}

void read_config(const std::filesystem::path& file, Config& config) {
  std::ifstream in(file, std::ios::binary);
  const char* const unreadable = "the configuration cannot be read";
  if (!in) throw BadConfig(unreadable);
  std::string text(kConfigBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) throw BadConfig(unreadable);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kConfigBytesMax) throw BadConfig("the configuration is longer than 64 KiB");
  parse_config(text, config);
}

}  // namespace attune::relay
