#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "daemon/relay/mailboxes.h"
#include "daemon/relay/subscriptions.h"
#include "proto/limits.h"
#include "proto/relay_frame.h"
#include "tests/relay/memory_store.h"

namespace attune::relay {

/// A relay without sockets: questions in, answers out, between them the real Mailboxes and
/// Subscriptions over a store in memory. Keeps mailboxes; joins no pipes.
class ValueRelay {
 public:
  /// An answer, or a message that is pushed; owns its bytes.
  struct Said {
    SessionId to;
    std::uint32_t correlation = 0;
    FromRelay frame;
    Bytes body;  ///< of a Message
    /// With the body where it belongs; good as long as this stands.
    [[nodiscard]] FromRelay whole() const;
  };

  SessionId connect();
  void disconnect(SessionId session);
  void ask(SessionId session, std::uint32_t correlation, const ToRelay& question);
  /// What it says next; nullopt where it has nothing to say.
  std::optional<Said> next();

  [[nodiscard]] Params params() const;
  /// As after a lost disk: nothing is kept and nobody is connected.
  void restart_empty();
  void restart();

  std::uint32_t hour = 500'000;  ///< its clock
  MailboxLimits limits{};
  std::uint16_t handles = attune::limits::kRelayHandles;  ///< open mailboxes of one session

  [[nodiscard]] MemoryStore& store() { return store_; }
  [[nodiscard]] std::size_t message_count() const { return store_.message_count(); }
  /// Every body that was ever put, in order.
  [[nodiscard]] const std::vector<Bytes>& bodies() const { return bodies_; }
  [[nodiscard]] const std::vector<MailboxId>& mailboxes_used() const { return used_; }
  std::deque<Said>& waiting() { return said_; }

 private:
  struct Handle {
    MailboxId mailbox{};
    MailboxRole role = MailboxRole::kReader;
  };
  using Handles = std::vector<Handle>;

  void say(SessionId to, std::uint32_t correlation, const FromRelay& frame, ByteView body = {});
  Job perform(Job job, ByteView body = {});
  const Handle* handle(SessionId session, std::uint16_t number, MailboxRole role);
  void on(SessionId session, std::uint32_t correlation, const Open& open);
  void on(SessionId session, std::uint32_t correlation, const Put& put);
  void on(SessionId session, std::uint32_t correlation, const Subscribe& subscribe);
  void on(SessionId session, std::uint32_t correlation, const Acknowledge& acknowledge);
  void catch_up(const MailboxId& mailbox, SessionId session);

  MemoryStore store_;
  Subscriptions subscriptions_;
  std::map<SessionId, Handles> sessions_;
  std::deque<Said> said_;
  std::vector<Bytes> bodies_;
  std::vector<MailboxId> used_;
  Batch batch_;
  std::uint64_t last_session_ = 0;
};

}  // namespace attune::relay
