#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace attune::house {

/// One text file of the repository. Value type; samples in tests are made by hand.
struct SourceFile {
  std::string path;  ///< from the repository's root, with slashes
  std::string text;

  [[nodiscard]] std::vector<std::string_view> lines() const;
  [[nodiscard]] bool is_header() const { return path.ends_with(".h"); }
  /// A header, a source or a protobuf schema: what the numbers of the style apply to.
  [[nodiscard]] bool is_code() const;
  /// The directory, `daemon/sync` for `daemon/sync/replica.h`; empty at the top.
  [[nodiscard]] std::string_view folder() const;
  /// `replica.h`.
  [[nodiscard]] std::string_view name() const;
};

/// What is wrong, each a sentence that begins with the place.
using Faults = std::vector<std::string>;

/// The code, schemas and build files under `root`, sorted by path. Leaves out build folders and
/// whatever begins with a dot. Throws std::filesystem::filesystem_error where it can't read.
std::vector<SourceFile> read_tree(const std::filesystem::path& root);

/// The names at the top of `root`, sorted.
std::vector<std::string> top_names(const std::filesystem::path& root);

/// The text up to `//`, so that a comment may name what the code must not.
std::string_view without_comment(std::string_view line);

}  // namespace attune::house
