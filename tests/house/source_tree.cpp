#include "tests/house/source_tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace attune::house {
namespace {

bool is_left_out(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "build" || name.starts_with("build-");
}

bool is_wanted(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 5> kEndings = {".h", ".cpp", ".proto", ".cmake", ".in"};
  return std::ranges::find(kEndings, path.extension().string()) != kEndings.end() ||
         path.filename() == "CMakeLists.txt";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw std::filesystem::filesystem_error("cannot read", path,
                                            std::make_error_code(std::errc::io_error));
  }
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<std::string_view> SourceFile::lines() const {
  std::vector<std::string_view> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

bool SourceFile::is_code() const {
  return path.ends_with(".h") || path.ends_with(".cpp") || path.ends_with(".proto");
}

std::string_view SourceFile::folder() const {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string_view{} : std::string_view(path).substr(0, slash);
}

std::string_view SourceFile::name() const {
  return std::string_view(path).substr(path.rfind('/') + 1);
}

std::vector<SourceFile> read_tree(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  auto at = std::filesystem::recursive_directory_iterator(root);
  for (const auto end = std::filesystem::end(at); at != end; ++at) {
    if (is_left_out(at->path())) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && is_wanted(at->path())) {
      files.push_back({.path = at->path().lexically_relative(root).generic_string(),
                       .text = read_file(at->path())});
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<std::string> top_names(const std::filesystem::path& root) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find("//")); }

}  // namespace attune::house
