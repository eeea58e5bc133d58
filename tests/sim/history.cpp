#include "tests/sim/history.h"

#include <fmt/format.h>

#include <array>
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
      relay_dice_(seed, 4),
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
  has_relay_ = relay_dice_.one_in(2);
  if (has_relay_) use_relay(true);
  puts_back_ = dice_.one_in(2);
  end_ = world_->timeline().now() + options_.hours;
  for (std::size_t i = 0; i < kPeople; ++i) plan_visit(i);
  plan_trouble();
  if (dice_.one_in(2)) plan_malice();
  if (dice_.one_in(4)) plan_parting();
  world_->timeline().run(end_);
  heal();
  compare();
  if (has_relay_) live_apart();
}

// What is due just now is done, and is there too: nothing falls into the moment of comparing.
void History::compare() {
  for (std::size_t i = 0; i < kPeople; ++i) world_->step(i, sync::TimeReached{});
  world_->timeline().run(world_->timeline().now() + 30s);
  auditor_.converged();
}

// ---- Becoming partners.

void History::pair() {
  auditor_.pairing(true);
  for (int tries = 0; tries < 10; ++tries) {
    if (pair_once(tries == 0 && dice_.one_in(4))) {
      auditor_.pairing(false);
      return;
    }
    world_->timeline().run(world_->timeline().now() + 1min);
  }
  throw Broken{"two people could not pair"};
}

// With a crash of one of them after a yes, both are paired in the end, or neither is.
bool History::pair_once(bool crash) {
  struct Meeting {
    std::optional<sync::Invitation> invitation;
    std::array<RequestId, kPeople> requests;
    std::size_t paired = 0;
  };
  const auto meeting = std::make_shared<Meeting>();
  const std::size_t issuer = dice_.below(kPeople);
  const std::size_t joiner = 1 - issuer;
  const std::size_t crashes = dice_.below(kPeople);
  const auto follow = [&](std::size_t who) {
    return [=, this](const sync::Answer& answer, bool) {
      if (const auto* made = std::get_if<sync::Invitation>(&answer)) meeting->invitation = *made;
      if (std::holds_alternative<sync::Paired>(answer)) ++meeting->paired;
      if (!std::holds_alternative<sync::CheckPhrase>(answer)) return;
      world_->timeline().after(dice_.between(Moment(1s), Moment(20s)), [=, this] {
        world_->reply(who, meeting->requests[who], true);
        if (crash && who == crashes) world_->crash_soon(who);
      });
    };
  };
  meeting->requests[issuer] = world_->ask(issuer, sync::PairInvite{}, follow(issuer));
  if (!meeting->invitation) return false;
  sync::Command join = sync::PairByCode{.code = meeting->invitation->code, .wait = 60s};
  if (dice_.one_in(3)) join = sync::PairByQr{meeting->invitation->qr};
  meeting->requests[joiner] = world_->ask(joiner, std::move(join), follow(joiner));
  const Moment until = world_->timeline().now() + 2min;
  while (meeting->paired < kPeople && world_->timeline().happen_one(until)) {
  }
  world_->timeline().run(world_->timeline().now() + 30s);
  for (std::size_t i = 0; i < kPeople; ++i) {
    world_->crash_soon(i, false);
    world_->leave(i, meeting->requests[i]);
    world_->start(i);
  }
  if (crash) world_->timeline().run(world_->timeline().now() + kHealing);
  if (auditor_.is_paired(0) != auditor_.is_paired(1)) {
    throw Broken{"one is paired, and the other is not"};
  }
  return auditor_.is_paired(0);
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
  if (world_->is_honest(who)) people_[who]->act();
  if (world_->timeline().now() >= until) return plan_visit(who);
  world_->timeline().after(dice_.between(Moment(2s), Moment(60s)),
                           [this, who, until] { visit(who, until); });
}

