#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "crypto/random.h"
#include "daemon/couple/people.h"
#include "daemon/crdt/op_log.h"
#include "daemon/crdt/view.h"
#include "daemon/sync/commands.h"
#include "daemon/sync/identity.h"
#include "proto/kind_table.h"
#include "proto/record.h"
#include "proto/time.h"

namespace attune::sync {

/// What working on the notebook leaves to be done: it goes into the Output of the step.
struct Ripple {
  RecordBatch persist;
  std::vector<std::uint32_t> changed_kinds;  ///< for `watch`: kinds where something shown changed
};

/// The entries of both streams: logs, views, and the rules over them. Answers what a local client
/// asks of entries, and decides whether an op of a peer may enter (TAKE) and count (COUNT). Owned
/// by the Replica; pure. Every change it makes in memory is in the Ripple it was given; when that
/// can't be made durable the Notebook is thrown away and opened again. Source:
/// docs/architecture.md.
class Notebook {
 public:
  struct Parts {
    const KindTable* kinds = nullptr;  ///< outlives the Notebook
    crypto::Random* random = nullptr;  ///< outlives the Notebook
  };
  /// nullptr when the records contradict each other: a gap or a broken chain, a head without its
  /// op. `self` and `partner` outlive the Notebook; the Replica tells of a change by
  /// people_changed().
  static std::unique_ptr<Notebook> open(Parts parts, const Self& self,
                                        const std::optional<Partner>& partner,
                                        const std::vector<Record>& records, const Now& now);
  ~Notebook();

  /// AddEntry to ListToday of the Command variant.
  Answer perform(const Now& now, const Command& command, Ripple& ripple);

  /// The stream shared with the partner, or nullptr when there never was one.
  [[nodiscard]] const crdt::OpLog* both() const;
  [[nodiscard]] const crdt::OpLog& mine() const;

  enum class Verdict {
    kTaken,      ///< durable once the ripple is; acknowledge then
    kKnown,      ///< was here already
    kHeld,       ///< waits in memory for its past; not acknowledged
    kRefused,    ///< stored nowhere, not acknowledged, counted
    kOverLimit,  ///< the partner's day is full: not read
  };
  struct Arriving {
    crdt::Op op;
    std::optional<std::array<std::uint8_t, 32>> tag;
    PersonId from;  ///< whose device the session is with
    std::size_t bytes = 0;
  };
  /// Gate TAKE for one op that came over a link of `both`; also applies what waited for it.
  Verdict take(const Now& now, Arriving arriving, Ripple& ripple);

  /// The tag over the chain after `dot`, made now where the op is mine, else the one that came.
  [[nodiscard]] std::optional<std::array<std::uint8_t, 32>> author_tag(const crdt::Dot& dot) const;

  /// What may name this op's entry in a run: crdt::View::earlier_on_entry.
  [[nodiscard]] std::optional<crdt::Dot> earlier_on_entry(const crdt::Kept& kept) const;

  /// Before a pairing ends: what is said tonight is withdrawn.
  void take_back_tonight(const Now& now, Ripple& ripple);
  /// Before a pairing ends: what of mine protects and is not `there` is said again, in ops that
  /// have nothing else in their past, so that who has `there` takes them without what lies between:
  /// withdrawals, pauses, ends, acts of forgetting, tightenings; no words, and nothing that
  /// loosens. `perhaps` may be there, too. Gives what `both` had before: these ops are all that it
  /// lacks.
  crdt::VersionVector say_what_protects(const Now& now, const crdt::VersionVector& there,
                                        const crdt::VersionVector& perhaps, Ripple& ripple);

  /// The partner has this of `both`, durably: what was kept to send it in few bytes is dropped. It
  /// leaves the disk with the next op that is written or erased; nothing is written for it alone.
  void delivered(const crdt::VersionVector& theirs);

  void people_changed();

  /// What time alone changes: intents that are due, nights that end, an undo that expires. Call at
  /// every wake-up; gives when to call next at the latest.
  std::optional<Steady> pass_time(const Now& now, Ripple& ripple);

 private:
  struct State;
  explicit Notebook(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace attune::sync
