#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "crypto/random.h"
#include "daemon/settings.h"
#include "daemon/store/store.h"
#include "daemon/store/vault.h"
#include "daemon/sync/commands.h"
#include "daemon/sync/replica.h"

namespace attune {

/// Owns the vault; makes and drops the Store and the Replica.
///
///   Empty --init--> Opening --done--> Open
///   Locked --unlock--> Opening --wrong passphrase--> Locked
///   Open --lock--> (the process becomes a fresh one, which starts Locked)
///
/// Empty: no key slot is here. Locked: slots are here, no key in memory. Opening: the passphrase
/// hash runs on its own thread. Open: store and replica exist. One thread but for that hash; the
/// io_context is borrowed and outlives it.
class Lifecycle {
 public:
  enum class State { kEmpty, kLocked, kOpening, kOpen };
  /// Done, or Failed.
  using Reply = std::function<void(sync::Answer)>;

  Lifecycle(asio::io_context& io, const Home& home, const Settings& settings);
  ~Lifecycle();

  [[nodiscard]] State state() const { return state_; }
  /// Non-null while Open.
  [[nodiscard]] sync::Replica* replica() { return replica_.get(); }
  [[nodiscard]] store::Store& store() { return *store_; }

  /// Each takes the passphrase and wipes it; `reply` comes later, on the io_context, once.
  void init(std::string name, Bytes passphrase, Reply reply);
  void unlock(Bytes passphrase, Reply reply);
  void change_passphrase(Bytes old_passphrase, Bytes new_passphrase, Reply reply);

  /// Throws away the Replica and folds a new one from the store; false where the store refuses.
  bool fold_again(const Now& now);
  /// Drops Replica and Store. State becomes Locked.
  void close();

 private:
  struct Hashing;
  void hash(Bytes passphrase, const store::SlotHeader& header,
            std::function<void(std::optional<crypto::Key>)> then);
  void create(const std::string& name, const store::SlotHeader& header,
              const crypto::Key& wrapping);
  sync::Answer open_with(crypto::Key wrapping);
  sync::Answer open_store(crypto::Key dek, const store::StoreId& id);

  asio::io_context& io_;
  const Home& home_;
  const Settings& settings_;
  State state_ = State::kEmpty;
  crypto::SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sync::Replica> replica_;
  std::jthread hasher_;
  int wrong_tries_ = 0;
  std::chrono::steady_clock::time_point try_again_{};
};

}  // namespace attune
