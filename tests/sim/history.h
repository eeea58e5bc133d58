#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/person.h"

namespace attune::sim {

/// What became of one seed.
struct Outcome {
  std::optional<std::string> fault;  ///< what was broken, and when
  std::uint64_t fingerprint = 0;     ///< of everything that happened
  Moment lived{0};
  std::uint64_t commands = 0;
  std::size_t ops = 0;
};

/// The life of two people in one world: they pair, live, everything around them goes wrong, and at
/// the end it heals. All of it follows from the seed.
class History {
 public:
  struct Options {
    std::chrono::hours hours{36};
  };
  History(std::uint64_t seed, Options options);
  ~History();

  Outcome run();
  /// One line for each thing that happens.
  std::function<void(const std::string& line)> trace;

 private:
  void live();
  void compare();
  void pair();
  bool pair_once(bool crash);
  void plan_visit(std::size_t who);
  void visit(std::size_t who, Moment until);
  void plan_trouble();
  void trouble();
  void trouble_on_the_way();
  void trouble_with_a_device(std::size_t device);
  void trouble_with_a_clock(std::size_t device);
  void trouble_with_a_disk(std::size_t device);
  void crash(std::size_t device, World::Stop how);
  void start_later(std::size_t device);
  void plan_malice();
  void begin_malice(std::size_t device);
  void end_malice();
  void plan_parting();
  void part_and_meet();
  void heal();
  void use_relay(bool use);
  void trouble_at_the_relay();
  void live_apart();
  void be_there(std::size_t who, Moment time);

  std::uint64_t seed_;
  Options options_;
  Dice dice_;
  Dice relay_dice_;  ///< for a relay, so that it moves nothing else
  Auditor auditor_;
  std::unique_ptr<World> world_;
  std::vector<std::unique_ptr<Person>> people_;
  std::vector<std::vector<Disk>> backups_;  ///< of each device
  bool has_relay_ = false;                  ///< whether this life knows a relay
  bool puts_back_ = false;                  ///< whether this life knows older stores
  std::optional<std::size_t> malicious_;    ///< who has a patched client now
  bool quiet_ = false;                      ///< nothing goes wrong, nobody acts
  Moment end_{0};
};

}  // namespace attune::sim
