#pragma once

#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "crypto/random.h"
#include "daemon/crdt/op_log.h"
#include "daemon/crdt/run_codec.h"
#include "daemon/crdt/view.h"

namespace attune::crdt::testing {

// What a field's number says of it: its hundreds are its policy, and one that ends in 9 is per
// person.
inline constexpr std::uint32_t kTitle = 100;     // latest
inline constexpr std::uint32_t kWords = 200;     // side by side
inline constexpr std::uint32_t kFirmness = 300;  // protective
inline constexpr std::uint32_t kAccepted = 309;  // protective, per person
inline constexpr std::uint32_t kTags = 400;      // set
inline constexpr std::uint32_t kKind = 7;

inline StreamId stream() { return StreamId::both({{1, 2, 3}}); }
PersonId person(std::uint8_t number);
/// A device of a person, in its nth incarnation.
Actor actor(std::uint8_t of_person, std::uint8_t device, std::uint8_t incarnation = 1);
inline Dot dot(const Actor& of, std::uint64_t counter) { return {of, counter}; }
EntryId entry(std::uint8_t owner, std::uint8_t number = 0);

class TestSchema final : public Schema {
 public:
  [[nodiscard]] Policy policy(std::uint32_t kind, std::uint32_t field) const override;
  [[nodiscard]] bool per_person(std::uint32_t kind, std::uint32_t field) const override;
  [[nodiscard]] std::optional<PersonId> person(const DeviceId& device) const override;
  [[nodiscard]] std::optional<PersonId> owner(const EntryId&, std::uint32_t) const override {
    return std::nullopt;
  }
};
const TestSchema& schema();

Slot words(std::uint32_t field, std::string_view text);
Slot ranked(std::uint32_t field, std::uint32_t rank, Over over = {});
Slot add(std::string_view element);
Slot remove(std::vector<SlotRef> removed);
Slot forgetting();
Over over_past();
Over over_dots(std::vector<Dot> dots);
Op draft(const EntryId& on, std::vector<Slot> slots);

/// The COUNT view in a form that can be compared and does not depend on where ops are kept.
using Seen = std::map<EntryId, std::tuple<std::uint32_t, LocalDay, std::vector<Register>,
                                          VersionVector, std::map<PersonId, std::vector<Dot>>>>;
Seen seen(const View& view);

/// One device: its log, its view, and what waits. Erases what an effect names unless told not to.
class Device {
 public:
  explicit Device(bool erases = true) : erases_(erases) {}

  Op write(const Actor& self, Op draft);
  /// Appends and applies, or keeps it waiting; then whatever it was that others waited for.
  OpLog::Taken take(const Op& op);
  /// Takes over the wire, in runs, what `other` has and this has not, at most `count` ops.
  void pull(const Device& other, std::size_t count = 100'000);
  [[nodiscard]] Seen refolded() const;
  [[nodiscard]] std::size_t husks() const;

  OpLog log{stream()};
  View view{log, schema()};
  WaitingOps waiting;
  std::size_t unnamed = 0;  ///< runs that named an entry by an op that is not here

 private:
  OpLog::Taken append(const Op& op);
  bool take_runs(const Device& other, const std::vector<const Kept*>& ops, bool by_ops);

  bool erases_;
  crypto::SeededRandom random_{7};
};

/// Ops in the order of a log, as they travel. `by_ops`: entries are named by ops where they can be.
struct OnWire {
  std::vector<Actor> actors;
  std::vector<Run> runs;
};
OnWire on_wire(const Device& from, const std::vector<const Kept*>& ops, bool by_ops);

/// What stands in a field, best first, by dot.
std::vector<Dot> standing(const View& view, const EntryId& on, std::uint32_t field);
/// The greatest rank that stands; 0 where nothing does.
std::uint32_t top_rank(const View& view, const EntryId& on, std::uint32_t field);

}  // namespace attune::crdt::testing
