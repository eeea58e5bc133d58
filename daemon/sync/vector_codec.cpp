#include <algorithm>

#include "daemon/sync/sync_codec.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

using crdt::Actor;
using crdt::VersionVector;

bool same_group(const Actor& a, const Actor& b) {
  return a.stream == b.stream && a.device == b.device;
}

Actor take_group(Reader& reader) {
  Actor actor;
  actor.stream.couple.bytes = reader.take_array<CoupleId::kSize>();
  actor.device.bytes = reader.take_array<DeviceId::kSize>();
  return actor;
}

}  // namespace

Bytes encode_vector(const VersionVector& vector) {
  Bytes out;
  const auto rows = vector.rows();
  for (auto group = rows.begin(); group != rows.end();) {
    auto end = std::find_if(group, rows.end(), [&](const VersionVector::Row& row) {
      return !same_group(row.actor, group->actor);
    });
    append(out, group->actor.stream.couple.view());
    append(out, group->actor.device.view());
    append_leb(out, static_cast<std::uint64_t>(std::distance(group, end)));
    for (; group != end; ++group) {
      append(out, group->actor.incarnation.view());
      append_leb(out, group->counter);
    }
  }
  return out;
}

std::optional<VersionVector> decode_vector(ByteView bytes) {
  VersionVector vector;
  Reader reader(bytes);
  std::optional<Actor> previous;
  std::size_t total = 0;
  while (reader.left() > 0) {
    Actor actor = take_group(reader);
    const std::uint64_t count = reader.leb();
    if (!reader.ok() || count == 0 || count > limits::kActorsMax - total) return std::nullopt;
    if (previous && same_group(*previous, actor)) return std::nullopt;
    total += static_cast<std::size_t>(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      actor.incarnation.bytes = reader.take_array<Incarnation::kSize>();
      const std::uint64_t counter = reader.leb();
      if (!reader.ok() || counter == 0) return std::nullopt;
      if (previous && actor <= *previous) return std::nullopt;
      vector.raise(actor, counter);
      previous = actor;
    }
  }
  if (!reader.ok()) return std::nullopt;
  return vector;
}

}  // namespace attune::sync
