#include "daemon/sync/sync_codec.h"

#include <gtest/gtest.h>

#include "attune/v1/sync.pb.h"
#include "crypto/random.h"
#include "daemon/sync/transport_frame.h"
#include "proto/limits.h"
#include "tests/sync/session_fixture.h"

namespace attune::sync {
namespace {

using testing::make_vector;

crdt::Dot make_dot(std::uint64_t counter) {
  crypto::SeededRandom random(5);
  crdt::Dot dot;
  dot.actor.stream.couple.bytes = random.bytes<16>();
  dot.actor.device.bytes = random.bytes<16>();
  dot.actor.incarnation.bytes = random.bytes<8>();
  dot.counter = counter;
  return dot;
}

std::vector<SyncMessage> every_message() {
  crypto::SeededRandom random(11);
  Greeting greeting;
  greeting.digest = random.bytes<32>();
  greeting.moved = make_vector(5, random);
  greeting.whole = true;
  greeting.addresses = {Endpoint::v4({192, 0, 2, 7}, 4711), Endpoint::v4({127, 0, 0, 1}, 1)};
  greeting.relay = RelayUrl{
      .place = {.host = "relay.example", .port = 443}, .invite = {}, .key = random.bytes<32>()};
  OpsMessage batch;
  batch.runs.push_back(
      {.first = make_dot(3), .seed = {}, .ops = {Bytes{1, 2}, Bytes{}}, .tag = random.bytes<32>()});
  batch.runs.push_back(
      {.first = make_dot(300), .seed = random.bytes<32>(), .ops = {Bytes{9}}, .tag = {}});
  return {greeting,
          batch,
          Ack{.moved = make_vector(2, random)},
          Even{.number = 77, .answer = true, .moved = make_vector(3, random)},
          NewRatchet{},
          NewRatchet{.random = random.bytes<32>(), .key = random.bytes<32>(), .parcel = {}},
          NewRatchet{.random = random.bytes<32>(), .key = {}, .parcel = Bytes(960, 7)},
          NewRatchet{.random = {}, .key = {}, .parcel = Bytes(960, 7)}};
}

std::optional<SyncMessage> decode(const v1::Sync& sync) {
  return decode_sync(as_bytes(sync.SerializeAsString()));
}

TEST(SyncCodec, GivesBackEveryMessage) {
  for (const SyncMessage& message : every_message()) {
    const auto decoded = decode_sync(encode_sync(message));
    ASSERT_TRUE(decoded) << message.index();
    EXPECT_EQ(*decoded, message) << message.index();
  }
}

TEST(SyncCodec, TakesNoMessageThatIsCut) {
  for (const SyncMessage& message : every_message()) {
    const Bytes whole = encode_sync(message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode_sync(ByteView(whole).first(size))) << message.index() << ' ' << size;
    }
  }
}

TEST(SyncCodec, TakesNoMessageThatGoesOn) {
  for (const SyncMessage& message : every_message()) {
    Bytes longer = encode_sync(message);
    longer.push_back(0);
    EXPECT_FALSE(decode_sync(longer));
    longer = encode_sync(message);
    append(longer, encode_sync(message));
    EXPECT_FALSE(decode_sync(longer));
  }
}

TEST(SyncCodec, MakesOfAFlippedBitNothingOrAMessage) {
  for (const SyncMessage& message : every_message()) {
    const Bytes whole = encode_sync(message);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes changed = whole;
      changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
      const auto decoded = decode_sync(changed);
      if (decoded) {
        EXPECT_TRUE(decode_sync(encode_sync(*decoded)) == decoded) << bit;
      }
    }
  }
}

