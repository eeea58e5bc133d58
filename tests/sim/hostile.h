#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/crdt/op_log.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/session.h"
#include "proto/kind_table.h"
#include "tests/sim/world.h"

namespace attune::sim {

/// A partner whose client was patched: it has every key of its person, holds real sessions, and
/// says in them what no client of ours would say. It writes nothing to its own disk. What it hears
/// and what it makes up it tells its Judge.
class Hostile final : public Mind {
 public:
  class Judge {
   public:
    /// A message that the partner's keys have opened.
    virtual void heard(const sync::SyncMessage& message) = 0;
    /// An op in the name of the one it talks to: no store may ever hold it.
    virtual void forged(const crdt::Op& op) = 0;

   protected:
    ~Judge() = default;
  };
  struct Parts {
    const KindTable* kinds = nullptr;
    Judge* judge = nullptr;
    Endpoint victim;
    std::uint64_t seed = 0;
    /// Whether it makes two ops with one dot. Where the other's store is put back in between, it
    /// may hold first the one and then the other, and nobody could tell.
    bool equivocates = false;
  };
  Hostile(const Parts& parts, const Disk& disk);

  sync::Output step(const Now& now, sync::Input input) override;

 private:
  struct Link {
    sync::Session session;
    bool greeted = false;
    bool confirmed = false;
  };
  using Slots = std::vector<crdt::Slot>;

  void load(const Disk& disk);
  void unit_came(const sync::UnitCame& unit, sync::Output& out);
  void hear(LinkId link, const sync::SyncMessage& message, sync::Output& out);
  bool take(const sync::OpsMessage& batch);
  void greet(LinkId link, Link& at, sync::Output& out);
  void say(const sync::SyncMessage& message, sync::Output& out);
  void dial(sync::Output& out);

  void act(const Now& now, sync::Output& out);
  void act_on_own(const Now& now, std::uint32_t which, sync::Output& out);
  void act_on_theirs(const Now& now, std::uint32_t which, sync::Output& out);
  void act_on_the_session(std::uint32_t which, sync::Output& out);

  [[nodiscard]] crdt::Op draft(const Now& now, const KindRow& row, const EntryId& entry);
  [[nodiscard]] crdt::Slot slot(const FieldRow& field);
  [[nodiscard]] crdt::Slot ending(const KindRow& row);
  [[nodiscard]] crdt::Actor fresh_actor();
  /// One op of its own, with the tag that its own devices take; `kept`: what comes after builds on
  /// it.
  enum class Then { kKept, kThrownAway };
  crdt::Op compose(const crdt::Actor& as, crdt::Op draft);
  void send(const crdt::Op& op, Then then, sync::Output& out);
  [[nodiscard]] const crdt::Op* any_op(const DeviceId& by);
  [[nodiscard]] const KindRow& any_shared_kind();
  [[nodiscard]] EntryId own_entry(const KindRow& row);

  Parts parts_;
  Dice dice_;
  sync::Self self_;
  sync::Partner partner_;
  sync::HelloMemory hellos_;
  std::unique_ptr<crdt::OpLog> log_;  ///< of both, as far as it knows
  crdt::Actor actor_;
  std::map<LinkId, Link> links_;
  std::map<std::uint32_t, EntryId> entries_;  ///< its own, by kind
  std::uint64_t dials_ = 0;
};

}  // namespace attune::sim
