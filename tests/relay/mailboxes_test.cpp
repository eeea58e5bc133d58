#include "daemon/relay/mailboxes.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "crypto/random.h"
#include "daemon/relay/sqlite_store.h"
#include "tests/relay/memory_store.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

constexpr std::uint32_t kToday = 20'000;

MailboxId mailbox(std::uint8_t number) {
  MailboxId id;
  id.bytes[0] = number;
  return id;
}

/// Asks one thing a transaction, of either store.
class MailboxesOver : public testing::TestWithParam<bool> {
 protected:
  MailboxesOver() {
    if (GetParam()) {
      store_ = std::make_unique<SqliteStore>(folder_.path() / "m.db");
    } else {
      store_ = std::make_unique<MemoryStore>();
    }
  }

  Job ask(Job job, ByteView body = {}) {
    batch_.clear();
    job.size = static_cast<std::uint32_t>(body.size());
    batch_.jobs.push_back(job);
    append(batch_.bodies, body);
    Mailboxes mailboxes(*store_, limits_);
    store_->begin();
    mailboxes.perform(batch_);
    store_->commit();
    return batch_.jobs[0];
  }
  Job::Put put(std::uint8_t to, std::uint64_t wseq, std::size_t size = 10) {
    Job job{.kind = JobKind::kPut, .mailbox = mailbox(to), .seq = wseq};
    job.day = day_;
    return ask(job, Bytes(size, static_cast<std::uint8_t>(wseq))).put;
  }
  Job open(std::uint8_t of) { return ask({.kind = JobKind::kOpen, .mailbox = mailbox(of)}); }
  void acknowledge(std::uint8_t of, std::uint64_t seq) {
    ask({.kind = JobKind::kAcknowledge, .mailbox = mailbox(of), .seq = seq});
  }
  std::vector<std::uint64_t> read(std::uint8_t of, std::uint64_t after = 0,
                                  std::uint32_t count_max = 1'000) {
    Job job{.kind = JobKind::kRead, .mailbox = mailbox(of), .seq = after};
    job.count_max = count_max;
    more_ = ask(job).more;
    std::vector<std::uint64_t> seqs;
    for (const FoundMessage& message : batch_.found) {
      seqs.push_back(message.seq);
      EXPECT_EQ(batch_.body_of(message)[0], static_cast<std::uint8_t>(message.seq));
    }
    return seqs;
  }
  void expire() {
    bool more = true;
    while (more) {
      Job job{.kind = JobKind::kExpire};
      job.day = day_;
      more = ask(job).more;
    }
  }

  using Seqs = std::vector<std::uint64_t>;
  TemporaryFolder folder_;
  std::unique_ptr<MailboxStore> store_;
  MailboxLimits limits_;
  Batch batch_;
  std::uint32_t day_ = kToday;
  bool more_ = false;
};

TEST_P(MailboxesOver, APutIsReadUntilItIsAcknowledged) {
  EXPECT_EQ(put(1, 1), Job::Put::kTaken);
  EXPECT_EQ(put(1, 2), Job::Put::kTaken);
  EXPECT_EQ(read(1), (Seqs{1, 2}));
  EXPECT_EQ(read(1, 1), Seqs{2});
  EXPECT_EQ(read(2), Seqs{});
  acknowledge(1, 1);
  EXPECT_EQ(read(1), Seqs{2});
  acknowledge(1, 2);
  EXPECT_EQ(read(1), Seqs{});
}

TEST_P(MailboxesOver, APutIsTakenOnceEvenAfterItWasAcknowledged) {
  EXPECT_EQ(put(1, 1), Job::Put::kTaken);
  EXPECT_EQ(put(1, 1), Job::Put::kDuplicate);
  acknowledge(1, 1);
  EXPECT_EQ(put(1, 1), Job::Put::kDuplicate);
  EXPECT_EQ(read(1), Seqs{});
  EXPECT_EQ(open(1).last, 1u);
}

TEST_P(MailboxesOver, NothingIsTakenBehindAGap) {
  EXPECT_EQ(put(1, 2), Job::Put::kOutOfOrder);
  EXPECT_EQ(put(1, 1), Job::Put::kTaken);
  EXPECT_EQ(put(1, 3), Job::Put::kOutOfOrder);
  EXPECT_EQ(put(1, 2), Job::Put::kTaken);
}

TEST_P(MailboxesOver, AnEmptyMailboxLooksLikeNoneToItsReader) {
  put(1, 1);
  EXPECT_EQ(open(1).first, 1u);
  EXPECT_EQ(open(1).used, 10u);
  acknowledge(1, 1);
  const Job empty = open(1);
  const Job absent = open(2);
  EXPECT_EQ(empty.first, absent.first);
  EXPECT_EQ(empty.used, absent.used);
}

TEST_P(MailboxesOver, OpeningAndAcknowledgingMakeNothing) {
  open(1);
  acknowledge(1, 5);
  read(1);
  EXPECT_FALSE(store_->find(mailbox(1)));
}

