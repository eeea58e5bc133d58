#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/couple/kinds.h"
#include "daemon/couple/quiet.h"
#include "daemon/couple/standing.h"
#include "daemon/crdt/op_log.h"
#include "daemon/crdt/view.h"
#include "daemon/sync/notebook.h"
#include "daemon/sync/notebook_fields.h"
#include "daemon/sync/notebook_records.h"
#include "daemon/sync/returned_ops.h"
#include "proto/limits.h"

namespace attune::sync {

/// One log and its fold, and what this opening of the store adds.
struct Stream {
  Stream(const crdt::StreamId& id, const crdt::Schema& schema) : log(id), view(log, schema) {}
  crdt::OpLog log;
  crdt::View view;
  std::optional<Incarnation> incarnation;  ///< drawn when this opening first writes here
  std::set<crdt::Dot> bare;                ///< husks whose op was never here
  std::set<crdt::Dot> nights;              ///< ops of one night that still have their words
};

/// A draft of one or more ops on one entry.
struct Draft {
  EntryId entry;
  std::uint32_t kind = 0;
  std::vector<crdt::Slot> slots;
};

/// An entry as a client may name it.
struct Found {
  Stream* stream = nullptr;
  const crdt::EntryState* entry = nullptr;
  const KindRow* row = nullptr;
  bool mine = false;
  /// Of an entry of both: what stands with my devices alone under the same id. May be nullptr.
  const crdt::EntryState* beside = nullptr;
};

/// What a change of an entry comes to.
struct Plan {
  std::vector<crdt::Slot> now;     ///< in the entry's stream
  std::vector<crdt::Slot> beside;  ///< with my devices alone, for an entry of both
  std::vector<crdt::Slot> later;   ///< loosenings, which wait
};

/// How many actors of one person a log may have, so that nobody can use up the other's.
inline constexpr std::size_t kActorsOfPersonMax = limits::kActorsMax / 2;

/// What the partner's devices may bring in a day.
struct DayQuota {
  LocalDay day;
  std::size_t ops = 0;
  std::size_t bytes = 0;
};

/// What a Notebook is made of; shared by its source files, one for each idea, and by nobody else.
struct Notebook::State {
  State(const Parts& given, const Self& me, const std::optional<Partner>& other);

  // notebook.cpp: people and streams
  void learn_people();
  Stream& stream(const crdt::StreamId& id);
  [[nodiscard]] Stream& mine() { return streams.at(crdt::StreamId::mine()); }
  [[nodiscard]] Stream* both();
  /// nullopt while paired; else why nothing new can be said to the partner.
  [[nodiscard]] std::optional<Failed> unpaired() const;
  /// Whether something new may be said in this stream: mine, or that of a couple that is paired.
  [[nodiscard]] bool is_open(const Stream& in);
  [[nodiscard]] bool is_mine(const EntryId& id, std::uint32_t kind) const;
  Answer answer(const Now& now, const Command& command, Ripple& ripple);

  // notebook_open.cpp
  bool load(const std::vector<Record>& records, const Now& now);
  bool load_salts(const std::vector<Record>& records);
  bool load_ops(const std::vector<const Record*>& ops);
  bool append_all(const std::vector<const Record*>& ops);
  bool append_one(Stream& in, OpRecord record);
  void unfold(Stream& in, const crdt::Kept& kept, bool bare);
  void keep_for_later(Ripple ripple);
  void count_day(const Now& now);

