#include "daemon/relay/store_thread.h"

#include <asio/post.hpp>
#include <utility>

#include "daemon/relay/sqlite_store.h"

namespace attune::relay {
namespace {

/// 16 MiB of log: then it is written back.
constexpr int kCheckpointPages = 4'096;
constexpr std::size_t kSpareBatches = 4;

bool is_full(const Batch& batch) {
  return batch.jobs.size() >= limits::kRelayBatchMessages ||
         batch.weight >= limits::kRelayBatchBytes;
}

}  // namespace

/// The two threads, and what they share with the io_context's under `mutex_`.
class StoreThread::Worker {
 public:
  Worker(StoreThread& owner, const std::filesystem::path& file, const MailboxLimits& limits)
      : owner_(owner), store_(file), checkpoint_store_(file), mailboxes_(store_, limits) {
    writer_ = std::thread([this] { guard(&Worker::write); });
    checkpointer_ = std::thread([this] { guard(&Worker::write_back); });
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_all();
    checkpoint_work_.notify_all();
    writer_.join();
    checkpointer_.join();
  }

  void add(const Job& job, ByteView body) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || is_full(*waiting_.back())) waiting_.push_back(owner_.fresh_batch());
    Batch& batch = *waiting_.back();
    Job& added = batch.jobs.emplace_back(job);
    added.offset = static_cast<std::uint32_t>(batch.bodies.size());
    added.size = static_cast<std::uint32_t>(body.size());
    append(batch.bodies, body);
    batch.weight += weight_of(job, body.size());
  }
  void begin() { work_.notify_one(); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void guard(void (Worker::*run)()) {
    try {
      (this->*run)();
    } catch (...) {
      asio::post(owner_.io_, [&owner = owner_, failure = std::current_exception()] {
        owner.told_.failed(failure);
      });
    }
  }

  void write() {
    for (;;) {
      std::unique_ptr<Batch> batch;
      {
        Lock lock(mutex_);
        work_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        batch = std::move(waiting_.front());
        waiting_.pop_front();
      }
      const bool durable = perform(*batch);
      asio::post(owner_.io_, [&owner = owner_, batch = std::move(batch), durable]() mutable {
        owner.answer(std::move(batch), durable);
      });
      watch_log();
    }
  }

  bool perform(Batch& batch) {
    store_.begin();
    try {
      mailboxes_.perform(batch);
      store_.commit();
      return true;
    } catch (const StoreFailure& failure) {
      store_.roll_back();
      if (!failure.full()) throw;
      return false;
    }
  }

  /// The other thread writes nearly all of the log back while this one goes on; what came meanwhile
  /// is little, and once that is back too the log begins anew.
  void watch_log() {
    if (store_.log_pages() < kCheckpointPages) return;
    Lock lock(mutex_);
    if (checkpoint_ == Checkpoint::kDone) {
      checkpoint_ = Checkpoint::kNone;
      lock.unlock();
      store_.checkpoint();
    } else if (checkpoint_ == Checkpoint::kNone) {
      checkpoint_ = Checkpoint::kWanted;
      checkpoint_work_.notify_one();
    }
  }

  void write_back() {
    Lock lock(mutex_);
    for (;;) {
      checkpoint_work_.wait(lock, [this] { return ending_ || checkpoint_ == Checkpoint::kWanted; });
      if (ending_) return;
      lock.unlock();
      checkpoint_store_.run();
      lock.lock();
      checkpoint_ = Checkpoint::kDone;
    }
  }

  enum class Checkpoint : std::uint8_t { kNone, kWanted, kDone };

  StoreThread& owner_;
  SqliteStore store_;
  SqliteCheckpoint checkpoint_store_;
  Mailboxes mailboxes_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable checkpoint_work_;
  std::deque<std::unique_ptr<Batch>> waiting_;
  Checkpoint checkpoint_ = Checkpoint::kNone;
  bool ending_ = false;
  std::thread writer_;
  std::thread checkpointer_;
};

StoreThread::StoreThread(asio::io_context& io, const std::filesystem::path& file,
                         const MailboxLimits& limits, Told told)
    : io_(io), told_(std::move(told)), worker_(std::make_unique<Worker>(*this, file, limits)) {}
StoreThread::~StoreThread() = default;

void StoreThread::add(const Job& job, ByteView body) {
  weight_ += weight_of(job, body.size());
  jobs_ += 1;
  worker_->add(job, body);
}

void StoreThread::begin() { worker_->begin(); }

std::unique_ptr<Batch> StoreThread::fresh_batch() {
  if (spare_.empty()) return std::make_unique<Batch>();
  std::unique_ptr<Batch> batch = std::move(spare_.back());
  spare_.pop_back();
  return batch;
}

void StoreThread::answer(std::unique_ptr<Batch> batch, bool durable) {
  weight_ -= batch->weight;
  jobs_ -= batch->jobs.size();
  told_.answered(*batch, durable);
  if (spare_.size() >= kSpareBatches) return;
  batch->clear();
  spare_.push_back(std::move(batch));
}

}  // namespace attune::relay
