#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "crypto/random.h"
#include "crypto/secret.h"
#include "daemon/store/slot.h"
#include "daemon/store/store_error.h"
#include "proto/record.h"

namespace attune::store {

/// Sealed records in one SQLite file: each authenticated by itself, all of them together by the
/// root record, which is rewritten in each transaction. A record that is missing, moved, swapped,
/// older or damaged is found when the store is opened. Holds the DEK and the file's lock as long as
/// it lives; borrows the Random, which outlives it. Moves, never copies. One thread. Destroying it
/// writes nothing: settle() first where the log should be empty. Throws StoreError. After kIo no
/// call works again. Source: docs/storage.md.
class Store {
 public:
  /// A new, empty store in an existing folder. kDamaged where a store is there already, unless it
  /// is what an init left that never came to Vault::write().
  static Store create(const std::filesystem::path& folder, const StoreId& id, crypto::Key dek,
                      crypto::Random& random);
  /// Reads and checks every record. kDamaged for anything that isn't as it was last committed (a
  /// wrong DEK included), kNewer for a store of a later version (which keeps its every byte), kBusy
  /// where another process has it open.
  static Store open(const std::filesystem::path& folder, const StoreId& id, crypto::Key dek,
                    crypto::Random& random);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  /// Every record but the root, in no order. Read from disk and checked again when called again.
  [[nodiscard]] std::vector<Record> load();

  /// One transaction: durable when it returns, nothing of it is there when it throws kFull. Of two
  /// changes to one record the last counts; erasing what isn't there changes nothing. No change
  /// names kRoot; bodies are below limits::kRecordBytesMax. Where the batch erases, the old bytes
  /// have left all files when it returns, except as erasure_owed() says.
  void commit(const RecordBatch& batch);

  /// Bytes that a commit erased are still in the log, because the disk had no room to write it
  /// back. Tried again by each commit, by settle() and by open().
  [[nodiscard]] bool erasure_owed() const;

  /// Writes the log back into the file and truncates it, so that it shows nobody what was written
  /// when. Before lock and at the end; keeps what is committed, and the store stays usable.
  void settle();

  /// Transactions since the store was made.
  [[nodiscard]] std::uint64_t generation() const;
  [[nodiscard]] std::size_t record_count() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace attune::store