  // notebook_log.cpp: what becomes of an op
  static crdt::Slot make_slot(std::uint32_t field, Bytes bytes);  ///< without a salt: its op has it
  void write(const Now& now, Stream& into, Draft draft, Ripple& ripple);
  void write_one(const Now& now, Stream& into, Draft draft, Ripple& ripple);
  /// Behind `past`, else behind all that is here.
  crdt::Op compose_own(const Now& now, Stream& into, const crdt::Actor& actor, Draft draft,
                       std::optional<std::vector<crdt::Dot>> past = {});
  void append_own(const Now& now, Stream& into, crdt::Op op, Ripple& ripple);
  void tie_loose_ends(const Now& now, Stream& into, const Draft& draft, Ripple& ripple);
  Incarnation next_incarnation(const Stream& in);
  [[nodiscard]] std::optional<Incarnation> last_incarnation(const Stream& in,
                                                            const crdt::VersionVector& there) const;
  [[nodiscard]] std::size_t actors_of(const Stream& in, const PersonId& person) const;
  void enter(Stream& into, const crdt::Kept& kept, Ripple& ripple);
  void settle(Stream& in, const crdt::View::Effect& effect, Ripple& ripple);
  void persist(Stream& in, const crdt::Dot& dot, Ripple& ripple);
  void keep_salts(Stream& in, Ripple& ripple);
  void persist_head(const Stream& in, const crdt::Actor& actor, Ripple& ripple);
  void erase_words(Stream& in, const crdt::Dot& dot, Ripple& ripple);
  void make_husk(Stream& in, const crdt::Dot& dot, Ripple& ripple);
  [[nodiscard]] bool is_tonight(std::uint32_t kind) const;
  void changed(std::uint32_t kind, Ripple& ripple) const;
  /// The first Ripple takes what opening found to be erased.
  void hand_over(Ripple& ripple);

  // notebook_seen.cpp: what a client had on screen
  Bytes version_of(const Stream& in, const crdt::EntryState& entry) const;
  [[nodiscard]] crdt::VersionVector seen(const Stream& in, const crdt::EntryState* entry,
                                         ByteView version) const;
  /// kShort: "all of my past" where that says it. An intent names ops: its past will be another.
  enum class Naming { kShort, kDots };
  static crdt::Over over_of(const Stream& in, const crdt::EntryState* entry,
                            const crdt::VersionVector& seen, Naming naming);
  void was_shown(const Stream& in, const EntryId& entry);

  // notebook_read.cpp
  [[nodiscard]] std::variant<Found, Failed> find(std::string_view id, const Now& now);
  [[nodiscard]] std::optional<Found> found(Stream& in, const crdt::EntryState& entry);
  [[nodiscard]] bool is_hidden(const EntryId& id, std::uint32_t kind);
  [[nodiscard]] bool is_visible(const Found& found, const Now& now);
  [[nodiscard]] bool is_said(const Found& found, const Now& now);
  [[nodiscard]] bool is_paused_on_all();
  [[nodiscard]] couple::OpenPauses pauses();
  [[nodiscard]] std::vector<RivalShown> rivals(const Found& found) const;
  [[nodiscard]] couple::StateFacts facts(const Found& found, const Now& now) const;
  [[nodiscard]] Bytes value(const Stream& in, const crdt::EntryState& entry,
                            const FieldRow& field) const;
  [[nodiscard]] Item item(const Found& found, const Now& now);
  std::vector<Found> visible(const Now& now);
  Answer list(const Now& now, const ListEntries& wanted);
  Answer today(const Now& now);
  Answer show(const Now& now, const ShowEntry& wanted);
  Answer show_own(const Now& now, const ShowOwn& wanted);

  // notebook_write.cpp
  Answer add(const Now& now, const AddEntry& wanted, Ripple& ripple);
  Answer add_one(const Now& now, const AddEntry& wanted, const GivenFields& fields, Ripple& ripple);
  Answer edit(const Now& now, const EditEntry& wanted, Ripple& ripple);
  Answer change(const Now& now, const Found& found, const EditEntry& wanted,
                const GivenFields& fields, Ripple& ripple);
  std::optional<Failed> check_links(const Now& now, bool for_both, GivenFields& fields);
  std::variant<Plan, Failed> plan(const Found& found, const GivenFields& fields,
                                  const EditEntry& wanted);
  std::vector<crdt::Slot> slots_of(const Stream& in, const crdt::EntryState* entry,
                                   const Given& given, const crdt::VersionVector& seen);
  void wait(const Now& now, const Found& found, std::vector<crdt::Slot> slots, Ripple& ripple);
  void settle_intent(const EntryId& id, const std::vector<crdt::Slot>& written, Ripple& ripple);
  bool drop_intent(const EntryId& entry, Ripple& ripple);
  void did(const Now& now, Act act, Ripple& ripple);

