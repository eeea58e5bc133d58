#pragma once

#include <cstdint>
#include <optional>

#include "daemon/couple/people.h"
#include "daemon/crdt/view.h"
#include "proto/kind_table.h"

namespace attune::couple {

/// The kind rows and the people, as the fold of a log asks for them. Borrows both; the people may
/// change while it lives, and the folds that ask it are then made anew.
class Kinds final : public crdt::Schema {
 public:
  Kinds(const KindTable& table, const People& people) : table_(table), people_(people) {}

  [[nodiscard]] crdt::Policy policy(std::uint32_t kind, std::uint32_t field) const override;
  [[nodiscard]] bool per_person(std::uint32_t kind, std::uint32_t field) const override;
  /// Ops are taken from known devices alone, and my own stay known. So a device of a log that is
  /// not known any more (the partner paired anew) is the partner's.
  [[nodiscard]] std::optional<PersonId> person(const DeviceId& device) const override;

  [[nodiscard]] std::optional<PersonId> owner(const EntryId& id, std::uint32_t kind) const override;

  [[nodiscard]] const KindTable& table() const { return table_; }
  [[nodiscard]] const People& people() const { return people_; }
  /// The row of a field; nullptr where kind or field is not known here.
  [[nodiscard]] const FieldRow* field(std::uint32_t kind, std::uint32_t field) const;

 private:
  const KindTable& table_;
  const People& people_;
  mutable const KindRow* recent_ = nullptr;  // the row that was asked for last
  /// Whose an entry is costs two hashes, and of one op several rules ask it.
  struct Asked {
    EntryId id;
    std::uint32_t kind = 0;
    PersonId me;
    std::optional<PersonId> partner;
    friend bool operator==(const Asked&, const Asked&) = default;
  };
  mutable std::optional<Asked> asked_;
  mutable std::optional<PersonId> answer_;
};

}  // namespace attune::couple
