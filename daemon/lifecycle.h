#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "crypto/buffered_random.h"
#include "daemon/settings.h"
#include "daemon/store/store.h"
#include "daemon/store/vault.h"
#include "daemon/sync/commands.h"
#include "daemon/sync/replica.h"
#include "daemon/typed_passphrase.h"
#include "proto/home.h"

namespace attune {

/// Owns the vault; makes and drops the Store and the Replica.
///
///   Empty --init()--> Opening --set_up()--> Open
///   Locked --unlock()--> Opening --open_with()--> Open
///   Opening --wrong passphrase, no memory, no disk--> Locked or Empty, as before
///   Open --close()--> Locked        (then the process becomes a fresh one, or ends)
///
///   Empty    no key slot is here: init() may come
///   Locked   a slot is here, whole or not; no key is in memory
///   Opening  the passphrase hash runs on its own thread; store() and replica() are not there
///   Open     store and replica exist; a change of passphrase may be hashing
///
/// One thread but for that hash; the io_context, the home and the settings are borrowed and outlive
/// it. What the machine refuses is answered; kIo of the store (Reason::kStoreFailed) must end the
/// process. Destruction waits for a running hash.
class Lifecycle {
 public:
  enum class State { kEmpty, kLocked, kOpening, kOpen };
  /// Done, DeviceMade or Failed.
  using Reply = std::function<void(sync::Answer)>;

  Lifecycle(asio::io_context& io, const Home& home, const Settings& settings);
  ~Lifecycle();
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  [[nodiscard]] State state() const { return state_; }
  /// Non-null while Open.
  [[nodiscard]] sync::Replica* replica() const { return replica_.get(); }
  /// Requires Open.
  [[nodiscard]] store::Store& store() { return *store_; }
  /// Destruction would wait: a hash runs, wanted or not.
  [[nodiscard]] bool hash_runs() const;

  /// Each takes the passphrase and wipes it; `reply` comes once, on the thread of the io_context,
  /// perhaps before the call returns. Passphrases are UTF-8 in NFC.
  void init(const std::string& name, Bytes passphrase, Reply reply);
  void unlock(Bytes passphrase, Reply reply);
  void change_passphrase(Bytes old_passphrase, Bytes new_passphrase, Reply reply);

  /// Throws away the Replica and folds a new one from the store; false where the store refuses.
  bool fold_again(const Now& now);
  /// Settles and drops Store and Replica; a reply still owed says that it is locked now.
  void close();

 private:
  struct Hashing;
  struct ToHash {
    TypedPassphrase passphrase;
    store::SlotHeader header;
  };
  using Hashed = std::function<sync::Answer(std::vector<crypto::Key>)>;

  void hash(std::vector<ToHash> wanted, Hashed then, Reply reply);
  void hashed(std::vector<crypto::Key> keys);
  sync::Answer set_up(const std::string& name, const store::SlotHeader& header, crypto::Key key);
  sync::Answer open_with(const store::Slot& slot, const crypto::Key& key);
  sync::Answer rewrap(const store::Slot& slot, const store::SlotHeader& header,
                      const std::vector<crypto::Key>& keys);
  [[nodiscard]] bool open_replica(const Now& now, bool was_full = false);
  [[nodiscard]] std::optional<sync::Failed> must_wait() const;
  sync::Failed wrong();
  void leave_opening(bool failed_to_open);

  asio::io_context& io_;
  const Home& home_;
  const Settings& settings_;
  State state_ = State::kEmpty;
  State before_ = State::kEmpty;  ///< where Opening came from
  store::Vault vault_;
  crypto::BufferedRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sync::Replica> replica_;
  std::shared_ptr<Hashing> hashing_;  ///< the hash whose result is wanted
  std::weak_ptr<Hashing> last_hash_;
  Reply reply_;  ///< owed while hashing_ is there
  std::jthread hasher_;
  int wrong_tries_ = 0;
  std::chrono::steady_clock::time_point try_again_{};
};

}  // namespace attune