TEST(SyncCodec, CountsTheOpsOfABatchBeforeItBuildsThem) {
  v1::Sync sync;
  for (int run = 0; run < 2; ++run) {
    v1::Run& wire = *sync.mutable_ops()->add_runs();
    wire.set_first(std::string(40, 'x') + '\x01');
    for (std::size_t i = 0; i < limits::kBatchOpsMax / 2; ++i) wire.add_ops("");
  }
  EXPECT_TRUE(decode(sync));
  sync.mutable_ops()->mutable_runs(1)->add_ops("");
  EXPECT_FALSE(decode(sync));
}

TEST(SyncCodec, CountsRunsAndUnknownFields) {
  v1::Sync sync;
  for (std::size_t i = 0; i < limits::kBatchOpsMax + 1; ++i) sync.mutable_ops()->add_runs();
  EXPECT_FALSE(decode(sync));

  const Bytes ack = encode_sync(Ack{});
  ASSERT_EQ(ack.size(), 2u);
  Bytes stuffed{ack[0], 0};
  for (int i = 0; i < 16; ++i) append(stuffed, Bytes{0x78, 0x01});  // field 15, a varint
  stuffed[1] = static_cast<std::uint8_t>(stuffed.size() - 2);
  EXPECT_TRUE(decode_sync(stuffed));
  append(stuffed, Bytes{0x78, 0x01});
  stuffed[1] = static_cast<std::uint8_t>(stuffed.size() - 2);
  EXPECT_FALSE(decode_sync(stuffed));
}

