#include "tests/sim/world.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "daemon/sync/control_codec.h"
#include "proto/kind_table.h"
#include "tests/sim/planted.h"
#include "tests/sim/words.h"

namespace attune::sim {
namespace {

class Honest final : public Mind {
 public:
  explicit Honest(std::unique_ptr<sync::Replica> replica) : replica_(std::move(replica)) {}
  sync::Output step(const Now& now, sync::Input input) override {
    return replica_->step(now, std::move(input));
  }

 private:
  std::unique_ptr<sync::Replica> replica_;
};

sync::Failed store_full() {
  return {
      .code = sync::Code::kFailed, .reason = sync::Reason::kStoreFull, .detail = {}, .wait = {}};
}

}  // namespace

World::World(std::uint64_t seed, Witness& witness)
    : seed_(seed),
      witness_(witness),
      dice_(seed, 0),
      twins_dice_(seed, 1),
      network_(timeline_, dice_, *this),
      postbox_(seed, timeline_, *this) {}
World::~World() = default;

std::size_t World::add_person(const std::string& name) {
  const std::size_t number = devices_.size();
  devices_.push_back(std::make_unique<Device>(dice_, seed_, number));
  Device& device = *devices_.back();
  device.disk.commit(sync::Replica::create(name, device.random));
  network_.add_station();
  witness_.put_back(number);
  start(number);
  return number;
}

// ---- A device's life.

std::unique_ptr<Mind> World::open(std::size_t number, bool was_full) {
  Device& device = *devices_[number];
  if (device.make) return device.make(device.disk, now(number));
  auto replica = sync::Replica::open({.kinds = &KindTable::standard(),
                                      .random = &device.random,
                                      .beacons = true,
                                      .was_full = was_full},
                                     device.disk.records(), now(number));
  witness_.opened(number, replica != nullptr);
  if (!replica) return nullptr;
  return std::make_unique<Honest>(std::move(replica));
}

std::unique_ptr<sync::Replica> World::twin(std::size_t number) {
  return sync::Replica::open(
      {.kinds = &KindTable::standard(), .random = &twins_dice_, .beacons = false},
      devices_[number]->disk.records(), now(number));
}

void World::start(std::size_t number) {
  Device& device = *devices_[number];
  if (device.mind) return;
  say(number, "starts");
  device.mind = open(number);
  if (!device.mind) return;
  network_.begin_listening(number);
  step(number, network_.seen_by(number));
}

void World::stop(std::size_t number, Stop how) {
  Device& device = *devices_[number];
  if (!device.mind) return;
  say(number, how == Stop::kPower ? "loses its power" : "ends");
  ++device.life;
  device.mind.reset();
  device.open.clear();
  device.armed.reset();
  device.crash_soon = false;
  device.asleep = false;
  device.missed.clear();
  network_.end_listening(number, how == Stop::kPower ? Network::End::kUntold : Network::End::kTold);
  postbox_.end(number);
  if (how == Stop::kPower) device.clocks.start_anew(timeline_.now(), dice_);
}

void World::suspend(std::size_t number, Moment time) {
  Device& device = *devices_[number];
  if (!device.mind || device.asleep) return;
  say(number, "sleeps");
  device.asleep = true;
  device.asleep_since = timeline_.now();
  device.armed.reset();
  timeline_.after(time, [this, number, life = device.life] {
    if (devices_[number]->life == life) wake(number);
  });
}

void World::wake(std::size_t number) {
  Device& device = *devices_[number];
  if (!device.asleep) return;
  device.asleep = false;
  device.clocks.slept(timeline_.now() - device.asleep_since);
  say(number, "wakes up");
  for (sync::Input& input : std::exchange(device.missed, {})) step(number, std::move(input));
  step(number, sync::TimeReached{});
}

void World::put_back(std::size_t number, const Disk& older) {
  say(number, "has an older store");
  devices_[number]->disk = older;
  witness_.put_back(number);
}

void World::replace_mind(std::size_t number, MakeMind make) {
  devices_[number]->make = std::move(make);
}

void World::network_changed(std::size_t device) {
  if (is_up(device)) step(device, network_.seen_by(device));
}

// ---- What happens, and what is done about it.

void World::happened(std::size_t station, sync::Input input) {
  if (station == stranger_) return happened_to_stranger(input);
  step(station, std::move(input));
}

void World::replay_hello(std::size_t device) {
  if (!stranger_) stranger_ = network_.add_station();
  const LinkId link{next_request_++};
  strangers_links_[link] = device;
  network_.dial(*stranger_, link, network_.address(device));
}

void World::happened_to_stranger(const sync::Input& input) {
  if (const auto* opened = std::get_if<sync::LinkOpened>(&input)) {
    const auto hello = network_.recorded_hello(strangers_links_.at(opened->link));
    if (hello) network_.send(*stranger_, {.link = opened->link, .bytes = *hello, .framed = false});
  } else if (const auto* unit = std::get_if<sync::UnitCame>(&input)) {
    witness_.answered_stranger(strangers_links_.at(unit->link));
  }
}

void World::step(std::size_t number, sync::Input input) {
  Device& device = *devices_[number];
  if (!device.mind) return;
  if (device.asleep) {
    device.missed.push_back(std::move(input));
    return;
  }
  std::optional<sync::Command> command;
  if (const auto* came = std::get_if<sync::CommandCame>(&input)) command = came->command;
  if (trace) say(number, describe(input));
  const Now at = now(number);
  const Seen seen{.device = number,
                  .at = timeline_.now(),
                  .now = &at,
                  .command = command ? &*command : nullptr};
  perform(seen, device.mind->step(at, std::move(input)));
}

/// What the driver does with an Output, line by line; the world can end it before each.
class World::Performance {
 public:
  Performance(World& world, const Seen& seen, sync::Output& output)
      : world_(world), seen_(seen), output_(output), device_(*world.devices_[seen.device]) {
    const bool does = !output.persist.empty() || !output.answers.empty() || !output.units.empty();
    if (device_.crash_soon && does && !device_.make) {
      const std::size_t lines = 2 + output.answers.size() + output.units.size();
      left_ = world.dice_.below(static_cast<std::uint32_t>(lines));
    }
  }

