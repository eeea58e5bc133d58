#include "daemon/sync/pairing_codec.h"

#include <gtest/gtest.h>

#include "attune/v1/pairing.pb.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

Introduction introduction() {
  Introduction mine;
  mine.random.fill(1);
  mine.person.bytes.fill(2);
  mine.name = "Zoë";
  mine.same.fill(3);
  return mine;
}

std::optional<PairingMessage> decode_changed(void (*change)(v1::Introduction&)) {
  const Bytes bytes = encode_pairing(introduction());
  v1::Pairing wire;
  EXPECT_TRUE(wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  change(*wire.mutable_introduction());
  return decode_pairing(as_bytes(wire.SerializeAsString()));
}

TEST(PairingCodec, GivesBackEveryMessage) {
  for (const PairingMessage& message :
       std::vector<PairingMessage>{introduction(), Confirm{}, Decline{}}) {
    EXPECT_TRUE(decode_pairing(encode_pairing(message)) == message);
  }
  Introduction longest = introduction();
  longest.name = std::string(limits::kNameBytesMax, 'n');
  const Bytes bytes = encode_pairing(longest);
  EXPECT_LE(bytes.size(), kPairingMessageBytesMax);
  EXPECT_TRUE(decode_pairing(bytes));
}

TEST(PairingCodec, TakesNoCutOrOtherMessage) {
  const Bytes whole = encode_pairing(introduction());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_pairing(ByteView(whole).first(size))) << size;
  }
  EXPECT_FALSE(decode_pairing(Bytes{0x7a, 0x00}));
  Bytes longer = encode_pairing(Confirm{});
  longer.push_back(0x7a);
  longer.push_back(0xfe);
  longer.push_back(0x01);
  append(longer, Bytes(254));
  EXPECT_FALSE(decode_pairing(longer)) << "more bytes than any message has";
}

TEST(PairingCodec, MakesOfAFlippedBitNothingOrAMessage) {
  const Bytes whole = encode_pairing(introduction());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes changed = whole;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    const auto decoded = decode_pairing(changed);
    if (decoded) {
      EXPECT_TRUE(decode_pairing(encode_pairing(*decoded)) == decoded) << bit;
    }
  }
}

TEST(PairingCodec, RefusesWhatBreaksALimit) {
  EXPECT_TRUE(decode_changed([](v1::Introduction&) {}));
  EXPECT_FALSE(decode_changed([](v1::Introduction& wire) { wire.set_name(""); }));
  EXPECT_FALSE(decode_changed(
      [](v1::Introduction& wire) { wire.set_name(std::string(limits::kNameBytesMax + 1, 'n')); }));
  EXPECT_FALSE(decode_changed([](v1::Introduction& wire) { wire.set_random("short"); }));
  EXPECT_FALSE(decode_changed([](v1::Introduction& wire) { wire.set_person("short"); }));
  EXPECT_FALSE(
      decode_changed([](v1::Introduction& wire) { wire.set_person(std::string(16, '\0')); }));
  EXPECT_FALSE(decode_changed([](v1::Introduction& wire) { wire.set_same("short"); }));
}

}  // namespace
}  // namespace attune::sync
