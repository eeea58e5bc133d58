#include "daemon/sync/sync_codec.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "attune/v1/sync.pb.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kActorBytes = DeviceId::kSize + Incarnation::kSize;
/// Fields of one message beside its lists: ours, and those of a newer version.
constexpr std::size_t kFieldsMax = 16;

// ---- The wire form, before protobuf builds objects from it.

constexpr std::uint32_t kOpsNumber = v1::Sync::kOpsFieldNumber;
constexpr std::uint32_t kRunsNumber = v1::Ops::kRunsFieldNumber;
static_assert(kRunsNumber == v1::Parcel::kRunsFieldNumber);

struct WireItem {
  std::uint64_t number = 0;
  std::optional<ByteView> content;  ///< of a length-delimited field
};

/// nullopt for the end of a group, a reserved type or a value that is not all there.
std::optional<WireItem> take_item(Reader& reader) {
  const std::uint64_t tag = reader.leb();
  WireItem item{.number = tag >> 3, .content = {}};
  switch (tag & 7) {
    case 0:
      reader.leb();
      break;
    case 1:
      reader.take(8);
      break;
    case 2:
      item.content = reader.lv(reader.left());
      break;
    case 5:
      reader.take(4);
      break;
    default:
      return std::nullopt;
  }
  if (!reader.ok() || item.number == 0) return std::nullopt;
  return item;
}

bool flat(ByteView message) {
  Reader reader(message);
  for (std::size_t count = 0; reader.left() > 0; ++count) {
    if (count == kFieldsMax || !take_item(reader)) return false;
  }
  return true;
}

/// An Ops or a Parcel: few runs, each of few fields, and beside them few fields.
bool is_batch(ByteView message) {
  Reader reader(message);
  std::size_t runs = 0;
  for (std::size_t others = 0; reader.left() > 0;) {
    const auto item = take_item(reader);
    if (!item) return false;
    if (item->number == kRunsNumber && item->content) {
      if (++runs > limits::kBatchOpsMax || !flat(*item->content)) return false;
    } else if (++others > kFieldsMax) {
      return false;
    }
  }
  return true;
}

/// One body, of a bounded number of parts. Messages nest no deeper than Sync, Ops and Run.
bool has_shape(ByteView bytes) {
  Reader reader(bytes);
  const auto body = take_item(reader);
  if (!body || !body->content || !reader.done()) return false;
  return body->number == kOpsNumber ? is_batch(*body->content) : flat(*body->content);
}

// ---- Values.

std::string text_of(ByteView bytes) { return std::string(as_text(bytes)); }

std::string encode_actors(const std::vector<crdt::Actor>& actors) {
  Bytes out;
  for (const crdt::Actor& actor : actors) {
    if (out.empty()) append(out, actor.stream.couple.view());
    assert(actor.stream == actors.front().stream);
    append(out, actor.device.view());
    append(out, actor.incarnation.view());
  }
  return text_of(out);
}

std::optional<std::vector<crdt::Actor>> decode_actors(const std::string& text) {
  std::vector<crdt::Actor> actors;
  if (text.empty()) return actors;
  Reader reader(as_bytes(text));
  crdt::Actor actor;
  actor.stream.couple.bytes = reader.take_array<CoupleId::kSize>();
  const std::size_t count = reader.left() / kActorBytes;
  if (!reader.ok() || count == 0 || count > limits::kActorsMax) return std::nullopt;
  actors.reserve(count);
  while (reader.left() > 0) {
    actor.device.bytes = reader.take_array<DeviceId::kSize>();
    actor.incarnation.bytes = reader.take_array<Incarnation::kSize>();
    if (!reader.ok()) return std::nullopt;
    actors.push_back(actor);
  }
  return actors;
}

using Hash = std::array<std::uint8_t, kHashBytes>;

bool decode_optional_hash(const std::string& text, std::optional<Hash>& out) {
  if (text.empty()) return true;
  if (text.size() != kHashBytes) return false;
  Reader reader(as_bytes(text));
  out = reader.take_array<kHashBytes>();
  return true;
}