TEST(SyncCodec, RefusesWhatBreaksALimit) {
  const auto with = [](auto change) {
    v1::Sync sync;
    v1::Run& run = *sync.mutable_ops()->add_runs();
    run.set_first(std::string(40, 'x') + '\x01');
    run.add_ops("op");
    change(run);
    return decode(sync);
  };
  EXPECT_TRUE(with([](v1::Run&) {}));
  EXPECT_TRUE(with([](v1::Run& run) { run.set_ops(0, std::string(limits::kOpBytesMax, 'o')); }));
  EXPECT_FALSE(
      with([](v1::Run& run) { run.set_ops(0, std::string(limits::kOpBytesMax + 1, 'o')); }));
  EXPECT_FALSE(with([](v1::Run& run) { run.clear_ops(); }));
  EXPECT_FALSE(with([](v1::Run& run) { run.set_first(std::string(40, 'x') + '\0'); }));
  EXPECT_FALSE(with([](v1::Run& run) { run.set_first(std::string(40, 'x') + "\x01x"); }));
  EXPECT_FALSE(with([](v1::Run& run) { run.set_first(""); }));
  EXPECT_FALSE(with([](v1::Run& run) {
    run.set_first(std::string(40, 'x') + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  }));
  EXPECT_FALSE(with([](v1::Run& run) { run.set_seed(std::string(31, 's')); }));
  EXPECT_FALSE(with([](v1::Run& run) { run.set_tag(std::string(33, 't')); }));
}

TEST(SyncCodec, RefusesAGreetingWithWrongParts) {
  const auto with = [](auto change) {
    v1::Sync sync;
    sync.mutable_greeting()->set_digest(std::string(32, 'd'));
    change(*sync.mutable_greeting());
    return decode(sync);
  };
  EXPECT_TRUE(with([](v1::Greeting&) {}));
  EXPECT_FALSE(with([](v1::Greeting& wire) { wire.set_digest(std::string(31, 'd')); }));
  EXPECT_FALSE(with([](v1::Greeting& wire) { wire.set_moved("x"); }));
  const std::string address("\x04\xc0\x00\x02\x07\x12\x67", 7);
  std::string addresses;
  for (std::size_t i = 0; i < limits::kAddressesMax; ++i) addresses += address;
  EXPECT_TRUE(with([&](v1::Greeting& wire) { wire.set_addresses(addresses); }));
  EXPECT_FALSE(with([&](v1::Greeting& wire) { wire.set_addresses(addresses + address); }));
  EXPECT_FALSE(with([&](v1::Greeting& wire) { wire.set_addresses(addresses.substr(1)); }));
  const std::string key = "#" + std::string(42, 'q') + "Q";
  EXPECT_TRUE(with([&](v1::Greeting& wire) { wire.set_relay("attune-relay://a:1" + key); }));
  EXPECT_FALSE(with([&](v1::Greeting& wire) { wire.set_relay("attune-relay://a:1"); }));
  EXPECT_FALSE(with([&](v1::Greeting& wire) { wire.set_relay("attune-relay://a/" + key); }));
  EXPECT_FALSE(
      with([&](v1::Greeting& wire) { wire.set_relay("attune-relay://a:1/?invite=x" + key); }));
}

TEST(SyncCodec, RefusesWhatIsNoBody) {
  EXPECT_FALSE(decode_sync({}));
  EXPECT_FALSE(decode(v1::Sync{}));
  EXPECT_FALSE(decode_sync(Bytes{0x7a, 0x00}));  // field 15
  EXPECT_FALSE(decode_sync(Bytes{0x08, 0x01}));  // greeting as a varint
  EXPECT_FALSE(decode_sync(Bytes{0x1b, 0x1c}));  // a group
  EXPECT_FALSE(decode_sync(Bytes(limits::kFramePlainMax + 1, 0)));
}

TEST(SyncCodec, AFullBatchFitsAFrame) {
  OpsMessage batch;
  for (std::size_t i = 0; i < limits::kBatchOpsMax; ++i) {
    if (i % 64 == 0) {
      batch.runs.push_back(
          {.first = make_dot(1 + i), .seed = {}, .ops = {}, .tag = crypto::Hash32{}});
    }
    batch.runs.back().ops.emplace_back(limits::kBatchBytesMax / limits::kBatchOpsMax, 7);
  }
  EXPECT_LE(encode_sync(batch).size(), kFrameBodyMax);
}

TEST(VectorCodec, AVectorOfEveryActorFitsAFrame) {
  crypto::SeededRandom random(2);
  Greeting greeting;
  greeting.moved = make_vector(limits::kActorsMax, random);
  greeting.addresses.assign(limits::kAddressesMax, Endpoint::v4({192, 0, 2, 7}, 4711));
  const Bytes body = encode_sync(greeting);
  EXPECT_LE(body.size(), kFrameBodyMax);
  EXPECT_EQ(std::get<Greeting>(decode_sync(body).value()), greeting);
}

TEST(VectorCodec, RefusesOneActorTooMany) {
  crypto::SeededRandom random(2);
  EXPECT_TRUE(decode_vector(encode_vector(make_vector(limits::kActorsMax, random))));
  EXPECT_FALSE(decode_vector(encode_vector(make_vector(limits::kActorsMax + 1, random))));
}

TEST(VectorCodec, HasOneFormForEachVector) {
  crypto::SeededRandom random(4);
  const auto vector = make_vector(6, random);
  const Bytes bytes = encode_vector(vector);
  EXPECT_EQ(decode_vector(bytes).value(), vector);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    const auto decoded = decode_vector(changed);
    if (decoded) {
      EXPECT_EQ(encode_vector(*decoded), changed) << bit;
    }
  }
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const auto decoded = decode_vector(ByteView(bytes).first(size));
    if (decoded) {
      EXPECT_EQ(encode_vector(*decoded).size(), size);
    }
  }
}

TEST(VectorCodec, RefusesRowsOutOfOrder) {
  const Bytes group(32, 1);
  const Bytes low(8, 1);
  const Bytes high(8, 2);
  const auto rows = [&](const Bytes& first, const Bytes& second) {
    Bytes out = group;
    out.push_back(2);
    for (const Bytes& incarnation : {first, second}) {
      append(out, incarnation);
      out.push_back(5);
    }
    return decode_vector(out).has_value();
  };
  EXPECT_TRUE(rows(low, high));
  EXPECT_FALSE(rows(high, low));
  EXPECT_FALSE(rows(low, low));

  Bytes split = group;
  split.push_back(1);
  append(split, low);
  split.push_back(5);
  const Bytes one_row = split;
  append(split, group);
  split.push_back(1);
  append(split, high);
  split.push_back(5);
  EXPECT_TRUE(decode_vector(one_row));
  EXPECT_FALSE(decode_vector(split));
}

