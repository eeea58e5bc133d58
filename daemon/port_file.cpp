#include "daemon/port_file.h"

#include <fstream>
#include <string>
#include <system_error>

namespace attune {
namespace {

std::filesystem::path port_path(const Home& home) { return home.data / "port"; }

}  // namespace

std::uint16_t read_port_file(const Home& home) {
  std::ifstream in(port_path(home));
  std::uint32_t port = 0;
  if (!(in >> port) || port > 65'535) return 0;
  return static_cast<std::uint16_t>(port);
}

void write_port_file(const Home& home, std::uint16_t port) noexcept {
  if (read_port_file(home) == port) return;
  const auto path = port_path(home);
  auto fresh = path;
  fresh += ".new";
  std::error_code ignored;
  {
    std::ofstream out(fresh, std::ios::trunc);
    out << port << '\n';
    if (!out.flush()) return;
  }
  std::filesystem::rename(fresh, path, ignored);
}

}  // namespace attune
