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
  batch.actors = {make_dot(3).actor, make_dot(300).actor};
  batch.runs.push_back(
      {.run = {.first = make_dot(3), .count = 2, .ops = {1, 2}, .salts = Bytes(17, 9)},
       .tag = random.bytes<32>()});
  batch.runs.push_back(
      {.run = {.first = make_dot(300), .count = 1, .ops = {9}, .salts = {}}, .tag = {}});
  return {greeting,
          batch,
          Ack{.moved = make_vector(2, random)},
          Ack{.moved = {}, .whole_names = true},
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

TEST(SyncCodec, CountsTheOpsOfABatchOverItsRuns) {
  v1::Sync sync;
  sync.mutable_ops()->set_actors(std::string(40, 'x'));
  for (int run = 0; run < 2; ++run) {
    v1::Run& wire = *sync.mutable_ops()->add_runs();
    wire.set_counter(1);
    wire.set_count(limits::kBatchOpsMax / 2);
  }
  EXPECT_TRUE(decode(sync));
  sync.mutable_ops()->mutable_runs(1)->set_count(limits::kBatchOpsMax / 2 + 1);
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

TEST(SyncCodec, RefusesATagOfAnotherSize) {
  const auto with = [](std::size_t size) {
    v1::Sync sync;
    sync.mutable_ops()->set_actors(std::string(40, 'x'));
    v1::Run& run = *sync.mutable_ops()->add_runs();
    run.set_counter(1);
    run.set_count(1);
    run.set_tag(std::string(size, 't'));
    return decode(sync).has_value();
  };
  EXPECT_TRUE(with(0));
  EXPECT_TRUE(with(32));
  EXPECT_FALSE(with(31));
  EXPECT_FALSE(with(33));
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
  batch.actors = {make_dot(1).actor};
  constexpr std::size_t kRuns = 8;
  for (std::size_t i = 0; i < kRuns; ++i) {
    batch.runs.push_back({.run = {.first = make_dot(1 + i),
                                  .count = limits::kBatchOpsMax / kRuns,
                                  .ops = Bytes(limits::kBatchBytesMax / kRuns / 2, 7),
                                  .salts = Bytes(limits::kBatchBytesMax / kRuns / 2, 7)},
                          .tag = crypto::Hash32{}});
  }
  EXPECT_LE(encode_sync(batch).size(), kFrameBodyMax);
  EXPECT_TRUE(decode_sync(encode_sync(batch)));
  ++batch.runs.back().run.count;
  EXPECT_FALSE(decode_sync(encode_sync(batch)));
}

TEST(SyncCodec, RefusesARunOfNobodyOrNothing) {
  const auto takes = [](std::size_t actors, std::uint32_t place, std::uint64_t counter,
                        std::uint32_t count) {
    v1::Sync sync;
    v1::Ops& ops = *sync.mutable_ops();
    if (actors > 0) ops.set_actors(std::string(16 + 24 * actors, 'a'));
    v1::Run& run = *ops.add_runs();
    run.set_actor(place);
    run.set_counter(counter);
    run.set_count(count);
    return decode(sync).has_value();
  };
  EXPECT_TRUE(takes(1, 0, 1, 1));
  EXPECT_TRUE(takes(2, 1, 7, limits::kBatchOpsMax));
  EXPECT_FALSE(takes(0, 0, 1, 1));
  EXPECT_FALSE(takes(2, 2, 1, 1));
  EXPECT_FALSE(takes(1, 0, 0, 1));
  EXPECT_FALSE(takes(1, 0, ~std::uint64_t{0}, 1));
  EXPECT_FALSE(takes(1, 0, 1, 0));
  EXPECT_FALSE(takes(1, 0, 1, limits::kBatchOpsMax + 1));
}

TEST(SyncCodec, RefusesActorsThatAreNotWhole) {
  for (const std::size_t size : {1u, 15u, 16u, 39u, 41u, 63u}) {
    v1::Sync sync;
    sync.mutable_ops()->set_actors(std::string(size, 'a'));
    EXPECT_FALSE(decode(sync)) << size;
  }
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
  parcel.set_actors(std::string(40, 'x'));
  v1::Run& run = *parcel.add_runs();
  run.set_counter(1);
  run.set_count(limits::kBatchOpsMax);
  const auto takes = [&parcel] {
    return decode_parcel(as_bytes(parcel.SerializeAsString())).has_value();
  };
  EXPECT_TRUE(takes());
  run.set_count(limits::kBatchOpsMax + 1);
  EXPECT_FALSE(takes());
  run.set_count(1);
  parcel.set_ack("no vector");
  EXPECT_FALSE(takes());
}

}  // namespace
}  // namespace attune::sync
