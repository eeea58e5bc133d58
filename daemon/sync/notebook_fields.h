#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "daemon/sync/commands.h"
#include "proto/kind_table.h"

namespace attune::sync {

/// One field that a client gave: its occurrences as wire bytes, none where it is to be cleared.
/// Borrows the row.
struct Given {
  const FieldRow* row = nullptr;
  std::vector<Bytes> values;
};
using GivenFields = std::vector<Given>;

/// The fields of a message of this kind. Whatever is empty (text without characters, the day 0)
/// comes as a field without values; a set comes sorted and without doubles. Refused: what is no
/// message, a field, value or length that the row doesn't know, a value that a verb alone writes.
std::variant<GivenFields, Failed> read_fields(const KindRow& row, ByteView message);

/// As above, for what this daemon wrote itself: values that a verb alone writes may stand.
std::variant<GivenFields, Failed> read_own_fields(const KindRow& row, ByteView message);

/// Fills in for a new entry what is not given and has a default, and drops what is empty. Refused:
/// a field that every entry has and that is missing.
std::optional<Failed> complete(const KindRow& row, LocalDay today, GivenFields& fields);

[[nodiscard]] const Given* find_given(const GivenFields& fields, std::uint32_t number);
/// The text of a field that was given, or "".
std::string_view given_text(const GivenFields& fields, std::uint32_t number);

/// A value of this rank, for where the words that said it are lost; else the strictest there is.
Bytes saying(const FieldRow& field, std::uint32_t rank);

Failed refused(Reason reason);
Failed wrong_usage(Reason reason, std::string detail = {});
Failed no_such_entry();

}  // namespace attune::sync
