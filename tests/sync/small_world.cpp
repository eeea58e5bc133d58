#include "tests/sync/small_world.h"

#include <algorithm>

#include "proto/kind_table.h"

namespace attune::sync {
namespace {

constexpr std::int64_t kWallStart = 1'800'000'000;  // 2027-01-15 08:00 UTC
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kFour = std::int64_t{4} * 3'600;

std::array<std::uint8_t, 16> address_of(std::size_t device) {
  return {0, 0, 0,    0,    0,  0, 0, 0,
          0, 0, 0xff, 0xff, 10, 0, 0, static_cast<std::uint8_t>(device + 1)};
}

constexpr std::uint16_t kPort = 4000;

}  // namespace

struct SmallWorld::Device {
  Disk disk;
  std::unique_ptr<Replica> replica;
  std::optional<Steady> wake;
  std::int64_t wall_shift = 0;
  std::uint8_t boot = 1;
  bool listens = true;
};

SmallWorld::SmallWorld(std::uint64_t seed) : random_(seed) {}
SmallWorld::~SmallWorld() = default;

Now SmallWorld::now(std::size_t device) const {
  const Device& of = *devices_[device];
  Now now;
  now.steady = steady_;
  now.boot.id[0] = of.boot;
  now.boot.since = std::chrono::duration_cast<std::chrono::seconds>(steady_.since);
  now.wall.seconds = kWallStart + now.boot.since.count() + of.wall_shift;
  now.day.days = static_cast<std::int32_t>(now.wall.seconds / kDay);
  now.night.days = static_cast<std::int32_t>((now.wall.seconds - kFour) / kDay);
  now.next_four.seconds = (static_cast<std::int64_t>(now.night.days) + 1) * kDay + kFour;
  return now;
}

NetworkChanged SmallWorld::network(std::size_t device) const {
  NetworkChanged changed;
  changed.port = kPort;
  if (!network_) return changed;
  changed.own = {Endpoint{.address = address_of(device), .port = kPort, .scope = 0}};
  changed.paths = {{.path = 0, .source = address_of(device)}};
  return changed;
}

std::size_t SmallWorld::add_person(const std::string& name) {
  auto device = std::make_unique<Device>();
  for (RecordChange& change : Replica::create(name, random_).changes) {
    device->disk[{change.type, change.name}] = *change.body;
  }
  devices_.push_back(std::move(device));
  const std::size_t number = devices_.size() - 1;
  up(number);
  return number;
}

bool SmallWorld::up(std::size_t number) {
  Device& device = *devices_[number];
  std::vector<Record> records;
  for (const auto& [key, body] : device.disk) {
    records.push_back({.type = key.first, .name = key.second, .body = body});
  }
  device.replica = Replica::open(
      {.kinds = &KindTable::standard(), .random = &random_, .beacons = true}, records, now(number));
  if (!device.replica) return false;
  step(number, network(number));
  return true;
}

void SmallWorld::down(std::size_t number) {
  for (const Link& link : std::vector<Link>(links_)) {
    if (link.dialler == number) cut(number, link.at_dialler, false);
    if (link.listener == number) cut(number, link.at_listener, false);
  }
  leave_relay(number, {});
  std::erase_if(events_, [&](const auto& event) { return event.first == number; });
  devices_[number]->replica.reset();
  devices_[number]->wake.reset();
}

void SmallWorld::vanish(std::size_t number) {
  std::erase_if(
      links_, [&](const Link& link) { return link.dialler == number || link.listener == number; });
  down(number);
}

SmallWorld::Disk SmallWorld::copy_disk(std::size_t device) const { return devices_[device]->disk; }

void SmallWorld::put_back(std::size_t device, Disk copy) {
  devices_[device]->disk = std::move(copy);
}

void SmallWorld::set_network(bool works) {
  network_ = works;
  if (!works) {
    for (const Link& link : std::vector<Link>(links_)) cut(link.dialler, link.at_dialler, true);
  }
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i]->replica) step(i, network(i));
  }
}

void SmallWorld::set_listener(std::size_t device, bool open) { devices_[device]->listens = open; }

