#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/kind_table.h"

namespace attune::client {

/// One field of an entry in the form in which people and programs read it: enum values as their
/// words, days as dates, entries as ids. Points into the KindTable.
struct ShownField {
  const FieldRow* row = nullptr;
  std::vector<std::string> texts;      ///< one, or a list's elements; bytes of no form as hex
  std::optional<bool> truth;           ///< of a bool
  std::optional<std::int32_t> number;  ///< of an int32 without a form
};

/// The fields that a kind's message holds, in the order of the row. Fields that the row does not
/// know are left out; a value that it does not know reads `unknown`. Empty where the bytes are no
/// flat message.
std::vector<ShownField> shown_fields(const KindRow& kind, ByteView message);

}  // namespace attune::client
