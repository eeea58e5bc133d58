#include "client/qr.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
// After cstdio: jpeglib.h uses FILE without asking for it.
#include <jpeglib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "client/failure.h"
#include "client/qr_image.h"

namespace attune::client {
namespace {

const std::string kText =
    "ATTUNE1" + std::string(50, 'K') + std::string(57, '7');  // 114 characters

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/attune-test.XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// With `scans`, progressive, in these passes.
std::string as_jpeg(const GreyImage& image, const std::vector<jpeg_scan_info>& scans = {}) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = image.width;
  jpeg.image_height = image.height;
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  if (!scans.empty()) {
    jpeg.scan_info = scans.data();
    jpeg.num_scans = static_cast<int>(scans.size());
  }
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row =
        const_cast<JSAMPROW>(image.pixels.data()) + std::size_t{jpeg.next_scanline} * image.width;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string out(reinterpret_cast<char*>(bytes), size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return out;
}

/// What the half blocks on a terminal show, as a picture; both colours must be said outright.
GreyImage photograph(const std::string& shown) {
  std::vector<std::vector<std::uint8_t>> rows;
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("\x1b[30;107m"));
    EXPECT_TRUE(line.ends_with("\x1b[0m"));
    std::vector<std::uint8_t> upper;
    std::vector<std::uint8_t> lower;
    std::string cells = line.substr(9, line.size() - 13);
    while (!cells.empty()) {
      const bool blank = cells[0] == ' ';
      const std::string cell = cells.substr(0, blank ? 1 : 3);
      cells.erase(0, cell.size());
      upper.push_back(cell == "\u2580" || cell == "\u2588" ? 0 : 255);
      lower.push_back(cell == "\u2584" || cell == "\u2588" ? 0 : 255);
    }
    rows.push_back(upper);
    rows.push_back(lower);
  }
  constexpr std::uint32_t kScale = 6;
  GreyImage image{.width = static_cast<std::uint32_t>(rows[0].size()) * kScale,
                  .height = static_cast<std::uint32_t>(rows.size()) * kScale,
                  .pixels = {}};
  for (std::uint32_t y = 0; y < image.height; ++y) {
    for (std::uint32_t x = 0; x < image.width; ++x) {
      image.pixels.push_back(rows[y / kScale][x / kScale]);
    }
  }
  return image;
}

TEST(Qr, ThePictureIsReadBack) {
  const auto image = read_image(qr_as_png(kText));
  ASSERT_TRUE(image);
  EXPECT_EQ(find_qr(*image), kText);
}

TEST(Qr, AJpegIsReadToo) {
  const auto image = read_image(qr_as_png(kText));
  const auto again = read_image(as_jpeg(*image));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->width, image->width);
  EXPECT_EQ(find_qr(*again), kText);
}

TEST(Qr, OnATerminalItIs41By21Cells) {
  const std::string shown = qr_for_terminal(kText);
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 21);
  const GreyImage image = photograph(shown);
  EXPECT_EQ(image.width, 41u * 6);
  EXPECT_EQ(find_qr(image), kText);
}

TEST(Qr, WhatNoCodeHoldsIsRefused) {
  EXPECT_THROW(qr_for_terminal(std::string(5'000, 'A')), Failure);
  EXPECT_THROW(qr_as_png(std::string(5'000, 'A')), Failure);
}

TEST(Qr, AFileIsNewAndPrivate) {
  const Folder folder;
  const std::string path = folder.file("code.png");
  const mode_t before = umask(0);
  EXPECT_NO_THROW(refuse_existing(path));
  write_new_file(path, "bytes");
  umask(before);
  struct stat there{};
  ASSERT_EQ(lstat(path.c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 07777, 0600u);
  EXPECT_EQ(content(path), "bytes");
  EXPECT_THROW(write_new_file(path, "others"), Failure);
  EXPECT_THROW(refuse_existing(path), Failure);
  EXPECT_EQ(content(path), "bytes");
}

TEST(Qr, ALinkIsNotFollowed) {
  const Folder folder;
  std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("code.png"));
  EXPECT_THROW(write_new_file(folder.file("code.png"), "bytes"), Failure);
  EXPECT_FALSE(std::filesystem::exists(folder.file("elsewhere")));
}

TEST(QrImage, EveryCutOfAPictureIsRefusedOrHoldsNoOtherText) {
  const std::string png = qr_as_png("SHORT");
  for (std::size_t size = 0; size < png.size(); ++size) {
    const auto image = read_image(std::string_view(png).substr(0, size));
    if (image) {
      EXPECT_NE(find_qr(*image).value_or("SHORT"), "") << size;
    }
  }
  const std::string jpeg = as_jpeg(*read_image(png));
  for (std::size_t size = 0; size < jpeg.size(); size += 7) {
    const auto image = read_image(std::string_view(jpeg).substr(0, size));
    if (image) {
      EXPECT_EQ(image->pixels.size(), std::size_t{image->width} * image->height);
    }
  }
}

TEST(QrImage, AFlippedBitDoesNoHarm) {
  const std::string png = qr_as_png("SHORT");
  for (std::size_t bit = 0; bit < png.size() * 8; bit += 3) {
    std::string flipped = png;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const auto image = read_image(flipped);
    if (image) {
      EXPECT_EQ(image->pixels.size(), std::size_t{image->width} * image->height);
    }
  }
}

TEST(QrImage, AProgressivePictureIsReadUnlessItHasManyPasses) {
  std::vector<jpeg_scan_info> scans;
  const auto add = [&scans](int from, int to, int after, int bits) {
    scans.push_back({.comps_in_scan = 1,
                     .component_index = {0, 0, 0, 0},
                     .Ss = from,
                     .Se = to,
                     .Ah = after,
                     .Al = bits});
  };
  add(0, 0, 0, 0);
  add(1, 63, 0, 1);
  add(1, 63, 1, 0);
  const GreyImage picture = read_image(qr_as_png("SHORT")).value();
  EXPECT_EQ(find_qr(read_image(as_jpeg(picture, scans)).value()), "SHORT");
  scans.resize(1);
  for (int each = 1; each <= 63; ++each) {
    add(each, each, 0, 1);
    add(each, each, 1, 0);
  }
  EXPECT_FALSE(read_image(as_jpeg(picture, scans)));
}

TEST(QrImage, HugeOrForeignFilesAreRefused) {
  EXPECT_FALSE(read_image(""));
  EXPECT_FALSE(read_image("no picture at all"));
  EXPECT_FALSE(read_image(std::string(kImageBytesMax + 1, '\x89')));
  std::string png = qr_as_png("SHORT");
  png.replace(16, 8, std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8));  // its width and height
  EXPECT_FALSE(read_image(png));
}

TEST(QrImage, APictureWithoutACodeHasNone) {
  const GreyImage white{.width = 64, .height = 64, .pixels = std::vector<std::uint8_t>(4'096, 255)};
  EXPECT_FALSE(find_qr(white));
}

TEST(QrImage, AFileIsRead) {
  const Folder folder;
  write_new_file(folder.file("code.png"), qr_as_png(kText));
  EXPECT_EQ(qr_from_file(folder.file("code.png"), 0), kText);
  EXPECT_THROW(qr_from_file(folder.file("missing.png"), 0), Failure);
  write_new_file(folder.file("text.png"), "no picture");
  EXPECT_THROW(qr_from_file(folder.file("text.png"), 0), Failure);
}

}  // namespace
}  // namespace attune::client