std::optional<std::vector<Endpoint>> decode_addresses(const std::string& text) {
  std::vector<Endpoint> addresses;
  Reader reader(as_bytes(text));
  while (reader.left() > 0) {
    const auto endpoint = take_endpoint(reader);
    if (!endpoint || addresses.size() == limits::kAddressesMax) return std::nullopt;
    addresses.push_back(*endpoint);
  }
  return addresses;
}

std::optional<SyncMessage> decode(const v1::Greeting& wire) {
  Greeting greeting;
  auto moved = decode_vector(as_bytes(wire.moved()));
  auto addresses = decode_addresses(wire.addresses());
  if (!moved || !addresses || wire.digest().size() != kHashBytes) return std::nullopt;
  Reader digest(as_bytes(wire.digest()));
  greeting.digest = digest.take_array<kHashBytes>();
  greeting.moved = std::move(*moved);
  greeting.whole = wire.whole();
  greeting.addresses = std::move(*addresses);
  if (!wire.relay().empty()) {
    greeting.relay = parse_relay_url(wire.relay());
    if (!greeting.relay || greeting.relay->invite) return std::nullopt;
  }
  return greeting;
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::optional<OpRun> decode(const v1::Run& wire, const std::vector<crdt::Actor>& actors) {
  const std::uint64_t counter_max =
      std::numeric_limits<std::uint64_t>::max() - limits::kBatchOpsMax;
  if (wire.actor() >= actors.size() || wire.counter() == 0 || wire.counter() > counter_max) {
    return std::nullopt;
  }
  OpRun run;
  if (wire.count() == 0 || !decode_optional_hash(wire.tag(), run.tag)) return std::nullopt;
  run.run = {.first = {actors[wire.actor()], wire.counter()},
             .count = wire.count(),
             .ops = bytes_of(wire.ops()),
             .salts = bytes_of(wire.salts())};
  return run;
}

/// Of an Ops or of a Parcel.
template <typename Wire>
std::optional<OpsMessage> decode_runs(const Wire& wire) {
  OpsMessage batch;
  auto actors = decode_actors(wire.actors());
  if (!actors) return std::nullopt;
  batch.actors = std::move(*actors);
  batch.runs.reserve(static_cast<std::size_t>(wire.runs_size()));
  std::size_t ops = 0;
  for (const v1::Run& wire_run : wire.runs()) {
    auto run = decode(wire_run, batch.actors);
    if (!run || run->run.count > limits::kBatchOpsMax - ops) return std::nullopt;
    ops += run->run.count;
    batch.runs.push_back(std::move(*run));
  }
  return batch;
}

std::optional<SyncMessage> decode(const v1::Ops& wire) {
  auto batch = decode_runs(wire);
  if (!batch) return std::nullopt;
  return std::move(*batch);
}

std::optional<SyncMessage> decode(const v1::NewRatchet& wire) {
  NewRatchet made;
  if (!decode_optional_hash(wire.random(), made.random)) return std::nullopt;
  if (!decode_optional_hash(wire.key(), made.key)) return std::nullopt;
  const std::string& parcel = wire.parcel();
  if (!parcel.empty() && parcel.size() != limits::kParcelBytesMin) return std::nullopt;
  made.parcel.assign(parcel.begin(), parcel.end());
  // A key comes with a random and without a parcel, a random with one of the two.
  if (made.key ? !made.random || !parcel.empty() : made.random && parcel.empty()) {
    return std::nullopt;
  }
  return made;
}

std::optional<SyncMessage> decode(const v1::Ack& wire) {
  auto moved = decode_vector(as_bytes(wire.moved()));
  if (!moved) return std::nullopt;
  return Ack{.moved = std::move(*moved), .whole_names = wire.whole_names()};
}

std::optional<SyncMessage> decode(const v1::Even& wire) {
  auto moved = decode_vector(as_bytes(wire.moved()));
  if (!moved) return std::nullopt;
  return Even{.number = wire.number(), .answer = wire.answer(), .moved = std::move(*moved)};
}

// ---- To the wire.

void fill(const Greeting& greeting, v1::Sync& sync) {
  assert(greeting.addresses.size() <= limits::kAddressesMax);
  v1::Greeting& wire = *sync.mutable_greeting();
  wire.set_digest(text_of(greeting.digest));
  wire.set_moved(text_of(encode_vector(greeting.moved)));
  wire.set_whole(greeting.whole);
  Bytes addresses;
  for (const Endpoint& endpoint : greeting.addresses) append_endpoint(addresses, endpoint);
  wire.set_addresses(text_of(addresses));
  if (greeting.relay) {
    assert(!greeting.relay->invite);
    wire.set_relay(to_text(*greeting.relay));
  }
}

template <typename Wire>
void fill_runs(const OpsMessage& batch, Wire& wire) {
  wire.set_actors(encode_actors(batch.actors));
  for (const OpRun& run : batch.runs) {
    v1::Run& wire_run = *wire.add_runs();
    const auto actor = std::ranges::find(batch.actors, run.run.first.actor);
    assert(actor != batch.actors.end());
    wire_run.set_actor(static_cast<std::uint32_t>(actor - batch.actors.begin()));
    wire_run.set_counter(run.run.first.counter);
    wire_run.set_count(static_cast<std::uint32_t>(run.run.count));
    wire_run.set_ops(text_of(run.run.ops));
    wire_run.set_salts(text_of(run.run.salts));
    if (run.tag) wire_run.set_tag(text_of(*run.tag));
  }
}

void fill(const OpsMessage& batch, v1::Sync& sync) { fill_runs(batch, *sync.mutable_ops()); }

void fill(const NewRatchet& made, v1::Sync& sync) {
  v1::NewRatchet& wire = *sync.mutable_new_ratchet();
  if (made.random) wire.set_random(text_of(*made.random));
  if (made.key) wire.set_key(text_of(*made.key));
  wire.set_parcel(text_of(made.parcel));
}

void fill(const Ack& ack, v1::Sync& sync) {
  sync.mutable_ack()->set_moved(text_of(encode_vector(ack.moved)));
  sync.mutable_ack()->set_whole_names(ack.whole_names);
}

void fill(const Even& even, v1::Sync& sync) {
  v1::Even& wire = *sync.mutable_even();
  wire.set_number(even.number);
  wire.set_answer(even.answer);
  wire.set_moved(text_of(encode_vector(even.moved)));
}

void fill(const CloseMessage&, v1::Sync&) {}

Bytes bytes_of(const google::protobuf::MessageLite& message) {
  Bytes out(message.ByteSizeLong());
  const bool written = message.SerializeToArray(out.data(), static_cast<int>(out.size()));
  assert(written);
  static_cast<void>(written);
  return out;
}

}  // namespace

