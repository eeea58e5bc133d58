#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/crdt/op_log.h"

namespace attune::crdt {

/// How concurrent writes of a field merge. Source: docs/protocol.md, Registers.
enum class Policy : std::uint8_t { kLatest, kSideBySide, kProtective, kSet };

/// What the fold must know of kinds and people: answered by the room above.
class Schema {
 public:
  virtual ~Schema() = default;
  /// kLatest for a field that is not known here.
  [[nodiscard]] virtual Policy policy(std::uint32_t kind, std::uint32_t field) const = 0;
  /// Whether each person has a register of their own for this field.
  [[nodiscard]] virtual bool per_person(std::uint32_t kind, std::uint32_t field) const = 0;
  [[nodiscard]] virtual std::optional<PersonId> person(const DeviceId& device) const = 0;
};

/// One write that stands in a register: slot `slot` of the op at `dot`.
struct Standing {
  Dot dot;
  std::size_t slot = 0;
  std::uint64_t weight = 0;
  std::uint32_t rank = 0;
  PersonId person;
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// The writes of one field that count now.
///   kLatest, kSideBySide: the maximal ones. kProtective: the uncovered ones. kSet: adds that stand.
/// Best first: highest rank, then (weight, actor).
struct Register {
  std::uint32_t field = 0;
  std::optional<PersonId> person;  ///< per-person fields
  std::vector<Standing> standing;
};

/// One entry as all counted ops of its stream make it.
struct EntryState {
  EntryId id;
  std::uint32_t kind = 0;
  LocalDay day;                 ///< of its first op in causal order
  std::vector<Register> registers;
  VersionVector touched;        ///< dots of every counted op on it, as a vector of their actors' last
  std::map<PersonId, std::vector<Dot>> forgets;  ///< maximal forget acts
  [[nodiscard]] const Register* find(std::uint32_t field, const std::optional<PersonId>& person = {}) const;
};

/// A slot whose words no longer stand anywhere.
struct SlotRef {
  Dot dot;
  std::size_t slot = 0;
  friend auto operator<=>(const SlotRef&, const SlotRef&) = default;
};

/// The fold of a log's counted ops into entries. Incremental equals from-scratch. Merges read headers
/// and nothing else. Pure. Borrows the log and the schema, which must outlive it.
class View {
 public:
  View(const OpLog& log, const Schema& schema) : log_(log), schema_(schema) {}

  /// What applying one op made superfluous.
  struct Effect {
    EntryId entry;
    std::uint32_t kind = 0;
    std::vector<SlotRef> superseded;  ///< words to erase
    std::vector<Dot> forgotten;       ///< ops to make husks of
    bool changed = false;             ///< something that can be shown is different now
  };
  /// The op must be held by the log and be counted; its past was applied before. A husk applies its
  /// nothing: what it wrote is not known here.
  Effect apply(const Kept& kept);

  [[nodiscard]] const EntryState* find(const EntryId& id) const;
  [[nodiscard]] const std::map<EntryId, EntryState>& entries() const { return entries_; }
  /// Whether `person` has a forget of this entry in this past.
  [[nodiscard]] bool forgotten_in(const EntryId& id, const PersonId& person, const VersionVector& past) const;

 private:
  const OpLog& log_;
  const Schema& schema_;
  std::map<EntryId, EntryState> entries_;
};

}  // namespace attune::crdt
