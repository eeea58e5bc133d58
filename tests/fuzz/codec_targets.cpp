// Messages: what a local client, a partner's device and a kind's row are made of on the wire.
#include <algorithm>

#include "daemon/crdt/op.h"
#include "daemon/sync/control_codec.h"
#include "daemon/sync/pairing_codec.h"
#include "daemon/sync/sync_codec.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "tests/fuzz/samples.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

// ---- A request of a local client.

void check(const sync::EditEntry& edit) {
  require(edit.clear.size() <= limits::kListElementsMax, "a request's lists are short");
}
void check(const sync::SyncNow& sync) {
  require(sync.wait <= std::chrono::hours(24), "a client waits for a day at most");
}
void check(const sync::PairByCode& pair) {
  require(pair.wait <= std::chrono::hours(24), "a client waits for a day at most");
}
template <typename Other>
void check(const Other&) {}

void run_control(ByteView input) {
  const auto request = sync::decode_request(input);
  if (!request) return;
  require(input.size() <= limits::kControlFrameMax, "a request is within its frame");
  if (const auto* command = std::get_if<sync::Command>(&*request)) {
    std::visit([](const auto& asked) { check(asked); }, *command);
  }
}

// ---- Messages of a session.

// What was read is written and read again: the same ops, each within limits.
void check_run(const sync::OpsMessage& batch, const crdt::Run& run) {
  using Result = crdt::RunReader::Result;
  crdt::ActorTable actors;
  crdt::RunWriter writer(actors, run.first, nullptr);
  std::vector<crdt::Op> ops;
  crdt::RunReader reader(batch.actors, run, nullptr);
  crdt::RunReader::Read read;
  while (reader.next(read) == Result::kOp) {
    require(crdt::within_limits(read.op), "an op is within limits");
    require(read.bytes == crdt::encode_op(read.op).size(), "an op's size is known");
    writer.add(read.op, std::nullopt);
    ops.push_back(read.op);
  }
  require(ops.size() <= run.count, "a run has no more ops than it says");
  if (ops.empty()) return;
  const crdt::Run again = writer.finish();
  const std::vector<crdt::Actor> named = actors.actors();
  crdt::RunReader second(named, again, nullptr);
  for (const crdt::Op& op : ops) {
    require(second.next(read) == Result::kOp && read.op == op, "an op is read as it was written");
  }
  require(second.next(read) == Result::kEnd, "a run ends");
}

void check_batch(const sync::OpsMessage& batch) {
  std::size_t count = 0;
  require(batch.runs.size() <= limits::kBatchOpsMax, "a batch has few runs");
  for (const sync::OpRun& each : batch.runs) {
    require(each.run.count > 0, "a run has an op");
    count += each.run.count;
    check_run(batch, each.run);
  }
  require(count <= limits::kBatchOpsMax, "a batch has few ops");
}

void run_sync(ByteView input) {
  const auto message = sync::decode_sync(input);
  if (!message) return;
  require(input.size() <= limits::kFramePlainMax, "a message is within its frame");
  require(!std::holds_alternative<sync::CloseMessage>(*message), "a close is no message");
  if (const auto* batch = std::get_if<sync::OpsMessage>(&*message)) check_batch(*batch);
  if (const auto* greeting = std::get_if<sync::Greeting>(&*message)) {
    require(greeting->addresses.size() <= limits::kAddressesMax, "a device has few addresses");
  }
  const Bytes again = sync::encode_sync(*message);
  require(again.size() <= input.size(), "what we write is no longer than what we read");
  require(sync::decode_sync(again) == message, "a message is read as it was written");
}

std::vector<Bytes> sync_seeds() {
  std::vector<Bytes> out;
  for (const auto& message : evening().messages) out.push_back(sync::encode_sync(message));
  return out;
}

void run_parcel(ByteView input) {
  const auto parcel = sync::decode_parcel(input);
  if (!parcel) return;
  check_batch(parcel->ops);
  require(parcel->ack.rows().size() <= limits::kActorsMax, "a vector has few rows");
  const Bytes again = sync::encode_parcel(*parcel);
  require(again.size() <= input.size(), "what we write is no longer than what we read");
  require(sync::decode_parcel(again) == parcel, "a parcel is read as it was written");
}

std::vector<Bytes> parcel_seeds() {
  std::vector<Bytes> out{{}};
  sync::ParcelBody parcel;
  for (const auto& message : evening().messages) {
    if (const auto* ack = std::get_if<sync::Ack>(&message)) parcel.ack = ack->moved;
    out.push_back(sync::encode_parcel(parcel));
    if (const auto* ops = std::get_if<sync::OpsMessage>(&message)) parcel.ops = *ops;
  }
  return out;
}

void run_vector(ByteView input) {
  const auto vector = sync::decode_vector(input);
  if (!vector) return;
  require(vector->rows().size() <= limits::kActorsMax, "a vector has few rows");
  const Bytes again = sync::encode_vector(*vector);
  require(std::ranges::equal(again, input), "a vector has one form");
}