TEST_P(MailboxesOver, AFullMailboxTakesNothingUntilSomeOfItIsRead) {
  limits_.mailbox_messages = 2;
  put(1, 1);
  put(1, 2);
  EXPECT_EQ(put(1, 3), Job::Put::kMailboxFull);
  acknowledge(1, 1);
  EXPECT_EQ(put(1, 3), Job::Put::kTaken);
  limits_.mailbox_bytes = 100;
  EXPECT_EQ(put(2, 1, 100), Job::Put::kTaken);
  EXPECT_EQ(put(2, 2, 1), Job::Put::kMailboxFull);
  EXPECT_EQ(put(3, 1, 99), Job::Put::kTaken);
  EXPECT_EQ(put(3, 2, 1), Job::Put::kTaken);
}

TEST_P(MailboxesOver, AFullRelayStillServesMailboxesThatAreThere) {
  put(1, 1);
  limits_.store_bytes = store_->used_bytes() * 20 / 19;  // nine tenths of it are used up
  EXPECT_EQ(put(2, 1), Job::Put::kRelayFull);
  EXPECT_EQ(put(1, 2, 1), GetParam() ? Job::Put::kTaken : Job::Put::kRelayFull);
  limits_.store_bytes = 1;
  EXPECT_EQ(put(1, 3, 1), GetParam() ? Job::Put::kRelayFull : Job::Put::kOutOfOrder);
}

TEST_P(MailboxesOver, ALookIsBounded) {
  for (std::uint64_t wseq = 1; wseq <= 6; ++wseq) put(1, wseq, 30'000);
  EXPECT_EQ(read(1), (Seqs{1, 2}));
  EXPECT_TRUE(more_);
  EXPECT_EQ(read(1, 4), (Seqs{5, 6}));
  EXPECT_FALSE(more_);
  EXPECT_EQ(read(1, 0, 1), Seqs{1});
  EXPECT_TRUE(more_);
  put(2, 1, limits::kRelayBodyMax);
  EXPECT_EQ(read(2), Seqs{1});
}

TEST_P(MailboxesOver, WhatNobodyFetchesExpiresAndThenItsMailbox) {
  put(1, 1);
  day_ += 1;
  put(1, 2);
  put(2, 1);
  acknowledge(2, 1);
  day_ = kToday + limits_.message_days;
  expire();
  EXPECT_EQ(read(1), (Seqs{1, 2}));
  day_ += 1;
  expire();
  EXPECT_EQ(read(1), Seqs{2});
  EXPECT_EQ(open(1).used, 10u);
  day_ += 1;
  expire();
  EXPECT_EQ(open(1).last, 2u);
  day_ = kToday + 1 + 2 * limits_.message_days;
  expire();
  EXPECT_TRUE(store_->find(mailbox(2)));
  day_ += 1;
  expire();
  EXPECT_FALSE(store_->find(mailbox(1)));
  EXPECT_FALSE(store_->find(mailbox(2)));
}

TEST_P(MailboxesOver, ManyExpireInSeveralTransactions) {
  for (std::uint64_t wseq = 1; wseq <= 600; ++wseq) put(1, wseq, 1);
  day_ += limits_.message_days + 1;
  expire();
  EXPECT_EQ(open(1).used, 0u);
  EXPECT_EQ(open(1).last, 600u);
}

INSTANTIATE_TEST_SUITE_P(Stores, MailboxesOver, testing::Bool(), [](const auto& store) {
  return store.param ? std::string("Sqlite") : std::string("Memory");
});

/// What a mailbox must be, kept as simply as can be.
struct Oracle {
  std::uint64_t last = 0;
  std::map<std::uint64_t, Bytes> messages;
};

/// Random jobs in random batches over both stores: the answers are those of the oracle, and both
/// stores give the same. Some transactions are lost.
TEST(Mailboxes, AnswerAsTheOracleWhateverIsAskedAndLost) {
  TemporaryFolder folder;
  crypto::SeededRandom random(42);
  MemoryStore memory;
  SqliteStore sqlite(folder.path() / "m.db");
  MailboxLimits limits{.mailbox_bytes = 600, .mailbox_messages = 12};
  Mailboxes over_memory(memory, limits);
  Mailboxes over_sqlite(sqlite, limits);
  std::map<std::uint8_t, Oracle> oracle;
  for (int round = 0; round < 400; ++round) {
    Batch batch;
    const std::uint32_t count = 1 + random.below(20);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto box = static_cast<std::uint8_t>(random.below(4));
      Job job{.mailbox = mailbox(box)};
      job.kind = static_cast<JobKind>(random.below(4));
      job.day = kToday;
      job.seq = oracle[box].last + random.below(4);
      job.count_max = 1 + random.below(8);
      if (job.kind == JobKind::kPut) {
        job.offset = static_cast<std::uint32_t>(batch.bodies.size());
        job.size = 1 + random.below(100);
        append(batch.bodies, Bytes(job.size, static_cast<std::uint8_t>(random.below(256))));
      }
      batch.jobs.push_back(job);
    }
    Batch same = batch;
    const bool lost = random.below(5) == 0;
    for (const auto& [over, store, what] :
         {std::tuple<Mailboxes*, MailboxStore*, Batch*>{&over_memory, &memory, &batch},
          std::tuple<Mailboxes*, MailboxStore*, Batch*>{&over_sqlite, &sqlite, &same}}) {
      store->begin();
      over->perform(*what);
      lost ? store->roll_back() : store->commit();
    }
    std::map<std::uint8_t, Oracle> after = oracle;
    for (std::size_t i = 0; i < batch.jobs.size(); ++i) {
      const Job& job = batch.jobs[i];
      const Job& other = same.jobs[i];
      Oracle& box = after[job.mailbox.bytes[0]];
      ASSERT_EQ(job.put, other.put);
      ASSERT_EQ(job.last, other.last);
      std::uint64_t used = 0;
      for (const auto& [seq, body] : box.messages) used += body.size();
      if (job.kind == JobKind::kOpen) {
        ASSERT_EQ(job.last, box.last);
        ASSERT_EQ(job.used, used);
        ASSERT_EQ(other.used, used);
        ASSERT_EQ(job.first, box.messages.empty() ? 0 : box.messages.begin()->first);
        ASSERT_EQ(other.first, job.first);
      } else if (job.kind == JobKind::kPut) {
        const ByteView body = batch.body_of(job);
        const bool room = box.messages.size() < limits.mailbox_messages &&
                          used + body.size() <= limits.mailbox_bytes;
        const auto expected = job.seq <= box.last      ? Job::Put::kDuplicate
                              : job.seq > box.last + 1 ? Job::Put::kOutOfOrder
                              : room                   ? Job::Put::kTaken
                                                       : Job::Put::kMailboxFull;
        ASSERT_EQ(job.put, expected);
        if (expected != Job::Put::kTaken) continue;
        box.messages[job.seq] = Bytes(body.begin(), body.end());
        box.last = job.seq;
      } else if (job.kind == JobKind::kAcknowledge) {
        box.messages.erase(box.messages.begin(), box.messages.upper_bound(job.seq));
      } else {
        auto at = box.messages.upper_bound(job.seq);
        ASSERT_EQ(job.found_count, other.found_count);
        for (std::uint32_t m = 0; m < job.found_count; ++m, ++at) {
          const FoundMessage& found = batch.found[job.found + m];
          ASSERT_EQ(found.seq, at->first);
          ASSERT_EQ(Bytes(batch.body_of(found).begin(), batch.body_of(found).end()), at->second);
          ASSERT_EQ(same.found[other.found + m].seq, at->first);
        }
        ASSERT_EQ(job.more, at != box.messages.end());
        ASSERT_EQ(other.more, job.more);
      }
    }
    if (!lost) oracle = after;
  }
}

