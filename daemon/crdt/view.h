#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/crdt/few.h"
#include "daemon/crdt/op_log.h"

namespace attune::crdt {

/// How concurrent writes of a field merge. Source: docs/protocol.md, Registers.
/// kOpaque: of a field that is not known here nothing is replaced and nothing is folded; a version
/// that knows it finds every word that it would have kept.
enum class Policy : std::uint8_t { kLatest, kSideBySide, kProtective, kSet, kOpaque };

/// What the fold must know of kinds and people: answered by the room above.
class Schema {
 public:
  virtual ~Schema() = default;
  /// kOpaque for a field that is not known here.
  [[nodiscard]] virtual Policy policy(std::uint32_t kind, std::uint32_t field) const = 0;
  /// Whether each person has a register of their own for this field.
  [[nodiscard]] virtual bool per_person(std::uint32_t kind, std::uint32_t field) const = 0;
  [[nodiscard]] virtual std::optional<PersonId> person(const DeviceId& device) const = 0;
  /// Whose the id proves an entry of this kind to be.
  [[nodiscard]] virtual std::optional<PersonId> owner(const EntryId& id,
                                                      std::uint32_t kind) const = 0;
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
///   kLatest, kSideBySide: the maximal ones. kProtective: the uncovered ones. kSet: adds that
///   stand.
/// Best first: highest rank, then greatest (weight, actor), then first slot. Never empty: a
/// register in which nothing stands is not there.
struct Register {
  std::uint32_t field = 0;
  std::optional<PersonId> person;  ///< per-person fields
  Few<Standing> standing;
  friend bool operator==(const Register&, const Register&) = default;
};

/// One entry as all counted ops of its stream make it. What a person forgot is in none of it.
struct EntryState {
  EntryId id;
  std::uint32_t kind = 0;
  LocalDay day;  ///< of its first op: the least (weight, dot), which has no other in its past
  std::optional<PersonId> owner;                 ///< as the schema says
  std::vector<Register> registers;               ///< sorted by field, then person
  std::map<PersonId, std::vector<Dot>> forgets;  ///< forget acts, none in the past of another
  /// The counted ops on it, each after its past; they belong to the log.
  Few<const Kept*> ops;

  [[nodiscard]] const Register* find(std::uint32_t field,
                                     const std::optional<PersonId>& person = {}) const;
  /// Dots of every counted op on it, as a vector of their actors' last.
  [[nodiscard]] const VersionVector& touched() const;
  /// The op among those on the entry.
  void note(const Kept& kept);
  /// Takes ops off those on the entry, and what it says of them.
  template <typename Which>
  void unnote(Which which);

 private:
  // Most entries are never asked for it: it is brought up to date when one is.
  mutable VersionVector touched_;
  mutable std::size_t touched_ops_ = 0;  // how many of `ops` it has
  std::uint64_t first_weight_ = 0;       // of the first op
};

/// The fold of a log's counted ops into entries. Incremental equals from-scratch, whatever was
/// erased in between. Merges read headers and nothing else. Pure. Borrows the log and the schema,
/// which must outlive it.
///
/// Forgetting: an op with a slot of kFieldForget takes every standing of its person in its past off
/// the entry, protective ones too, and makes husks of the ops they stood in. Its other slots are
/// written as those of any op: what must go on holding (a firmness) or must not come back (on an
/// entry that both people write: each field that the forgotten ops wrote, and what they removed) is
/// written again by the forget op itself, because who receives husks can't know what was in them. A
/// forget with nothing else is enough for an entry that one person writes.
class View {
 public:
  View(const OpLog& log, const Schema& schema) : log_(log), schema_(schema) {}
  View(const View&) = delete;  // it points into itself
  View& operator=(const View&) = delete;

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

  /// Takes out an op that is about to become a husk though no forget explains it: a night that is
  /// over. True where something of it stood.
  bool lose(const Kept& kept);

  [[nodiscard]] const EntryState* find(const EntryId& id) const;
  /// An op on the same entry that is in this one's past, so that whoever takes this one holds it:
  /// names the entry in a run. nullopt where there is none, or it is a husk here.
  [[nodiscard]] std::optional<Dot> earlier_on_entry(const Kept& kept) const;
  [[nodiscard]] const std::map<EntryId, EntryState>& entries() const { return entries_; }
  /// Whether `person` has a forget of this entry in this past.
  [[nodiscard]] bool forgotten_in(const EntryId& id, const PersonId& person,
                                  const Past& past) const;

  /// The schema knows other people now: asks again whose each entry is.
  void people_changed();

 private:
  [[nodiscard]] EntryState* held(const EntryId& id);
  EntryState& entry_of(const Op& op);
  void forget(EntryState& entry, const Kept& kept, const PersonId& person, Effect& effect);
  void write(EntryState& entry, const Kept& kept, Standing standing, Effect& effect);

  const OpLog& log_;
  const Schema& schema_;
  std::map<EntryId, EntryState> entries_;
  mutable const EntryState* recent_ = nullptr;  // that was asked for last
};

}  // namespace attune::crdt
