#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "crypto/random.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/notebook.h"
#include "proto/kind_table.h"

namespace attune::sync {

/// A store that is a map, as the driver would fill it.
class Disk {
 public:
  void perform(const RecordBatch& batch);
  [[nodiscard]] std::vector<Record> records() const;
  [[nodiscard]] std::map<std::pair<RecordType, Bytes>, Bytes>& all() { return records_; }
  /// Whether these bytes stand anywhere in it.
  [[nodiscard]] bool holds(std::string_view words) const;

 private:
  std::map<std::pair<RecordType, Bytes>, Bytes> records_;
};

/// One person with one device: a real Notebook over a Disk, and clocks that the test moves.
class Phone {
 public:
  Phone(std::string name, std::uint64_t seed);

  /// What was done is on the disk when it returns.
  Answer ask(const Command& command);
  void restart();
  [[nodiscard]] bool can_open(const std::vector<Record>& records);
  void unpair();
  void pass_time();
  /// All clocks go on by this much; nights begin at 04:00.
  void wait(std::chrono::seconds time);
  /// The machine starts anew: another boot id, its clock from zero.
  void reboot();

  Notebook::Verdict take(Notebook::Arriving arriving);
  [[nodiscard]] std::vector<crdt::Kept> shared_ops() const;

  // The few verbs that tests speak in. They fail the test where the answer is another.
  EntryId add(std::string_view noun, const Bytes& message, bool share = false);
  Item show(std::string_view id);
  std::vector<Item> list(ListEntries wanted = {});
  OwnAndTheirs consent();
  Reason refusal(const Command& command);
  Reason say(std::string_view stance, const Bytes& rest = {});  ///< kNone: it is said
  void withdraw();
  /// What protects is said once more for who has `there`: the ops that this led to.
  std::vector<crdt::Kept> say_what_protects(const crdt::VersionVector& there);

  Self self;
  std::optional<Partner> partner;
  Disk disk;
  Now now;
  std::unique_ptr<Notebook> notebook;
  std::vector<std::uint32_t> changed;  ///< kinds, of the last ask, take or pass_time
  std::optional<Steady> wake;

 private:
  void perform(const Ripple& ripple);
  void set_wall(std::int64_t seconds);
  crypto::SeededRandom random_;
};

/// Both know each other's one device and share a couple.
void pair(Phone& a, Phone& b, const CoupleId& couple = {{1, 2, 3}});
/// Everything the other lacks, in its order, through the bytes of the wire.
void send(const Phone& from, Phone& to);
void exchange(Phone& a, Phone& b);
/// One op as it would arrive.
Notebook::Arriving arriving(const Phone& from, const crdt::Kept& kept);

// Messages, written as a client would.
Bytes text_field(std::string_view noun, std::string_view field, std::string_view text);
Bytes value_field(std::string_view noun, std::string_view field, std::string_view word);
Bytes day_field(std::string_view noun, std::string_view field, LocalDay day);
Bytes operator+(Bytes a, const Bytes& b);
std::uint32_t kind(std::string_view noun);
const FieldRow& row(std::string_view noun, std::string_view field);
std::string name_of(std::string_view noun, const EntryId& id);

/// What an item says in a text field, or the word of an enum's value; "" where it says nothing.
std::string said(const Item& item, std::string_view field);

}  // namespace attune::sync
