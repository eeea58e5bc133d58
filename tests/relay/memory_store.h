#pragma once

#include <map>
#include <vector>

#include "daemon/relay/mailbox_store.h"

namespace attune::relay {

/// A MailboxStore in memory whose transactions can be lost: what a crash leaves is what was last
/// committed.
class MemoryStore final : public MailboxStore {
 public:
  void begin() override { working_ = committed_; }
  void commit() override { committed_ = working_; }
  void roll_back() noexcept override { working_ = committed_; }

  std::optional<MailboxRow> find(const MailboxId& id) override {
    const auto at = working_.mailboxes.find(id);
    if (at == working_.mailboxes.end()) return std::nullopt;
    return at->second;
  }
  MailboxRow create(const MailboxId& id, std::uint32_t day) override {
    const MailboxRow row{.key = ++working_.last_key, .day = day};
    working_.mailboxes[id] = row;
    return row;
  }
  void update(const MailboxRow& row) override {
    for (auto& [id, kept] : working_.mailboxes) {
      if (kept.key == row.key) kept = row;
    }
  }
  void append(std::int64_t mailbox, std::uint64_t seq, std::uint32_t day, ByteView body) override {
    working_.messages[{mailbox, seq}] = {day, Bytes(body.begin(), body.end())};
  }
  Removed remove(std::int64_t mailbox, std::uint64_t seq) override {
    Removed removed;
    std::erase_if(working_.messages, [&](const auto& entry) {
      if (entry.first.first != mailbox || entry.first.second > seq) return false;
      removed.bytes += entry.second.second.size();
      removed.count += 1;
      return true;
    });
    return removed;
  }
  void read(std::int64_t mailbox, std::uint64_t after,
            const std::function<bool(std::uint64_t, ByteView)>& take) override {
    auto at = working_.messages.upper_bound({mailbox, after});
    for (; at != working_.messages.end() && at->first.first == mailbox; ++at) {
      if (!take(at->first.second, at->second.second)) return;
    }
  }
  bool expire(std::uint32_t day, std::size_t count_max) override {
    std::size_t gone = 0;
    std::erase_if(working_.messages, [&](const auto& entry) {
      if (entry.second.first >= day || gone == count_max) return false;
      for (auto& [id, row] : working_.mailboxes) {
        if (row.key != entry.first.first) continue;
        row.used -= entry.second.second.size();
        row.count -= 1;
      }
      gone += 1;
      return true;
    });
    return gone == count_max;
  }
  bool forget_mailboxes(std::uint32_t day, std::size_t count_max) override {
    std::size_t gone = 0;
    std::erase_if(working_.mailboxes, [&](const auto& entry) {
      const bool old = entry.second.count == 0 && entry.second.day < day && gone < count_max;
      gone += old ? 1 : 0;
      return old;
    });
    return gone == count_max;
  }
  std::uint64_t used_bytes() override {
    std::uint64_t bytes = 0;
    for (const auto& [key, message] : working_.messages) bytes += message.second.size();
    return bytes;
  }

  [[nodiscard]] std::size_t mailbox_count() const { return committed_.mailboxes.size(); }
  [[nodiscard]] std::size_t message_count() const { return committed_.messages.size(); }

 private:
  struct Image {
    std::map<MailboxId, MailboxRow> mailboxes;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::pair<std::uint32_t, Bytes>> messages;
    std::int64_t last_key = 0;
  };
  Image committed_;
  Image working_;
};

}  // namespace attune::relay
