#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/auditor.h"
#include "tests/sim/world.h"

namespace attune::sim {

/// Somebody at a device who looks and acts as the rows of the kinds let them: what can be added,
/// edited or ended, with which fields, is read from the table. Sometimes they act on what a screen
/// showed long ago, mistype, or talk nonsense.
class Person {
 public:
  Person(World& world, Auditor& auditor, std::size_t device, std::uint64_t seed);

  /// Does one thing.
  void act();
  /// Looks at everything.
  void look();
  [[nodiscard]] std::size_t device() const { return device_; }
  /// How many commands were answered otherwise than by a refusal.
  [[nodiscard]] std::uint64_t done() const { return done_; }

 private:
  void add();
  void edit();
  void end();
  void nonsense();
  void sync();
  void give(sync::Command command);
  void see(const sync::Answer& answer);
  void see(const sync::Item& item);

  [[nodiscard]] const KindRow& any_kind();
  [[nodiscard]] const sync::Item* any_item();
  [[nodiscard]] std::string name_of(const sync::Item& item) const;
  [[nodiscard]] std::string any_name();
  [[nodiscard]] Bytes any_version(const EntryId& id);
  [[nodiscard]] std::string any_topic();
  [[nodiscard]] std::string any_text(std::size_t most);
  [[nodiscard]] Bytes any_value(const FieldRow& field);
  /// A message with each field of a row in `part` of `whole` cases.
  [[nodiscard]] Bytes any_message(const KindRow& row, std::uint32_t part, std::uint32_t whole);

  World& world_;
  Auditor& auditor_;
  std::size_t device_;
  Dice dice_;
  std::vector<sync::Item> seen_;  ///< what was on a screen, the last at the end
  std::uint64_t next_word_;
  std::uint64_t done_ = 0;
};

}  // namespace attune::sim