TEST(SqliteStore, KeepsWhatWasCommittedAndOverwritesWhatWasDeleted) {
  TemporaryFolder folder;
  const auto file = folder.path() / "m.db";
  const std::string canary = "SEARCH-FOR-ME-0123456789";
  {
    SqliteStore store(file);
    store.begin();
    const MailboxRow row = store.create(mailbox(1), kToday);
    store.append(row.key, 1, kToday, as_bytes(canary));
    store.commit();
    store.checkpoint();
    store.begin();
    store.append(row.key, 2, kToday, as_bytes(canary));
    store.roll_back();
  }
  {
    SqliteStore store(file);
    store.begin();
    std::vector<std::uint64_t> seqs;
    store.read(store.find(mailbox(1))->key, 0, [&seqs](std::uint64_t seq, ByteView) {
      seqs.push_back(seq);
      return true;
    });
    EXPECT_EQ(seqs, std::vector<std::uint64_t>{1});
    store.remove(store.find(mailbox(1))->key, 1);
    store.commit();
  }
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(bytes.find(canary), std::string::npos);
}

TEST(SqliteStore, RefusesAFileOfAnotherProgram) {
  TemporaryFolder folder;
  const auto file = folder.path() / "m.db";
  std::ofstream(file) << std::string(4'096, 'x');
  EXPECT_THROW(SqliteStore{file}, StoreFailure);
}

TEST(SqliteCheckpoint, RunsBesideTheWriter) {
  TemporaryFolder folder;
  const auto file = folder.path() / "m.db";
  SqliteStore store(file);
  SqliteCheckpoint checkpoint(file);
  store.begin();
  const MailboxRow row = store.create(mailbox(1), kToday);
  store.commit();
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    store.begin();
    store.append(row.key, seq, kToday, Bytes(1'000, 7));
    store.commit();
    if (seq % 50 == 0) checkpoint.run();
  }
  const int before = store.log_pages();
  checkpoint.run();
  store.begin();
  store.append(row.key, 201, kToday, Bytes(1'000, 7));
  store.commit();
  EXPECT_LT(store.log_pages(), before);  // the log has begun anew
}

}  // namespace
}  // namespace attune::relay
