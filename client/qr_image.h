#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune::client {

/// A picture in grey, row by row, without gaps.
struct GreyImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> pixels;
};

inline constexpr std::size_t kImageBytesMax = 32u << 20;   // of a file
inline constexpr std::size_t kImagePixelsMax = 64u << 20;  // of what it becomes

/// A PNG or JPEG in memory; nullopt where it is neither, is damaged, or is larger than the limits.
std::optional<GreyImage> read_image(std::string_view file);

/// The text of the one QR code in a picture; nullopt where there is none, or several that differ.
/// Nothing leaves this process.
std::optional<std::string> find_qr(const GreyImage& image);

/// The text of the QR code in a file, or in what standard input (`-`, descriptor `in`) holds.
/// Throws Failure (2).
std::string qr_from_file(const std::string& path, int in);

/// The text of a QR code that is held before this computer's camera, read by zbarcam. Throws
/// Failure: 1 where that is not installed, 11 where its window was closed.
std::string qr_from_camera();

}  // namespace attune::client
