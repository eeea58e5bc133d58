#include <cstdio>
#include <cstdlib>

#include "proto/parser_log.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {

const std::vector<Target>& targets() {
  static const std::vector<Target> kTargets = [] {
    silence_parser();
    std::vector<Target> all;
    for (const auto& some :
         {codec_targets(), link_targets(), disk_targets(), text_targets(), client_targets(),
          pairing_targets(), relay_targets(), relay_device_targets(), replica_targets()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return kTargets;
}

const Target* find_target(std::string_view name) {
  for (const Target& target : targets()) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

}  // namespace attune::fuzz
