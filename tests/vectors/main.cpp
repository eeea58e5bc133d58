#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "crypto/sodium_ready.h"
#include "tests/vectors/forms.h"

/// attune-vectors DIR: runs every test vector in the files of DIR through our own code and
/// libsodium. Exit status 0 when all hold, 1 when one fails or none was found, 2 for a wrong call.
namespace {

namespace fs = std::filesystem;
using attune::vectors::Json;
using attune::vectors::Tally;

constexpr std::uintmax_t kFileBytesMax = 256u << 20;
constexpr int kDepthMax = 32;  // of objects and lists in each other

using Form = bool (*)(const Json&, attune::vectors::Place, Tally&);
constexpr std::array<Form, 10> kForms = {
    attune::vectors::run_noise,           attune::vectors::run_cpace_exchange,
    attune::vectors::run_cpace_generator, attune::vectors::run_cpace_points,
    attune::vectors::run_cpace_strings,   attune::vectors::run_ristretto,
    attune::vectors::run_argon2,          attune::vectors::run_keys,
    attune::vectors::run_padme,           attune::vectors::run_wycheproof,
};

// An object of a known form is run as a whole; anything else is searched for such objects.
void search(const Json& value, const std::string& place, Tally& tally, int depth) {
  if (depth > kDepthMax) return;
  if (value.is_object()) {
    for (Form form : kForms) {
      if (form(value, place, tally)) return;
    }
    for (const auto& [key, child] : value.items()) search(child, key, tally, depth + 1);
  } else if (value.is_array()) {
    for (const Json& child : value) search(child, place, tally, depth + 1);
  }
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<Json> json_in(const fs::path& file) {
  std::error_code failure;
  const std::uintmax_t size = fs::file_size(file, failure);
  if (failure || size > kFileBytesMax) return std::nullopt;
  std::ifstream stream(file, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  Json json = Json::parse(content, nullptr, false, true);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

std::string joined(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

void print_line(const std::string& file, const Tally& tally) {
  if (tally.passed() + tally.failed() == 0) {
    const std::string kinds = joined(tally.unused());
    std::printf("%s: not counted (%s)\n", file.c_str(),
                kinds.empty() ? "no vectors of a form known here" : kinds.c_str());
    return;
  }
  std::printf("%s: %s: %zu passed, %zu failed\n", file.c_str(), joined(tally.forms()).c_str(),
              tally.passed(), tally.failed());
  for (const std::string& complaint : tally.complaints()) {
    std::printf("  failed: %s\n", complaint.c_str());
  }
}

int run(const fs::path& folder) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (const fs::path& file : files_in(folder)) {
    const std::string name = file.lexically_relative(folder).string();
    std::optional<Json> json = json_in(file);
    if (!json) {
      std::printf("%s: not counted (not JSON)\n", name.c_str());
      continue;
    }
    Tally tally;
    try {
      search(*json, name, tally, 0);
    } catch (const std::exception&) {
      // A form whose very keys are misshapen: one failed case stands for what could not be read.
      tally.run("vectors", name, [] { throw; });
    }
    print_line(name, tally);
    passed += tally.passed();
    failed += tally.failed();
  }
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: attune-vectors DIR\n");
    return 2;
  }
  attune::crypto::sodium_ready();
  try {
    return run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attune-vectors: %s\n", error.what());
    std::printf("0 passed, 0 failed\n");
    return 1;
  }
}
