#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "crypto/derive.h"
#include "crypto/labels.h"

namespace attune::crypto {
namespace {

using namespace std::string_view_literals;

Key key_of(std::uint8_t byte) {
  Key key;
  for (std::uint8_t& out : key.writable()) out = byte;
  return key;
}
Hash32 value_of(const Key& key) {
  Hash32 out{};
  std::copy(key.view().begin(), key.view().end(), out.begin());
  return out;
}

// RFC 7693, appendix A.
TEST(Hash, Blake2b512OfAbc) {
  EXPECT_EQ(to_hex(blake2b_512(as_bytes("abc"))),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST(Hash, PartsHashLikeTheirConcatenation) {
  Hasher hasher(32);
  hasher.add(as_bytes("ab")).add({}).add(as_bytes("c"));
  EXPECT_EQ(hasher.finish<32>(), blake2b_256(as_bytes("abc")));
}

TEST(Hash, LengthsAreWrittenAsInAppendLv) {
  for (std::size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u, 70000u}) {
    const Bytes body(size, 0x5a);
    EXPECT_EQ(Hasher(32).lv(body).finish<32>(), blake2b_256(lv(body))) << size;
  }
}

TEST(Hash, PartsCannotFlowIntoEachOther) {
  EXPECT_NE(hash_lv<32>("ab"sv, "c"sv), hash_lv<32>("a"sv, "bc"sv));
  EXPECT_NE(hash_lv<32>("ab"sv), hash_lv<32>("ab"sv, ""sv));
}

TEST(Hash, SizesAreDifferentFunctions) {
  const auto shorter = hash_lv<16>("x"sv);
  const auto longer = hash_lv<32>("x"sv);
  EXPECT_FALSE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(Hash, AKeyChangesTheHash) {
  EXPECT_NE(Hasher(32, key_of(1).view()).finish<32>(), Hasher(32, key_of(2).view()).finish<32>());
  EXPECT_NE(Hasher(32, key_of(1).view()).finish<32>(), Hasher(32).finish<32>());
}

TEST(Hash, EqualComparesBytesAndLengths) {
  EXPECT_TRUE(equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(equal({}, {}));
}

TEST(Kdf, IsKeyedBlake2bOverTheWrittenParts) {
  const Key key = key_of(3);
  const Bytes input = lv("attune/1"sv, "live-psk"sv, "context"sv);
  EXPECT_EQ(value_of(kdf(key.view(), "live-psk", "context"sv)),
            Hasher(32, key.view()).add(input).finish<32>());
}

TEST(Kdf, EveryInputSeparates) {
  std::set<Hash32> seen;
  seen.insert(value_of(kdf(key_of(1).view(), "a")));
  seen.insert(value_of(kdf(key_of(2).view(), "a")));
  seen.insert(value_of(kdf(key_of(1).view(), "b")));
  seen.insert(value_of(kdf(key_of(1).view(), "a", ""sv)));
  seen.insert(value_of(kdf(key_of(1).view(), "a", "x"sv)));
  seen.insert(value_of(kdf(key_of(1).view(), "a", "x"sv, "y"sv)));
  seen.insert(value_of(kdf(key_of(1).view(), "a", "xy"sv)));
  seen.insert(value_of(kdf(key_of(1).view(), "ax")));
  EXPECT_EQ(seen.size(), 8u);
}

TEST(Kdf, NoTwoLabelsGiveOneKey) {
  const Key key = key_of(9);
  std::set<Hash32> keys;
  std::size_t count = 0;
  for (std::string_view label :
       {labels::kPairPsk, labels::kPairRoot, labels::kPairPipe, labels::kSame, labels::kCouple,
        labels::kLiveRoot, labels::kIdRoot, labels::kCheckPhrase, labels::kLivePsk,
        labels::kLiveMac1, labels::kMac1, labels::kBeacon, labels::kWrap, labels::kWrapCommit,
        labels::kRecord, labels::kRecordDigest, labels::kRecordLock, labels::kSaltNode,
        labels::kAuthor}) {
    keys.insert(value_of(kdf(key.view(), label)));
    ++count;
  }
  EXPECT_EQ(keys.size(), count);
}

TEST(Kdf, MacIsTheSameFunctionInTheOpen) {
  const Key key = key_of(4);
  EXPECT_EQ(mac(key.view(), "m1", "x"sv), value_of(kdf(key.view(), "m1", "x"sv)));
}

// RFC 2104 written out; the Noise vectors check it against others.
TEST(Hmac, IsTheNestedHashOfTheRfc) {
  const Bytes message{1, 2, 3};
  for (std::size_t key_bytes : {0u, 1u, 64u, 128u, 129u, 300u}) {
    const Bytes key(key_bytes, 0x77);
    Bytes block = key;
    if (block.size() > 128) {
      const Hash64 hashed = blake2b_512(key);
      block.assign(hashed.begin(), hashed.end());
    }
    block.resize(128, 0);
    Bytes inner;
    Bytes outer;
    for (std::uint8_t byte : block) {
      inner.push_back(byte ^ 0x36);
      outer.push_back(byte ^ 0x5c);
    }
    append(inner, message);
    append(outer, blake2b_512(inner));
    EXPECT_EQ(hmac_blake2b(key, message), blake2b_512(outer)) << key_bytes;
  }
}

TEST(Hmac, IsNotKeyedBlake2b) {
  const Key key = key_of(5);
  EXPECT_NE(hmac_blake2b(key.view(), as_bytes("x")),
            Hasher(64, key.view()).add(as_bytes("x")).finish<64>());
}

}  // namespace
}  // namespace attune::crypto
