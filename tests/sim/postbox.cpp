#include "tests/sim/postbox.h"

#include <algorithm>

namespace attune::sim {
namespace {

constexpr std::uint64_t kPurpose = 3;
constexpr std::chrono::hours kBegin{500'000};  // of its clock; since 1970
constexpr Moment kDelayMax = 80ms;

}  // namespace

Postbox::Postbox(std::uint64_t seed, Timeline& timeline, Network::Events& events)
    : dice_(seed, kPurpose), timeline_(timeline), events_(events), relay_(dice_) {}

void Postbox::set_clock() {
  const auto gone = std::chrono::duration_cast<std::chrono::hours>(timeline_.now());
  relay_.hour = static_cast<std::uint32_t>((kBegin + ahead_ + gone).count());
}

void Postbox::dial(std::size_t station, const sync::DialRelay& wanted) {
  set_clock();
  const Moment delay = dice_.between(Moment(1ms), kDelayMax);
  if (!up_) {
    timeline_.after(delay, [this, station, link = wanted.link] {
      events_.happened(station, sync::DialFailed{link});
    });
    return;
  }
  const Connection connection = relay_.connect();
  guests_[connection] = {station, wanted.link};
  by_link_[{station, wanted.link}] = connection;
  tell(connection, sync::LinkOpened{.link = wanted.link, .dialled = true, .remote = {}});
}

void Postbox::send(std::size_t station, LinkId link, const Bytes& bytes) {
  const auto at = by_link_.find({station, link});
  if (at == by_link_.end()) return;
  Moment& last = last_[{at->second, true}];
  last = std::max(last, timeline_.now() + dice_.between(Moment(1ms), kDelayMax));
  timeline_.at(last, [this, connection = at->second, bytes] {
    if (!guests_.contains(connection)) return;
    set_clock();
    carry(relay_.hear(connection, bytes));
  });
}

void Postbox::tell(Connection connection, sync::Input input) {
  Moment& last = last_[{connection, false}];
  last = std::max(last, timeline_.now() + dice_.between(Moment(1ms), kDelayMax));
  timeline_.at(last, [this, connection, input = std::move(input)] {
    const auto guest = guests_.find(connection);
    if (guest == guests_.end()) return;
    const Place place = guest->second;
    if (std::holds_alternative<sync::LinkClosed>(input)) {
      guests_.erase(guest);
      by_link_.erase(place);
    }
    events_.happened(place.first, input);
  });
}

void Postbox::carry(std::vector<sync::PureRelay::Said> said) {
  for (sync::PureRelay::Said& each : said) {
    const auto guest = guests_.find(each.to);
    if (guest == guests_.end()) continue;
    const LinkId link = guest->second.second;
    if (each.unit) {
      tell(each.to, sync::UnitCame{.link = link, .bytes = std::move(*each.unit)});
    } else {
      tell(each.to, sync::LinkClosed{link});
    }
  }
}

void Postbox::hang_up(std::size_t station, LinkId link) {
  const auto at = by_link_.find({station, link});
  if (at == by_link_.end()) return;
  const Connection connection = at->second;
  by_link_.erase(at);
  guests_.erase(connection);
  // What it had said before arrives first.
  timeline_.at(std::max(timeline_.now(), last_[{connection, true}]),
               [this, connection] { carry(relay_.gone(connection)); });
}

void Postbox::end(std::size_t station) {
  std::vector<LinkId> mine;
  for (const auto& [place, connection] : by_link_) {
    if (place.first == station) mine.push_back(place.second);
  }
  for (const LinkId link : mine) hang_up(station, link);
}

void Postbox::cut_all() { carry(relay_.end()); }

void Postbox::jump(std::chrono::hours by) {
  cut_all();
  ahead_ += by;
}

void Postbox::set_up(bool up) {
  up_ = up;
  if (!up) cut_all();
}

void Postbox::begin_anew() {
  cut_all();
  relay_.mailboxes.restart_empty();
}

void Postbox::join_pipes(bool join) {
  relay_.busy =
      join ? std::function<bool(const relay::Pipe&)>{} : [](const relay::Pipe&) { return true; };
  if (!join) cut_all();
}

}  // namespace attune::sim
