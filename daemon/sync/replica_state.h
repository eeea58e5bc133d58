#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/sync/live_links.h"
#include "daemon/sync/mailbox.h"
#include "daemon/sync/notebook.h"
#include "daemon/sync/pairing.h"
#include "daemon/sync/partings.h"
#include "daemon/sync/reach.h"
#include "daemon/sync/relay_pipes.h"
#include "daemon/sync/relay_reach.h"
#include "daemon/sync/replica.h"
#include "daemon/sync/waiting.h"
#include "proto/limits.h"

namespace attune::sync {

/// What a Replica is made of, shared by its source files and by nobody else. It routes: every
/// conversation is a machine of its own.
struct Replica::State {
  /// What one Input leads to: the Output, and what is only turned into it at the end.
  struct Step {
    Output out;
    Ripple ripple;
    LiveNews news;
  };
  enum class Purpose { kLive, kPairing };
  struct Dialling {
    Purpose purpose{};
    DeviceId device;  ///< kLive
    Endpoint to;
  };
  /// A link that has not said what it is.
  struct Stranger {
    std::optional<Endpoint> remote;  ///< it was dialled from there, or ...
    std::optional<RelayKey> relay;   ///< ... it is a pipe through this relay
  };
  /// A `relay test` that runs.
  struct Trial {
    RequestId request;
    RelaySession session;
    Steady until;
  };

  /// The session with the relay that stands, whichever it is.
  class MailLine final : public RelayLine {
   public:
    explicit MailLine(RelayReach& reach) : reach_(reach) {}
    [[nodiscard]] bool up() const override { return reach_.up(); }
    std::uint32_t ask(const relay::ToRelay& question) override {
      return reach_.line().ask(question);
    }

   private:
    RelayReach& reach_;
  };

  State(const Parts& given, Self self_given);

  // replica.cpp
  void route(const Now& now, Input& input, Step& step);
  void command(const Now& now, RequestId request, Command& command, Step& step);
  void begin_sync(const Now& now, RequestId request, const SyncNow& wanted, Step& step);
  void link_opened(const Now& now, const LinkOpened& opened, Step& step);
  void unit_came(const Now& now, UnitCame& unit, Step& step);
  void link_gone(const Now& now, LinkId link, Step& step);
  void datagram(const Now& now, const DatagramCame& datagram, Step& step);
  void network_changed(const Now& now, const NetworkChanged& network, Step& step);
  void conclude(const Now& now, Step& step);
  void draw_conclusions(const Now& now, Step& step);
  void dial(const Now& now, const DeviceId& device, const Endpoint& to, Step& step);
  enum class Exchange { kLive, kByMailbox };
  void remember_exchange(const Now& now, Exchange how, Step& step);
  [[nodiscard]] StatusShown status(const Now& now) const;
  [[nodiscard]] Findings findings(const Now& now) const;

  // replica_relay.cpp
  bool relay_command(const Now& now, RequestId request, const Command& command, Step& step);
  void set_relay(std::optional<RelayUrl> relay, const Now& now, Step& step);
  void begin_trial(const Now& now, RequestId request, Step& step);
  void follow_trial(const Now& now, Step& step);
  bool relay_opened(const Now& now, LinkId link, Step& step);
  bool relay_unit(const Now& now, UnitCame& unit, Step& step);
  void relay_gone(const Now& now, LinkId link, Step& step);
  void relay_came(const Now& now, const RelayNews& news, Step& step);
  void met(const Now& now, const RelayPipes::News::Met& met, Step& step);
  [[nodiscard]] std::vector<PipeAim> pipe_aims(const Now& now) const;
  void follow_relay(const Now& now, Step& step);
  void flush_relay(const Now& now, Step& step);
  [[nodiscard]] std::optional<Steady> relay_next() const;
  void remember_relay(const LiveNews::Relay& told, Step& step);
  void relay_findings(Findings& out) const;
  // replica_mailbox.cpp
  void speak_of_ratchets(const Now& now, Step& step);
  void follow_mailbox(const Now& now, Step& step);
  void settle_syncs(const Now& now, Step& step);
  void write_mailbox(const Now& now, Step& step);
  void begin_parting(const Now& now, Step& step);

  // replica_pairing.cpp
  void pair_command(const Now& now, RequestId request, const Command& command, Step& step);
  void follow_pairing(const Now& now, Step& step);
  void follow_pending(const Now& now);
  void dial_pairing(const Endpoint& to, Conversation conversation, Step& step);
  void adopt(const Now& now, Pairing::Finished finished, Step& step);
  void unpair(const Now& now, RequestId request, Step& step);
  void look_for_partner(const Now& now);
  [[nodiscard]] const PartnerDevice* reachable(const DeviceId& id, const Partner** of) const;

  Parts parts;
  Self self;
  std::optional<Partner> partner;
  std::unique_ptr<Notebook> notebook;
  std::unique_ptr<Pairing> pairing;
  std::unique_ptr<LiveLinks> live;
  std::unique_ptr<Mailbox> mailbox;
  std::map<DeviceId, PeerMemory> memories;  ///< as read at opening
  Reach reach;
  CodeReach code_reach;
  WaitingRequests waiting;
  std::map<LinkId, Dialling> dialling;
  std::map<LinkId, Stranger> strangers;
  DialNumbers dials;
  RelayReach relay;
  MailLine mail_line{relay};
  Partings partings;
  RelayPipes pipes;
  std::optional<Trial> trial;
  std::optional<RequestId> pair_request;
  struct PendingTold {
    PersonId person;
    Wall since;
    friend bool operator==(const PendingTold&, const PendingTold&) = default;
  };
  std::optional<PendingTold> pending_told;  ///< the pairing that reach was last told of
  std::optional<Pairing::Rendezvous> rendezvous;
};

}  // namespace attune::sync
