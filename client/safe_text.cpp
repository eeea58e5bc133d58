#include "client/safe_text.h"

#include <utf8proc.h>

namespace attune::client {
namespace {

/// Marks that turn text around or stand invisibly in it. The joiners stay: scripts and emoji need
/// them.
bool is_formatting(utf8proc_int32_t point) {
  return point == 0x00ad || point == 0x061c || point == 0x180e || point == 0x200b ||
         (point >= 0x200e && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2060 && point <= 0x206f) || point == 0xfeff ||
         (point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe0fff);
}

bool is_control(utf8proc_int32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

bool is_break(utf8proc_int32_t point) {
  return point == '\n' || point == 0x2028 || point == 0x2029 || point == 0x85;
}

std::string filtered(std::string_view text, char line_break) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    utf8proc_int32_t point = -1;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto taken = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &point);
    const std::size_t size = taken > 0 ? static_cast<std::size_t>(taken) : 1;
    if (taken <= 0) {
      out += "\xef\xbf\xbd";
    } else if (is_break(point)) {
      out.push_back(line_break);
    } else if (point == '\t') {
      out.push_back(' ');
    } else if (!is_control(point) && !is_formatting(point)) {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string safe_text(std::string_view text) { return filtered(text, '\n'); }
std::string safe_line(std::string_view text) { return filtered(text, ' '); }

}  // namespace attune::client
