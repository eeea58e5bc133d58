#pragma once

#include <set>
#include <string>
#include <string_view>

#include "proto/ids.h"
#include "proto/kind_table.h"

namespace attune::couple {

/// The topics on which a pause is open now, on either side: `all`, a noun, or an entry's full id.
/// A pause holds back only what asks; whatever protects, ends or takes back always passes.
/// Source: docs/data-model.md, Pause and quiet.
class OpenPauses {
 public:
  void open(std::string_view topic) { topics_.emplace(topic); }
  /// Every say of tonight is hidden while this is so.
  [[nodiscard]] bool on_all() const { return topics_.contains("all"); }
  /// Whether an entry that the partner made waits until it is asked for.
  [[nodiscard]] bool holds_back(const KindRow& row, const EntryId& id) const;

 private:
  std::set<std::string, std::less<>> topics_;
};

}  // namespace attune::couple
