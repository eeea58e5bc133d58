#include "tests/sim/network.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "proto/limits.h"

namespace attune::sim {
namespace {

constexpr std::uint16_t kPort = 4000;
constexpr std::uint16_t kCallersPort = 50'000;
constexpr Moment kPatience = limits::kHandshakePatience;
constexpr Moment kGivesUp = 15min;  // how long a kernel sends again what nobody acknowledges
constexpr std::size_t kUnsentBytesMax = 1u << 20;
constexpr std::size_t kRecordedMax = 16;

}  // namespace

std::size_t Network::add_station() {
  stations_.push_back({.address = Endpoint::v4({10, 0, 0, next_host_++}, kPort), .hellos = {}});
  return stations_.size() - 1;
}

sync::NetworkChanged Network::seen_by(std::size_t station) const {
  const Station& at = stations_[station];
  sync::NetworkChanged seen;
  seen.port = kPort;
  if (!at.plugged) return seen;
  seen.own = {at.address};
  seen.paths = {{.path = 0, .source = at.address.address}};
  return seen;
}

bool Network::can_reach(std::size_t from, std::size_t to) const {
  return stations_[from].plugged && stations_[to].plugged && !blocked_.contains({from, to});
}

// ---- What a device does.

void Network::dial(std::size_t from, LinkId link, const Endpoint& to) {
  const auto at = std::ranges::find(stations_, to, &Station::address);
  const auto other = static_cast<std::size_t>(at - stations_.begin());
  const bool there = at != stations_.end() && other != from && can_reach(from, other) &&
                     can_reach(other, from) && at->powered;
  const LinkNumber number = next_number_++;
  Sides& sides = links_[number];
  sides[0] = {.station = from, .id = link};
  sides[1] = {.station = there ? other : from, .open = false};
  by_id_[{from, link}] = {number, 0};
  if (!there || !at->listening) {
    const Moment wait = there ? delay() * 2 : kPatience;
    timeline_.after(wait, [this, number] {
      if (links_.contains(number) && links_.at(number)[0].open) end_side(number, 0);
    });
    return;
  }
  sides[1].open = true;
  timeline_.after(delay() * 2, [this, number] { connected(number); });
}

void Network::connected(LinkNumber number) {
  const auto at = links_.find(number);
  if (at == links_.end()) return;
  Side& dialler = at->second[0];
  Side& listener = at->second[1];
  if (!dialler.open) return;
  if (!listener.open) return end_side(number, 0);
  listener.id = LinkId{stations_[listener.station].next_link++};
  by_id_[{listener.station, listener.id}] = {number, 1};
  dialler.told = true;
  for (Side* side : {&dialler, &listener}) side->deadline = timeline_.now() + kPatience;
  const Endpoint to = stations_[listener.station].address;
  watch_deadline(number, 0);
  watch_deadline(number, 1);
  tell(number, 0, sync::LinkOpened{.link = dialler.id, .dialled = true, .remote = to});
}

void Network::send(std::size_t from, const sync::UnitOut& unit) {
  LinkNumber number = 0;
  std::size_t side = 0;
  if (side_of(from, unit.link, &number, &side) == nullptr) return;
  push(number, side, {.bytes = unit.bytes, .framed = unit.framed});
}

void Network::push(LinkNumber number, std::size_t from, Piece piece) {
  Sides& sides = links_.at(number);
  Side& side = sides[from];
  if (can_reach(side.station, sides[1 - from].station) && side.stalled.empty()) {
    return carry(number, from, std::move(piece));
  }
  if (side.stalled.empty()) side.stalled_since = timeline_.now();
  side.stalled_bytes += piece.bytes.size();
  const bool too_far_behind = side.stalled_bytes > kUnsentBytesMax;
  side.stalled.push_back(std::move(piece));
  if (!too_far_behind) return;
  timeline_.after(0ns, [this, number, from] {
    if (links_.contains(number) && links_.at(number)[from].open) break_off(number, from);
  });
}

void Network::carry(LinkNumber number, std::size_t from, Piece piece) {
  Side& side = links_.at(number)[from];
  if (!piece.last && !piece.bytes.empty() && dice_.chance(weather.units_flipped, 10'000)) {
    const std::uint32_t bit = dice_.below(static_cast<std::uint32_t>(piece.bytes.size() * 8));
    piece.bytes[bit / 8] = static_cast<std::uint8_t>(piece.bytes[bit / 8] ^ (1u << bit % 8));
  }
  side.last_arrival = std::max(side.last_arrival + 1us, timeline_.now() + delay());
  timeline_.at(side.last_arrival, [this, number, from, piece = std::move(piece)]() mutable {
    arrive(number, 1 - from, std::move(piece));
  });
}

void Network::arrive(LinkNumber number, std::size_t to, Piece piece) {
  const auto at = links_.find(number);
  if (at == links_.end()) return;
  Side& side = at->second[to];
  Side& sender = at->second[1 - to];
  if (side.open) return take(number, to, std::move(piece));
  // Nobody is there any more. A machine that has started again says so.
  if (side.mute && stations_[side.station].powered && sender.open && !piece.last) {
    return end_side(number, 1 - to);
  }
  forget_if_over(number);
}

void Network::take(LinkNumber number, std::size_t to, Piece piece) {
  Side& side = links_.at(number)[to];
  if (piece.last) return end_side(number, to);
  const bool whole = side.trusted || side.wide;
  const std::size_t most = whole ? limits::kFrameBytesMax : limits::kHandshakeBytesMax;
  if (piece.framed && piece.bytes.size() > most) return break_off(number, to);
  const LinkId id = side.id;
  if (!side.told) {
    side.told = true;
    std::vector<Bytes>& hellos = stations_[side.station].hellos;
    const bool is_hello = piece.bytes.size() == limits::kHelloBytes;
    if (is_hello && hellos.size() == kRecordedMax) hellos.erase(hellos.begin());
    if (is_hello) hellos.push_back(piece.bytes);
    Endpoint caller = stations_[links_.at(number)[1 - to].station].address;
    caller.port = kCallersPort;
    tell(number, to, sync::LinkOpened{.link = id, .dialled = false, .remote = caller});
    if (!links_.contains(number) || !links_.at(number)[to].open) return;
  }
  tell(number, to, sync::UnitCame{.link = id, .bytes = std::move(piece.bytes)});
}

void Network::tell(LinkNumber number, std::size_t side, sync::Input input) {
  const Side& to = links_.at(number)[side];
  events_.happened(to.station, std::move(input));
}

// For one side the connection is over, and its owner is told.
void Network::end_side(LinkNumber number, std::size_t side) {
  Side& at = links_.at(number)[side];
  at.open = false;
  if (at.told) {
    tell(number, side, sync::LinkClosed{at.id});
  } else if (side == 0) {
    tell(number, side, sync::DialFailed{at.id});
  }
  forget_if_over(number);
}

// As above, and the other side hears of it.
void Network::break_off(LinkNumber number, std::size_t side) {
  links_.at(number)[side].open = false;
  push(number, side, {.bytes = {}, .framed = false, .last = true});
  end_side(number, side);
}

void Network::watch_deadline(LinkNumber number, std::size_t side) {
  timeline_.at(links_.at(number)[side].deadline, [this, number, side] {
    const auto at = links_.find(number);
    if (at == links_.end()) return;
    const Side& late = at->second[side];
    if (late.open && !late.trusted && timeline_.now() >= late.deadline) break_off(number, side);
  });
}

void Network::forget_if_over(LinkNumber number) {
  const auto at = links_.find(number);
  if (at == links_.end() || at->second[0].open || at->second[1].open) return;
  for (const Side& side : at->second) by_id_.erase({side.station, side.id});
  links_.erase(at);
}

Network::Side* Network::side_of(std::size_t station, LinkId id, LinkNumber* number,
                                std::size_t* index) {
  const auto at = by_id_.find({station, id});
  if (at == by_id_.end()) return nullptr;
  *number = at->second.first;
  *index = at->second.second;
  Side& side = links_.at(*number)[*index];
  return side.open ? &side : nullptr;
}

void Network::perform(std::size_t station, const sync::LinkAct& act) {
  if (const auto* wanted = std::get_if<sync::Dial>(&act)) {
    return dial(station, wanted->link, wanted->to);
  }
  LinkNumber number = 0;
  std::size_t index = 0;
  const LinkId id = std::visit([](const auto& each) { return each.link; }, act);
  Side* side = side_of(station, id, &number, &index);
  if (side == nullptr) return;
  if (std::holds_alternative<sync::Trust>(act)) {
    side->trusted = true;
  } else if (std::holds_alternative<sync::Widen>(act)) {
    side->wide = true;
  } else if (const auto* extend = std::get_if<sync::Extend>(&act)) {
    side->deadline = timeline_.now() + Moment(extend->by);
    watch_deadline(number, index);
  } else if (std::holds_alternative<sync::Hangup>(act)) {
    side->open = false;
    push(number, index, {.bytes = {}, .framed = false, .last = true});
    forget_if_over(number);
  }
}

void Network::begin_listening(std::size_t station) {
  stations_[station].powered = true;
  stations_[station].listening = true;
  stations_[station].hellos.clear();
}

std::vector<std::pair<Network::LinkNumber, std::size_t>> Network::open_sides(
    std::size_t station) const {
  std::vector<std::pair<LinkNumber, std::size_t>> mine;
  for (const auto& [number, sides] : links_) {
    for (std::size_t side = 0; side < 2; ++side) {
      if (sides[side].station == station && sides[side].open) mine.emplace_back(number, side);
    }
  }
  return mine;
}

void Network::end_listening(std::size_t station, End end) {
  stations_[station].listening = false;
  stations_[station].powered = end == End::kTold;
  for (const auto& [number, index] : open_sides(station)) {
    Side& side = links_.at(number)[index];
    side.open = false;
    side.mute = end == End::kUntold;
    if (end == End::kTold) push(number, index, {.bytes = {}, .framed = false, .last = true});
    forget_if_over(number);
  }
}

void Network::broadcast(std::size_t from, const sync::DatagramOut& datagram) {
  datagrams_.emplace_back(from, datagram.bytes);
  if (datagrams_.size() > kRecordedMax) datagrams_.pop_front();
  for (std::size_t to = 0; to < stations_.size(); ++to) {
    if (!can_reach(from, to)) continue;
    std::uint32_t copies = dice_.chance(weather.datagrams_lost, 100) ? 0 : 1;
    if (copies == 1 && dice_.chance(weather.datagrams_doubled, 100)) ++copies;
    Endpoint source = stations_[from].address;
    source.port = limits::kBeaconPort;
    for (; copies > 0; --copies) {
      timeline_.after(delay(), [this, to, source, bytes = datagram.bytes] {
        if (!stations_[to].listening) return;
        events_.happened(to, sync::DatagramCame{.bytes = bytes, .source = source});
      });
    }
  }
}

// ---- What happens to it.

void Network::block(std::size_t from, std::size_t to) { blocked_.emplace(from, to); }

void Network::unblock_all() {
  blocked_.clear();
  std::vector<LinkNumber> all;
  for (const auto& [number, sides] : links_) all.push_back(number);
  for (const LinkNumber number : all) {
    for (std::size_t from = 0; from < 2; ++from) {
      const auto at = links_.find(number);
      if (at == links_.end()) break;
      Side& side = at->second[from];
      if (side.stalled.empty() || !can_reach(side.station, at->second[1 - from].station)) continue;
      std::deque<Piece> stalled = std::move(side.stalled);
      side.stalled.clear();
      side.stalled_bytes = 0;
      if (timeline_.now() - side.stalled_since > kGivesUp && side.open) {
        break_off(number, from);
        continue;
      }
      for (Piece& piece : stalled) carry(number, from, std::move(piece));
    }
  }
}

void Network::unplug(std::size_t station, bool unplugged) {
  stations_[station].plugged = !unplugged;
  if (!unplugged) return;
  for (const auto& [number, index] : open_sides(station)) {
    if (!links_.contains(number) || !links_.at(number)[index].open) continue;
    links_.at(number)[index].mute = true;
    end_side(number, index);
  }
}

void Network::move(std::size_t station) {
  reset_links(station);
  stations_[station].address = Endpoint::v4({10, 0, 0, next_host_++}, kPort);
}

// Both sides are told, each after a while.
void Network::reset_links(std::size_t station) {
  std::vector<LinkNumber> mine;
  for (const auto& [number, sides] : links_) {
    if (sides[0].station == station || sides[1].station == station) mine.push_back(number);
  }
  for (const LinkNumber number : mine) {
    for (std::size_t side = 0; side < 2; ++side) {
      timeline_.after(delay(), [this, number, side] {
        if (links_.contains(number) && links_.at(number)[side].open) end_side(number, side);
      });
    }
  }
}

std::optional<Bytes> Network::recorded_hello(std::size_t listener) {
  const std::vector<Bytes>& hellos = stations_[listener].hellos;
  if (hellos.empty()) return std::nullopt;
  return dice_.pick(hellos);
}

void Network::replay_datagram() {
  if (datagrams_.empty()) return;
  const auto& [from, bytes] =
      datagrams_[dice_.below(static_cast<std::uint32_t>(datagrams_.size()))];
  broadcast(from, {.path = 0, .bytes = Bytes(bytes)});
}

}  // namespace attune::sim
