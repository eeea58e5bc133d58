#pragma once

#include <string_view>

#include "daemon/couple/kinds.h"
#include "daemon/crdt/op_log.h"
#include "daemon/crdt/view.h"
#include "proto/kind_table.h"
#include "proto/time.h"

namespace attune::couple {

/// Ada and Ben, a device each, the stream of both and its fold; ops are written by hand.
struct TwoPeople {
  TwoPeople();

  /// A dot that follows everything in the log, by ada's or ben's device.
  crdt::Op op(const DeviceId& by, const EntryId& entry, std::uint32_t kind,
              std::vector<crdt::Slot> slots) const;
  /// Appends, and applies what counts. Gives what the log keeps.
  const crdt::Kept& enter(crdt::Op op);
  [[nodiscard]] const crdt::EntryState& entry(const EntryId& id) const;

  static crdt::StreamId stream();
  PersonId ada{{1}};
  PersonId ben{{2}};
  DeviceId ada_phone{{3}};
  DeviceId ben_phone{{4}};
  People people;
  Kinds kinds;
  crdt::OpLog log;
  crdt::View view;
};

const KindRow& row(std::string_view noun);
const FieldRow& field(std::string_view noun, std::string_view name);
/// A many-kind's id.
EntryId id_of(const PersonId& owner, std::string_view noun, std::uint8_t number = 1);

crdt::Slot words(std::string_view noun, std::string_view name, std::string_view text);
crdt::Slot value(std::string_view noun, std::string_view name, std::string_view word);
crdt::Slot forget();

/// 20:00 of a day in 2027, an hour after the machine was started.
Now evening();
Now later(Now now, std::chrono::seconds by);

}  // namespace attune::couple
