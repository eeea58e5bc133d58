#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "daemon/sync/events.h"
#include "tests/sim/dice.h"
#include "tests/sim/network.h"
#include "tests/sync/pure_relay.h"

namespace attune::sim {

/// The way to a relay, and the relay: handshakes, records and the real Mailboxes, as values. What
/// travels is delayed and stays in order; the relay ends, begins anew with nothing, and has a clock
/// that jumps. Joins pipes where it is told to. Its draws move nothing else in the world.
class Postbox {
 public:
  Postbox(std::uint64_t seed, Timeline& timeline, Network::Events& events);

  [[nodiscard]] std::string url() const { return to_text(relay_.url()); }

  // ---- What a device does.
  void dial(std::size_t station, const sync::DialRelay& wanted);
  [[nodiscard]] bool owns(std::size_t station, LinkId link) const {
    return by_link_.contains({station, link});
  }
  void send(std::size_t station, LinkId link, const Bytes& bytes);
  void hang_up(std::size_t station, LinkId link);
  /// Its process has ended.
  void end(std::size_t station);

  // ---- What happens to it.
  void set_up(bool up);
  void begin_anew();
  /// It starts again with another clock: who stays connected goes by the hour it heard first.
  void jump(std::chrono::hours by);
  /// Whether devices meet at it.
  void join_pipes(bool join);
  void cut_all();

 private:
  using Connection = sync::PureRelay::Connection;
  using Place = std::pair<std::size_t, LinkId>;

  void carry(std::vector<sync::PureRelay::Said> said);
  void tell(Connection connection, sync::Input input);
  void set_clock();

  Dice dice_;
  Timeline& timeline_;
  Network::Events& events_;
  sync::PureRelay relay_;
  bool up_ = true;
  std::chrono::hours ahead_{0};
  std::map<Connection, Place> guests_;
  std::map<Place, Connection> by_link_;
  std::map<std::pair<Connection, bool>, Moment> last_;  ///< arrival of the last, each way
};

}  // namespace attune::sim
