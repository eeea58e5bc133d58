#include "daemon/store/root.h"

#include <gtest/gtest.h>

namespace attune::store {
namespace {

class RootTest : public ::testing::Test {
 protected:
  RecordId id() { return RecordId{random_.bytes<16>()}; }
  crypto::Hash32 digest() { return random_.bytes<32>(); }
  Root filled() {
    Root root;
    root.generation = 0x0102030405060708;
    for (int i = 0; i < 5; ++i) root.add(id(), RecordType::kOp, digest());
    root.add(id(), RecordType::kHeads, digest());
    root.add(id(), RecordType::kSelf, digest());
    root.add(id(), RecordType::kSeed, digest());
    return root;
  }

  crypto::SeededRandom random_{31};
};

TEST_F(RootTest, SumsDoNotKnowAnOrder) {
  const crypto::Hash32 a = digest();
  const crypto::Hash32 b = digest();
  DigestSum ab;
  ab.add(a);
  ab.add(b);
  DigestSum ba;
  ba.add(b);
  ba.add(a);
  EXPECT_EQ(ab, ba);
}

TEST_F(RootTest, SubtractingUndoesAddingWithEveryCarry) {
  crypto::Hash32 ones;
  ones.fill(0xff);
  crypto::Hash32 one{};
  one[0] = 1;
  DigestSum sum;
  sum.add(ones);
  sum.add(one);
  EXPECT_EQ(sum, DigestSum());
  sum.subtract(one);
  EXPECT_EQ(sum.bytes(), ones);
  for (int i = 0; i < 200; ++i) {
    const DigestSum before = sum;
    const crypto::Hash32 any = digest();
    sum.add(any);
    EXPECT_NE(sum, before);
    sum.subtract(any);
    EXPECT_EQ(sum, before);
    sum.add(any);
  }
}

TEST_F(RootTest, TheSameDigestTwiceDoesNotCancelOut) {
  const crypto::Hash32 any = digest();
  DigestSum sum;
  sum.add(any);
  sum.add(any);
  EXPECT_NE(sum, DigestSum());
}

TEST_F(RootTest, RemovingARecordUndoesAddingIt) {
  for (RecordType type : {RecordType::kOp, RecordType::kIntent}) {
    Root root = filled();
    const Root before = root;
    const RecordId any = id();
    const crypto::Hash32 its = digest();
    root.add(any, type, its);
    EXPECT_NE(root, before);
    root.remove(any, type, its);
    EXPECT_EQ(root, before);
  }
}

TEST_F(RootTest, SurvivesItsEncoding) {
  for (const Root& root : {Root(), filled()}) {
    const auto decoded = decode_root(encode_root(root));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, root);
  }
}

TEST_F(RootTest, CutElsewhereThanBetweenRecordsIsNoRoot) {
  const Bytes bytes = encode_root(filled());
  ASSERT_EQ(bytes.size(), 48u + 3 * 33);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const bool is_boundary = size >= 48 && (size - 48) % 33 == 0;
    EXPECT_EQ(decode_root(ByteView(bytes).first(size)).has_value(), is_boundary) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_root(longer));
}

TEST_F(RootTest, RefusesDisorderRepetitionAndWrongTypes) {
  const Bytes bytes = encode_root(filled());
  Bytes swapped(bytes.begin(), bytes.begin() + 48);
  swapped.insert(swapped.end(), bytes.begin() + 81, bytes.begin() + 114);
  swapped.insert(swapped.end(), bytes.begin() + 48, bytes.begin() + 81);
  EXPECT_FALSE(decode_root(swapped));
  Bytes twice(bytes.begin(), bytes.begin() + 81);
  twice.insert(twice.end(), bytes.begin() + 48, bytes.begin() + 81);
  EXPECT_FALSE(decode_root(twice));
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0, 1, 2, 15, 255}) {
    Bytes wrong = bytes;
    wrong[48 + 16] = type;
    EXPECT_FALSE(decode_root(wrong)) << int{type};
  }
}

TEST_F(RootTest, EveryFlippedBitIsAnotherRootOrNone) {
  const Root root = filled();
  const Bytes bytes = encode_root(root);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
    const auto decoded = decode_root(flipped);
    EXPECT_TRUE(!decoded || *decoded != root) << bit;
  }
}

}  // namespace
}  // namespace attune::store
