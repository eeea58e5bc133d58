#include "client/qr_image.h"

#include <png.h>
#include <setjmp.h>
#include <zbar.h>

#include <cstdio>
#include <cstring>
#include <memory>

// After cstdio: jpeglib.h uses FILE without asking for it.
#include <jpeglib.h>

namespace attune::client {
namespace {

bool has_right_size(std::size_t width, std::size_t height) {
  return width > 0 && height > 0 && width <= kImagePixelsMax / height;
}

constexpr int kScansMax = 64;  // cameras and programs write about ten

bool is_png(std::string_view file) { return file.starts_with("\x89PNG\r\n\x1a\n"); }
bool is_jpeg(std::string_view file) { return file.starts_with("\xff\xd8\xff"); }

std::optional<GreyImage> read_png(std::string_view file) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, file.data(), file.size()) == 0) return std::nullopt;
  GreyImage image{.width = png.width, .height = png.height, .pixels = {}};
  if (!has_right_size(image.width, image.height)) {
    png_image_free(&png);
    return std::nullopt;
  }
  png.format = PNG_FORMAT_GRAY;
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  const png_color white{255, 255, 255};  // behind what is transparent
  if (png_image_finish_read(&png, &white, image.pixels.data(), 0, nullptr) == 0)
    return std::nullopt;
  return image;
}

struct JpegErrors {
  jpeg_error_mgr manager{};
  jpeg_progress_mgr progress{};
  jmp_buf back{};
};

void leave(j_common_ptr jpeg) { longjmp(reinterpret_cast<JpegErrors*>(jpeg->err)->back, 1); }
/// Each scan of a progressive file is a pass over all of its pixels, and costs it a few bytes.
void leave_many_scans(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > kScansMax) leave(jpeg);
}
void stay_silent(j_common_ptr) {}

/// Decodes into `image`; false where the file is damaged. Nothing here has a destructor, because
/// the library leaves by longjmp; what grows belongs to the caller.
bool decode_jpeg(std::string_view file, jpeg_decompress_struct& jpeg, JpegErrors& errors,
                 GreyImage& image) {
  if (setjmp(errors.back) != 0) return false;
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &errors.progress;
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&jpeg, TRUE);
  if (!has_right_size(jpeg.image_width, jpeg.image_height)) return false;
  jpeg.out_color_space = JCS_GRAYSCALE;
  jpeg_start_decompress(&jpeg);
  image.width = jpeg.output_width;
  image.height = jpeg.output_height;
  image.pixels.resize(std::size_t{image.width} * image.height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.pixels.data() + std::size_t{jpeg.output_scanline} * image.width;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  return true;
}

std::optional<GreyImage> read_jpeg(std::string_view file) {
  JpegErrors errors;
  jpeg_decompress_struct jpeg{};
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave;
  errors.manager.output_message = stay_silent;
  errors.progress.progress_monitor = leave_many_scans;
  GreyImage image;
  const bool read = decode_jpeg(file, jpeg, errors, image);
  jpeg_destroy_decompress(&jpeg);
  if (!read) return std::nullopt;
  return image;
}

struct DropScanner {
  void operator()(zbar::zbar_image_scanner_t* scanner) const {
    zbar::zbar_image_scanner_destroy(scanner);
  }
};
struct DropImage {
  void operator()(zbar::zbar_image_t* image) const { zbar::zbar_image_destroy(image); }
};

}  // namespace

std::optional<GreyImage> read_image(std::string_view file) {
  if (file.size() > kImageBytesMax) return std::nullopt;
  if (is_png(file)) return read_png(file);
  if (is_jpeg(file)) return read_jpeg(file);
  return std::nullopt;
}

std::optional<std::string> find_qr(const GreyImage& image) {
  const std::unique_ptr<zbar::zbar_image_scanner_t, DropScanner> scanner(
      zbar::zbar_image_scanner_create());
  // Some builds announce every code they read on the system's message bus; this one is a secret.
  zbar::zbar_image_scanner_request_dbus(scanner.get(), 0);
  zbar::zbar_image_scanner_set_config(scanner.get(), zbar::ZBAR_NONE, zbar::ZBAR_CFG_ENABLE, 0);
  zbar::zbar_image_scanner_set_config(scanner.get(), zbar::ZBAR_QRCODE, zbar::ZBAR_CFG_ENABLE, 1);
  const std::unique_ptr<zbar::zbar_image_t, DropImage> grey(zbar::zbar_image_create());
  constexpr unsigned long kGrey = 'Y' | '8' << 8 | '0' << 16 | '0' << 24;
  zbar::zbar_image_set_format(grey.get(), kGrey);
  zbar::zbar_image_set_size(grey.get(), image.width, image.height);
  zbar::zbar_image_set_data(grey.get(), image.pixels.data(), image.pixels.size(), nullptr);
  if (zbar::zbar_scan_image(scanner.get(), grey.get()) <= 0) return std::nullopt;
  std::optional<std::string> found;
  const zbar::zbar_symbol_t* symbol = zbar::zbar_image_first_symbol(grey.get());
  for (; symbol != nullptr; symbol = zbar::zbar_symbol_next(symbol)) {
    const std::string text(zbar::zbar_symbol_get_data(symbol),
                           zbar::zbar_symbol_get_data_length(symbol));
    if (found && *found != text) return std::nullopt;
    found = text;
  }
  return found;
}

}  // namespace attune::client
