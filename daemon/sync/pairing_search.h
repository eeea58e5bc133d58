#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "daemon/sync/pairing_secret.h"
#include "daemon/sync/qr_text.h"
#include "proto/code_words.h"
#include "proto/endpoint.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace attune::sync {

/// A connection to where the issuer is said to be.
struct FoundLink {
  LinkId link;
  std::optional<Endpoint> remote;   ///< dialled directly, or ...
  std::optional<RelayKey> relay{};  ///< ... met through this relay
};

/// Where a joiner or scanner looks for the issuer: dials under way, and links that stand and wait
/// for their turn. One is tried at a time, so that a code is shown to one peer only. Pure.
class PairingSearch {
 public:
  using Aim = std::variant<SpokenCode, QrOffer>;
  PairingSearch(Aim aim, Steady until) : aim_(std::move(aim)), until_(until) {}

  [[nodiscard]] const SpokenCode* code() const { return std::get_if<SpokenCode>(&aim_); }
  [[nodiscard]] const QrOffer* qr() const { return std::get_if<QrOffer>(&aim_); }
  [[nodiscard]] Steady until() const { return until_; }
  /// The QR's issuer may be at our own relay too.
  void look_at_relay() { at_relay_ = true; }
  [[nodiscard]] bool looks_at_relay() const { return at_relay_; }

  /// An issuer of this code may be there: true when it is worth a dial now. Each address once in
  /// limits::kDialPause, and few at a time.
  bool wants_dial(const Endpoint& issuer, Steady now, std::size_t under_way);

  void put_by(const FoundLink& link) { waiting_.push_back(link); }
  bool drop(LinkId link);
  [[nodiscard]] bool has(LinkId link) const;
  std::optional<FoundLink> next();

  /// Somebody answered and was not it: spent, busy, or somebody else.
  void met_somebody() { met_ = true; }
  [[nodiscard]] bool met() const { return met_; }

 private:
  Aim aim_;
  Steady until_;
  std::deque<FoundLink> waiting_;
  std::map<Endpoint, Steady> tried_;
  bool met_ = false;
  bool at_relay_ = false;
};

/// Dials that the owner was asked for and has not told the end of. Those of an earlier command are
/// told apart from those of the running one.
class PairingDials {
 public:
  void new_command() { ++command_; }
  void asked(const Endpoint& to) { under_way_.push_back({.to = to, .command = command_}); }
  /// Whether the running command asked for this one.
  [[nodiscard]] bool arrived(const Endpoint& remote);
  void failed();
  [[nodiscard]] std::size_t under_way() const;

 private:
  struct Asked {
    Endpoint to;
    std::uint64_t command = 0;
  };
  std::deque<Asked> under_way_;
  std::uint64_t command_ = 0;
};

}  // namespace attune::sync
