#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "daemon/relay/mailbox_store.h"

namespace attune::relay {

/// The database failed. `full`: no space is left, nothing was changed, later may work; else the
/// process must stop, since what an fsync could not keep can't be asked twice. what() names the
/// step.
class StoreFailure : public std::runtime_error {
 public:
  StoreFailure(bool full, const std::string& step) : std::runtime_error(step), full_(full) {}
  [[nodiscard]] bool full() const { return full_; }

 private:
  bool full_;
};

/// Mailboxes in one SQLite file in write-ahead mode; each commit is fsynced, deleted bytes are
/// overwritten with zeros. The one writer; a checkpoint may run beside it over a connection of its
/// own (SqliteCheckpoint). One thread.
class SqliteStore final : public MailboxStore {
 public:
  /// Makes the file (0600) where it is not there.
  explicit SqliteStore(const std::filesystem::path& file);
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;
  ~SqliteStore() override;

  void begin() override;
  void commit() override;
  void roll_back() noexcept override;
  std::optional<MailboxRow> find(const MailboxId& id) override;
  MailboxRow create(const MailboxId& id, std::uint32_t day) override;
  void update(const MailboxRow& row) override;
  void append(std::int64_t mailbox, std::uint64_t seq, std::uint32_t day, ByteView body) override;
  Removed remove(std::int64_t mailbox, std::uint64_t seq) override;
  void read(std::int64_t mailbox, std::uint64_t after,
            const std::function<bool(std::uint64_t seq, ByteView body)>& take) override;
  bool expire(std::uint32_t day, std::size_t count_max) override;
  bool forget_mailboxes(std::uint32_t day, std::size_t count_max) override;
  std::uint64_t used_bytes() override;

  /// Pages of log that the last commit left.
  [[nodiscard]] int log_pages() const;
  /// Writes what is left of the log back. Short when SqliteCheckpoint has just run.
  void checkpoint();

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

/// Writes the log back into the file while the writer goes on. A thread of its own.
class SqliteCheckpoint {
 public:
  explicit SqliteCheckpoint(const std::filesystem::path& file);
  SqliteCheckpoint(const SqliteCheckpoint&) = delete;
  SqliteCheckpoint& operator=(const SqliteCheckpoint&) = delete;
  ~SqliteCheckpoint();
  void run();

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace attune::relay
