#include "proto/ids.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

EntryId sample_id() {
  EntryId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(0x11 * i + 7);
  }
  return id;
}

TEST(Id, IsMadeOfExactlyItsBytes) {
  EXPECT_TRUE(DeviceId::from(Bytes(16, 1)).has_value());
  EXPECT_EQ(DeviceId::from(Bytes(16, 1))->view()[15], 1);
  for (std::size_t size : {0u, 15u, 17u}) {
    EXPECT_EQ(DeviceId::from(Bytes(size, 1)), std::nullopt) << size;
  }
  EXPECT_TRUE(Incarnation::from(Bytes(8, 1)).has_value());
  EXPECT_EQ(Incarnation::from(Bytes(16, 1)), std::nullopt);
}

TEST(Id, IsOrderedByItsBytesFromTheFirst) {
  EXPECT_TRUE(DeviceId{}.is_zero());
  DeviceId low;
  low.bytes[15] = 0xff;
  DeviceId high;
  high.bytes[0] = 0x01;
  EXPECT_LT(low, high);
  EXPECT_FALSE(low.is_zero());
}

TEST(Base32, HasNoLettersThatLookLikeDigits) {
  std::string all;
  for (unsigned i = 0; i < 32; ++i) all += to_base32(Bytes{static_cast<std::uint8_t>(i << 3)})[0];
  EXPECT_EQ(all, "0123456789abcdefghjkmnpqrstvwxyz");
}

TEST(Base32, TakesTheHighBitsFirstAndEndsWithZeroBits) {
  EXPECT_EQ(to_base32({}), "");
  EXPECT_EQ(to_base32(Bytes{0xff}), "zw");
  EXPECT_EQ(to_base32(Bytes{0x00, 0x01}), "000g");
  EXPECT_EQ(to_base32(Bytes(5, 0xff)), "zzzzzzzz");
  EXPECT_EQ(to_base32(as_bytes("hello")), "d1jprv3f");
  EXPECT_EQ(to_base32(Bytes(16, 0)), std::string(26, '0'));
}

TEST(Base32, GivesDifferentBytesDifferentText) {
  const EntryId id = sample_id();
  for (std::size_t bit = 0; bit < 128; ++bit) {
    EntryId other = id;
    other.bytes[bit / 8] = static_cast<std::uint8_t>(other.bytes[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_NE(to_base32(other.view()), to_base32(id.view())) << bit;
  }
}

TEST(EntryName, IsTheLetterAndTwentySixDigits) {
  const std::string name = entry_name('b', sample_id());
  EXPECT_EQ(name.size(), 28u);
  EXPECT_EQ(name, "b-" + to_base32(sample_id().view()));
}

TEST(EntryPrefix, OfEveryLengthFromFourMatchesItsEntry) {
  const std::string name = entry_name('b', sample_id());
  for (std::size_t digits = 4; digits <= 26; ++digits) {
    const auto prefix = parse_entry_prefix(std::string_view(name).substr(0, 2 + digits));
    ASSERT_TRUE(prefix) << digits;
    EXPECT_TRUE(prefix->matches('b', sample_id())) << digits;
  }
}

TEST(EntryPrefix, MatchesNeitherAnotherKindNorAnotherEntry) {
  const auto prefix = parse_entry_prefix(entry_name('b', sample_id()));
  ASSERT_TRUE(prefix);
  EXPECT_FALSE(prefix->matches('c', sample_id()));
  EntryId other = sample_id();
  other.bytes[15] = static_cast<std::uint8_t>(other.bytes[15] ^ 0x80);
  EXPECT_FALSE(prefix->matches('b', other));
}

TEST(EntryPrefix, TakesUpperCaseAndLookAlikes) {
  const auto prefix = parse_entry_prefix("B-OIl7K2Q");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->letter, 'b');
  EXPECT_EQ(prefix->digits, "0117k2q");
}

TEST(EntryPrefix, RefusesWhatIsNoId) {
  const std::string name = entry_name('b', sample_id());
  for (std::string_view text :
       {"", "b", "b-", "b-7k2", "7k2q", "-7k2q", "bb7k2q", "b7k2q9", "1-7k2q", "b-7k2u", "b-7k 2",
        "b--7k2", "b-7k2\xc3\xa9", "b_7k2q"}) {
    EXPECT_EQ(parse_entry_prefix(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_entry_prefix(name + "0"), std::nullopt);
  EXPECT_EQ(parse_entry_prefix(std::string(1u << 16, 'b')), std::nullopt);
}

}  // namespace
}  // namespace attune
