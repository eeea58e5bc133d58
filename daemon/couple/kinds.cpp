#include "daemon/couple/kinds.h"

#include "daemon/couple/authorship.h"

namespace attune::couple {

const FieldRow* Kinds::field(std::uint32_t kind, std::uint32_t field) const {
  if (recent_ == nullptr || recent_->number != kind) {
    const KindRow* row = table_.kind(kind);
    if (row == nullptr) return nullptr;
    recent_ = row;
  }
  return recent_->field(field);
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

std::optional<PersonId> Kinds::owner(const EntryId& id, std::uint32_t kind) const {
  const Asked asked{.id = id, .kind = kind, .me = people_.me, .partner = people_.partner};
  if (asked_ != asked) {
    answer_ = couple::owner(people_, id, kind);
    asked_ = asked;
  }
  return answer_;
}

}  // namespace attune::couple
