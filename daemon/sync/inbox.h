#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "daemon/sync/mailbox_keys.h"
#include "daemon/sync/relay_line.h"
#include "proto/limits.h"
#include "proto/time.h"

namespace attune::sync {

/// The reader's end of the mailboxes of one direction, one for each of mailbox_weeks(). Pure; owned
/// by the Mailbox.
///
///   Closed --pump()--> Opening --Ok--> Reading --End--> Ended        any --down()--> Closed
///
///   Closed   pump()      no handle
///   Opening  answered()
///   Reading  answered()  messages come, and are deleted once what they led to is durable
///   Ended    down()      another reader took the mailbox over; it has it for this session
class Inbox {
 public:
  void down() { readers_.clear(); }
  struct Place {
    const crypto::Key* id_root = nullptr;
    Direction way;
    Week week = 0;
  };
  /// Asks what is to be asked now; `looking`: also whether they are empty, where that is not known.
  /// Requires relay.up().
  void pump(RelayLine& relay, const Place& place, bool looking, const Now& now);

  enum class Heard {
    kNotMine,  ///< an answer to somebody else
    kNothing,
    kMessage,  ///< one of this direction: read it, then say acknowledge()
  };
  Heard answered(const RelayFrameCame& came, RelayLine& relay, const Now& now);
  /// The Message of this correlation is read, and what it led to is in the Output of this step.
  void acknowledge(const RelayFrameCame& came, RelayLine& relay);

  /// What was known of their being empty is old.
  void look();
  /// All of them were, since look() and the last message.
  [[nodiscard]] bool seen_empty() const;
  [[nodiscard]] std::optional<Steady> next() const;

 private:
  enum class State { kClosed, kOpening, kReading, kEnded };
  struct Reader {
    State state = State::kClosed;
    relay::Capability capability{};
    std::uint16_t handle = 0;
    std::optional<std::uint32_t> opening{};  ///< correlation of an Open, the first or a look
    std::uint32_t subscription = 0;          ///< correlation of the Subscribe
    bool looked = false;                     ///< `empty` was said since look() and each message
    bool empty = false;
    bool late = false;  ///< what `opening` is answered was true before the last look() or message
    std::optional<Steady> not_before{};
    void outdated() {
      looked = false;
      late = opening.has_value();
    }
  };
  void open(Reader& reader, RelayLine& relay);
  void opened(Reader& reader, const RelayFrameCame& came, RelayLine& relay, const Now& now);
  Reader* of_subscription(std::uint32_t correlation);

  std::map<Week, Reader> readers_;
};

}  // namespace attune::sync
