#pragma once

#include <string>
#include <vector>

#include "attune/v1/control.pb.h"
#include "client/render.h"

namespace attune::client {

/// Entries as a person reads them. The table outlives it.
class ItemText {
 public:
  ItemText(const KindTable& kinds, const Look& look) : kinds_(kinds), look_(look) {}

  /// Kinds under their headings, in the order of the rows.
  [[nodiscard]] std::string list(const v1::Items& items, bool today) const;
  [[nodiscard]] std::string one(const v1::Item& item) const;
  /// What each of the two has said.
  [[nodiscard]] std::string said(const v1::OwnAndTheirs& both) const;
  /// An id by itself: eight characters on a terminal.
  [[nodiscard]] std::string name(std::uint32_t kind, const std::string& id) const;

 private:
  [[nodiscard]] std::string block(const v1::Item& item, const std::string& shown_name) const;
  [[nodiscard]] std::string fields(const KindRow* kind, const std::string& message,
                                   const std::string& indent) const;
  [[nodiscard]] std::string bold(const std::string& text) const;

  const KindTable& kinds_;
  Look look_;
};

/// Each name cut to its shortest beginning, of at least `letters`, that no other one shares.
std::vector<std::string> shortened(const std::vector<std::string>& names, std::size_t letters);

}  // namespace attune::client
