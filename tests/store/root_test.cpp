#include "daemon/store/root.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/random.h"

namespace attune::store {
namespace {

class RootTest : public ::testing::Test {
 protected:
  crypto::Hash32 digest() { return random_.bytes<32>(); }
  Root filled() {
    Root root;
    root.generation = 0x0102030405060708;
    for (int i = 0; i < 5; ++i) root.add(digest());
    return root;
  }
  static Record record(RecordType type, std::string_view name, std::string_view body) {
    return {.type = type,
            .name = Bytes(name.begin(), name.end()),
            .body = Bytes(body.begin(), body.end())};
  }
  static FreshRecords others() {
    return {record(RecordType::kSelf, "", "self"), record(RecordType::kPeer, "name", "")};
  }
  static FreshRecords ops() { return {record(RecordType::kOp, "dot", std::string(300, 'x'))}; }

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

TEST_F(RootTest, RemovingABoxUndoesAddingIt) {
  Root root = filled();
  const Root before = root;
  const crypto::Hash32 any = digest();
  root.add(any);
  EXPECT_NE(root, before);
  root.remove(any);
  EXPECT_EQ(root, before);
}

TEST_F(RootTest, SurvivesItsEncodingWithItsRecordsInTheirOrder) {
  for (const Root& root : {Root(), filled()}) {
    const Bytes bytes = encode_root(root, others(), ops());
    const auto decoded = decode_root(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->root, root);
    ASSERT_EQ(decoded->records.size(), 3u);
    auto expected = others();
    expected.splice(expected.end(), ops());
    auto at = decoded->records.begin();
    for (const Record& record : expected) {
      EXPECT_EQ(at->type, record.type);
      EXPECT_EQ(at->name, record.name);
      EXPECT_EQ((at++)->body, record.body);
    }
  }
}

TEST_F(RootTest, ItsRecordsTakeNoMoreThanTheySay) {
  std::size_t size = kRootHeadBytes;
  for (const FreshRecords& records : {others(), ops()}) {
    for (const Record& record : records) size += fresh_size(record);
  }
  EXPECT_LE(encode_root(filled(), others(), ops()).size(), size);
}

TEST_F(RootTest, CutElsewhereThanBetweenRecordsIsNoRoot) {
  const Bytes bytes = encode_root(filled(), others(), ops());
  const std::set<std::size_t> boundaries{kRootHeadBytes, kRootHeadBytes + 2 + 5,
                                         kRootHeadBytes + 2 + 5 + 6 + 1, bytes.size()};
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(decode_root(ByteView(bytes).first(size)).has_value(), boundaries.contains(size))
        << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_root(longer));
}

TEST_F(RootTest, RefusesWrongTypes) {
  const Bytes bytes = encode_root(filled(), others(), {});
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0, 1, 16, 255}) {
    Bytes wrong = bytes;
    wrong[kRootHeadBytes] = type;
    EXPECT_FALSE(decode_root(wrong)) << int{type};
  }
}

}  // namespace
}  // namespace attune::store
