// A real relay beside what the machine can do at most, in the same run: a raw epoll forwarder, bare
// X25519, one commit a message. Without arguments everything; else the subjects that are named.
// Prints a table in Markdown. Figures count on a machine that does nothing else.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string_view>
#include <vector>

#include "crypto/labels.h"
#include "crypto/noise.h"
#include "crypto/random.h"
#include "proto/limits.h"
#include "tests/bench/figures.h"
#include "tests/relay/benches.h"

namespace attune::relay {

void measure_handshakes() {
  crypto::SystemRandom random;
  const auto key = crypto::KeyPair::generate(random);
  const auto point = crypto::KeyPair::generate(random).public_key;
  std::vector<double> ours;
  std::vector<double> floors;
  constexpr int kRounds = 2'000;
  for (int run = 0; run < 7; ++run) {
    auto begin = bench::Stopwatch::now();
    for (int i = 0; i < kRounds; ++i) {
      crypto::NoiseParty party;
      party.prologue = lv(crypto::labels::kRelay);
      party.remote_static = key.public_key;
      crypto::NoiseHandshake device("Noise_NK_25519_ChaChaPoly_BLAKE2b", std::move(party), random);
      crypto::NoiseParty server;
      server.role = crypto::NoiseRole::kResponder;
      server.prologue = lv(crypto::labels::kRelay);
      server.static_key = key.clone();
      crypto::NoiseHandshake relay("Noise_NK_25519_ChaChaPoly_BLAKE2b", std::move(server), random);
      relay.read(*device.write({}));
      device.read(*relay.write({}));
      const auto sides = {device.split(), relay.split()};
      static_cast<void>(sides);
    }
    ours.push_back(kRounds / bench::seconds_since(begin));
    begin = bench::Stopwatch::now();
    for (int i = 0; i < kRounds; ++i) {
      for (int each = 0; each < 2; ++each) crypto::KeyPair::generate(random);
      for (int each = 0; each < 4; ++each) static_cast<void>(crypto::x25519(key.secret, point));
    }
    floors.push_back(kRounds / bench::seconds_since(begin));
  }
  const double floor = bench::median(floors);
  bench::print({.what = "NK handshakes, both sides on one core",
                .value = bench::median(ours),
                .unit = "/s",
                .floor = bench::Floor{"their X25519", floor},
                .aim = 0.8 * floor,
                .better = bench::Figure::Better::kMore});
}

}  // namespace attune::relay

namespace {

struct Subject {
  std::string_view name;
  void (*measure)();
};

constexpr Subject kSubjects[] = {
    {"pipe", attune::relay::measure_pipe},     {"little", attune::relay::measure_little},
    {"rate", attune::relay::measure_rate},     {"handshake", attune::relay::measure_handshakes},
    {"memory", attune::relay::measure_memory}, {"puts", attune::relay::measure_puts},
    {"push", attune::relay::measure_push},     {"looks", attune::relay::measure_looks},
};

void allow_many_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> wanted(argv + 1, argv + argc);
  for (const std::string_view name : wanted) {
    if (std::ranges::find(kSubjects, name, &Subject::name) != std::end(kSubjects)) continue;
    std::fputs("attune-relay-bench", stderr);
    for (const Subject& subject : kSubjects) {
      std::fprintf(stderr, " [%.*s]", static_cast<int>(subject.name.size()), subject.name.data());
    }
    std::fputs("\n", stderr);
    return 2;
  }
  allow_many_files();
  ::signal(SIGPIPE, SIG_IGN);  // sendfile() knows no MSG_NOSIGNAL
  attune::bench::begin_table("A relay");
  try {
    for (const Subject& subject : kSubjects) {
      const bool named = std::ranges::find(wanted, subject.name) != wanted.end();
      if (wanted.empty() || named) subject.measure();
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "attune-relay-bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
