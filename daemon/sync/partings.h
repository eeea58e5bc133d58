#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "crypto/random.h"
#include "daemon/sync/events.h"
#include "daemon/sync/parting.h"
#include "daemon/sync/relay_reach.h"

namespace attune::sync {

/// The pairings that have ended and whose relay has yet to hear of it, the oldest first; at most
/// limits::kPartingsMax, each for at most kPartingLife. Each has a connection of its own to the
/// relay that was set when it ended, so that it takes no handle from the standing session and
/// outlives a change of the setting; while no relay is set, none is dialled. Pure; owned by the
/// Replica; borrows the Random. Source: docs/protocol.md, Parcels.
class Partings {
 public:
  explicit Partings(crypto::Random& random) : random_(random) {}

  /// What is stored when the Replica begins. `may_dial`: a relay is set.
  void begin(std::vector<PartingPlan> plans, bool may_dial, const Now& now);
  void set_may_dial(bool may_dial, const Now& now, Output& out);
  /// A pairing has ended. Nothing is begun before `behind` is answered on the standing session, as
  /// what was put there may be on its way.
  void add(PartingPlan plan, std::optional<std::uint32_t> behind, const Now& now, Output& out);
  /// What the standing session says.
  void standing(const RelayEvent& event);

  // ---- Their links.
  [[nodiscard]] bool owns(LinkId link) const;
  void opened(LinkId link, const Now& now, Output& out);
  void unit(LinkId link, Bytes bytes, const Now& now, Output& out);
  void lost(LinkId link, const Now& now);
  void network_changed(const Now& now);

  /// At the end of each step: what is due is asked, and what changed is persisted.
  void pass_time(const Now& now, DialNumbers& dials, Output& out);
  void flush(const Now& now, Output& out);
  /// Something is under way at a relay.
  [[nodiscard]] bool is_busy() const;
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  struct Run {
    Run(PartingPlan plan, crypto::Random& random) : parting(std::move(plan)), reach(random) {}
    Parting parting;
    RelayReach reach;
    std::optional<std::uint32_t> behind{};
  };
  static void hear(Run& run, const RelayNews& news);
  void go_on(Run& run, const Now& now, Output& out);
  void drop(Run& run, Output& out);
  Run* of(LinkId link);

  crypto::Random& random_;
  bool may_dial_ = false;
  std::list<Run> runs_;
};

}  // namespace attune::sync
