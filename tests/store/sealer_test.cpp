#include "daemon/store/sealer.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

class SealerTest : public ::testing::Test {
 protected:
  Bytes seal(RecordType type, std::string_view name, std::string_view body) {
    return sealer_.seal(id(type, name), type, as_bytes(name), as_bytes(body));
  }
  RecordId id(RecordType type, std::string_view name) { return sealer_.id(type, as_bytes(name)); }

  crypto::SeededRandom random_{21};
  crypto::Key dek_ = random_.key();
  StoreId store_{random_.bytes<16>()};
  Sealer sealer_{store_, dek_.clone(), random_};
};

TEST_F(SealerTest, GivesBackTypeNameAndBody) {
  const Bytes box = seal(RecordType::kPeer, "device", "body");
  const auto record = sealer_.open(id(RecordType::kPeer, "device"), RecordType::kPeer, box);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, RecordType::kPeer);
  EXPECT_EQ(as_text(record->name), "device");
  EXPECT_EQ(as_text(record->body), "body");
}

TEST_F(SealerTest, TakesBodiesFromEmptyToTheGreatest) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, limits::kRecordBytesMax}) {
    const Bytes body(size, 3);
    const Bytes box = sealer_.seal(id(RecordType::kOp, ""), RecordType::kOp, {}, body);
    const auto record = sealer_.open(id(RecordType::kOp, ""), RecordType::kOp, box);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->body, body);
  }
}

TEST_F(SealerTest, ShowsOnlyPaddedSizes) {
  const Bytes box = seal(RecordType::kOp, "n", "a");
  EXPECT_EQ(box.size(), 24 + limits::kRecordPadMin + 16);
  EXPECT_EQ(seal(RecordType::kHeads, "name", std::string(200, 'b')).size(), box.size());
}

TEST_F(SealerTest, OpensUnderNoOtherIdTypeStoreOrKey) {
  const Bytes box = seal(RecordType::kPeer, "device", "body");
  const RecordId right = id(RecordType::kPeer, "device");
  EXPECT_FALSE(sealer_.open(id(RecordType::kPeer, "other"), RecordType::kPeer, box));
  EXPECT_FALSE(sealer_.open(right, RecordType::kOp, box));
  const Sealer other_store(StoreId{random_.bytes<16>()}, dek_.clone(), random_);
  EXPECT_FALSE(other_store.open(right, RecordType::kPeer, box));
  const Sealer other_key(store_, random_.key(), random_);
  EXPECT_FALSE(other_key.open(right, RecordType::kPeer, box));
}

TEST_F(SealerTest, OpensNothingCutOrFlippedOrTooLong) {
  const RecordId right = id(RecordType::kOp, "n");
  const Bytes box = seal(RecordType::kOp, "n", "body");
  for (std::size_t size = 0; size < box.size(); ++size) {
    EXPECT_FALSE(sealer_.open(right, RecordType::kOp, ByteView(box).first(size)));
  }
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    Bytes flipped = box;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
    EXPECT_FALSE(sealer_.open(right, RecordType::kOp, flipped)) << bit;
  }
  Bytes longer = box;
  longer.push_back(0);
  EXPECT_FALSE(sealer_.open(right, RecordType::kOp, longer));
}

TEST_F(SealerTest, NamesEveryTypeAndNameApart) {
  EXPECT_NE(id(RecordType::kOp, "n"), id(RecordType::kPeer, "n"));
  EXPECT_NE(id(RecordType::kOp, "n"), id(RecordType::kOp, "m"));
  EXPECT_EQ(id(RecordType::kOp, "n"), id(RecordType::kOp, "n"));
}

TEST_F(SealerTest, SealsTheSameTwiceDifferently) {
  EXPECT_NE(seal(RecordType::kOp, "n", "body"), seal(RecordType::kOp, "n", "body"));
}

TEST_F(SealerTest, DigestsNameTheIdAndEveryByteOfTheBox) {
  const Bytes box = seal(RecordType::kOp, "n", "body");
  const crypto::Hash32 digest = sealer_.digest(id(RecordType::kOp, "n"), box);
  EXPECT_EQ(sealer_.digest(id(RecordType::kOp, "n"), box), digest);
  EXPECT_NE(sealer_.digest(id(RecordType::kOp, "m"), box), digest);
  for (std::size_t i = 0; i < box.size(); ++i) {
    Bytes flipped = box;
    flipped[i] ^= 1;
    EXPECT_NE(sealer_.digest(id(RecordType::kOp, "n"), flipped), digest);
  }
  const Sealer other(store_, random_.key(), random_);
  EXPECT_NE(other.digest(id(RecordType::kOp, "n"), box), digest);
}

// A changed byte here is a changed format: stores made before could not be opened any more.
TEST(Sealer, IsPinned) {
  crypto::SeededRandom random(78);
  crypto::Key dek = random.key();
  const StoreId store{random.bytes<16>()};
  Sealer sealer(store, std::move(dek), random);
  const RecordId id = sealer.id(RecordType::kPeer, as_bytes("device"));
  const Bytes box = sealer.seal(id, RecordType::kPeer, as_bytes("device"), as_bytes("body"));
  EXPECT_EQ(to_hex(id.view()), "aea8d7f9a7998296397beb4788cac020");
  EXPECT_EQ(to_hex(crypto::blake2b_256(box)),
            "2fbd0680501aaa8a68877aeb59efe1ec017bacb820ccc2c8fa199707344a80a8");
  EXPECT_EQ(to_hex(sealer.digest(id, box)),
            "e49e4dbd54da4ec87e5cff0914ccc66753930f74739dc9dbc470767d17f5974b");
}

TEST(RecordTypes, AreOneToFourteen) {
  EXPECT_FALSE(record_type(0));
  for (std::uint8_t number = 1; number <= 14; ++number) EXPECT_TRUE(record_type(number));
  for (unsigned number = 15; number < 256; ++number) {
    EXPECT_FALSE(record_type(static_cast<std::uint8_t>(number)));
  }
}

}  // namespace
}  // namespace attune::store
