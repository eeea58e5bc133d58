#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/sync/events.h"
#include "tests/sim/timeline.h"

namespace attune::sim {

/// A LAN and the room `net` of each device on it. A connection is in order and reliable while it
/// stands; it may be slow, cut in one direction, reset, or left standing by a machine that lost its
/// power. Datagrams are lost, doubled and overtaken. Strangers' connections have the deadlines and
/// frame sizes of docs/protocol.md, On the LAN.
class Network {
 public:
  /// What happens to a station; called when it happens.
  class Events {
   public:
    virtual void happened(std::size_t station, sync::Input input) = 0;

   protected:
    ~Events() = default;
  };
  struct Weather {
    Moment delay_min = 1ms;
    Moment delay_max = 20ms;
    std::uint32_t datagrams_lost = 5;     ///< of 100
    std::uint32_t datagrams_doubled = 5;  ///< of 100
    std::uint32_t units_flipped = 0;      ///< of 10,000: somebody on the way changes a bit
  };

  Network(Timeline& timeline, Dice& dice, Events& events)
      : timeline_(timeline), dice_(dice), events_(events) {}

  std::size_t add_station();
  [[nodiscard]] sync::NetworkChanged seen_by(std::size_t station) const;
  [[nodiscard]] const Endpoint& address(std::size_t station) const {
    return stations_[station].address;
  }

  // ---- What a device does.
  void dial(std::size_t from, LinkId link, const Endpoint& to);
  void send(std::size_t from, const sync::UnitOut& unit);
  void broadcast(std::size_t from, const sync::DatagramOut& datagram);
  void perform(std::size_t station, const sync::LinkAct& act);
  /// Its process listens from now on, or has ended: the kernel closes what it had open, unless the
  /// power went and nobody is told.
  void begin_listening(std::size_t station);
  enum class End { kTold, kUntold };
  void end_listening(std::size_t station, End end);

  // ---- What happens to it.
  Weather weather;
  void block(std::size_t from, std::size_t to);
  void unblock_all();
  void unplug(std::size_t station, bool unplugged);
  /// Another address; its connections break.
  void move(std::size_t station);
  void reset_links(std::size_t station);
  [[nodiscard]] std::size_t links() const { return links_.size(); }
  /// One of the last hellos that came to the process that listens, for whoever sends it again.
  [[nodiscard]] std::optional<Bytes> recorded_hello(std::size_t listener);
  void replay_datagram();

 private:
  struct Station {
    Endpoint address;
    bool listening = false;
    bool powered = true;
    bool plugged = true;
    std::uint64_t next_link = 1;
    std::vector<Bytes> hellos;  ///< that came to its process
  };
  struct Piece {
    Bytes bytes;
    bool framed = true;
    bool last = false;  ///< the end of the connection
  };
  struct Side {
    std::size_t station = 0;
    LinkId id{};
    bool told = false;  ///< its owner knows of the link
    bool open = true;   ///< it has not hung up
    bool mute = false;  ///< it lost its power: what comes meets a machine that knows nothing
    bool trusted = false;
    bool wide = false;
    Moment deadline{0};
    Moment last_arrival{0};       ///< of what this side sent
    std::deque<Piece> stalled{};  ///< what this side sent and a cut holds up
    Moment stalled_since{0};
    std::size_t stalled_bytes = 0;
  };
  using Sides = std::array<Side, 2>;  // the dialler, the listener
  using LinkNumber = std::uint64_t;

  [[nodiscard]] bool can_reach(std::size_t from, std::size_t to) const;
  [[nodiscard]] Moment delay() { return dice_.between(weather.delay_min, weather.delay_max); }
  void connected(LinkNumber number);
  void push(LinkNumber number, std::size_t from, Piece piece);
  void carry(LinkNumber number, std::size_t from, Piece piece);
  void arrive(LinkNumber number, std::size_t to, Piece piece);
  void take(LinkNumber number, std::size_t to, Piece piece);
  void end_side(LinkNumber number, std::size_t side);
  void break_off(LinkNumber number, std::size_t side);
  [[nodiscard]] std::vector<std::pair<LinkNumber, std::size_t>> open_sides(
      std::size_t station) const;
  void watch_deadline(LinkNumber number, std::size_t side);
  void tell(LinkNumber number, std::size_t side, sync::Input input);
  void forget_if_over(LinkNumber number);
  Side* side_of(std::size_t station, LinkId id, LinkNumber* number, std::size_t* index);

  Timeline& timeline_;
  Dice& dice_;
  Events& events_;
  std::vector<Station> stations_;
  std::set<std::pair<std::size_t, std::size_t>> blocked_;
  std::map<LinkNumber, Sides> links_;
  std::map<std::pair<std::size_t, LinkId>, std::pair<LinkNumber, std::size_t>> by_id_;
  std::deque<std::pair<std::size_t, Bytes>> datagrams_;  ///< the last that went by
  LinkNumber next_number_ = 1;
  std::uint8_t next_host_ = 1;
};

}  // namespace attune::sim
