#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "crypto/random.h"
#include "daemon/sync/discovery.h"
#include "daemon/sync/events.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/pairing_secret.h"
#include "proto/record.h"

namespace attune::sync {

/// Becoming partners: one invitation or one attempt to join at a time, by spoken code or by QR, and
/// the pairing that waits for the other's yes. Pure; owned by the Replica; what Deps name outlives
/// it. The states of one conversation stand above PairingChannel, those of a command here.
///
///   Idle --invite()--> Choosing --nameplate is mine, or no relay says--> Inviting
///   Inviting --joiner's opening--> Meeting --both introduced--> Asking
///   Idle --join_by_*()--> Searching --link stands--> Meeting --both introduced--> Asking
///   Meeting --joiner gone before its proof--> Inviting       (limits::kJoinersMax such end it)
///   Meeting --link gone before my proof-----> Searching
///   Asking --my yes--> Agreed --their yes, by frame or by live session--> Idle, finished
///   any --wrong proof, a no, time over, command gone--> Idle
///
///   Choosing   nameplate_*()   only with a relay: the code is not shown before its nameplate is
///                              this device's there; kRelayNameplatePatience at most
///   Inviting   unit()          code and QR are valid; nobody holds the place
///   Searching  dialled()       the owner looks for the issuer: rendezvous(), take_dials()
///   Meeting    unit()          a handshake runs; limits::kFlightPatience for each message, or
///                              kRelayedFlightPatience
///   Asking     reply()         the check phrase is on both screens; only then a person decides
///   Agreed     unit()          stored as pending for limits::kConfirmLife, over a restart too
///
/// Answers go to the request of the command: Invitation, CheckPhrase, then Paired or Failed as the
/// last. Whatever must be durable is in the same Output as what depends on it. The owner hangs up
/// links that accept() turned down; all others are hung up here. Source: docs/protocol.md, Pairing.
class Pairing {
 public:
  struct Deps {
    const Self* self = nullptr;
    const std::optional<Partner>* partner = nullptr;
    crypto::Random* random = nullptr;
  };
  /// nullptr when a record of its own is damaged.
  static std::unique_ptr<Pairing> open(const Deps& deps, const std::vector<Record>& records);
  ~Pairing();

  /// Where this device can be reached, for the QR.
  void set_addresses(std::vector<Endpoint> own);
  /// The relay that this device uses; nullopt: none.
  void set_relay(std::optional<RelayUrl> relay);

  // ---- The command that runs.
  /// `by_relay`: the owner offers the nameplate of rendezvous() at a relay, and says how that went.
  void invite(RequestId request, bool by_relay, const Now& now, Output& out);
  void nameplate_is_mine(const Now& now, Output& out);
  void nameplate_is_taken(const Now& now, Output& out);
  void join_by_code(RequestId request, const PairByCode& asked, const Now& now, Output& out);
  void join_by_qr(RequestId request, const PairByQr& asked, const Now& now, Output& out);
  void reply(RequestId request, bool yes, const Now& now, Output& out);
  void client_gone(RequestId request, const Now& now, Output& out);

  // ---- Finding the other end.
  struct Rendezvous {
    std::uint16_t nameplate = 0;
    CodeRole role{};
    friend bool operator==(const Rendezvous&, const Rendezvous&) = default;
  };
  /// Whom to announce and to look for by beacons of a nameplate now; absent: nobody.
  [[nodiscard]] std::optional<Rendezvous> rendezvous() const;
  /// Where both ends of a QR meet at the relay that this device uses, and that the QR names;
  /// absent: nowhere.
  struct QrRendezvous {
    relay::PipeId place;
    CodeRole role{};
  };
  [[nodiscard]] std::optional<QrRendezvous> qr_rendezvous(const Now& now) const;
  /// An issuer of this nameplate is said to be there. True: the caller dials it now, once, with
  /// Conversation::kCode.
  [[nodiscard]] bool wants_dial(const Endpoint& issuer, const Now& now);
  /// What a scanned QR names: the caller dials each now, once, with Conversation::kQr.
  [[nodiscard]] std::vector<Endpoint> take_dials();
  /// How each of those dials ended.
  void dialled(LinkId link, const Endpoint& remote, const Now& now, Output& out);
  void dial_failed(LinkId link, const Now& now, Output& out);
  /// As the joiner or scanner: the issuer is said to be at the other end of this pipe.
  void piped(LinkId link, const RelayKey& relay, const Now& now, Output& out);

  // ---- Links.
  /// The first unit of an incoming link that is no live hello, or of a pipe through `relay`. False:
  /// silence is the answer.
  [[nodiscard]] bool accept(LinkId link, ByteView opening, const Now& now, Output& out,
                            const std::optional<RelayKey>& relay = std::nullopt);
  [[nodiscard]] bool owns(LinkId link) const;
  void unit(LinkId link, ByteView bytes, const Now& now, Output& out);
  void closed(LinkId link, const Now& now, Output& out);

  // ---- The outcome.
  /// Said yes to here, and not yet confirmed by the other side. A live session under it counts as
  /// the other's yes: the owner looks for its device and lets it in.
  [[nodiscard]] const std::optional<PendingPairing>& pending() const;
  /// A session with this device is confirmed: does nothing unless it is the pending one.
  void confirmed_by_session(const DeviceId& device, const Now& now, Output& out);

  struct Finished {
    Partner partner;                  ///< already in Output.persist of this step
    std::vector<Endpoint> addresses;  ///< where its device was reached; may be empty
  };
  /// The pairing that became final since the last call; the owner makes it its Partner.
  [[nodiscard]] std::optional<Finished> take_finished();

  /// Deadlines. Call at every wake-up.
  void pass_time(const Now& now, Output& out);
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  struct State;
  explicit Pairing(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace attune::sync
