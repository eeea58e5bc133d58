#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/sync/events.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/inbox.h"
#include "daemon/sync/mailbox_memory.h"
#include "daemon/sync/notebook.h"
#include "daemon/sync/outbox.h"
#include "daemon/sync/parting_plan.h"
#include "daemon/sync/ratchet_talk.h"
#include "daemon/sync/ratchets.h"
#include "daemon/sync/relay_line.h"
#include "daemon/sync/relay_pace.h"

namespace attune::sync {

/// Exchange with a partner who is not there: parcels that a relay keeps, which opens none of them.
/// Pure; owned by the Replica, and borrows what its Deps name. Ratchets, numbers and what a parcel
/// led to go into one transaction (write()), and what is said to the relay leaves behind it: a
/// parcel is deleted there once it is durable here, and a key is gone before what it sealed leaves.
///
/// Posted is what is neither acknowledged nor posted already, when the partner is not live for
/// limits::kMailboxPause, or at once by leave(). Everything unacknowledged is posted again in each
/// new week, when the relay lacks what was put, and when the ratchet it was sealed under is
/// replaced. Source: docs/protocol.md, Parcels.
class Mailbox {
 public:
  struct Deps {
    const Self* self = nullptr;
    const std::optional<Partner>* partner = nullptr;
    Notebook* notebook = nullptr;
    crypto::Random* random = nullptr;
    RelayLine* relay = nullptr;
    /// The disk was full a moment ago: nothing that has to be written is begun before.
    std::optional<Steady> rests_until = {};
  };
  /// nullptr when a record of its own is damaged.
  static std::unique_ptr<Mailbox> open(const Deps& deps, const std::vector<Record>& records);

  /// A pairing is final; what belonged to an earlier one is erased.
  void paired(const DeviceId& device, const crypto::Key& mailbox_root, RecordBatch& batch);
  struct Leave {
    PartingPlan plan;
    /// Correlation of a question whose answer comes behind all that was put on the standing
    /// session; nullopt: none stands.
    std::optional<std::uint32_t> behind;
  };
  /// The last that is said to the partner before parted(): for each device what is to be done at
  /// this relay, and what of it goes into the log first.
  std::vector<Leave> part(const RelayUrl& relay, const Now& now, Ripple& ripple);
  /// Nothing is said to the partner any more.
  void parted(RecordBatch& batch);

  // ---- Inside live sessions.
  struct LiveSession {
    LinkId link;
    DeviceId peer;
    bool dialled = false;
    crypto::Hash64 handshake{};
  };
  /// Both Greetings have crossed, and this is what the other has.
  std::optional<NewRatchet> greeted(const LiveSession& session, const crdt::VersionVector& theirs,
                                    const Now& now);
  std::optional<NewRatchet> heard(const LiveSession& session, const NewRatchet& said,
                                  const Now& now);
  /// Links that `stands` denies are gone.
  void forget_links(const std::function<bool(LinkId)>& stands);
  /// So much is durable there.
  void learnt(const DeviceId& device, const crdt::VersionVector& theirs);

  // ---- At a relay.
  void happened(const RelayEvent& event, const Now& now, Ripple& ripple, Output& out);
  /// What is due is posted. `live`: a live session with the partner stands.
  void pump(const Now& now, bool live);
  /// Everything is posted without waiting from now on: this process ends.
  void leave() { leaving_ = true; }
  [[nodiscard]] bool is_leaving() const { return leaving_; }
  /// Something is on its way to the relay, or would be if it could.
  [[nodiscard]] bool is_posting() const;

  /// From now on whether this device's mailboxes are empty is asked, until stop_looking().
  void look();
  void stop_looking() { looking_ = false; }
  /// What is here is at the relay or there, and the mailboxes for this device were seen empty.
  [[nodiscard]] bool is_at_rest() const;
  /// How much of the log is not known to be durable there.
  [[nodiscard]] std::uint64_t pending() const;
  /// Something of the partner was taken since the last call.
  [[nodiscard]] bool take_exchanged() { return std::exchange(exchanged_, false); }

  enum class Save {
    kWhatMust,  ///< what this step needs; beside it what other devices have, now and then
    kAll,       ///< all that is known
  };
  void write(RecordBatch& batch, Save save, const Now& now);
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  struct Peer {
    explicit Peer(Ratchets of_device) : ratchets(std::move(of_device)) {}
    Ratchets ratchets;
    MailboxMemory memory;
    crdt::VersionVector covered;  ///< memory.there and memory.posted
    bool changed = false;         ///< the memory must be written
    bool learnt = false;          ///< it may be written
    /// Its newest ratchet was made by this process, or by one before that no relay has answered
    /// since. So what it seals was never sealed before, even where the store was an older copy; but
    /// where the copy itself was taken between that ratchet and a relay's answer, this is not
    /// noticed: what it seals is refused there until a session makes the next ratchet.
    bool in_step = false;
    bool checked = false;         ///< a relay has said to this process what was put last
    std::optional<Steady> made;   ///< when both used it
    std::optional<Steady> waits;  ///< since when something could be posted
    Outbox outbox;
    Inbox inbox;
  };

  explicit Mailbox(const Deps& deps) : deps_(deps) {}
  bool load(const Record& record);
  [[nodiscard]] const PartnerDevice* device(const DeviceId& id) const;
  Peer* peer(const DeviceId& id);
  Peer& make_peer(const DeviceId& id);

  void up(const relay::Params& params, const Now& now);
  void frame(const RelayFrameCame& came, const Now& now, Ripple& ripple, Output& out);
  void heard_outbox(Peer& peer, Outbox::Heard heard);
  void follow(Peer& peer);
  static void now_in_step(Peer& peer);
  void read(Peer& peer, ByteView parcel, const Now& now, Ripple& ripple, Output& out);
  void take(Peer& peer, const ParcelBody& body, const Now& now, Ripple& ripple, Output& out);
  void seal_last(Peer& peer, PartingPlan& plan, const Now& now, Ripple& ripple);
  void post_all_again(Peer& peer);
  static void recount(Peer& peer);

  [[nodiscard]] bool rests(const Now& now) const {
    return deps_.rests_until && now.steady < *deps_.rests_until;
  }
  void enter_week(const Now& now);
  [[nodiscard]] bool has_to_post(const Peer& peer) const;
  [[nodiscard]] bool is_due(const Peer& peer, const Now& now, bool live) const;
  void post(Peer& peer);
  void pump(const PartnerDevice& device, Peer& peer, const Now& now, bool live);

  Deps deps_;
  std::map<DeviceId, Peer> peers_;
  std::map<LinkId, RatchetTalk> talks_;
  std::optional<RelayClock> clock_;  ///< while the relay's session stands
  std::optional<Week> week_;  ///< by the last session with a relay
  bool looking_ = false;
  bool leaving_ = false;
  bool exchanged_ = false;
  std::optional<Steady> saved_;
};

}  // namespace attune::sync
