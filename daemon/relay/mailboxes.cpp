#include "daemon/relay/mailboxes.h"

#include <cassert>

namespace attune::relay {
namespace {

/// Of one transaction, so that nobody waits for long.
constexpr std::size_t kExpiredAtOnce = 512;

}  // namespace

void Batch::clear() {
  jobs.clear();
  bodies.clear();
  found.clear();
  read_bytes.clear();
  weight = 0;
}

void Mailboxes::perform(Batch& batch) {
  held_.clear();
  used_bytes_ = store_.used_bytes();
  for (Job& job : batch.jobs) {
    switch (job.kind) {
      case JobKind::kOpen:
        open(job);
        break;
      case JobKind::kPut:
        put(job, batch.body_of(job));
        break;
      case JobKind::kAcknowledge:
        acknowledge(job);
        break;
      case JobKind::kRead:
        read(job, batch);
        break;
      case JobKind::kExpire:
        expire(job);
        break;
    }
  }
  write_back();
}

Mailboxes::Held& Mailboxes::hold(const MailboxId& id) {
  const auto [at, is_new] = held_.try_emplace(id);
  if (is_new) at->second.row = store_.find(id);
  return at->second;
}

void Mailboxes::write_back() {
  for (auto& [id, held] : held_) {
    if (held.changed) store_.update(*held.row);
  }
  held_.clear();
}

/// The same statements for a mailbox that is empty and for one that is not there.
void Mailboxes::open(Job& job) {
  const Held& held = hold(job.mailbox);
  const MailboxRow row = held.row.value_or(MailboxRow{});
  job.last = row.last;
  job.used = row.used;
  job.first = 0;
  store_.read(row.key, 0, [&job](std::uint64_t seq, ByteView) {
    job.first = seq;
    return false;
  });
}

void Mailboxes::put(Job& job, ByteView body) {
  Held& held = hold(job.mailbox);
  job.last = held.row ? held.row->last : 0;
  const std::uint64_t room = held.row ? limits_.store_bytes : limits_.store_bytes / 10 * 9;
  if (job.seq <= job.last) {
    job.put = Job::Put::kDuplicate;
  } else if (job.seq != job.last + 1) {
    job.put = Job::Put::kOutOfOrder;
  } else if (used_bytes_ + body.size() > room) {
    job.put = Job::Put::kRelayFull;
  } else if (held.row && (held.row->count >= limits_.mailbox_messages ||
                          held.row->used + body.size() > limits_.mailbox_bytes)) {
    job.put = Job::Put::kMailboxFull;
  } else {
    if (!held.row) held.row = store_.create(job.mailbox, job.day);
    store_.append(held.row->key, job.seq, job.day, body);
    held.row->last = job.last = job.seq;
    held.row->used += body.size();
    held.row->count += 1;
    held.row->day = job.day;
    held.changed = true;
    used_bytes_ += body.size();
    job.put = Job::Put::kTaken;
  }
}

void Mailboxes::acknowledge(const Job& job) {
  Held& held = hold(job.mailbox);
  if (!held.row || held.row->count == 0) return;
  const Removed removed = store_.remove(held.row->key, job.seq);
  if (removed.count == 0) return;
  assert(removed.count <= held.row->count && removed.bytes <= held.row->used);
  held.row->count -= removed.count;
  held.row->used -= removed.bytes;
  held.changed = true;
}

void Mailboxes::read(Job& job, Batch& batch) {
  const Held& held = hold(job.mailbox);
  job.found = static_cast<std::uint32_t>(batch.found.size());
  job.found_count = 0;
  job.more = false;
  std::size_t bytes = 0;
  const auto take = [&](std::uint64_t seq, ByteView body) {
    const bool full = job.found_count > 0 && bytes + body.size() > limits::kRelayReadBytes;
    if (full || job.found_count >= job.count_max) {
      job.more = true;
      return false;
    }
    batch.found.push_back({.seq = seq,
                           .offset = static_cast<std::uint32_t>(batch.read_bytes.size()),
                           .size = static_cast<std::uint32_t>(body.size())});
    append(batch.read_bytes, body);
    bytes += body.size();
    job.found_count += 1;
    return true;
  };
  store_.read(held.row ? held.row->key : 0, job.seq, take);
}

/// What it deletes changes rows behind those that are held, so these are written first.
void Mailboxes::expire(Job& job) {
  write_back();
  const std::uint32_t life = limits_.message_days;
  if (job.day <= 2 * life) return;
  job.more = store_.expire(job.day - life, kExpiredAtOnce) ||
             store_.forget_mailboxes(job.day - 2 * life, kExpiredAtOnce);
}

}  // namespace attune::relay