void SmallWorld::shift_wall(std::size_t device, std::int64_t seconds) {
  devices_[device]->wall_shift += seconds;
}

Bytes SmallWorld::disk_bytes(std::size_t device) const {
  Bytes all;
  for (const auto& [key, body] : devices_[device]->disk) {
    append(all, key.second);
    append(all, body);
  }
  return all;
}

void SmallWorld::step(std::size_t number, Input input) {
  Device& device = *devices_[number];
  if (!device.replica) return;
  perform(number, device.replica->step(now(number), std::move(input)));
}

void SmallWorld::perform(std::size_t number, Output output) {
  Device& device = *devices_[number];
  for (RecordChange& change : output.persist.changes) {
    if (change.body) {
      device.disk[{change.type, change.name}] = std::move(*change.body);
    } else {
      device.disk.erase({change.type, change.name});
    }
  }
  for (AnswerOut& answer : output.answers) {
    answers_[answer.request].push_back(std::move(answer.answer));
    if (answer.last) ended_[answer.request] = true;
  }
  for (const UnitOut& unit : output.units) deliver(number, unit);
  if (network_) {
    for (const DatagramOut& datagram : output.datagrams) {
      const Endpoint source{.address = address_of(number), .port = 47'109, .scope = 0};
      for (std::size_t other = 0; other < devices_.size(); ++other) {
        events_.emplace_back(other, DatagramCame{.bytes = datagram.bytes, .source = source});
      }
    }
  }
  for (const LinkAct& act : output.links) perform_link(number, act);
  device.wake = output.wake;
}

void SmallWorld::perform_link(std::size_t number, const LinkAct& act) {
  if (const auto* wanted = std::get_if<Dial>(&act)) dial(number, *wanted);
  if (const auto* closing = std::get_if<Hangup>(&act)) {
    cut(number, closing->link, false);
    leave_relay(number, closing->link);
  }
  if (const auto* wanted = std::get_if<DialRelay>(&act)) dial_relay(number, *wanted);
}

// ---- The relay.

void SmallWorld::set_relay(bool works) {
  relay_works_ = works;
  if (!works) relay_said(relay_.end());
}

void SmallWorld::dial_relay(std::size_t number, const DialRelay& wanted) {
  if (!relay_works_ || wanted.to != relay_.url().place) {
    events_.emplace_back(number, DialFailed{wanted.link});
    return;
  }
  guests_[relay_.connect()] = {number, wanted.link};
  events_.emplace_back(number, LinkOpened{.link = wanted.link, .dialled = true, .remote = {}});
}

void SmallWorld::leave_relay(std::size_t number, std::optional<LinkId> link) {
  std::vector<PureRelay::Connection> leaving;
  for (const auto& [connection, guest] : guests_) {
    if (guest.first == number && (!link || guest.second == *link)) leaving.push_back(connection);
  }
  for (const PureRelay::Connection connection : leaving) {
    guests_.erase(connection);
    relay_said(relay_.gone(connection));
  }
}

void SmallWorld::relay_said(std::vector<PureRelay::Said> said) {
  for (PureRelay::Said& each : said) {
    const auto guest = guests_.find(each.to);
    if (guest == guests_.end()) continue;
    const auto [number, link] = guest->second;
    if (each.unit) {
      events_.emplace_back(number, UnitCame{.link = link, .bytes = std::move(*each.unit)});
    } else {
      events_.emplace_back(number, LinkClosed{link});
      guests_.erase(guest);
    }
  }
}

void SmallWorld::dial(std::size_t number, const Dial& wanted) {
  for (std::size_t other = 0; other < devices_.size(); ++other) {
    if (address_of(other) != wanted.to.address || wanted.to.port != kPort) continue;
    if (!network_ || other == number || !devices_[other]->replica || !devices_[other]->listens)
      break;
    const Link link{.dialler = number,
                    .listener = other,
                    .at_dialler = wanted.link,
                    .at_listener = LinkId{next_id_++}};
    links_.push_back(link);
    const Endpoint caller{.address = address_of(number), .port = 50'000, .scope = 0};
    events_.emplace_back(other,
                         LinkOpened{.link = link.at_listener, .dialled = false, .remote = caller});
    events_.emplace_back(number,
                         LinkOpened{.link = link.at_dialler, .dialled = true, .remote = wanted.to});
    return;
  }
  events_.emplace_back(number, DialFailed{wanted.link});
}

void SmallWorld::deliver(std::size_t from, const UnitOut& unit) {
  ++units_sent_;
  for (const auto& [connection, guest] : guests_) {
    if (guest != std::pair{from, unit.link}) continue;
    return relay_said(relay_.hear(connection, unit.bytes));
  }
  for (const Link& link : links_) {
    if (link.dialler == from && link.at_dialler == unit.link) {
      events_.emplace_back(link.listener, UnitCame{.link = link.at_listener, .bytes = unit.bytes});
    } else if (link.listener == from && link.at_listener == unit.link) {
      events_.emplace_back(link.dialler, UnitCame{.link = link.at_dialler, .bytes = unit.bytes});
    }
  }
}

void SmallWorld::cut(std::size_t number, LinkId which, bool tell_self) {
  const auto it = std::find_if(links_.begin(), links_.end(), [&](const Link& link) {
    return (link.dialler == number && link.at_dialler == which) ||
           (link.listener == number && link.at_listener == which);
  });
  if (it == links_.end()) return;
  const Link link = *it;
  links_.erase(it);
  const bool i_dialled = link.dialler == number && link.at_dialler == which;
  events_.emplace_back(i_dialled ? link.listener : link.dialler,
                       LinkClosed{i_dialled ? link.at_listener : link.at_dialler});
  if (tell_self) events_.emplace_back(number, LinkClosed{which});
}

bool SmallWorld::happen_one() {
  if (events_.empty()) return false;
  auto [device, input] = std::move(events_.front());
  events_.pop_front();
  step(device, std::move(input));
  return true;
}

bool SmallWorld::advance(Steady until) {
  std::optional<std::size_t> next;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (!devices_[i]->wake || *devices_[i]->wake > until) continue;
    if (!next || *devices_[i]->wake < *devices_[*next]->wake) next = i;
  }
  if (!next) return false;
  steady_ = std::max(steady_, *devices_[*next]->wake);
  step(*next, TimeReached{});
  return true;
}

void SmallWorld::run(std::chrono::nanoseconds time) {
  const Steady until = steady_ + time;
  while (happen_one() || advance(until)) {
  }
  steady_ = until;
}

RequestId SmallWorld::begin(std::size_t device, Command command) {
  const RequestId request{next_id_++};
  answers_[request];
  step(device, CommandCame{.request = request, .command = std::move(command)});
  return request;
}

Answer SmallWorld::ask(std::size_t device, Command command, std::chrono::seconds patience) {
  const RequestId request = begin(device, std::move(command));
  const Steady until = steady_ + patience;
  while (!ended(request) && (happen_one() || advance(until))) {
  }
  if (answers_[request].empty())
    return Failed{
        .code = Code::kFailed, .reason = Reason::kNone, .detail = "no answer", .wait = {}};
  return answers_[request].back();
}

const std::vector<Answer>& SmallWorld::answers(RequestId request) const {
  return answers_.at(request);
}
bool SmallWorld::ended(RequestId request) const { return ended_.contains(request); }

void SmallWorld::hang_up(std::size_t device, RequestId request) {
  step(device, ClientGone{request});
}

bool SmallWorld::pair(std::size_t issuer, std::size_t joiner) {
  const RequestId invited = begin(issuer, PairInvite{});
  if (answers(invited).empty()) run(5s);  // a relay is asked for the nameplate first
  if (answers(invited).empty()) return false;
  const auto* invitation = std::get_if<Invitation>(&answers(invited).front());
  if (invitation == nullptr) return false;
  const RequestId joined = begin(joiner, PairByCode{.code = invitation->code, .wait = 20s});
  run(2s);
  begin(issuer, PairReply{true});
  begin(joiner, PairReply{true});
  run(2s);
  return std::holds_alternative<Paired>(answers(invited).back()) &&
         std::holds_alternative<Paired>(answers(joined).back());
}

}  // namespace attune::sync
