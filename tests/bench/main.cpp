#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string_view>
#include <vector>

#include "tests/bench/benches.h"

// Prints tables in Markdown: each figure beside its floor, the ratio, and what it aims at. Without
// arguments everything; else the subjects that are named.

namespace {

constexpr std::size_t kRuns = 5;

struct Subject {
  std::string_view name;
  void (*measure)();
};

constexpr Subject kSubjects[] = {
    {"memory", [] { attune::bench::measure_memory(kRuns); }},
    {"sealed", [] { attune::bench::measure_sealed(kRuns); }},
    {"unlock", [] { attune::bench::measure_unlock(kRuns); }},
    {"handshakes", [] { attune::bench::measure_handshakes(kRuns); }},
    {"daemons", [] { attune::bench::measure_daemons(); }},
    {"relay", [] { attune::bench::measure_relay(); }},
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> wanted(argv + 1, argv + argc);
  for (const std::string_view name : wanted) {
    if (std::ranges::find(kSubjects, name, &Subject::name) != std::end(kSubjects)) continue;
    std::fputs("attune-bench [memory] [sealed] [unlock] [handshakes] [daemons] [relay]\n", stderr);
    return 2;
  }
  try {
    for (const Subject& subject : kSubjects) {
      const bool named = std::ranges::find(wanted, subject.name) != wanted.end();
      if (wanted.empty() || named) subject.measure();
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "attune-bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
