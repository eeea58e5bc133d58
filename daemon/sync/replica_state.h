#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/sync/live_links.h"
#include "daemon/sync/notebook.h"
#include "daemon/sync/pairing.h"
#include "daemon/sync/reach.h"
#include "daemon/sync/replica.h"
#include "daemon/sync/waiting.h"
#include "proto/limits.h"

namespace attune::sync {

/// What a Replica is made of, shared by its two source files and by nobody else. It routes: every
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

  State(const Parts& given, Self self_given);

  // replica.cpp
  void route(const Now& now, Input& input, Step& step);
  void command(const Now& now, RequestId request, Command& command, Step& step);
  void begin_sync(const Now& now, RequestId request, const SyncNow& wanted, Step& step);
  void link_opened(const Now& now, const LinkOpened& opened, Step& step);
  void unit_came(const Now& now, const UnitCame& unit, Step& step);
  void link_gone(const Now& now, LinkId link, Step& step);
  void datagram(const Now& now, const DatagramCame& datagram, Step& step);
  void network_changed(const Now& now, const NetworkChanged& network, Step& step);
  void conclude(const Now& now, Step& step);
  void draw_conclusions(const Now& now, Step& step);
  void dial(const Now& now, const DeviceId& device, const Endpoint& to, Step& step);
  [[nodiscard]] LinkId next_dial();
  void remember_exchange(const Now& now, Step& step);
  [[nodiscard]] StatusShown status(const Now& now) const;
  [[nodiscard]] Findings findings(const Now& now) const;

  // replica_pairing.cpp
  void pair_command(const Now& now, RequestId request, const Command& command, Step& step);
  void follow_pairing(const Now& now, Step& step);
  void follow_pending(const Now& now);
  void dial_pairing(const Endpoint& to, Conversation conversation, Step& step);
  void adopt(const Now& now, Pairing::Finished finished, Step& step);
  void unpair(RequestId request, Step& step);
  void look_for_partner(const Now& now);
  [[nodiscard]] const PartnerDevice* reachable(const DeviceId& id, const Partner** of) const;

  Parts parts;
  Self self;
  std::optional<Partner> partner;
  std::unique_ptr<Notebook> notebook;
  std::unique_ptr<Pairing> pairing;
  std::unique_ptr<LiveLinks> live;
  std::map<DeviceId, PeerMemory> memories;  ///< as read at opening
  Reach reach;
  CodeReach code_reach;
  WaitingRequests waiting;
  std::map<LinkId, Dialling> dialling;
  std::map<LinkId, Endpoint> strangers;  ///< incoming, have not said what they are
  std::optional<RequestId> pair_request;
  struct PendingTold {
    PersonId person;
    Wall since;
    friend bool operator==(const PendingTold&, const PendingTold&) = default;
  };
  std::optional<PendingTold> pending_told;  ///< the pairing that reach was last told of
  std::optional<Pairing::Rendezvous> rendezvous;
  std::uint64_t dials = 0;
};

}  // namespace attune::sync