void History::plan_trouble() {
  world_->timeline().after(dice_.between(Moment(1min), Moment(100min)), [this] {
    if (quiet_) return;
    trouble();
    if (has_relay_ && relay_dice_.one_in(2)) trouble_at_the_relay();
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
  switch (dice_.below(7)) {
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
    case 5:
      return world_->replay_hello(from);
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

// ---- A patched client; a parting.

void History::plan_malice() {
  world_->timeline().after(dice_.between(Moment(30min), Moment(10h)), [this] {
    if (quiet_ || malicious_) return;
    begin_malice(dice_.below(kPeople));
    world_->timeline().after(dice_.between(Moment(10min), Moment(90min)), [this] {
      end_malice();
      if (!quiet_) plan_malice();
    });
  });
}

void History::begin_malice(std::size_t device) {
  if (!auditor_.is_paired(0) || !auditor_.is_paired(1)) return;
  malicious_ = device;
  world_->stop(device, World::Stop::kProcess);
  auditor_.patched(device, true);
  const std::uint64_t seed = seed_ * 1'000 + auditor_.ledger().size();
  world_->replace_mind(device, [this, device, seed](const Disk& disk, const Now&) {
    return std::make_unique<Hostile>(
        Hostile::Parts{.kinds = &KindTable::standard(),
                       .judge = &auditor_,
                       .victim = world_->network().address(1 - device),
                       .seed = seed + static_cast<std::uint64_t>(world_->timeline().now().count()),
                       .equivocates = !puts_back_},
        disk);
  });
  world_->start(device);
}

void History::end_malice() {
  if (!malicious_) return;
  const std::size_t device = *malicious_;
  malicious_.reset();
  world_->stop(device, World::Stop::kProcess);
  world_->replace_mind(device, {});
  auditor_.patched(device, false);
  world_->start(device);
}

void History::plan_parting() {
  world_->timeline().after(dice_.between(Moment(2h), Moment(20h)), [this] {
    if (quiet_ || malicious_) return;
    part_and_meet();
  });
}

// One leaves without notice; later both have left and meet again. What is older than a pairing has
// keys that nobody knows any more.
void History::part_and_meet() {
  const std::size_t first = dice_.below(kPeople);
  world_->ask(first, sync::Unpair{});
  world_->timeline().after(dice_.between(Moment(1min), Moment(3h)), [this, first] {
    if (quiet_ || malicious_) return;
    world_->ask(1 - first, sync::Unpair{});
    world_->ask(first, sync::Unpair{});
    for (std::vector<Disk>& backups : backups_) backups.clear();
  });
}

// ---- Everything works again; after a while both have the same.
void History::heal() {
  quiet_ = true;
  end_malice();
  world_->postbox().set_up(true);
  world_->postbox().join_pipes(true);
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
  if (auditor_.is_paired(0) && auditor_.is_paired(1)) return;
  for (std::size_t i = 0; i < kPeople; ++i) world_->ask(i, sync::Unpair{});
  if (has_relay_) use_relay(false);
  pair();
  if (has_relay_) use_relay(true);
  world_->timeline().run(world_->timeline().now() + kHealing);
}

// ---- A relay that keeps parcels.

void History::use_relay(bool use) {
  for (std::size_t i = 0; i < kPeople; ++i) {
    if (use) {
      world_->ask(i, sync::RelaySet{world_->postbox().url()});
    } else {
      world_->ask(i, sync::RelayOff{});
    }
  }
}

void History::trouble_at_the_relay() {
  Postbox& postbox = world_->postbox();
  switch (relay_dice_.below(5)) {
    case 0:
      postbox.set_up(false);
      world_->timeline().after(relay_dice_.between(Moment(1min), Moment(2h)),
                               [this] { world_->postbox().set_up(true); });
      return;
    case 1:
      return postbox.begin_anew();
    case 2:
      return postbox.jump(std::chrono::hours(relay_dice_.between(1, 400)) - 100h);
    case 3:
      return postbox.cut_all();
    default:
      return postbox.join_pipes(relay_dice_.one_in(2));
  }
}

// One is there for a while, on a network of its own; it may crash in the middle of something.
void History::be_there(std::size_t who, Moment time) {
  world_->stop(1 - who, World::Stop::kProcess);
  world_->start(who);
  const Moment until = world_->timeline().now() + time;
  while (world_->timeline().now() < until) {
    if (world_->is_up(who)) people_[who]->act();
    // What was written is posted after two seconds: most crashes come then.
    world_->timeline().run(world_->timeline().now() +
                           relay_dice_.between(Moment(100ms), Moment(2s)));
    if (relay_dice_.one_in(3)) world_->crash_soon(who);
    world_->timeline().run(world_->timeline().now() +
                           relay_dice_.between(Moment(100ms), Moment(15s)));
    world_->crash_soon(who, false);
    world_->start(who);
  }
}

// All is well and both have the same. From here on they meet for moments at most, and still both
// have the same in the end: what a relay keeps for them is enough.
void History::live_apart() {
  Network& network = world_->network();
  Postbox& postbox = world_->postbox();
  const auto part = [&] {
    network.block(0, 1);
    network.block(1, 0);
    for (std::size_t i = 0; i < kPeople; ++i) network.reset_links(i);
  };
  postbox.join_pipes(false);
  for (std::uint32_t round = relay_dice_.between(3, 8); round > 0; --round) {
    part();
    be_there(relay_dice_.below(kPeople), relay_dice_.between(Moment(5s), Moment(90s)));
    if (relay_dice_.one_in(4)) postbox.begin_anew();
    if (relay_dice_.one_in(4)) postbox.jump(168h);
    if (relay_dice_.one_in(3)) postbox.cut_all();
    if (!relay_dice_.one_in(3)) continue;
    for (std::size_t i = 0; i < kPeople; ++i) world_->start(i);
    network.unblock_all();
    for (std::size_t i = 0; i < kPeople; ++i) world_->network_changed(i);
    world_->timeline().run(world_->timeline().now() +
                           relay_dice_.between(Moment(5ms), Moment(400ms)));
  }
  part();
  for (std::size_t i = 0; i < kPeople; ++i) world_->start(i);
  world_->timeline().run(world_->timeline().now() + kHealing);
  compare();
}

}  // namespace attune::sim
