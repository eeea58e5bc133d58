#pragma once

#include <cstdint>
#include <map>

#include "daemon/relay/batch.h"
#include "daemon/relay/mailbox_store.h"
#include "proto/limits.h"

namespace attune::relay {

struct MailboxLimits {
  std::uint64_t mailbox_bytes = limits::kRelayMailboxBytes;
  std::uint32_t mailbox_messages = limits::kRelayMailboxMessages;
  std::uint32_t message_days = limits::kRelayMessageDays;
  std::uint64_t store_bytes = limits::kRelayStoreBytes;
};

/// The rules of mailboxes, over any MailboxStore: what a put, an acknowledgement, a look and the
/// passing of days do. Pure; the store outlives it. One thread.
///
/// A mailbox comes to be with its first put and goes when it has held nothing for twice a message's
/// life. A put is taken where its wseq is the one after the last: a repeated one changes nothing,
/// and none is taken behind one that was refused. Above nine tenths of the store's bytes only
/// mailboxes that are there take puts.
class Mailboxes {
 public:
  Mailboxes(MailboxStore& store, const MailboxLimits& limits) : store_(store), limits_(limits) {}

  /// Performs the jobs in order, within the transaction that the caller begins and commits, and
  /// writes each answer into its job.
  void perform(Batch& batch);

 private:
  /// A row as this batch has it: read once, written back once.
  struct Held {
    std::optional<MailboxRow> row;
    bool changed = false;
  };
  Held& hold(const MailboxId& id);
  void open(Job& job);
  void put(Job& job, ByteView body);
  void acknowledge(const Job& job);
  void read(Job& job, Batch& batch);
  void expire(Job& job);
  void write_back();

  MailboxStore& store_;
  MailboxLimits limits_;
  std::map<MailboxId, Held> held_;
  std::uint64_t used_bytes_ = 0;  ///< of the store, as this batch found it and adds to it
};

}  // namespace attune::relay
