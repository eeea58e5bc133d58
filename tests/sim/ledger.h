#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/crdt/op.h"
#include "daemon/sync/notebook_records.h"
#include "proto/kind_table.h"
#include "tests/sim/dice.h"

namespace attune::sim {

/// What no two ops share: a hash of actor, counter, seen and the rest, erased or not.
inline crdt::Hash32 header_of(const crdt::Op& op) {
  return crdt::next_chain(crdt::first_chain(op.dot.actor), op);
}

/// One op as its author wrote it, with every word, whatever was erased since. `past` is walked from
/// op to op: for each actor, by its number, the last counter in it.
struct Written {
  crdt::Op op;
  crdt::Hash32 header{};
  PersonId person;
  std::size_t actor = 0;
  std::vector<std::uint64_t> past;
  std::uint64_t past_ops = 0;
  bool counted = true;
  Moment at{0};
};

/// What one device has of an op.
struct Held {
  const Written* written = nullptr;
  bool husk = false;
  bool bare = false;
  bool lost = false;  ///< a husk because its night was over: no forget explains it
  std::vector<bool> bodies;
  Now came;  ///< its clocks when it came
  Moment at{0};
};

/// One entry of one stream as the definitions of docs/protocol.md, Registers, make it of what a
/// device holds. Each field's standing writes, best first.
struct Entry {
  struct Stand {
    const Held* held = nullptr;
    std::size_t slot = 0;
    [[nodiscard]] const crdt::Slot& what() const { return held->written->op.slots[slot]; }
    [[nodiscard]] std::uint32_t rank() const { return what().rank.value_or(0); }
  };
  EntryId id;
  std::uint32_t kind = 0;
  LocalDay day;
  bool exists = false;
  std::map<std::uint32_t, std::vector<Stand>> fields;

  [[nodiscard]] const std::vector<Stand>* find(std::uint32_t field) const;
  [[nodiscard]] bool stands(const crdt::Dot& dot, std::size_t slot) const;
};

/// All ops of one device's store.
class Shelf {
 public:
  using Place = std::pair<crdt::StreamId, EntryId>;
  std::map<crdt::Dot, Held> ops;
  std::map<Place, std::vector<const Held*>> by_entry;
  std::map<crdt::Actor, std::uint64_t> lasts;

  Held& put(const Held& held);
  [[nodiscard]] const Held* find(const crdt::Dot& dot) const;
  [[nodiscard]] std::uint64_t last(const crdt::Actor& actor) const;
};

/// Every op that was ever written in a world, and what follows from the definitions alone: it
/// shares no code with merge, view, vectors or the notebook. Every kind of today has one writer,
/// and the ledger refuses to think about another.
class Ledger {
 public:
  explicit Ledger(const KindTable& kinds) : kinds_(kinds) {}

  void add_person(const PersonId& person, const DeviceId& device);
  [[nodiscard]] std::optional<PersonId> person(const DeviceId& device) const;
  [[nodiscard]] const std::vector<PersonId>& people() const { return people_; }

  [[nodiscard]] const Written* find(const crdt::Dot& dot) const;
  /// The op with everything in its past written before; nullptr where something of it is missing.
  const Written* write(crdt::Op op, Moment at);
  [[nodiscard]] bool in_past(const crdt::Dot& dot, const Written& of) const;
  /// Whether `by` lifts `what` off their protective register.
  [[nodiscard]] bool over_covers(const Written& by, const crdt::Slot& slot,
                                 const crdt::Dot& what) const;

  [[nodiscard]] Entry fold(const Shelf& shelf, const Shelf::Place& place) const;
  /// Whether the author forgot what this op said, by what this device holds.
  [[nodiscard]] bool is_forgotten(const Shelf& shelf, const Written& written) const;

  [[nodiscard]] const KindTable& kinds() const { return kinds_; }
  /// Whose an entry is; nullopt: nobody's here.
  [[nodiscard]] std::optional<PersonId> owner(const EntryId& id, std::uint32_t kind) const;
  [[nodiscard]] std::size_t size() const { return ops_.size(); }

 private:
  std::size_t number_of(const crdt::Actor& actor);
  [[nodiscard]] bool counts(const Written& written) const;
  [[nodiscard]] bool has_register(std::uint32_t kind, const crdt::Slot& slot) const;
  [[nodiscard]] bool replaces(const Written& by, const Entry::Stand& what) const;

  const KindTable& kinds_;
  std::vector<PersonId> people_;
  std::map<DeviceId, PersonId> devices_;
  std::map<crdt::Actor, std::size_t> actors_;
  std::map<crdt::Dot, Written> ops_;
  std::map<Shelf::Place, std::vector<const Written*>> forgets_;
};

[[nodiscard]] bool is_forget(const crdt::Op& op);

}  // namespace attune::sim
