#include "daemon/couple/authorship.h"

namespace attune::couple {

std::optional<PersonId> owner(const People& people, const EntryId& id, std::uint32_t kind) {
  const bool mine = crdt::proves(id, people.me, kind);
  const bool theirs = people.partner && crdt::proves(id, *people.partner, kind);
  if (mine == theirs) return std::nullopt;
  return mine ? people.me : people.partner;
}

bool may_write(const KindRow& row, const std::optional<PersonId>& owner, const PersonId& author) {
  switch (row.writer) {
    case Writer::kOwner:
      return owner == author;
    case Writer::kEither:
      return owner.has_value();
  }
  return false;
}

EntryId only_one(const KindRow& row, const PersonId& owner, const CoupleId& couple,
                 std::string_view topic) {
  return crdt::make_entry_id(owner, row.number, crdt::topic_nonce(couple, topic));
}

}  // namespace attune::couple
