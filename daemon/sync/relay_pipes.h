#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "crypto/secret.h"
#include "daemon/sync/relay_pace.h"
#include "daemon/sync/relay_reach.h"
#include "daemon/sync/relay_session.h"
#include "proto/ids.h"
#include "proto/relay_frame.h"

namespace attune::sync {

/// Whom a pipe is to meet: a device of the partner, or the other end of a pairing.
struct PipeAim {
  enum class Kind { kLive, kCode, kQr };
  Kind kind{};
  DeviceId device;                    ///< kLive: whom
  const crypto::Key* root = nullptr;  ///< kLive: id_root; outlives the call alone
  relay::PipeId place;                ///< else: what both derive
  relay::PipeSide side{};
};
/// kdf(id_root, "pipe", day u32le): what two paired devices meet under on one of the relay's days.
relay::PipeId live_pipe_id(const crypto::Key& id_root, std::uint32_t day);

/// Meets devices through the relay. Each pipe that is wanted has a connection of its own, as the
/// relay makes that connection the pipe; it waits there until the other end comes, so that two
/// which are both there meet at once, and costs a ping now and then. Pure; owned by the Replica;
/// borrows the Random.
///
///   Resting --due--> Calling --Params--> Offered --Ready--> Met
///     ^----- refused, gone, or the pipe is over: later each time ----'
class RelayPipes {
 public:
  explicit RelayPipes(crypto::Random& random) : random_(random) {}

  struct News {
    struct Met {
      LinkId link;
      PipeAim::Kind kind{};
      DeviceId device;
      relay::PipeSide side{};
    };
    std::vector<Met> met;       ///< whoever is there has the link from now on; it is to be recut
    bool issuer_waits = false;  ///< the nameplate is this device's
    bool issuer_busy = false;   ///< somebody else has that nameplate
  };

  /// Those that are to be met now; all others are left. Whom it has met stays wanted for as long as
  /// that link stands. None can be met while the reach is not up.
  void want(const std::vector<PipeAim>& aims, const RelayReach& reach, const Now& now, Output& out);
  /// Another look at once: the relay is back, or somebody asked to sync.
  void restart(const Now& now);

  [[nodiscard]] bool owns(LinkId link) const;
  void opened(LinkId link, const Now& now, Output& out);
  void unit(LinkId link, Bytes bytes, const Now& now, Output& out, News& news);
  /// A link is gone, whether it was still offered or met.
  void gone(LinkId link, const Now& now);

  void pass_time(RelayReach& reach, DialNumbers& dials, const Now& now, Output& out);
  void flush(const Now& now, Output& out);
  [[nodiscard]] std::optional<Steady> next(const RelayKeepalive& keepalive) const;

 private:
  struct Pipe {
    PipeAim aim;                            ///< without its root
    crypto::Key root;                       ///< kLive
    std::optional<RelaySession> session{};  ///< Calling, Offered
    std::optional<LinkId> met{};            ///< Met
    std::optional<Steady> attempt{};        ///< Resting
    std::optional<Steady> since{};          ///< Offered, Met
    std::optional<Steady> renew{};          ///< Offered: its day is over
    std::uint32_t question = 0;             ///< Offered: the Pipe that counts
    GrowingPause pause{};
  };
  using Name = std::pair<relay::PipeId, DeviceId>;
  static Name name_of(const PipeAim& aim) { return {aim.place, aim.device}; }
  [[nodiscard]] static bool is_same(const Pipe& pipe, const PipeAim& aim);

  Pipe* find(LinkId link);
  void offer(Pipe& pipe, const relay::Params& params, const Now& now);
  void heed(Pipe& pipe, const RelayEvent& event, const Now& now, News& news);
  void rest(Pipe& pipe, const Now& now);

  crypto::Random& random_;
  std::map<Name, Pipe> pipes_;
};

}  // namespace attune::sync
