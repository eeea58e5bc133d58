#include "daemon/store/sealer.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

constexpr Row kRow = 7;

class SealerTest : public ::testing::Test {
 protected:
  Bytes seal(std::string_view body, Row row = kRow) {
    return sealer_.seal(BoxKind::kPage, row, as_bytes(body));
  }

  crypto::SeededRandom random_{21};
  crypto::Key dek_ = random_.key();
  StoreId store_{random_.bytes<16>()};
  Sealer sealer_{store_, dek_.clone(), random_};
};

TEST_F(SealerTest, GivesBackTheBody) {
  const auto body = sealer_.open(BoxKind::kPage, kRow, seal("body"));
  ASSERT_TRUE(body);
  EXPECT_EQ(as_text(*body), "body");
}

TEST_F(SealerTest, TakesBodiesFromEmptyToTheGreatest) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, kPageBodyBytes, kPageBodyBytes + 1,
                           body_bytes_of(1), limits::kRecordBytesMax + 512}) {
    const Bytes body(size, 3);
    const Bytes box = sealer_.seal(BoxKind::kPage, kRow, body);
    EXPECT_EQ(sealer_.open(BoxKind::kPage, kRow, box), body);
  }
}

TEST_F(SealerTest, ShowsOnlyWholePages) {
  const std::size_t page = seal("").size();
  EXPECT_EQ(seal(std::string(kPageBodyBytes, 'b')).size(), page);
  EXPECT_EQ(seal(std::string(kPageBodyBytes + 1, 'b')).size(), page + 4'092);
  EXPECT_EQ(seal(std::string(body_bytes_of(1), 'b')).size(), page + 4'092);
  EXPECT_EQ(seal(std::string(600'000, 'b')).size(), seal(std::string(605'000, 'b')).size());
  EXPECT_EQ(sealer_.seal(BoxKind::kMark, kRootRow, Bytes(8)).size(),
            24 + limits::kRecordPadMin + 16);
}

TEST_F(SealerTest, OpensForNoOtherRowKindStoreOrKey) {
  const Bytes box = seal("body");
  EXPECT_FALSE(sealer_.open(BoxKind::kPage, kRow + 1, box));
  EXPECT_FALSE(sealer_.open(BoxKind::kPage, kRow + (1u << 24), box));
  EXPECT_FALSE(sealer_.open(BoxKind::kRoot, kRow, box));
  const Sealer other_store(StoreId{random_.bytes<16>()}, dek_.clone(), random_);
  EXPECT_FALSE(other_store.open(BoxKind::kPage, kRow, box));
  const Sealer other_key(store_, random_.key(), random_);
  EXPECT_FALSE(other_key.open(BoxKind::kPage, kRow, box));
}

TEST_F(SealerTest, OpensNothingCutOrFlippedOrTooLong) {
  const Bytes box = sealer_.seal(BoxKind::kMark, kRow, as_bytes("body"));
  for (std::size_t size = 0; size < box.size(); ++size) {
    EXPECT_FALSE(sealer_.open(BoxKind::kMark, kRow, ByteView(box).first(size)));
  }
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    Bytes flipped = box;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
    EXPECT_FALSE(sealer_.open(BoxKind::kMark, kRow, flipped)) << bit;
  }
  Bytes longer = box;
  longer.push_back(0);
  EXPECT_FALSE(sealer_.open(BoxKind::kMark, kRow, longer));
}

TEST_F(SealerTest, SealsTheSameTwiceDifferently) { EXPECT_NE(seal("body"), seal("body")); }

TEST_F(SealerTest, DigestsNameTheRowTheNonceAndTheTag) {
  const Bytes box = seal("body");
  const crypto::Hash32 digest = sealer_.digest(kRow, box);
  EXPECT_EQ(sealer_.digest(kRow, box), digest);
  EXPECT_NE(sealer_.digest(kRow + 1, box), digest);
  for (std::size_t i = 0; i < box.size(); ++i) {
    const bool is_named = i < 24 || i >= box.size() - 16;
    Bytes flipped = box;
    flipped[i] ^= 1;
    EXPECT_EQ(sealer_.digest(kRow, flipped) != digest, is_named) << i;
  }
  EXPECT_NE(sealer_.digest(kRow, seal("body")), digest);
  const Sealer other(store_, random_.key(), random_);
  EXPECT_NE(other.digest(kRow, box), digest);
}

TEST_F(SealerTest, ALockOpensWhatItClosedAndNothingElse) {
  const auto locks = sealer_.fresh_locks(2);
  ASSERT_EQ(locks.size(), 2u);
  EXPECT_NE(locks[0], locks[1]);
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300}}) {
    const Bytes body(size, 3);
    const Bytes closed = sealer_.close(locks[0], body);
    EXPECT_EQ(closed.size(), size + 16);
    EXPECT_EQ(sealer_.reopen(locks[0], closed), body);
    EXPECT_FALSE(sealer_.reopen(locks[1], closed));
    EXPECT_FALSE(sealer_.reopen(Lock{}, closed));
    for (std::size_t bit = 0; bit < closed.size() * 8; ++bit) {
      Bytes flipped = closed;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
      EXPECT_FALSE(sealer_.reopen(locks[0], flipped)) << bit;
    }
    // The other half of its key is the store's.
    const Sealer other(store_, random_.key(), random_);
    EXPECT_FALSE(other.reopen(locks[0], closed));
  }
  EXPECT_FALSE(sealer_.reopen(locks[0], Bytes(15)));
}

// A changed byte here is a changed format: stores made before could not be opened any more.
TEST(Sealer, IsPinned) {
  crypto::SeededRandom random(78);
  crypto::Key dek = random.key();
  const StoreId store{random.bytes<16>()};
  Sealer sealer(store, std::move(dek), random);
  const Bytes box = sealer.seal(BoxKind::kPage, kRow, as_bytes("body"));
  EXPECT_EQ(to_hex(crypto::blake2b_256(box)),
            "da07059ddbf92223908911e57fa41d20b3844f16e2a7dbdd4d9b488bcc98fa93");
  EXPECT_EQ(to_hex(sealer.digest(kRow, box)),
            "3eaee3cb3856e023f876f5f849b3c55ac329d8444a1783453a8072a607464456");
  EXPECT_EQ(to_hex(sealer.close(Lock{1, 2, 3}, as_bytes("body"))),
            "bdfca16ca7b58801c9566756197a4a8ef4385145");
}

TEST(RecordTypes, AreOneToFifteen) {
  for (unsigned number = 0; number < 256; ++number) {
    const bool is_one = number >= 1 && number <= 15;
    EXPECT_EQ(record_type(static_cast<std::uint8_t>(number)).has_value(), is_one) << number;
  }
}

}  // namespace
}  // namespace attune::store
