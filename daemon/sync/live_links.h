#pragma once

#include <map>
#include <optional>
#include <vector>

#include "daemon/sync/delivery.h"
#include "daemon/sync/events.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/session.h"

namespace attune::sync {

/// What happened on live links during one Input, for the Replica to draw conclusions from.
struct LiveNews {
  struct Answered {
    std::uint64_t number = 0;
    crdt::VersionVector theirs;
  };
  struct Addresses {
    DeviceId device;
    std::optional<Endpoint> remote;  ///< whom the link is with; nullopt: through a relay
    std::vector<Endpoint> addresses;
  };
  struct Said {
    LinkId link;
    NewRatchet ratchet;
  };
  std::vector<DeviceId> connected;  ///< the first confirmed link of this device stands
  bool dropped = false;         ///< a confirmed link is gone: what was asked on it is not answered
  std::vector<DeviceId> found;  ///< the first confirmed direct link of this device stands
  std::vector<DeviceId> lost;   ///< its last direct one is gone
  struct Relay {
    DeviceId device;
    std::optional<RelayUrl> relay;  ///< what it uses
  };
  std::vector<Relay> relays;
  std::vector<Addresses> addresses;
  std::vector<Answered> answered;
  bool exchanged = false;       ///< something was taken or acknowledged
  std::vector<LinkId> greeted;  ///< both Greetings have crossed
  std::vector<LinkId> learnt;   ///< more is known to be durable there
  std::vector<Said> ratchets;
};

/// The live connections with the partner's devices. Pure; owned by the Replica, and borrows what
/// its Deps name. Several may stand for a moment: both sides dialled, or a session is renewed.
///
/// Which one stays: of two dialled by different sides at the same time, the one dialled by the
/// smaller device id; where one is older, the newer, because who dials again has lost the older. Of
/// two dialled by one side, the one its dialler keeps (the older, unless it is being renewed). A
/// direct link stays rather than one through a relay, whose dialler ends it when it is old, so that
/// both meet there anew. Only
/// who keeps a link closes the others, once the kept one is confirmed on its side; losing one costs
/// nothing, because sessions resume from vectors. What is sent goes out on the newest confirmed
/// link. A device has at most kPerDeviceMax links.
class LiveLinks {
 public:
  struct Deps {
    const Self* self = nullptr;
    const std::optional<Partner>* partner = nullptr;
    Notebook* notebook = nullptr;
    crypto::Random* random = nullptr;
  };
  static constexpr std::size_t kPerDeviceMax = 16;

  explicit LiveLinks(const Deps& deps) : deps_(deps) {}

  /// A device and whose it is: the partner's, or of a pairing that waits for the other's yes.
  struct Callee {
    const Partner* partner = nullptr;
    const PartnerDevice* device = nullptr;
  };
  /// A connection that was dialled to this device stands: the hello goes out.
  /// `remote` nullopt: it is a pipe through a relay.
  void dialled(LinkId link, const Callee& callee, const std::optional<Endpoint>& remote,
               const Now& now, Output& out);
  /// An incoming connection said hello. `pending` is a pairing that a session would make final, or
  /// nullptr. False: silence is the answer.
  bool accept(LinkId link, const std::optional<Endpoint>& remote, ByteView hello,
              const Partner* pending, const Now& now, Output& out);
  [[nodiscard]] bool owns(LinkId link) const { return links_.contains(link); }

  /// `here` is what a Greeting says of this device.
  void set_addresses(std::vector<Endpoint> own) { own_addresses_ = std::move(own); }
  void set_relay(std::optional<RelayUrl> relay);
  void unit(LinkId link, ByteView bytes, const Now& now, Ripple& ripple, Output& out,
            LiveNews& news);
  void closed(LinkId link, LiveNews& news);
  /// Hangs up everything; no news.
  void close_all(Output& out);

  /// Hangs up what goes through a relay.
  void close_relayed(Output& out, LiveNews& news);

  /// Sends what the other side lacks, on the newest confirmed link of each device.
  void pump(const Now& now, Output& out);
  /// Asks every connected device whether it has the same. False where none is connected.
  bool ask(std::uint64_t number, const Now& now, Output& out);
  /// Links whose patience is over are dead; those of an age are due for renewal.
  void pass_time(const Now& now, Output& out, LiveNews& news);
  /// Devices whose session is due for renewal and was not yet renewed: dial them again.
  std::vector<std::pair<DeviceId, Endpoint>> renewals(const Now& now);
  [[nodiscard]] std::optional<Steady> next() const;

  /// Whether a confirmed link with this device stands; of any way, or a direct one.
  [[nodiscard]] bool connected(const DeviceId& device) const { return count(device, false) > 0; }
  [[nodiscard]] bool found(const DeviceId& device) const { return count(device, true) > 0; }
  /// A confirmed session, for who speaks on it of ratchets.
  struct Standing {
    DeviceId peer;
    bool dialled = false;
    crypto::Hash64 handshake{};
    const crdt::VersionVector* theirs = nullptr;
  };
  [[nodiscard]] std::optional<Standing> standing(LinkId link) const;
  /// Requires standing().
  void say(LinkId link, const NewRatchet& ratchet, Output& out);

  /// What a device is known to have; nullopt while it is not connected.
  [[nodiscard]] std::optional<crdt::VersionVector> theirs() const;

 private:
  struct Live {
    Session session;
    Delivery delivery;
    DeviceId peer;
    std::optional<Endpoint> remote;  ///< nullopt: through a relay
    Steady opened;
    Steady stands_since = {};  ///< of the first link of a chain of renewals
    bool dialled = false;
    bool greeted = false;
    std::optional<Steady> renewal = std::nullopt;  ///< dialled again; once more from then on
  };
  using Links = std::map<LinkId, Live>;

  void greet(LinkId link, Live& live, Output& out);
  void send(LinkId link, Live& live, const SyncMessage& message, Output& out);
  void confirmed(LinkId link, const Now& now, Output& out, LiveNews& news);
  void keep_one(LinkId fresh, const Now& now, Output& out, LiveNews& news);
  void hang_up(LinkId link, Output& out, LiveNews& news);
  [[nodiscard]] bool has_room(const DeviceId& device) const;
  [[nodiscard]] bool is_partners(const DeviceId& device) const;
  bool handle(LinkId link, const SyncMessage& message, const Now& now, Ripple& ripple, Output& out,
              LiveNews& news);
  [[nodiscard]] static Steady proof_due(const Live& live);
  [[nodiscard]] static bool is_old(const Live& live, const Now& now);
  Live* newest(const DeviceId& device, LinkId* link);
  [[nodiscard]] std::size_t count(const DeviceId& device, bool direct) const;
  [[nodiscard]] crdt::VersionVector here() const;

  Deps deps_;
  HelloMemory hellos_;
  std::vector<Endpoint> own_addresses_;
  std::optional<RelayUrl> own_relay_;
  Links links_;
};

}  // namespace attune::sync