TEST(VectorCodec, RefusesZeroCountersAndEmptyGroups) {
  Bytes bytes(32, 1);
  EXPECT_FALSE(decode_vector(bytes));
  bytes.push_back(0);
  EXPECT_FALSE(decode_vector(bytes));
  bytes.back() = 1;
  append(bytes, Bytes(8, 1));
  bytes.push_back(0);
  EXPECT_FALSE(decode_vector(bytes));
  bytes.back() = 1;
  EXPECT_TRUE(decode_vector(bytes));
}

TEST(SyncCodec, TakesNoRatchetOfOtherParts) {
  const auto takes = [](std::size_t random, std::size_t key, std::size_t parcel) {
    v1::Sync sync;
    v1::NewRatchet& made = *sync.mutable_new_ratchet();
    made.set_random(std::string(random, 'r'));
    made.set_key(std::string(key, 'k'));
    made.set_parcel(std::string(parcel, 'p'));
    return decode(sync).has_value();
  };
  EXPECT_TRUE(takes(32, 32, 0));
  EXPECT_FALSE(takes(31, 32, 0));
  EXPECT_FALSE(takes(32, 33, 0));
  EXPECT_FALSE(takes(32, 0, 0));
  EXPECT_FALSE(takes(0, 32, 0));
  EXPECT_FALSE(takes(0, 32, 960));
  EXPECT_FALSE(takes(32, 32, 960));
  EXPECT_FALSE(takes(0, 0, 959));
  EXPECT_FALSE(takes(0, 0, 4'032));
}

ParcelBody some_parcel() {
  ParcelBody parcel;
  parcel.ops = std::get<OpsMessage>(every_message()[1]);
  parcel.ack = std::get<Ack>(every_message()[2]).moved;
  return parcel;
}

TEST(ParcelCodec, GivesBackOpsAndAcknowledgement) {
  for (const ParcelBody& parcel : {ParcelBody{}, some_parcel()}) {
    EXPECT_EQ(decode_parcel(encode_parcel(parcel)), parcel);
  }
  EXPECT_TRUE(encode_parcel({}).empty());
}

TEST(ParcelCodec, MakesOfACutOrAFlippedBitNothingOrAParcel) {
  const Bytes whole = encode_parcel(some_parcel());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = decode_parcel(ByteView(whole).first(size));
    EXPECT_FALSE(decoded == some_parcel());
  }
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes changed = whole;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    const auto decoded = decode_parcel(changed);
    if (decoded) {
      EXPECT_EQ(decode_parcel(encode_parcel(*decoded)), decoded) << bit;
    }
  }
}

TEST(ParcelCodec, HasTheLimitsOfABatch) {
  v1::Parcel parcel;
  v1::Run& run = *parcel.add_runs();
  run.set_first(std::string(40, 'x') + '\x01');
  for (std::size_t i = 0; i < limits::kBatchOpsMax; ++i) run.add_ops("");
  const auto takes = [&parcel] {
    return decode_parcel(as_bytes(parcel.SerializeAsString())).has_value();
  };
  EXPECT_TRUE(takes());
  run.add_ops("");
  EXPECT_FALSE(takes());
  run.clear_ops();
  run.add_ops(std::string(limits::kOpBytesMax, 'o'));
  EXPECT_TRUE(takes());
  run.set_ops(0, std::string(limits::kOpBytesMax + 1, 'o'));
  EXPECT_FALSE(takes());
  run.set_ops(0, "");
  parcel.set_ack("no vector");
  EXPECT_FALSE(takes());
}

}  // namespace
}  // namespace attune::sync
