#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/sync/commands.h"
#include "proto/bytes.h"
#include "proto/endpoint.h"
#include "proto/ids.h"
#include "proto/record.h"
#include "proto/relay_url.h"
#include "proto/time.h"

namespace attune::sync {

/// What the first byte of a connection says it is. Source: docs/protocol.md, On the LAN.
enum class Conversation : std::uint8_t { kLive = 1, kCode = 2, kQr = 3 };

// ---- Input: one thing that happened.

struct CommandCame {
  RequestId request;
  Command command;
};
struct ClientGone {
  RequestId request;
};
/// A connection stands; what was dialled comes back under the LinkId of its Dial.
struct LinkOpened {
  LinkId link;
  bool dialled = false;
  Endpoint remote;
};
/// One unit of a connection as net cut it: an opening of fixed size (with its first byte), or a
/// frame.
struct UnitCame {
  LinkId link;
  Bytes bytes;
};
struct LinkClosed {
  LinkId link;
};
struct DialFailed {
  LinkId link;
};
struct DatagramCame {
  Bytes bytes;
  Endpoint source;
};
/// A way out for beacons: an interface and family with the address it sends from.
struct BeaconPath {
  std::uint32_t path = 0;                 ///< the driver's number for it
  std::array<std::uint8_t, 16> source{};  ///< v4 mapped
};
/// Addresses, interfaces or the listener are other than before; also the first Input of a Replica.
struct NetworkChanged {
  std::vector<Endpoint> own;  ///< where the LAN listener can be reached, loopback last
  std::vector<BeaconPath> paths;
  std::uint16_t port = 0;  ///< of the LAN listener; 0: none
};
struct TimeReached {};
/// This process ends soon: what can still be said is said now. Replica::is_posting() tells when.
struct Leaving {};

using Input = std::variant<CommandCame, ClientGone, LinkOpened, UnitCame, LinkClosed, DialFailed,
                           DatagramCame, NetworkChanged, TimeReached, Leaving>;

// ---- Output: performed from top to bottom; a later line is skipped when an earlier one fails.

/// For a local client; more follow where `last` is false.
struct AnswerOut {
  RequestId request;
  Answer answer;
  bool last = true;
};
struct UnitOut {
  LinkId link;
  Bytes bytes;
  bool framed = true;  ///< false: an opening, sent without a length
};
struct DatagramOut {
  std::uint32_t path = 0;
  Bytes bytes;
};
struct Dial {
  LinkId link;  ///< chosen by the Replica; its top bit is set
  Endpoint to;
  Conversation conversation{};
};
/// The peer has proved itself: the limits of strangers no longer hold for this link.
struct Trust {
  LinkId link;
};
/// The peer's hello was sealed by somebody we know, perhaps long ago: its frames may be whole, its
/// deadline stays.
struct Widen {
  LinkId link;
};
/// The link waits for a person, or for a pairing's next message through a relay: the deadline of
/// strangers is put off.
struct Extend {
  LinkId link;
  std::chrono::seconds by{0};
};
struct Hangup {
  LinkId link;
};
/// A connection to a relay, whatever lies between. Its units: first the 48 bytes of the handshake's
/// answer, then records without their length.
struct DialRelay {
  LinkId link;  ///< as of a Dial
  HostPort to;
};
/// The link to a relay has become a pipe: what comes from now on is cut as if the device at the
/// other end had been dialled, or had dialled. It is a stranger again, with a stranger's limits.
struct Recut {
  LinkId link;
  Conversation conversation{};
  bool dialler = false;
};
using LinkAct = std::variant<Dial, Trust, Widen, Extend, Hangup, DialRelay, Recut>;

/// For the log and the desktop: an event's name and a count, nothing of the couple.
struct Notice {
  std::string event;
  std::uint64_t count = 0;
};

struct Output {
  RecordBatch persist;
  std::vector<AnswerOut> answers;
  std::vector<UnitOut> units;
  std::vector<DatagramOut> datagrams;
  std::vector<LinkAct> links;
  std::vector<Notice> notices;
  std::optional<Steady> wake;  ///< when TimeReached is due at the latest; absent: never
};

}  // namespace attune::sync
