#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/bytes.h"
#include "proto/limits.h"
#include "proto/relay_frame.h"

namespace attune::relay {

/// A connection that has said HELLO. Never reused within one process.
struct SessionId {
  std::uint64_t value = 0;
  friend auto operator<=>(const SessionId&, const SessionId&) = default;
};

/// Who asked, and for what the answer is.
struct Asker {
  SessionId session{};
  std::uint32_t correlation = 0;
  std::uint16_t handle = 0;
  std::uint64_t subscription = 0;  ///< of a look on behalf of a subscriber; 0: a Fetch
};

enum class JobKind : std::uint8_t { kOpen, kPut, kAcknowledge, kRead, kExpire };

/// One thing that the store is asked, and its answer.
struct Job {
  JobKind kind = JobKind::kOpen;
  Asker asker{};
  MailboxId mailbox{};
  std::uint64_t seq = 0;        ///< put: wseq; acknowledge: up to; read: after
  std::uint32_t offset = 0;     ///< put: where the body stands in Batch::bodies ...
  std::uint32_t size = 0;       ///< ... and its size
  std::uint32_t count_max = 0;  ///< read: how many messages
  std::uint32_t day = 0;        ///< put, expire: today

  // The answer.
  enum class Put : std::uint8_t { kTaken, kDuplicate, kOutOfOrder, kMailboxFull, kRelayFull };
  Put put = Put::kTaken;
  std::uint64_t last = 0;         ///< open, put: the last wseq taken
  std::uint64_t first = 0;        ///< open: the oldest message, 0: none
  std::uint64_t used = 0;         ///< open: bytes that wait
  std::uint32_t found = 0;        ///< read: the first of its messages in Batch::found ...
  std::uint32_t found_count = 0;  ///< ... and how many
  bool more = false;  ///< read: there are others behind; expire: it goes on in the next batch
};

/// How many bytes a job counts for while it waits: its body, or what a look may bring, and itself.
inline std::size_t weight_of(const Job& job, std::size_t body_bytes) {
  return sizeof(Job) + (job.kind == JobKind::kRead ? limits::kRelayReadBytes : body_bytes);
}

/// A message that was read; its bytes stand in Batch::read_bytes.
struct FoundMessage {
  std::uint64_t seq = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// What one transaction does, with the bytes it needs. Filled, performed, answered, then used again
/// with the memory it has. At most kRelayBatchMessages jobs and about kRelayBatchBytes.
struct Batch {
  std::vector<Job> jobs;
  Bytes bodies;
  std::vector<FoundMessage> found;
  Bytes read_bytes;
  std::size_t weight = 0;  ///< the sum of weight_of()

  void clear();
  [[nodiscard]] ByteView body_of(const Job& job) const {
    return ByteView(bodies).subspan(job.offset, job.size);
  }
  [[nodiscard]] ByteView body_of(const FoundMessage& message) const {
    return ByteView(read_bytes).subspan(message.offset, message.size);
  }
};

}  // namespace attune::relay
