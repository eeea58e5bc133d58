#include "daemon/couple/kinds.h"

namespace attune::couple {

const FieldRow* Kinds::field(std::uint32_t kind, std::uint32_t field) const {
  const KindRow* row = table_.kind(kind);
  return row == nullptr ? nullptr : row->field(field);
}

crdt::Policy Kinds::policy(std::uint32_t kind, std::uint32_t field) const {
  if (field == kFieldLife) return crdt::Policy::kProtective;
  const FieldRow* row = this->field(kind, field);
  if (row == nullptr) return crdt::Policy::kOpaque;
  switch (row->merge) {
    case Merge::kLatest:
      return crdt::Policy::kLatest;
    case Merge::kSideBySide:
      return crdt::Policy::kSideBySide;
    case Merge::kProtective:
      return crdt::Policy::kProtective;
    case Merge::kSet:
      return crdt::Policy::kSet;
  }
  return crdt::Policy::kOpaque;
}

bool Kinds::per_person(std::uint32_t kind, std::uint32_t field) const {
  const FieldRow* row = this->field(kind, field);
  return row != nullptr && row->per_person;
}

std::optional<PersonId> Kinds::person(const DeviceId& device) const {
  const std::optional<PersonId> known = people_.person(device);
  return known ? known : people_.partner;
}

}  // namespace attune::couple
