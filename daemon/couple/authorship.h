#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/couple/people.h"
#include "daemon/crdt/op.h"
#include "proto/kind_table.h"

namespace attune::couple {

/// Whose an entry is, of these two people: the id itself proves owner and kind. nullopt: neither's,
/// or that of both. The proof has 48 bits, so who wants to can find an id that fits both people in
/// days of hashing; it is nobody's, else the finder could write what is shown as the other's.
/// Source: docs/protocol.md, Operations.
std::optional<PersonId> owner(const People& people, const EntryId& id, std::uint32_t kind);

/// Whether `author` may change or end an entry of this owner: the owner, or, for Writer::kEither,
/// both. What is nobody's nobody may write.
bool may_write(const KindRow& row, const std::optional<PersonId>& owner, const PersonId& author);

/// The id of what there is one of, for its owner, couple and topic ("" where the kind has none).
EntryId only_one(const KindRow& row, const PersonId& owner, const CoupleId& couple,
                 std::string_view topic);

}  // namespace attune::couple
