#include "client/normal_form.h"

#include <utf8proc.h>

#include <vector>

namespace attune::client {

Wiped to_nfc(Wiped text) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.text().data());
  const auto size = static_cast<utf8proc_ssize_t>(text.text().size());
  const utf8proc_ssize_t count = utf8proc_decompose(bytes, size, nullptr, 0, kOptions);
  if (count < 0) return text;
  // One more: reencode closes the text with a zero.
  std::vector<utf8proc_int32_t> points(static_cast<std::size_t>(count) + 1);
  utf8proc_decompose(bytes, size, points.data(), count, kOptions);
  const utf8proc_ssize_t length = utf8proc_reencode(points.data(), count, kOptions);
  Wiped out;
  if (length >= 0) {
    out.writable().assign(reinterpret_cast<const char*>(points.data()),
                          static_cast<std::size_t>(length));
  }
  explicit_bzero(points.data(), points.size() * sizeof points[0]);
  return length < 0 ? std::move(text) : std::move(out);
}

}  // namespace attune::client
