#include "tests/sim/history.h"

#include <fmt/format.h>

#include <variant>

#include "tests/sim/words.h"

namespace attune::sim {
namespace {

constexpr std::size_t kPeople = 2;
/// Whatever was wrong: this long after it is over both have the same. Dials are five minutes apart
/// at most.
constexpr Moment kHealing = 12min;

}  // namespace

History::History(std::uint64_t seed, Options options)
    : seed_(seed),
      options_(options),
      dice_(seed, 2),
      auditor_(KindTable::standard()),
      world_(std::make_unique<World>(seed, auditor_)),
      backups_(kPeople) {
  auditor_.watch(*world_);
}
History::~History() = default;

Outcome History::run() {
  if (trace) {
    world_->trace = [this](std::size_t device, const std::string& what) {
      trace(fmt::format("{} {} {}", describe(world_->timeline().now()), device, what));
    };
  }
  Outcome outcome;
  try {
    live();
  } catch (const Broken& broken) {
    outcome.fault = broken.what;
  }
  outcome.fingerprint = world_->fingerprint();
  outcome.lived = world_->timeline().now();
  for (const auto& person : people_) outcome.commands += person->done();
  outcome.ops = auditor_.ledger().size();
  return outcome;
}

void History::live() {
  for (std::size_t i = 0; i < kPeople; ++i) {
    world_->add_person(i == 0 ? "Ana" : "Ben");
    people_.push_back(std::make_unique<Person>(*world_, auditor_, i, seed_));
  }
  pair();
  puts_back_ = dice_.one_in(2);
  end_ = world_->timeline().now() + options_.hours;
  for (std::size_t i = 0; i < kPeople; ++i) plan_visit(i);
  plan_trouble();
  world_->timeline().run(end_);
  heal();
  auditor_.converged();
}

// ---- Becoming partners.

void History::pair() {
  for (int tries = 0; tries < 10; ++tries) {
    if (pair_once()) return;
    world_->timeline().run(world_->timeline().now() + 1min);
  }
  throw Broken{"two people could not pair"};
}

bool History::pair_once() {
  const bool qr = dice_.one_in(3);
  const std::size_t issuer = dice_.below(kPeople);
  const std::size_t joiner = 1 - issuer;
  std::optional<sync::Invitation> invitation;
  std::size_t paired = 0;
  std::vector<RequestId> requests(kPeople);
  const auto follow = [&](std::size_t who) {
    return [&, who](const sync::Answer& answer, bool) {
      if (const auto* made = std::get_if<sync::Invitation>(&answer)) invitation = *made;
      if (std::holds_alternative<sync::Paired>(answer)) ++paired;
      if (std::holds_alternative<sync::CheckPhrase>(answer)) {
        world_->timeline().after(dice_.between(Moment(1s), Moment(20s)),
                                 [&, who] { world_->reply(who, requests[who], true); });
      }
    };
  };
  requests[issuer] = world_->ask(issuer, sync::PairInvite{}, follow(issuer));
  if (!invitation) return false;
  sync::Command join = sync::PairByCode{.code = invitation->code, .wait = 60s};
  if (qr) join = sync::PairByQr{invitation->qr};
  requests[joiner] = world_->ask(joiner, std::move(join), follow(joiner));
  const Moment until = world_->timeline().now() + 2min;
  while (paired < kPeople && world_->timeline().happen_one(until)) {
  }
  world_->timeline().run(world_->timeline().now() + 30s);
  for (std::size_t i = 0; i < kPeople; ++i) world_->leave(i, requests[i]);
  return paired == kPeople;
}

// ---- Living.

void History::plan_visit(std::size_t who) {
  const Moment pause = dice_.one_in(6) ? dice_.between(Moment(2h), Moment(9h))
                                       : dice_.between(Moment(1min), Moment(40min));
  world_->timeline().after(pause, [this, who] {
    if (quiet_) return;
    visit(who, world_->timeline().now() + dice_.between(Moment(1min), Moment(12min)));
  });
}

void History::visit(std::size_t who, Moment until) {
  if (quiet_) return;
  people_[who]->act();
  if (world_->timeline().now() >= until) return plan_visit(who);
  world_->timeline().after(dice_.between(Moment(2s), Moment(60s)),
                           [this, who, until] { visit(who, until); });
}

void History::plan_trouble() {
  world_->timeline().after(dice_.between(Moment(1min), Moment(100min)), [this] {
    if (quiet_) return;
    trouble();
    plan_trouble();
  });
}

void History::trouble() {
  const std::size_t device = dice_.below(kPeople);
  switch (dice_.below(8)) {
    case 0:
    case 1:
    case 2:
      return trouble_on_the_way();
    case 3:
    case 4:
      return trouble_with_a_device(device);
    case 5:
      return trouble_with_a_clock(device);
    default:
      return trouble_with_a_disk(device);
  }
}

void History::trouble_on_the_way() {
  Network& network = world_->network();
  const std::size_t from = dice_.below(kPeople);
  switch (dice_.below(6)) {
    case 0:
      network.block(from, 1 - from);
      break;
    case 1:
      network.block(from, 1 - from);
      network.block(1 - from, from);
      break;
    case 2:
      return network.reset_links(from);
    case 3:
      network.unplug(from, true);
      world_->network_changed(from);
      world_->timeline().after(dice_.between(Moment(2s), Moment(1h)), [this, from] {
        world_->network().unplug(from, false);
        world_->network_changed(from);
      });
      return;
    case 4:
      network.move(from);
      return world_->network_changed(from);
    default:
      network.weather.delay_max = dice_.one_in(3) ? Moment(3s) : Moment(30ms);
      network.weather.datagrams_lost = dice_.below(90);
      network.weather.datagrams_doubled = dice_.below(50);
      network.weather.units_flipped = dice_.one_in(4) ? 200 : 0;
      return network.replay_datagram();
  }
  world_->timeline().after(dice_.between(Moment(1s), Moment(40min)),
                           [this] { world_->network().unblock_all(); });
}

void History::start_later(std::size_t device) {
  const Moment wait = dice_.one_in(4) ? dice_.between(Moment(10min), Moment(3h))
                                      : dice_.between(Moment(1s), Moment(2min));
  world_->timeline().after(wait, [this, device] { world_->start(device); });
}

void History::crash(std::size_t device, World::Stop how) {
  if (world_->is_up(device) && dice_.one_in(2)) auditor_.compare_with_twin(device);
  world_->stop(device, how);
  start_later(device);
}

void History::trouble_with_a_device(std::size_t device) {
  switch (dice_.below(5)) {
    case 0:
      return crash(device, World::Stop::kProcess);
    case 1:
      return crash(device, World::Stop::kPower);
    case 2:
      return world_->suspend(device, dice_.between(Moment(1min), Moment(5h)));
    default:
      world_->crash_soon(device);
      world_->timeline().after(dice_.between(Moment(5min), Moment(20min)),
                               [this, device] { world_->start(device); });
  }
}

void History::trouble_with_a_clock(std::size_t device) {
  Clocks& clocks = world_->clocks(device);
  const auto by = [this](std::chrono::hours most) {
    const auto minutes =
        std::chrono::minutes(dice_.between(1, static_cast<std::uint32_t>(most.count() * 60)));
    return dice_.one_in(2) ? std::chrono::seconds(minutes) : -std::chrono::seconds(minutes);
  };
  std::chrono::seconds jump{0};
  switch (dice_.below(4)) {
    case 0:
      jump = by(1h);
      break;
    case 1:
      jump = by(30h);
      break;
    case 2:
      jump = by(24h * 365 * 10);
      break;
    default:
      return clocks.travel(std::chrono::minutes(15) * (std::int64_t{dice_.below(105)} - 48));
  }
  clocks.jump(jump);
  if (dice_.one_in(4)) return;
  world_->timeline().after(dice_.between(Moment(1min), Moment(6h)),
                           [this, device, jump] { world_->clocks(device).jump(-jump); });
}

void History::trouble_with_a_disk(std::size_t device) {
  std::vector<Disk>& backups = backups_[device];
  switch (dice_.below(4)) {
    case 0:
      world_->disk(device).set_fault(Disk::Fault::kFull);
      world_->timeline().after(dice_.between(Moment(10s), Moment(20min)), [this, device] {
        world_->disk(device).set_fault(Disk::Fault::kNone);
        world_->start(device);
      });
      return;
    case 1:
      world_->disk(device).set_fault(dice_.one_in(2) ? Disk::Fault::kFailsOld
                                                     : Disk::Fault::kFailsNew);
      world_->timeline().after(dice_.between(Moment(1min), Moment(20min)), [this, device] {
        world_->disk(device).set_fault(Disk::Fault::kNone);
        world_->start(device);
      });
      return;
    case 2:
      backups.push_back(world_->disk(device));
      return;
    default:
      if (backups.empty() || !puts_back_) return;
      world_->stop(device, dice_.one_in(2) ? World::Stop::kProcess : World::Stop::kPower);
      world_->put_back(device, dice_.pick(backups));
      world_->disk(device).set_fault(Disk::Fault::kNone);
      return start_later(device);
  }
}

// ---- Everything works again; after a while both have the same.
void History::heal() {
  quiet_ = true;
  Network& network = world_->network();
  network.weather = {};
  network.unblock_all();
  for (std::size_t i = 0; i < kPeople; ++i) {
    network.unplug(i, false);
    world_->disk(i).set_fault(Disk::Fault::kNone);
    world_->crash_soon(i, false);
    world_->wake(i);
    world_->start(i);
    world_->network_changed(i);
  }
  world_->timeline().run(world_->timeline().now() + kHealing);
}

}  // namespace attune::sim
