#pragma once

#include <memory>
#include <vector>

#include "crypto/random.h"
#include "tests/crdt/oracle.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {

/// A seeded random life of two people with two devices each: writes of every sort, forgets, stores
/// that are opened anew, and devices that hear of each other in small batches, out of order and
/// twice. As the rules above crdt ask, a forget on an entry that both write says what must not come
/// back.
class History {
 public:
  struct Options {
    bool forgets = true;
    int steps = 60;
  };
  History(std::uint64_t seed, Options options);

  /// Makes all of it happen; then every device hears everything.
  void run();
  /// A new device that is given all ops as they were written, in random order, in batches, with
  /// some twice.
  std::unique_ptr<Device> reader(bool erases);

  std::vector<std::unique_ptr<Device>> devices;
  Oracle oracle;
  /// How often the top of a protective register fell, and how often without an op to lift it.
  int loosened = 0;
  int weakened = 0;
  int husks_sent = 0;
  /// How often two devices held the same ops after a step, and how often with unequal views.
  int met = 0;
  int uneven = 0;

 private:
  void write(std::size_t who);
  void hear(std::size_t who, std::size_t from);
  void compare(std::size_t who);
  std::vector<Slot> forget_slots(const Device& device, const EntryId& on, const PersonId& self);
  Slot random_slot(const Device& device, const EntryId& on);
  Over random_over(const Device& device);
  std::vector<SlotRef> random_removed(const Device& device, const EntryId& on);
  Dot random_dot();
  void take(Device& device, const Op& op);
  [[nodiscard]] bool is_lifted(const Standing& before, const Op& by) const;
  bool one_in(std::uint32_t n) { return random_.below(n) == 0; }

  crypto::SeededRandom random_;
  Options options_;
  std::vector<Actor> actors_;
};

}  // namespace attune::crdt::testing
