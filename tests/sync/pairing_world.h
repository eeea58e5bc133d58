#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/sync/pairing.h"

namespace attune::sync::testing {

/// One device with a store of records in memory: what was persisted is there after reopen(), and
/// nothing else.
class Phone {
 public:
  Phone(std::string name, std::uint64_t seed, const Endpoint& at);

  /// The last answer that ended a command; Failed with code kFailed where none did.
  [[nodiscard]] Failed failed() const;
  [[nodiscard]] bool said_paired() const;
  [[nodiscard]] std::optional<CheckPhrase> phrase() const;
  [[nodiscard]] Invitation invitation() const;
  [[nodiscard]] bool ended() const;  ///< the running command has its last answer
  /// What the disk says.
  [[nodiscard]] std::optional<Partner> partner_on_disk() const;
  [[nodiscard]] bool pending_on_disk() const { return disk.contains(RecordType::kPending); }

  /// The process was killed: everything but the disk is gone.
  void reopen();
  [[nodiscard]] RequestId new_request();

  crypto::SeededRandom random;
  Self self;
  Endpoint endpoint;
  std::optional<Partner> partner;
  std::unique_ptr<Pairing> pairing;
  std::map<RecordType, Bytes> disk;
  RequestId request;
  std::vector<AnswerOut> answers;  ///< to `request`
  std::vector<Endpoint> reached;   ///< Finished::addresses
};

/// Phones joined by wires in memory. Units travel in order; a tap sees each before it arrives and
/// may change it, lose it or cut the wire. Net's rules on openings and sizes are enforced.
class PairingWorld {
 public:
  enum class Fate { kPass, kLose, kCut };
  using Tap = std::function<Fate(std::size_t index, Bytes& unit)>;

  PairingWorld();

  void invite(Phone& phone);
  void join(Phone& phone, const std::string& code, std::chrono::seconds wait = 60s);
  void scan(Phone& phone, const std::string& qr);
  void say(Phone& phone, bool yes);
  void leave(Phone& phone);
  /// A beacon of the issuer reaches the joiner. True where it dials.
  bool hear(Phone& joiner, Phone& issuer);
  /// Delivers everything until nothing is under way.
  void run();
  void pass(std::chrono::seconds time);
  void cut_all();
  /// A stranger connects to a phone with these bytes as the first unit; true where it is let in.
  bool knock(Phone& phone, ByteView opening);
  /// The stranger's connections end.
  void strangers_leave();

  /// Invites, joins, hears; stops where both see the check phrase (or failed).
  void meet_by_code();
  void meet_by_qr();

  Now now;
  Phone ada;
  Phone ben;
  Phone eve;
  Tap tap;
  std::size_t delivered = 0;   ///< units so far
  std::vector<Bytes> seen;     ///< all that was on the wire
  std::size_t extensions = 0;  ///< Extend acts

 private:
  struct End {
    Phone* phone = nullptr;  ///< nullptr: a stranger
    LinkId link;
    std::deque<Bytes> inbox;
    bool raw_next = false;  ///< what comes first has no length
    bool hung_up = false;
  };
  struct Wire {
    End dialler;
    End listener;
    bool opened = false;  ///< the listener has heard the first unit
    bool closed = false;
  };

  void perform(Phone& phone, Output out);
  void start_dials(Phone& phone);
  void connect(Phone& from, const Endpoint& to, std::size_t raw_answer);
  bool deliver_one(Wire& wire, End& to);
  void close(Wire& wire);
  [[nodiscard]] Wire* wire_of(const Phone& phone, LinkId link, End** mine, End** other);

  std::deque<Wire> wires_;
  std::uint64_t links_ = 0;
};

}  // namespace attune::sync::testing
