#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/crdt/op.h"
#include "daemon/sync/replica.h"
#include "tests/fuzz/raw_peer.h"
#include "tests/fuzz/script.h"
#include "tests/sync/session_fixture.h"

namespace attune::fuzz {

/// Ben runs the Replica; Ada's device is in our hand. Made once.
sync::testing::PairedDevices& stage_devices();
/// Where Ada's device says it is.
Endpoint stage_elsewhere();

/// A whole Replica, paired, over a disk that is a map; and the partner's device, its clients, its
/// clocks and its network in the hands of a script. Checks after each step what the driver relies
/// on, and at the end that the disk says what memory said.
class ReplicaStage {
 public:
  enum class Step : std::uint8_t {
    kKnock,    ///< a stranger connects and says anything
    kHello,    ///< the partner's device dials
    kMessage,  ///< it says any message
    kOps,      ///< it says an op that is well made
    kVector,   ///< it says what it has
    kEcho,     ///< it gives back what it was told
    kFrame,    ///< it seals any plaintext
    kUnit,     ///< bytes on a link that nobody sealed
    kClose,    ///< it says goodbye
    kCut,      ///< a connection breaks
    kTime,
    kCommand,  ///< a local client asks anything
    kGone,     ///< a local client leaves
    kDatagram,
    kNetwork,
    kDialUp,  ///< a dial of the Replica stands
    kDialDown,
    kReopen,  ///< the process ends and starts again
    kCount
  };

  explicit ReplicaStage(Script& script);
  ~ReplicaStage();
  void pass();

 private:
  struct Link {
    LinkId id;
    std::optional<RawPeer> peer;  ///< absent: a stranger
    bool open = true;
  };

  void step();
  void say_step(Step what);
  void world_step(Step what);
  void happen(sync::Input input);
  void perform(sync::Output output);
  void take_unit(const sync::UnitOut& unit);
  void take_act(const sync::LinkAct& act);
  void learn(const sync::SyncMessage& message);
  void check_wake();
  void reopen();
  void compare();
  [[nodiscard]] Bytes view();

  Link* link();     ///< one that is open, of the script's choice
  Link* session();  ///< the same with a device of the partner that has keys
  void hello();
  void say(const sync::SyncMessage& message);
  void say_ops();
  void say_vector();
  void datagram();
  [[nodiscard]] std::vector<crdt::Dot> some_dots(const crdt::Actor& but, std::size_t count);
  [[nodiscard]] crdt::Op make_op();
  [[nodiscard]] crdt::Slot make_slot(const crdt::Op& op);
  [[nodiscard]] RawPeer::Setting partner_setting();

  Script& script_;
  crypto::SeededRandom random_{9};
  std::map<std::pair<RecordType, Bytes>, Bytes> disk_;
  std::unique_ptr<sync::Replica> replica_;
  Now now_;
  std::optional<Steady> wake_;
  std::vector<Link> links_;
  std::deque<sync::Input> follows_;  ///< what the world answers at once
  std::vector<sync::Dial> dials_;
  std::vector<crdt::Dot> dots_;  ///< that either side has named
  std::vector<sync::OpsMessage> told_;
  std::array<std::uint64_t, 2> counters_{};  ///< of the partner's two incarnations
  crdt::VersionVector theirs_;
  std::uint64_t next_id_ = 1;
};

}  // namespace attune::fuzz
