// attune-sim: the lives of two people in seeded worlds where everything goes wrong, held to what
// attune promises. docs/architecture.md, Simulator.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/history.h"
#include "tests/sim/mutants.h"

namespace {

using namespace attune::sim;

struct Wanted {
  std::string seeds = "1..100";
  std::string seeds_file;
  std::string mutant;
  std::optional<std::uint64_t> trace;
  std::int64_t hours = 36;
  int devices = 2;
  bool twice = false;
  bool list_mutants = false;
  bool every_mutant = false;
};

/// What a failed assertion of the product needs to say which life it ended.
struct Running {
  std::uint64_t seed = 0;
  std::uint64_t passed = 0;
  char replay[128] = {};
} running;

std::string replay(const Wanted& wanted, std::uint64_t seed) {
  std::string line = fmt::format("attune-sim --trace {} --hours {}", seed, wanted.hours);
  if (!wanted.mutant.empty()) line += " --mutant " + wanted.mutant;
  return line;
}

void write_out(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// An assertion is a broken promise too; nothing of this process can be trusted afterwards.
void on_abort(int) {
  char text[256];
  const int size = std::snprintf(text, sizeof text,
                                 "seed %llu: an assertion failed\n  replay: %s\n%llu passed, 1 "
                                 "failed\n",
                                 static_cast<unsigned long long>(running.seed), running.replay,
                                 static_cast<unsigned long long>(running.passed));
  if (size > 0) {
    [[maybe_unused]] const auto done = ::write(STDOUT_FILENO, text, static_cast<std::size_t>(size));
  }
  ::_exit(1);
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_seeds(const std::string& text) {
  const auto dots = text.find("..");
  try {
    const std::uint64_t first = std::stoull(text.substr(0, dots));
    const std::uint64_t last =
        dots == std::string::npos ? first : std::stoull(text.substr(dots + 2));
    if (first > last) return std::nullopt;
    return std::pair(first, last);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

/// Comments begin with #; each other line begins with a seed.
std::vector<std::uint64_t> read_seeds(const std::string& path) {
  std::vector<std::uint64_t> seeds;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') seeds.push_back(std::stoull(line));
  }
  return seeds;
}

Outcome live(const Wanted& wanted, std::uint64_t seed, bool trace) {
  running.seed = seed;
  const std::string line = replay(wanted, seed);
  line.copy(running.replay, sizeof running.replay - 1);
  History history(seed, {.hours = std::chrono::hours(wanted.hours)});
  if (trace) history.trace = [](const std::string& text) { write_out(text + "\n"); };
  return history.run();
}

int trace_one(const Wanted& wanted) {
  const Outcome outcome = live(wanted, *wanted.trace, true);
  if (outcome.fault) write_out(fmt::format("seed {}: {}\n", *wanted.trace, *outcome.fault));
  write_out(fmt::format("history {:016x}\n{} passed, {} failed\n", outcome.fingerprint,
                        outcome.fault ? 0 : 1, outcome.fault ? 1 : 0));
  return outcome.fault ? 1 : 0;
}

int run_seeds(const Wanted& wanted, const std::vector<std::uint64_t>& seeds) {
  const std::clock_t begin = std::clock();  // of this processor: neighbours don't count
  std::uint64_t failed = 0;
  std::uint64_t commands = 0;
  std::uint64_t ops = 0;
  Moment lived{0};
  for (const std::uint64_t seed : seeds) {
    const Outcome outcome = live(wanted, seed, false);
    std::optional<std::string> fault = outcome.fault;
    if (!fault && wanted.twice && live(wanted, seed, false).fingerprint != outcome.fingerprint) {
      fault = "the same seed gave another history";
    }
    commands += outcome.commands;
    ops += outcome.ops;
    lived += outcome.lived;
    if (!fault) {
      ++running.passed;
      continue;
    }
    ++failed;
    write_out(fmt::format("seed {}: {}\n  replay: {}\n", seed, *fault, replay(wanted, seed)));
    if (!wanted.mutant.empty()) break;
  }
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const double hours = std::chrono::duration<double>(lived).count() / 3600;
  write_out(fmt::format(
      "{:.0f} simulated hours in {:.1f} s of one core, {:.0f} a second; {:.1f} commands and "
      "{:.1f} ops an hour\n",
      hours, took, hours / took, static_cast<double>(commands) / hours,
      static_cast<double>(ops) / hours));
  write_out(fmt::format("{} passed, {} failed\n", running.passed, failed));
  return failed == 0 ? 0 : 1;
}

/// Each in a process of its own, because some end in an assertion.
int find_every_mutant(Wanted wanted, const std::vector<std::uint64_t>& seeds) {
  int failed = 0;
  int passed = 0;
  for (const MutantRow& row : mutants()) {
    write_out(fmt::format("{}: ", row.name));
    const pid_t child = ::fork();
    if (child == 0) {
      attune::planted_mutant = row.mutant;
      wanted.mutant = row.name;
      ::_exit(run_seeds(wanted, seeds));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool found = !WIFEXITED(status) || WEXITSTATUS(status) == 1;
    if (!found) write_out(fmt::format("NOT FOUND: {}\n", row.name));
    ++(found ? passed : failed);
  }
  write_out(fmt::format("{} passed, {} failed\n", passed, failed));
  return failed == 0 ? 0 : 1;
}

int obey(const Wanted& wanted) {
  if (wanted.list_mutants) {
    for (const MutantRow& row : mutants())
      write_out(fmt::format("{:<28} {}\n", row.name, row.what));
    return 0;
  }
  if (wanted.devices != 2) {
    std::fputs("attune-sim: a person has one device as yet, so --devices is 2\n", stderr);
    return 2;
  }
  if (!wanted.mutant.empty()) {
    const MutantRow* row = mutant_named(wanted.mutant);
    if (row == nullptr) {
      std::fputs("attune-sim: no such mutant; --list-mutants names them\n", stderr);
      return 2;
    }
    attune::planted_mutant = row->mutant;
  }
  const auto range = parse_seeds(wanted.seeds);
  if (!range || wanted.hours < 1) {
    std::fputs("attune-sim: --seeds is A..B, --hours at least 1\n", stderr);
    return 2;
  }
  if (wanted.trace) return trace_one(wanted);
  std::vector<std::uint64_t> seeds;
  if (!wanted.seeds_file.empty()) seeds = read_seeds(wanted.seeds_file);
  for (std::uint64_t seed = range->first; seed <= range->second; ++seed) seeds.push_back(seed);
  if (wanted.every_mutant) return find_every_mutant(wanted, seeds);
  return run_seeds(wanted, seeds);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  Wanted wanted;
  CLI::App app{"Lives of two people in seeded worlds, held to what attune promises."};
  app.add_option("--seeds", wanted.seeds, "which lives: A..B")->capture_default_str();
  app.add_option("--seeds-file", wanted.seeds_file, "more of them, one on each line");
  app.add_option("--hours", wanted.hours, "how long each is")->capture_default_str();
  app.add_option("--devices", wanted.devices, "how many there are; 2 as yet")
      ->capture_default_str();
  app.add_option("--trace", wanted.trace, "tell all of one seed");
  app.add_option("--mutant", wanted.mutant, "plant a fault, and stop at the first find");
  app.add_flag("--list-mutants", wanted.list_mutants, "the faults that can be planted");
  app.add_flag("--every-mutant", wanted.every_mutant, "plant each, and see that it is found");
  app.add_flag("--twice", wanted.twice, "live each seed twice: both must be the same");
  CLI11_PARSE(app, argc, argv);
  return obey(wanted);
}
