#include "client/qr.h"

#include <fcntl.h>
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <qrcodegen.hpp>
#include <stdexcept>
#include <vector>

#include "client/failure.h"

namespace attune::client {
namespace {

constexpr int kBorder = 4;    // light modules around the code: the standard's quiet zone
constexpr int kPngScale = 8;  // pixels a module
constexpr std::uint8_t kDark = 0;
constexpr std::uint8_t kLight = 255;

qrcodegen::QrCode code_of(const std::string& text) {
  try {
    return qrcodegen::QrCode::encodeText(text.c_str(), qrcodegen::QrCode::Ecc::LOW);
  } catch (const std::length_error&) {
    throw Failure(Ending::kFailed, "That is too long for a QR code.");
  }
}

[[noreturn]] void refuse_file() {
  throw Failure(Ending::kUsage, "The file for the QR code is there already, or cannot be made.");
}

}  // namespace

std::string qr_for_terminal(const std::string& text) {
  const qrcodegen::QrCode code = code_of(text);
  const int last = code.getSize() + kBorder;
  std::string out;
  for (int y = -kBorder; y < last; y += 2) {
    out += "\x1b[30;107m";  // black on white
    for (int x = -kBorder; x < last; ++x) {
      const bool upper = code.getModule(x, y);
      const bool lower = code.getModule(x, y + 1);
      out += upper ? (lower ? "\u2588" : "\u2580") : (lower ? "\u2584" : " ");
    }
    out += "\x1b[0m\n";
  }
  return out;
}

std::string qr_as_png(const std::string& text) {
  const qrcodegen::QrCode code = code_of(text);
  const int modules = code.getSize() + 2 * kBorder;
  const auto side = static_cast<std::size_t>(modules) * kPngScale;
  std::vector<std::uint8_t> pixels(side * side, kLight);
  for (std::size_t at = 0; at < pixels.size(); ++at) {
    const int x = static_cast<int>(at % side) / kPngScale - kBorder;
    const int y = static_cast<int>(at / side) / kPngScale - kBorder;
    if (code.getModule(x, y)) pixels[at] = kDark;
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(side);
  image.height = image.width;
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string out(size, '\0');
  if (png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw Failure(Ending::kFailed, "The QR code could not be drawn.");
  }
  out.resize(size);
  return out;
}

void write_new_file(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) refuse_file();
  bool whole = fchmod(fd, 0600) == 0;  // a umask may have taken more, and must not
  while (whole && !bytes.empty()) {
    const ssize_t taken = write(fd, bytes.data(), bytes.size());
    if (taken < 0 && errno == EINTR) continue;
    whole = taken > 0;
    if (whole) bytes.remove_prefix(static_cast<std::size_t>(taken));
  }
  whole = close(fd) == 0 && whole;
  if (whole) return;
  unlink(path.c_str());
  throw Failure(Ending::kFailed, "The file for the QR code could not be written.");
}

void refuse_existing(const std::string& path) {
  struct stat there{};
  if (lstat(path.c_str(), &there) == 0) refuse_file();
}

}  // namespace attune::client