  /// False where the device is down from then on, or has begun anew.
  bool persist() {
    const RecordBatch& batch = output_.persist;
    if (batch.empty()) return line();
    if (left_ == 0u) {
      // In the middle of the commit: all of it has arrived, or nothing.
      device_.disk.set_fault(world_.dice_.one_in(2) ? Disk::Fault::kFailsOld
                                                    : Disk::Fault::kFailsNew);
    }
    const Disk::Fault fault = device_.disk.fault();
    const bool done = device_.disk.commit(batch);
    if (done || fault == Disk::Fault::kFailsNew) {
      for (const RecordChange& change : batch.changes) {
        world_.note(change.name);
        if (change.body) world_.note(*change.body);
      }
      world_.witness_.committed(seen_, batch);
    }
    if (done) return line();
    if (fault == Disk::Fault::kFull) {
      world_.say(seen_.device, "finds its disk full");
      if (planted(Mutant::kFullDiskIgnored)) return true;
      world_.fold_again(seen_.device);
      return false;
    }
    // What the kernel said of an fsync can't be asked twice: the process ends.
    crash();
    return false;
  }

  bool answers() {
    for (const sync::AnswerOut& out : output_.answers) {
      if (!line()) return false;
      world_.answer(seen_, out);
    }
    return true;
  }

  bool frames() {
    for (const sync::UnitOut& unit : output_.units) {
      if (!line()) return false;
      world_.note(unit.bytes);
      if (world_.postbox_.owns(seen_.device, unit.link)) {
        world_.postbox_.send(seen_.device, unit.link, unit.bytes);
      } else {
        world_.network_.send(seen_.device, unit);
      }
    }
    return true;
  }

  bool rest() {
    for (const sync::DatagramOut& datagram : output_.datagrams) {
      world_.network_.broadcast(seen_.device, datagram);
    }
    for (const sync::LinkAct& act : output_.links) perform(act);
    world_.arm(seen_.device, output_.wake);
    return line();
  }

