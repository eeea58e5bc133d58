#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/sync/commands.h"
#include "tests/sim/ledger.h"

namespace attune::sim {

/// Who reads, and by which clocks.
struct Reader {
  PersonId self;
  std::optional<PersonId> partner;
  CoupleId couple;
  std::set<EntryId> waiting;  ///< entries of which a loosening waits
  Now now;
};

/// What a screen must show of what a device holds, by the definitions: gate SHOW once more, without
/// a line of the notebook. Borrows the ledger and the shelf.
class Expectation {
 public:
  Expectation(const Ledger& ledger, const Shelf& shelf, Reader reader);

  /// Without their versions.
  [[nodiscard]] std::vector<sync::Item> items(const sync::ListEntries& wanted) const;
  [[nodiscard]] std::optional<sync::Item> own(std::uint32_t kind, const PersonId& whose) const;
  /// Whether what this op says of tonight is over for this reader.
  [[nodiscard]] static bool is_over(const Held& held, const Now& now);
  [[nodiscard]] bool is_hidden(const EntryId& id, std::uint32_t kind) const;

 private:
  struct Shown {
    const KindRow* row = nullptr;
    bool both = false;
    bool mine = false;
    Entry entry;
    std::optional<Entry> beside;
    bool ended = false;
  };
  [[nodiscard]] std::optional<Shown> shown(const Shelf::Place& place) const;
  [[nodiscard]] bool is_said(const Shown& shown) const;
  [[nodiscard]] bool is_paused_on_all() const;
  [[nodiscard]] std::vector<const Held*> bare_husks() const;
  [[nodiscard]] sync::Item item(const Shown& shown) const;
  [[nodiscard]] std::string state(const Shown& shown) const;

  const Ledger& ledger_;
  const Shelf& shelf_;
  Reader reader_;
};

/// Whether an entry is over, by what stands.
[[nodiscard]] bool is_ended(const KindRow& row, const Entry& entry);

}  // namespace attune::sim
