#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/expectation.h"
#include "tests/sim/hostile.h"
#include "tests/sim/world.h"

namespace attune::sim {

/// A promise that was broken; ends the history.
struct Broken {
  std::string what;
};

/// Holds a world to its promises: keeps a ledger of everything written, what each device holds,
/// what each person had on screen and was told, and throws Broken at the first thing that must not
/// be. Source: docs/architecture.md, Simulator.
class Auditor final : public Witness, public Hostile::Judge {
 public:
  explicit Auditor(const KindTable& kinds) : ledger_(kinds) {}
  void watch(World& world) { world_ = &world; }

  // Witness
  void committed(const Seen& seen, const RecordBatch& batch) override;
  void answered(const Seen& seen, RequestId request, const sync::Answer& answer,
                bool last) override;
  void sends(const Seen& seen, const sync::Output& output) override;
  void stepped(const Seen& seen) override;
  void opened(std::size_t device, bool readable) override;
  void put_back(std::size_t device) override;

  void answered_stranger(std::size_t device) override;

  // Hostile::Judge
  void heard(const sync::SyncMessage& message) override;
  void forged(const crdt::Op& op) override { forged_.insert(header_of(op)); }

  // ---- What people and partners' clients tell of themselves.
  /// A person is about to give a word that nobody else gave: where it may go is judged by it.
  void spoken(std::size_t device, const std::string& word);
  /// A patched client writes under this device's name from now on; or its own again.
  void patched(std::size_t device, bool now);
  /// Somebody tries to pair, so that strangers may be spoken to.
  void pairing(bool now) { pairing_ = now; }
  [[nodiscard]] bool is_paired(std::size_t device) { return facts(device).paired; }
  /// `sync` was asked, and this is what its Synced must stand for.
  void asked_to_sync(std::size_t device, RequestId request);

  // ---- Looks at everything; the devices must be up.
  /// A mind made of what is on the disk must answer as the one that runs.
  void compare_with_twin(std::size_t device);
  /// After the world has healed: both hold the same, and nothing that was counted is lost.
  void converged();

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

 private:
  struct Screen {
    std::set<crdt::Dot> dots;
  };
  struct Asked {
    Moment at{0};
    std::set<crdt::Dot> screen;
  };
  struct Facts {
    DeviceId id;
    PersonId person;
    std::optional<PersonId> partner;
    CoupleId couple;
    bool paired = false;
    bool patched = false;
    bool was_patched = false;
    Shelf shelf;
    std::map<crdt::Actor, std::uint64_t> promised;
    std::map<EntryId, Screen> screens;
    std::map<Bytes, Screen> versions;
    std::map<std::pair<EntryId, std::uint32_t>, Asked> loosenings;  ///< by entry and field
    std::map<std::pair<EntryId, std::uint32_t>, Moment> first_loosenings;
    std::map<EntryId, std::set<std::uint32_t>> waiting;  ///< fields of each intent
    std::set<crdt::Dot> nights;
    std::optional<Boot> undo_since;
    crdt::SaltTrees salts;       ///< the trees on its disk
    std::uint64_t put_back = 0;  ///< how often
  };
  struct Promise {
    std::map<crdt::Actor, std::uint64_t> held;
    std::vector<std::uint64_t> put_back;
  };
  /// What the step that runs has written so far.
  struct Writing {
    std::set<crdt::Dot> own;  ///< what its Output has of this device's ops
    std::set<crdt::Dot> fresh;
    std::set<Shelf::Place> touched;
    std::vector<crdt::SlotRef> erased;
    std::set<crdt::Dot> kept;          ///< ops that were written, new or again
    std::set<crdt::SaltTreeId> trees;  ///< that changed
    bool accepted = false;  ///< its command was answered Entered
  };

  Facts& facts(std::size_t device);
  [[nodiscard]] Reader reader(const Facts& of, const Now& now) const;
  [[noreturn]] void broken(std::size_t device, const std::string& what) const;
  void learn_partner(std::size_t device);
  void note_night(Facts& of, Held& held);

  // auditor_disk.cpp
  void op_kept(const Seen& seen, const RecordChange& change);
  void wrote(const Seen& seen, const Written& written);
  void check_form(const Seen& seen, const Written& written);
  void check_audience(const Seen& seen, const Written& written);
  void check_over(const Seen& seen, const Written& written);
  void check_wait(const Seen& seen, const Written& written);
  void check_effect(const Seen& seen, const crdt::Dot& dot);
  void check_act(const Seen& seen);
  void check_erased(const Seen& seen, const Shelf::Place& place);
  void check_kept(const Seen& seen, const crdt::SlotRef& erased);
  void salts_kept(const Seen& seen, const RecordChange& change);
  void check_salts(const Seen& seen, const crdt::SaltTreeId& tree);
  void check_leaf(const Seen& seen, const crdt::Dot& dot);
  void check_words(const Seen& seen, const RecordChange& change);
  void intent_kept(const Seen& seen, const RecordChange& change);
  [[nodiscard]] Held held(const sync::OpRecord& record, const Written& written) const;
  [[nodiscard]] std::set<crdt::Dot> on_screen(const Seen& seen, const EntryId& entry);
  [[nodiscard]] std::set<crdt::Dot> held_of(const Facts& of, const EntryId& entry) const;

  // auditor_screen.cpp
  void check_items(const Seen& seen, const sync::ListEntries& wanted,
                   const std::vector<sync::Item>& items);
  void check_own(const Seen& seen, const sync::ShowOwn& wanted, const sync::OwnAndTheirs& said);
  void check_synced(const Seen& seen, RequestId request);
  void was_shown(Facts& of, const sync::Item& item);
  [[nodiscard]] bool hides(const Facts& of, const Entry& entry) const;

  World* world_ = nullptr;
  Ledger ledger_;
  std::map<std::size_t, Facts> facts_;
  Writing writing_;
  std::map<std::string, PersonId> words_;  ///< who said each
  std::set<std::string> shared_words_;     ///< those that an act of sharing put into `both`
  std::set<crdt::Hash32> forged_;
  std::set<crdt::Dot> made_up_;  ///< by a patched client under its own name: its person saw none
  std::map<RequestId, Promise> syncs_;
  bool pairing_ = false;
};

/// The words of a text that stand for themselves, as Person makes them.
std::vector<std::string> marked_words(ByteView bytes);
std::string marked_word(std::uint64_t number);

}  // namespace attune::sim
