#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "daemon/sync/replica.h"
#include "tests/sync/pure_relay.h"

namespace attune::sync {

/// Two or more devices with real Replicas, disks that are maps, and a network of queues: everything
/// that happens is a value, and the clock moves only when nothing else is left to happen.
class SmallWorld {
 public:
  explicit SmallWorld(std::uint64_t seed);
  ~SmallWorld();

  /// A new person on a new device; it is up from then on. Gives its number.
  std::size_t add_person(const std::string& name);

  /// The process ends: memory and links are gone, the disk stays.
  void down(std::size_t device);
  /// As down(), but the others are not told: a cable is pulled, a battery is empty.
  void vanish(std::size_t device);
  /// It starts again and is unlocked. False where its Replica refuses its records.
  bool up(std::size_t device);
  /// A copy of its disk, and that copy put back in its place while it is down.
  using Disk = std::map<std::pair<RecordType, Bytes>, Bytes>;
  [[nodiscard]] Disk copy_disk(std::size_t device) const;
  void put_back(std::size_t device, Disk copy);
  /// Whether anything travels between devices; links that stand are lost when it stops.
  void set_network(bool works);
  /// Whether others can connect to this device's listener.
  void set_listener(std::size_t device, bool open);

  /// A relay that every device reaches, whether or not they reach each other; nobody uses it before
  /// its address is set. When it stops, its connections end.
  PureRelay& relay() { return relay_; }
  void set_relay(bool works);
  /// What PureRelay::hold() kept back is read.
  void release_relay() { relay_said(relay_.release()); }

  /// Gives a command and runs until its last answer, or until nothing is left for `patience`.
  Answer ask(std::size_t device, Command command, std::chrono::seconds patience = 20s);
  /// Gives a command and returns at once; its answers collect under the number.
  RequestId begin(std::size_t device, Command command);
  [[nodiscard]] const std::vector<Answer>& answers(RequestId request) const;
  [[nodiscard]] bool ended(RequestId request) const;
  void hang_up(std::size_t device, RequestId request);

  /// Runs everything that happens within this time.
  void run(std::chrono::nanoseconds time);
  /// Both by code, both confirm. False where it did not end with `paired` on both.
  bool pair(std::size_t issuer, std::size_t joiner);

  [[nodiscard]] std::size_t units_sent() const { return units_sent_; }
  [[nodiscard]] Bytes disk_bytes(std::size_t device) const;
  Now& clock(std::size_t device);
  /// Moves the wall clock of one device.
  void shift_wall(std::size_t device, std::int64_t seconds);

 private:
  struct Device;
  struct Link {
    std::size_t dialler = 0;
    std::size_t listener = 0;
    LinkId at_dialler;
    LinkId at_listener;
  };
  void step(std::size_t device, Input input);
  void perform(std::size_t device, Output output);
  void perform_link(std::size_t device, const LinkAct& act);
  void dial(std::size_t device, const Dial& dial);
  void dial_relay(std::size_t device, const DialRelay& dial);
  void leave_relay(std::size_t device, std::optional<LinkId> link);
  void relay_said(std::vector<PureRelay::Said> said);
  void deliver(std::size_t from, const UnitOut& unit);
  void cut(std::size_t device, LinkId link, bool tell_self);
  bool happen_one();
  bool advance(Steady until);
  [[nodiscard]] Now now(std::size_t device) const;
  [[nodiscard]] NetworkChanged network(std::size_t device) const;

  crypto::SeededRandom random_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::deque<std::pair<std::size_t, Input>> events_;
  std::vector<Link> links_;
  crypto::SeededRandom relay_random_{77};
  PureRelay relay_{relay_random_};
  bool relay_works_ = true;
  std::map<PureRelay::Connection, std::pair<std::size_t, LinkId>> guests_;  ///< of the relay
  std::map<RequestId, std::vector<Answer>> answers_;
  std::map<RequestId, bool> ended_;
  Steady steady_{1h};
  std::uint64_t next_id_ = 1;
  std::size_t units_sent_ = 0;
  bool network_ = true;
};

}  // namespace attune::sync
