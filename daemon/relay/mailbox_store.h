#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "proto/bytes.h"
#include "proto/relay_frame.h"

namespace attune::relay {

/// What is kept of a mailbox beside its messages. `key` is the store's own name for it.
struct MailboxRow {
  std::int64_t key = 0;
  std::uint64_t last = 0;   ///< the last wseq taken
  std::uint64_t used = 0;   ///< bytes of all bodies
  std::uint32_t count = 0;  ///< messages
  std::uint32_t day = 0;    ///< of the last put, days since 1970 UTC
};

/// What was deleted of one mailbox.
struct Removed {
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
};

/// The one interface to the database: a few statements that every SQL database has, between begin()
/// and commit(). Nothing here assumes that this process is the only one: a row that find() gives is
/// this transaction's until it ends (SQLite has one writer; elsewhere SELECT ... FOR UPDATE). One
/// thread. Failures are StoreFailure.
class MailboxStore {
 public:
  virtual ~MailboxStore() = default;

  virtual void begin() = 0;
  /// Durable when it returns.
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;

  virtual std::optional<MailboxRow> find(const MailboxId& id) = 0;
  virtual MailboxRow create(const MailboxId& id, std::uint32_t day) = 0;
  virtual void update(const MailboxRow& row) = 0;
  /// Appended, never ordered by mailbox. (mailbox, seq) is unique.
  virtual void append(std::int64_t mailbox, std::uint64_t seq, std::uint32_t day,
                      ByteView body) = 0;
  /// Deletes the messages up to `seq`.
  virtual Removed remove(std::int64_t mailbox, std::uint64_t seq) = 0;
  /// Messages with a greater seq than `after`, in order, until `take` says stop. The body is gone
  /// when `take` returns.
  virtual void read(std::int64_t mailbox, std::uint64_t after,
                    const std::function<bool(std::uint64_t seq, ByteView body)>& take) = 0;
  /// Deletes up to `count_max` messages put before `day`, the oldest first, with what mailboxes
  /// count of them; false: none is left.
  virtual bool expire(std::uint32_t day, std::size_t count_max) = 0;
  /// Deletes up to `count_max` mailboxes without messages that took none since `day`.
  virtual bool forget_mailboxes(std::uint32_t day, std::size_t count_max) = 0;
  /// About how many bytes all of it takes.
  virtual std::uint64_t used_bytes() = 0;
};

}  // namespace attune::relay