 private:
  bool line() {
    if (left_ == 0u) {
      crash();
      return false;
    }
    if (left_) --*left_;
    return true;
  }
  void perform(const sync::LinkAct& act) {
    if (const auto* wanted = std::get_if<sync::DialRelay>(&act)) {
      return world_.postbox_.dial(seen_.device, *wanted);
    }
    const LinkId link = std::visit([](const auto& each) { return each.link; }, act);
    if (!world_.postbox_.owns(seen_.device, link)) {
      return world_.network_.perform(seen_.device, act);
    }
    if (std::holds_alternative<sync::Hangup>(act)) world_.postbox_.hang_up(seen_.device, link);
  }
  void crash() {
    world_.stop(seen_.device, world_.dice_.one_in(2) ? Stop::kProcess : Stop::kPower);
  }

  World& world_;
  const Seen& seen_;
  sync::Output& output_;
  Device& device_;
  std::optional<std::size_t> left_;  ///< lines until it crashes
};

void World::perform(const Seen& seen, sync::Output output) {
  witness_.sends(seen, output);
  Performance performance(*this, seen, output);
  bool done = false;
  if (planted(Mutant::kAnswerBeforeCommit)) {
    done = performance.answers() && performance.persist() && performance.frames();
  } else if (planted(Mutant::kFramesBeforeCommit)) {
    done = performance.frames() && performance.persist() && performance.answers();
  } else {
    done = performance.persist() && performance.answers() && performance.frames();
  }
  if (done && performance.rest()) witness_.stepped(seen);
}

void World::answer(const Seen& seen, const sync::AnswerOut& out) {
  Device& device = *devices_[seen.device];
  const auto open = device.open.find(out.request);
  if (open == device.open.end()) return;
  const Bytes bytes = sync::encode_answer(out.answer, out.last);
  note(bytes);
  const OnAnswer on_answer = open->second;
  if (out.last) device.open.erase(open);
  if (trace) say(seen.device, "  answers " + describe(out.answer));
  witness_.answered(seen, out.request, out.answer, out.last);
  if (on_answer) on_answer(out.answer, out.last);
}

// The disk is full: what this mind holds is ahead of it, so it begins anew from the store.
void World::fold_again(std::size_t number) {
  Device& device = *devices_[number];
  if (device.folding) return stop(number, Stop::kProcess);
  network_.end_listening(number, Network::End::kTold);
  postbox_.end(number);
  std::map<RequestId, OnAnswer> waiting = std::exchange(device.open, {});
  for (const auto& [request, on_answer] : waiting) {
    if (on_answer) on_answer(store_full(), true);
  }
  ++device.life;
  device.armed.reset();
  device.mind = open(number, true);
  if (!device.mind) return;
  network_.begin_listening(number);
  device.folding = true;
  step(number, network_.seen_by(number));
  device.folding = false;
}

void World::arm(std::size_t number, std::optional<Steady> wake) {
  Device& device = *devices_[number];
  if (wake == device.armed) return;
  device.armed = wake;
  if (!wake) return;
  timeline_.at(device.clocks.when(*wake), [this, number, wake, life = device.life] {
    Device& armed = *devices_[number];
    if (armed.life != life || armed.armed != wake || armed.asleep) return;
    armed.armed.reset();
    step(number, sync::TimeReached{});
  });
}

// ---- Its people.

RequestId World::ask(std::size_t number, sync::Command command, OnAnswer on_answer) {
  const RequestId request{next_request_++};
  Device& device = *devices_[number];
  if (!device.mind) return request;
  device.open[request] = std::move(on_answer);
  step(number, sync::CommandCame{.request = request, .command = std::move(command)});
  return request;
}

void World::reply(std::size_t number, RequestId request, bool yes) {
  step(number, sync::CommandCame{.request = request, .command = sync::PairReply{yes}});
}

void World::leave(std::size_t number, RequestId request) {
  if (devices_[number]->open.erase(request) > 0) step(number, sync::ClientGone{request});
}

// FNV-1a: it has to tell two histories apart, and is no secret.
void World::note(ByteView bytes) {
  constexpr std::uint64_t kPrime = 1'099'511'628'211u;
  for (const std::uint8_t byte : bytes) fingerprint_ = (fingerprint_ ^ byte) * kPrime;
}

void World::say(std::size_t device, const std::string& what) {
  if (trace) trace(device, what);
}

}  // namespace attune::sim
