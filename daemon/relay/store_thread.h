#pragma once

#include <asio/io_context.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/relay/batch.h"
#include "daemon/relay/mailboxes.h"

namespace attune::relay {

/// Performs jobs on a thread of its own, in the order in which they came, many in one transaction:
/// the next begins when the last has ended, with what has come meanwhile. Answers are given on the
/// io_context's thread, after the commit. A checkpoint runs on a third thread. Everything here is
/// called on the io_context's thread.
class StoreThread {
 public:
  struct Told {
    /// Its answers are valid during the call. `durable` is false where no space is left: nothing of
    /// it was done.
    std::function<void(Batch& batch, bool durable)> answered;
    /// The database failed: the process must end.
    std::function<void(std::exception_ptr)> failed;
  };
  /// Opens the database before it returns; throws StoreFailure. The io_context outlives it.
  StoreThread(asio::io_context& io, const std::filesystem::path& file, const MailboxLimits& limits,
              Told told);
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;
  ~StoreThread();

  /// Copies the body. begin() sets the thread to work.
  void add(const Job& job, ByteView body = {});
  void begin();
  /// Bytes that wait or are being worked on.
  [[nodiscard]] std::size_t weight() const { return weight_; }
  /// All that was added is done and answered.
  [[nodiscard]] bool is_idle() const { return jobs_ == 0; }

 private:
  class Worker;

  void answer(std::unique_ptr<Batch> batch, bool durable);
  std::unique_ptr<Batch> fresh_batch();

  asio::io_context& io_;
  Told told_;
  std::size_t weight_ = 0;
  std::size_t jobs_ = 0;
  std::vector<std::unique_ptr<Batch>> spare_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace attune::relay
