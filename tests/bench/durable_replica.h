#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/buffered_random.h"
#include "daemon/store/store.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/replica.h"

namespace attune::bench {

/// A folder that is gone with this.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// One person's device as the daemon has it, without process and sockets: a Replica over a sealed
/// Store on a disk. `kinds` and the folder outlive it.
class DurableReplica {
 public:
  DurableReplica(const KindTable& kinds, std::filesystem::path folder, sync::Self self);

  /// Once, before first use: who the other is. Both share a couple and roots.
  static void pair(DurableReplica& a, DurableReplica& b);
  /// Reads the store and folds it: what an unlock does after Argon2id.
  void open();
  /// Leaves nothing but the files; the log is written back.
  void close();

  /// One command; what it changes waits for commit().
  sync::Answer ask(sync::Command command);
  /// Makes all that was asked durable, in one transaction.
  void commit();
  /// Whom it dialled while commands were asked; they wait for an answer.
  std::vector<LinkId> take_dials();
  /// One Input as the driver takes it: durable before anything of the Output is given.
  sync::Output step(sync::Input input);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::size_t record_count() const { return store_->record_count(); }
  [[nodiscard]] const crypto::Key& dek() const { return dek_; }

 private:
  const KindTable& kinds_;
  std::filesystem::path folder_;
  crypto::BufferedRandom random_;
  sync::Self self_;
  store::StoreId store_id_;
  crypto::Key dek_;
  std::optional<store::Store> store_;
  std::unique_ptr<sync::Replica> replica_;
  RecordBatch asked_;
  std::vector<LinkId> dials_;
  std::uint64_t next_request_ = 1;
};

/// What went over a connection between two devices.
struct Exchanged {
  std::size_t bytes = 0;  ///< both directions, as net sends them: framed and sealed
  double seconds = 0;     ///< of the processor, for both devices together
};
/// Connects both and lets them bring each other up to date; opens them anew afterwards, which is
/// not in the time.
Exchanged exchange(DurableReplica& a, DurableReplica& b);

}  // namespace attune::bench
