#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/relay/batch.h"

namespace attune::relay {

/// Where pushed messages of a mailbox go.
struct Subscriber {
  SessionId session{};
  std::uint32_t correlation = 0;
  std::uint16_t handle = 0;
};

/// Who is told of new messages, how far each has been told, and how much each may still be told.
/// Pure. One subscriber a mailbox: a newer one takes over. A subscriber that is up to date is
/// pushed a message as soon as it is durable, from memory; one that is behind is caught up by looks
/// into the store, one at a time. At most `window` messages are unacknowledged.
class Subscriptions {
 public:
  /// The subscriber that this one replaces, if any. The new one is behind: see next_look().
  std::optional<Subscriber> subscribe(const MailboxId& id, const Subscriber& who,
                                      std::uint64_t after, std::uint16_t window);
  void leave(const MailboxId& id, SessionId session);

  /// A message is durable. Who is to be sent it now; nobody where the subscriber is behind, has no
  /// window left, or `can_send` says that it does not take bytes just now: it falls behind.
  template <typename CanSend>
  std::optional<Subscriber> stored(const MailboxId& id, std::uint64_t seq, CanSend can_send) {
    const auto at = rows_.find(id);
    if (at == rows_.end()) return std::nullopt;
    Row& row = at->second;
    if (row.behind || !row.has_room() || !can_send(row.who.session)) {
      row.behind = true;
      return std::nullopt;
    }
    row.sent(seq);
    return row.who;
  }

  /// The subscriber has everything up to `seq`.
  void acknowledge(const MailboxId& id, SessionId session, std::uint64_t seq);

  struct Look {
    Subscriber who;
    std::uint64_t subscription = 0;  ///< names this subscription; never 0
    std::uint64_t after = 0;
    std::uint32_t count_max = 0;
  };
  /// The look that catches this session up, where it is behind and has window left; it is under way
  /// then until looked().
  std::optional<Look> next_look(const MailboxId& id, SessionId session);
  /// A look found a message. Whom to send it; nobody where the subscription is another's by now.
  std::optional<Subscriber> found(const MailboxId& id, std::uint64_t subscription,
                                  std::uint64_t seq);
  /// The look has ended; `more`: there was more than it might give.
  void looked(const MailboxId& id, std::uint64_t subscription, bool more);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    Subscriber who;
    std::uint64_t subscription = 0;
    std::uint64_t cursor = 0;  ///< the last seq sent
    std::vector<std::uint64_t> unacknowledged;
    std::uint16_t window = 0;
    bool behind = true;
    bool looking = false;

    [[nodiscard]] bool has_room() const { return unacknowledged.size() < window; }
    void sent(std::uint64_t seq);
  };
  Row* find(const MailboxId& id, std::uint64_t subscription);

  std::map<MailboxId, Row> rows_;
  std::uint64_t last_subscription_ = 0;
};

}  // namespace attune::relay
