#include "daemon/lifecycle.h"

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <cassert>
#include <new>
#include <utility>

#include "crypto/passphrase.h"
#include "daemon/clock.h"
#include "daemon/sync/identity.h"
#include "proto/limits.h"

namespace attune {
namespace {

using sync::Answer;
using sync::Code;
using sync::Failed;
using sync::Reason;

Failed failure_of(const store::StoreError& error) {
  switch (error.fault()) {
    case store::StoreFault::kFull:
      return failed(Code::kFailed, Reason::kStoreFull);
    case store::StoreFault::kIo:
      return failed(Code::kFailed, Reason::kStoreFailed);
    case store::StoreFault::kDamaged:
      return failed(Code::kDamaged, Reason::kStoreDamaged);
    case store::StoreFault::kNewer:
      return failed(Code::kDamaged, Reason::kStoreNewer);
    case store::StoreFault::kBusy:
      return failed(Code::kFailed, Reason::kBusy);
  }
  return failed(Code::kFailed, Reason::kStoreFailed);
}

/// What the machine refuses becomes an answer.
template <typename Act>
Answer answer_of(Act act) {
  try {
    return act();
  } catch (const store::StoreError& error) {
    return failure_of(error);
  } catch (const std::bad_alloc&) {
    return failed(Code::kFailed, Reason::kOutOfMemory);
  }
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

std::optional<Failed> bad_passphrase(const TypedPassphrase& passphrase) {
  const std::size_t size = passphrase.view().size();
  if (size < limits::kPassphraseBytesMin) return failed(Code::kUsage, Reason::kEmptyPassphrase);
  if (size > limits::kPassphraseBytesMax) return failed(Code::kUsage, Reason::kTooLong);
  return std::nullopt;
}

std::optional<Failed> bad_name(const std::string& name) {
  if (is_blank(name)) return failed(Code::kUsage, Reason::kEmptyName);
  if (name.size() > limits::kNameBytesMax) return failed(Code::kUsage, Reason::kTooLong);
  return std::nullopt;
}

/// Whose device a new person's records make.
DeviceId device_of(const RecordBatch& batch) {
  for (const RecordChange& change : batch.changes) {
    if (change.type != RecordType::kSelf || !change.body) continue;
    if (const auto self = sync::decode_self(*change.body)) return self->device;
  }
  assert(false && "a new person has a record of their own");
  return {};
}

}  // namespace

/// One run of the hashing thread. The thread has it until the result is posted, then the
/// io_context.
struct Lifecycle::Hashing {
  std::vector<ToHash> wanted;
  std::vector<crypto::Key> keys;  ///< empty where the memory was not there
  Hashed then;
};

Lifecycle::Lifecycle(asio::io_context& io, const Home& home, const Settings& settings)
    : io_(io), home_(home), settings_(settings), vault_(home.data) {
  try {
    state_ = vault_.read() ? State::kLocked : State::kEmpty;
  } catch (const store::StoreError&) {
    state_ = State::kLocked;  // something is here; unlock() says what is wrong with it
  }
}

Lifecycle::~Lifecycle() {
  reply_ = nullptr;
  close();
}

bool Lifecycle::hash_runs() const { return !last_hash_.expired(); }

// ---- What a person asks for.

void Lifecycle::init(const std::string& name, Bytes typed, Reply reply) {
  TypedPassphrase passphrase(std::move(typed));
  const bool sets_up = state_ == State::kOpening && before_ == State::kEmpty;
  if (sets_up) return reply(failed(Code::kFailed, Reason::kBusy));
  if (state_ != State::kEmpty) return reply(failed(Code::kRefused, Reason::kStoreExists));
  if (const auto bad = bad_name(name)) return reply(*bad);
  if (const auto bad = bad_passphrase(passphrase)) return reply(*bad);
  const store::StoreId id{random_.bytes<store::StoreId::kSize>()};
  const store::SlotHeader header = store::new_slot_header(id, random_);
  before_ = std::exchange(state_, State::kOpening);
  std::vector<ToHash> wanted;
  wanted.push_back({std::move(passphrase), header});
  hash(
      std::move(wanted),
      [this, name, header](std::vector<crypto::Key> keys) {
        return set_up(name, header, std::move(keys.front()));
      },
      std::move(reply));
}

void Lifecycle::unlock(Bytes typed, Reply reply) {
  TypedPassphrase passphrase(std::move(typed));
  switch (state_) {
    case State::kEmpty:
      return reply(failed(Code::kNotSetUp, Reason::kNotSetUp));
    case State::kOpening:
      return reply(failed(Code::kFailed, Reason::kBusy));
    case State::kOpen:
      return reply(sync::Done{"unlocked"});
    case State::kLocked:
      break;
  }
  if (const auto bad = bad_passphrase(passphrase)) return reply(*bad);
  if (const auto early = must_wait()) return reply(*early);
  std::optional<store::Slot> slot;
  try {
    slot = vault_.read();
  } catch (const store::StoreError& error) {
    return reply(failure_of(error));
  }
  // Both copies were here when this process started.
  if (!slot) return reply(failed(Code::kDamaged, Reason::kStoreDamaged));
  before_ = std::exchange(state_, State::kOpening);
  std::vector<ToHash> wanted;
  wanted.push_back({std::move(passphrase), slot->header});
  hash(
      std::move(wanted),
      [this, slot = *slot](std::vector<crypto::Key> keys) { return open_with(slot, keys.front()); },
      std::move(reply));
}

void Lifecycle::change_passphrase(Bytes typed_old, Bytes typed_new, Reply reply) {
  TypedPassphrase before(std::move(typed_old));
  TypedPassphrase after(std::move(typed_new));
  if (state_ == State::kEmpty) return reply(failed(Code::kNotSetUp, Reason::kNotSetUp));
  if (state_ != State::kOpen) return reply(failed(Code::kLocked, Reason::kLocked));
  if (hashing_) return reply(failed(Code::kFailed, Reason::kBusy));
  for (const TypedPassphrase* each : {&before, &after}) {
    if (const auto bad = bad_passphrase(*each)) return reply(*bad);
  }
  if (const auto early = must_wait()) return reply(*early);
  std::optional<store::Slot> slot;
  try {
    slot = vault_.read();
  } catch (const store::StoreError& error) {
    return reply(failure_of(error));
  }
  if (!slot) return reply(failed(Code::kDamaged, Reason::kStoreDamaged));
  const store::SlotHeader fresh = store::new_slot_header(slot->header.store, random_);
  std::vector<ToHash> wanted;
  wanted.push_back({std::move(before), slot->header});
  wanted.push_back({std::move(after), fresh});
  hash(
      std::move(wanted),
      [this, slot = *slot, fresh](const std::vector<crypto::Key>& keys) {
        return rewrap(slot, fresh, keys);
      },
      std::move(reply));
}

// ---- The one slow thing.

void Lifecycle::hash(std::vector<ToHash> wanted, Hashed then, Reply reply) {
  auto job = std::make_shared<Hashing>();
  job->wanted = std::move(wanted);
  job->then = std::move(then);
  hashing_ = job;
  last_hash_ = job;
  reply_ = std::move(reply);
  hasher_ = std::jthread([this, job, work = asio::make_work_guard(io_)]() mutable {
    try {
      for (const ToHash& each : job->wanted) {
        job->keys.push_back(
            crypto::hash_passphrase(each.passphrase.view(), each.header.salt, each.header.cost));
      }
    } catch (const std::bad_alloc&) {
      job->keys.clear();
    }
    job->wanted.clear();
    // ~Lifecycle waits for this thread and drops the job, so a job that is found has its owner.
    asio::post(work.get_executor(), [this, made = std::weak_ptr<Hashing>(job)]() {
      const auto done = made.lock();
      if (done && done == hashing_) hashed(std::move(done->keys));
    });
    job.reset();
  });
}

void Lifecycle::hashed(std::vector<crypto::Key> keys) {
  const std::shared_ptr<Hashing> job = std::exchange(hashing_, nullptr);
  hasher_.join();  // it has posted this and has nothing left to do
  Answer answer = keys.empty() ? Answer(failed(Code::kFailed, Reason::kOutOfMemory))
                               : answer_of([&] { return job->then(std::move(keys)); });
  if (state_ == State::kOpening) leave_opening(std::holds_alternative<Failed>(answer));
  std::exchange(reply_, nullptr)(std::move(answer));
}

Answer Lifecycle::set_up(const std::string& name, const store::SlotHeader& header,
                         crypto::Key key) {
  const crypto::Key dek = random_.key();
  const RecordBatch person = sync::Replica::create(name, random_);
  store_ = std::make_unique<store::Store>(
      store::Store::create(home_.data, header.store, dek.clone(), random_));
  store_->commit(person);
  // The slot comes last: until it is there this home is Empty, and the next init() begins afresh.
  vault_.write(store::make_slot(header, key, dek, random_));
  before_ = State::kLocked;
  if (!open_replica(read_clock())) return failed(Code::kDamaged, Reason::kStoreDamaged);
  return sync::DeviceMade{device_of(person)};
}

Answer Lifecycle::open_with(const store::Slot& slot, const crypto::Key& key) {
  auto dek = store::open_slot(slot, key);
  if (!dek) return wrong();
  wrong_tries_ = 0;
  store_ = std::make_unique<store::Store>(
      store::Store::open(home_.data, slot.header.store, std::move(*dek), random_));
  if (!open_replica(read_clock())) return failed(Code::kDamaged, Reason::kStoreDamaged);
  try {
    vault_.repair(slot);
  } catch (const store::StoreError& error) {
    // A second copy that finds no room is made at a later unlock.
    if (error.fault() != store::StoreFault::kFull) throw;
  }
  return sync::Done{"unlocked"};
}

Answer Lifecycle::rewrap(const store::Slot& slot, const store::SlotHeader& header,
                         const std::vector<crypto::Key>& keys) {
  const auto dek = store::open_slot(slot, keys.front());
  if (!dek) return wrong();
  wrong_tries_ = 0;
  vault_.write(store::make_slot(header, keys.back(), *dek, random_));
  return sync::Done{};
}

Failed Lifecycle::wrong() {
  ++wrong_tries_;
  const int over = wrong_tries_ - limits::kUnlockFreeTries;
  if (over > 0) {
    constexpr int kDoublings = 6;
    const std::chrono::seconds wait{std::int64_t{1} << std::min(over, kDoublings)};
    try_again_ = std::chrono::steady_clock::now() + std::min(wait, limits::kUnlockWaitMax);
  }
  return failed(Code::kCheckFailed, Reason::kWrongPassphrase);
}

std::optional<Failed> Lifecycle::must_wait() const {
  const auto left = try_again_ - std::chrono::steady_clock::now();
  if (left <= left.zero()) return std::nullopt;
  Failed early = failed(Code::kCheckFailed, Reason::kWaitBeforeTrying);
  early.wait = std::chrono::ceil<std::chrono::seconds>(left);
  return early;
}

void Lifecycle::leave_opening(bool failed_to_open) {
  state_ = failed_to_open ? before_ : State::kOpen;
  if (!failed_to_open) return;
  replica_.reset();
  store_.reset();
}

bool Lifecycle::open_replica(const Now& now, bool was_full) {
  replica_ = sync::Replica::open({.kinds = &KindTable::standard(),
                                  .random = &random_,
                                  .beacons = settings_.beacon,
                                  .was_full = was_full},
                                 store_->load(), now);
  return replica_ != nullptr;
}

bool Lifecycle::fold_again(const Now& now) {
  assert(state_ == State::kOpen);
  replica_.reset();
  try {
    return open_replica(now, true);
  } catch (const store::StoreError&) {
    return false;
  }
}

void Lifecycle::close() {
  hashing_.reset();
  if (Reply owed = std::exchange(reply_, nullptr)) owed(failed(Code::kLocked, Reason::kLocked));
  replica_.reset();
  if (store_) {
    try {
      store_->settle();
    } catch (const store::StoreError&) {
      // What was committed is durable all the same; the log is written back at the next unlock.
    }
    store_.reset();
  }
  if (state_ == State::kOpening) state_ = before_;
  if (state_ == State::kOpen) state_ = State::kLocked;
}

}  // namespace attune
