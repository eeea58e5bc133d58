#include "daemon/couple/authorship.h"

namespace attune::couple {

std::optional<PersonId> owner(const People& people, const EntryId& id, std::uint32_t kind) {
  if (crdt::proves(id, people.me, kind)) return people.me;
  if (people.partner && crdt::proves(id, *people.partner, kind)) return people.partner;
  return std::nullopt;
}

bool may_write(const KindRow& row, const People& people, const EntryId& id,
               const PersonId& author) {
  switch (row.writer) {
    case Writer::kOwner:
      return crdt::proves(id, author, row.number);
    case Writer::kEither:
      return owner(people, id, row.number).has_value();
  }
  return false;
}

EntryId only_one(const KindRow& row, const PersonId& owner, const CoupleId& couple,
                 std::string_view topic) {
  return crdt::make_entry_id(owner, row.number, crdt::topic_nonce(couple, topic));
}

}  // namespace attune::couple