Bytes encode_sync(const SyncMessage& message) {
  v1::Sync sync;
  std::visit([&sync](const auto& body) { fill(body, sync); }, message);
  return bytes_of(sync);
}

Bytes encode_parcel(const ParcelBody& parcel) {
  v1::Parcel wire;
  fill_runs(parcel.ops, wire);
  wire.set_ack(text_of(encode_vector(parcel.ack)));
  return bytes_of(wire);
}

std::optional<ParcelBody> decode_parcel(ByteView body) {
  if (body.size() > limits::kParcelBytesMax || !is_batch(body)) return std::nullopt;
  v1::Parcel wire;
  if (!wire.ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
  auto ops = decode_runs(wire);
  auto ack = decode_vector(as_bytes(wire.ack()));
  if (!ops || !ack) return std::nullopt;
  return ParcelBody{.ops = std::move(*ops), .ack = std::move(*ack)};
}

std::optional<SyncMessage> decode_sync(ByteView body) {
  if (body.size() > limits::kFramePlainMax || !has_shape(body)) return std::nullopt;
  v1::Sync sync;
  if (!sync.ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
  switch (sync.body_case()) {
    case v1::Sync::kGreeting:
      return decode(sync.greeting());
    case v1::Sync::kOps:
      return decode(sync.ops());
    case v1::Sync::kAck:
      return decode(sync.ack());
    case v1::Sync::kEven:
      return decode(sync.even());
    case v1::Sync::kNewRatchet:
      return decode(sync.new_ratchet());
    case v1::Sync::BODY_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace attune::sync
