#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/sync/burnt_codes.h"
#include "daemon/sync/pairing.h"
#include "daemon/sync/pairing_meeting.h"
#include "daemon/sync/pairing_search.h"
#include "proto/limits.h"

namespace attune::sync {

/// An invitation: one secret to say, one to show, good for one pairing or one wrong guess together.
struct PairingOffer {
  SpokenCode code;
  QrOffer qr;
  Steady until{};  ///< both from the moment when it is shown
  Steady qr_until{};
  std::size_t joiners = 0;               ///< who came and went without a proof
  std::optional<Steady> hidden_until{};  ///< Choosing
  std::size_t taken = 0;                 ///< nameplates that were somebody else's
};

/// The one meeting that holds the place, and what the two people have said in it.
struct PairingTalk {
  enum class Stage { kHandshake, kAsking, kAgreed };
  PairingTalk(Meeting begun, LinkId on, bool by_relay)
      : meeting(std::move(begun)), link(on), relayed(by_relay) {}
  /// How long the other may take for a message of the handshake. A relay lies between, and perhaps
  /// a proxy of either: nobody knows whether the other has one.
  [[nodiscard]] std::chrono::seconds patience() const {
    return relayed ? limits::kRelayedFlightPatience : limits::kFlightPatience;
  }

  Meeting meeting;
  std::optional<LinkId> link;  ///< absent once it is gone and the outcome is still open
  bool relayed = false;
  std::vector<Endpoint> addresses;  ///< where the other device was dialled
  Stage stage = Stage::kHandshake;
  Steady deadline;
  std::optional<Partner> partner;  ///< kAsking
  bool peer_said_yes = false;      ///< kAsking
};

inline Failed pairing_failure(Code code, Reason reason) {
  return {.code = code, .reason = reason, .detail = {}, .wait = {}};
}

/// What a Pairing is made of, shared by its two source files and by nobody else: pairing.cpp takes
/// what happens, pairing_state.cpp moves on.
struct Pairing::State {
  enum class Loss { kClosed, kSilent };

  explicit State(const Deps& given) : deps(given) {}

  [[nodiscard]] bool running() const { return offer || search || talk; }
  [[nodiscard]] Meeting::Terms terms();
  bool admit(RequestId asking, Output& out);
  void answer(Answer value, bool last, Output& out);
  void fail(const Failed& failed, Output& out);
  void stop(Output& out);
  void show(const Now& now, Output& out);
  void hang_up(Output& out);
  void end_search(Output& out);

  void begin(const FoundLink& found, const Now& now, Output& out);
  void hold(Meeting::Started started, const FoundLink& found, const Now& now, Output& out);
  void wait_for_flight(const Now& now, Output& out);
  void say(std::vector<SessionUnit> units, Output& out);
  void heard(PairingChannel::Event event, const Now& now, Output& out);
  void wrong_proof(const Now& now, Output& out);
  void ask(const Now& now, Output& out);
  void agree(const Now& now, Output& out);
  void decline(Output& out);
  void settle(Partner partner, Output& out);
  void set_pending(std::optional<PendingPairing> fresh, Output& out);

  void lost(Loss how, const Now& now, Output& out);
  void lost_handshake(Loss how, const Now& now, Output& out);
  void left(const Now& now, Output& out);
  void next_try(const Now& now, Output& out);
  void talk_time(const Now& now, Output& out);
  void pending_time(const Now& now, Output& out);

  Deps deps;
  std::vector<Endpoint> own;
  std::optional<RelayUrl> relay;
  BurntCodes burnt;
  std::optional<PendingPairing> pending;
  std::optional<Steady> pending_until;
  std::optional<Finished> finished;

  std::optional<RequestId> request;  ///< absent once its client is gone or has its last answer
  std::optional<PairingOffer> offer;
  std::optional<PairingSearch> search;
  std::optional<PairingTalk> talk;
  PairingDials dials;
  std::vector<Endpoint> to_dial;
  OwnNonces nonces;
};

}  // namespace attune::sync
