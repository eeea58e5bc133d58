// libFuzzer's side: attune-fuzz --target=NAME FLAGS... CORPUS
// attune-fuzz --list names every target; attune-fuzz --target=NAME --seeds=FOLDER writes its seeds.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/hash.h"
#include "tests/fuzz/target.h"

namespace {

using attune::fuzz::Target;

const Target* chosen = nullptr;

[[noreturn]] void leave(const std::string& sentence) {
  std::fprintf(stderr, "attune-fuzz: %s\n", sentence.c_str());
  std::exit(2);
}

// A seed is named by its hash, so the same one stands there once.
void write_seeds(const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (const attune::Bytes& seed : chosen->seeds()) {
    const auto name = attune::crypto::hash_lv<16>(attune::ByteView(seed));
    std::ofstream file(folder + "/" + attune::to_hex(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()),
               static_cast<std::streamsize>(seed.size()));
    if (!file.flush()) leave("cannot write to " + folder);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
  // The worlds that some targets live in say EXPECT: under a fuzzer that is a finding.
  int none = 1;
  GTEST_FLAG_SET(throw_on_failure, true);
  testing::InitGoogleTest(&none, *words);
  std::string seeds;
  for (int i = 1; i < *count; ++i) {
    const std::string word = (*words)[i];
    if (word == "--list") {
      for (const Target& target : attune::fuzz::targets()) {
        std::printf("%s %zu\n", std::string(target.name).c_str(), target.bytes_max);
      }
      std::exit(0);
    }
    if (word.starts_with("--target=")) chosen = attune::fuzz::find_target(word.substr(9));
    if (word.starts_with("--seeds=")) seeds = word.substr(8);
  }
  if (chosen == nullptr) leave("--target=NAME of --list is needed");
  if (seeds.empty()) return 0;
  write_seeds(seeds);
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({data, size});
  return 0;
}