  // notebook_acts.cpp
  std::variant<Found, Failed> find_own(std::string_view id, const Now& now);
  Answer end(const Now& now, const EndEntry& wanted, Ripple& ripple);
  Answer end_one(const Now& now, const EndEntry& wanted, Ripple& ripple);
  Answer end_found(const Now& now, const Found& found, Ripple& ripple);
  crdt::Slot ending_slot(const KindRow& row);
  [[nodiscard]] bool is_ending_waiting(const Found& found, const crdt::Slot& ending) const;
  Answer share(const Now& now, const ShareEntry& wanted, Ripple& ripple);
  Answer unshare(const Now& now, const UnshareEntry& wanted, Ripple& ripple);
  Answer unshare_found(const Now& now, const Found& found, Ripple& ripple);
  Answer forget(const Now& now, const ForgetEntry& wanted, Ripple& ripple);
  Answer forget_here(const Now& now, const Found& found, Ripple& ripple);
  void forget_beside(const Now& now, const Found& found, Ripple& ripple);
  Answer undo(const Now& now, Ripple& ripple);
  Answer undo_add(const Now& now, const Found& found, Ripple& ripple);
  Answer undo_edit(const Now& now, const Found& found, const Act& act, Ripple& ripple);
  EntryId new_id(const KindRow& row);
  enum class Copied { kShareable, kMineOnly };
  std::vector<crdt::Slot> copy_slots(const Found& found, Copied which);
  std::vector<Draft> copy_rivals(const Found& found);

  // notebook_part.cpp: what is said to a partner for the last time
  void take_back_tonight(const Now& now, Ripple& ripple);
  std::vector<crdt::Slot> protecting(Stream& in, const crdt::EntryState& entry, const KindRow& row,
                                     const crdt::VersionVector& there, bool known);
  std::vector<Draft> protecting_drafts(Stream& in, const crdt::VersionVector& there,
                                       const crdt::VersionVector& perhaps);
  crdt::VersionVector say_what_protects(const Now& now, const crdt::VersionVector& there,
                                        const crdt::VersionVector& perhaps, Ripple& ripple);

  // notebook_take.cpp
  Verdict take(const Now& now, Arriving arriving, Ripple& ripple);
  Verdict take_partners(const Now& now, Arriving arriving, Ripple& ripple);
  Verdict take_returned(const Now& now, Arriving arriving, Ripple& ripple);
  Verdict admit(const Now& now, crdt::WaitingOps& waiting, crdt::WaitingOps::Item item,
                Ripple& ripple);
  void drain(const Now& now, Ripple& ripple);
  crdt::OpLog::Taken append_op(const Now& now, const crdt::WaitingOps::Item& item, Ripple& ripple);

  // notebook_time.cpp
  void end_nights(const Now& now, Ripple& ripple);
  void issue_intents(const Now& now, Ripple& ripple);
  void issue(const Now& now, Intent intent, Ripple& ripple);
  void expire_undo(const Now& now, Ripple& ripple);
  std::optional<Steady> pass_time(const Now& now, Ripple& ripple);

  Parts parts;
  const Self& self;
  const std::optional<Partner>& partner;
  couple::People people;
  couple::Kinds kinds;
  std::map<crdt::StreamId, Stream> streams;
  HeadPages heads;
  std::map<EntryId, Intent> intents;
  std::optional<Act> last_act;
  std::map<EntryId, std::size_t> shown;  ///< how long the log was when the entry was last shown
  crdt::WaitingOps waiting_partner;
  crdt::WaitingOps waiting_mine;
  ReturnedOps returned;
  DayQuota quota;
  RecordBatch overdue;  ///< what opening found to be erased
};

}  // namespace attune::sync