std::vector<Bytes> vector_seeds() {
  std::vector<Bytes> out{{}};
  for (const auto& message : evening().messages) {
    if (const auto* ack = std::get_if<sync::Ack>(&message)) {
      out.push_back(sync::encode_vector(ack->moved));
    }
  }
  return out;
}

// ---- An operation.

void run_op(ByteView input) {
  const crdt::Dot dot = evening().ops.front().first;
  auto op = crdt::decode_op(dot, input);
  if (!op) return;
  require(crdt::within_limits(*op), "an op is within limits");
  const Bytes again = crdt::encode_op(*op);
  require(std::ranges::equal(again, input), "an op has one form");
  if (op->husk) return;
  require(op->rest_hash == crdt::hash_rest(*op), "the rest has its hash");
  const crdt::Op whole = *op;
  for (crdt::Slot& slot : op->slots) {
    if (slot.body) {
      require(slot.commitment == crdt::commit_body(slot.field, *slot.body), "a body is committed");
    }
    slot.body.reset();
  }
  require(op->rest_hash == crdt::hash_rest(*op), "erasing bodies changes no hash");
  crdt::make_husk(*op);
  require(crdt::same_header(*op, whole), "a husk has its op's header");
  const Bytes husk = crdt::encode_op(*op);
  require(crdt::decode_op(dot, husk) == op, "a husk is read as it was written");
}

std::vector<Bytes> op_seeds() {
  std::vector<Bytes> out;
  for (const auto& [dot, bytes] : evening().ops) {
    out.push_back(bytes);
    auto op = crdt::decode_op(dot, bytes);
    for (crdt::Slot& slot : op->slots) slot.body.reset();
    out.push_back(crdt::encode_op(*op));
    crdt::make_husk(*op);
    out.push_back(crdt::encode_op(*op));
  }
  return out;
}

// ---- Pairing.

void run_introduction(ByteView input) {
  const auto message = sync::decode_pairing(input);
  if (!message) return;
  require(input.size() <= sync::kPairingMessageBytesMax, "a pairing message is short");
  if (const auto* who = std::get_if<sync::Introduction>(&*message)) {
    require(!who->name.empty() && who->name.size() <= limits::kNameBytesMax, "a name has a length");
    require(!who->person.is_zero(), "a person is somebody");
  }
  require(sync::decode_pairing(sync::encode_pairing(*message)) == message,
          "a message is read as it was written");
}

std::vector<Bytes> introduction_seeds() {
  sync::Introduction who{.random = {9}, .person = {{7}}, .name = "Ada", .same = {5}};
  return {sync::encode_pairing(who), sync::encode_pairing(sync::Confirm{}),
          sync::encode_pairing(sync::Decline{})};
}

// ---- An entry's own message, cut into fields.

void run_entry(ByteView input) {
  const auto fields = split_message(input);
  if (!fields) return;
  Bytes again;
  for (const WireField& field : *fields) {
    append(again, field.bytes);
    require(!(wire_varint(field.bytes) && wire_content(field.bytes)), "a field has one type");
    for (const KindRow& kind : KindTable::standard().kinds()) {
      const FieldRow* row = kind.field(field.number);
      if (row == nullptr) continue;
      const bool fitting = fits(*row, field.bytes);
      require(!fitting || field.bytes.size() <= limits::kWordsBytesMax + 8, "what fits is short");
      require(row->rank_of(field.bytes) <= FieldRow::kRankUnknown, "a rank has a bound");
    }
  }
  require(std::ranges::equal(again, input), "nothing is lost by cutting");
  require(fields->size() <= limits::kFieldsPerOpMax * limits::kListElementsMax, "few fields");
}

std::vector<Bytes> entry_seeds() {
  std::vector<Bytes> out;
  for (const auto& [dot, bytes] : evening().ops) {
    Bytes message;
    const auto op = crdt::decode_op(dot, bytes);
    for (const crdt::Slot& slot : op->slots) {
      if (slot.body) append(message, slot.body->bytes);
    }
    out.push_back(std::move(message));
  }
  return out;
}

}  // namespace

std::vector<Target> codec_targets() {
  return {{.name = "control", .run = run_control, .seeds = sample_requests},
          {.name = "sync", .run = run_sync, .seeds = sync_seeds, .bytes_max = 16'384},
          {.name = "parcel", .run = run_parcel, .seeds = parcel_seeds, .bytes_max = 16'384},
          {.name = "vector", .run = run_vector, .seeds = vector_seeds},
          {.name = "op", .run = run_op, .seeds = op_seeds},
          {.name = "introduction", .run = run_introduction, .seeds = introduction_seeds},
          {.name = "entry", .run = run_entry, .seeds = entry_seeds}};
}

}  // namespace attune::fuzz
