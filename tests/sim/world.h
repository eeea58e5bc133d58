#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/sync/replica.h"
#include "tests/sim/clocks.h"
#include "tests/sim/disk.h"
#include "tests/sim/network.h"
#include "tests/sim/postbox.h"

namespace attune::sim {

/// Whoever stands in a device between its disk and the world: an honest Replica, or a partner's
/// client that was patched.
class Mind {
 public:
  virtual ~Mind() = default;
  virtual sync::Output step(const Now& now, sync::Input input) = 0;
};

/// One step of a device, as who watches the world is told of it.
struct Seen {
  std::size_t device = 0;
  Moment at{0};
  const Now* now = nullptr;
  const sync::Command* command = nullptr;  ///< where the Input was one
};

/// Watches everything that happens in a world; owned by whoever made it, and outlives the World.
class Witness {
 public:
  virtual ~Witness() = default;
  /// The batch is on the disk now.
  virtual void committed(const Seen& seen, const RecordBatch& batch) = 0;
  /// A local client was given this.
  virtual void answered(const Seen& seen, RequestId request, const sync::Answer& answer,
                        bool last) = 0;
  /// Units and datagrams that this step wants sent.
  virtual void sends(const Seen& seen, const sync::Output& output) = 0;
  /// Everything of a step is done.
  virtual void stepped(const Seen& seen) = 0;
  /// An honest process has opened its store, or could not.
  virtual void opened(std::size_t device, bool readable) = 0;
  /// Its disk has become another.
  virtual void put_back(std::size_t device) = 0;
  /// It said something to a stranger who sent a copy of an old hello.
  virtual void answered_stranger(std::size_t device) = 0;
};

/// Devices with real Replicas on disks, clocks and a network of values. Single-threaded; everything
/// that happens is drawn from the seed. What the driver does with an Output is done here in the
/// same order, and a device can crash between any two lines of it. Source: daemon/driver.cpp.
class World final : private Network::Events {
 public:
  World(std::uint64_t seed, Witness& witness);
  ~World();

  std::size_t add_person(const std::string& name);
  [[nodiscard]] std::size_t size() const { return devices_.size(); }

  // ---- A device's life.
  void start(std::size_t device);
  enum class Stop {
    kProcess,  ///< the kernel lives on and closes its connections
    kPower,    ///< nobody is told, and the machine starts anew
  };
  void stop(std::size_t device, Stop how);
  [[nodiscard]] bool is_up(std::size_t device) const {
    return devices_[device]->mind != nullptr && !devices_[device]->asleep;
  }
  /// It crashes in the middle of the next step that has something to do; it stays down.
  void crash_soon(std::size_t device, bool soon = true) { devices_[device]->crash_soon = soon; }
  void suspend(std::size_t device, Moment time);
  void wake(std::size_t device);
  /// Its store becomes this one; it must be down.
  void put_back(std::size_t device, const Disk& older);
  /// From the next start on another mind opens this store; nullptr: the honest one.
  using MakeMind = std::function<std::unique_ptr<Mind>(const Disk& disk, const Now& now)>;
  void replace_mind(std::size_t device, MakeMind make);
  [[nodiscard]] bool is_honest(std::size_t device) const { return !devices_[device]->make; }

  [[nodiscard]] Disk& disk(std::size_t device) { return devices_[device]->disk; }
  [[nodiscard]] Clocks& clocks(std::size_t device) { return devices_[device]->clocks; }
  [[nodiscard]] Now now(std::size_t device) const {
    return devices_[device]->clocks.read(timeline_.now());
  }
  void network_changed(std::size_t device);
  void step(std::size_t device, sync::Input input);

  /// Somebody on the network dials it and sends a hello that it had before. After the last person.
  void replay_hello(std::size_t device);

  // ---- Its people.
  using OnAnswer = std::function<void(const sync::Answer& answer, bool last)>;
  /// Gives a command; answers come back for as long as the process lives. Without an OnAnswer they
  /// are seen by the Witness alone.
  RequestId ask(std::size_t device, sync::Command command, OnAnswer on_answer = {});
  /// The one that the next ask() gives.
  [[nodiscard]] RequestId next_request() const { return RequestId{next_request_}; }
  void reply(std::size_t device, RequestId request, bool yes);
  void leave(std::size_t device, RequestId request);

  /// A second mind on the same records at this moment, for who compares.
  [[nodiscard]] std::unique_ptr<sync::Replica> twin(std::size_t device);

  Timeline& timeline() { return timeline_; }
  Network& network() { return network_; }
  Postbox& postbox() { return postbox_; }
  Dice& dice() { return dice_; }

  /// Of everything that happened so far.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }
  /// Told of each thing that happens, in words; for `--trace`.
  std::function<void(std::size_t device, const std::string& what)> trace;

 private:
  struct Device {
    explicit Device(Dice& dice, std::uint64_t seed, std::uint64_t number)
        : random(seed, 16 + number), clocks(dice) {}
    Dice random;
    Clocks clocks;
    Disk disk;
    MakeMind make;
    std::unique_ptr<Mind> mind;
    std::uint64_t life = 0;  ///< counts its processes
    std::map<RequestId, OnAnswer> open;
    std::optional<Steady> armed;
    bool crash_soon = false;
    bool folding = false;
    bool asleep = false;
    Moment asleep_since{0};
    std::vector<sync::Input> missed;  ///< while asleep
  };
  class Performance;

  void happened(std::size_t device, sync::Input input) override;
  void happened_to_stranger(const sync::Input& input);
  void perform(const Seen& seen, sync::Output output);
  void fold_again(std::size_t device);
  std::unique_ptr<Mind> open(std::size_t device, bool was_full = false);
  void arm(std::size_t device, std::optional<Steady> wake);
  void answer(const Seen& seen, const sync::AnswerOut& out);
  void note(ByteView bytes);
  void say(std::size_t device, const std::string& what);

  std::uint64_t seed_;
  Witness& witness_;
  Dice dice_;
  Dice twins_dice_;
  Timeline timeline_;
  Network network_;
  Postbox postbox_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::optional<std::size_t> stranger_;  ///< a station without a device
  std::map<LinkId, std::size_t> strangers_links_;
  std::uint64_t next_request_ = 1;
  std::uint64_t fingerprint_ = 14'695'981'039'346'656'037u;
};

}  // namespace attune::sim
