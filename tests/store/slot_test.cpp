#include "daemon/store/slot.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::store {
namespace {

class SlotTest : public ::testing::Test {
 protected:
  Slot make() { return make_slot(header_, hashed_, dek_, random_); }
  bool opens(const Slot& slot) { return open_slot(slot, hashed_).has_value(); }
  // The file with a sum that fits, as a forger would make it.
  static Bytes with_sum(Bytes body) {
    append(body, crypto::hash_lv<16>(crypto::labels::kSlotSum, ByteView(body)));
    return body;
  }
  static Bytes body_of(const Slot& slot) {
    Bytes file = encode_slot(slot);
    file.resize(file.size() - 16);
    return file;
  }

  crypto::SeededRandom random_{5};
  crypto::Key hashed_ = random_.key();
  crypto::Key dek_ = random_.key();
  SlotHeader header_ = new_slot_header(StoreId{random_.bytes<16>()}, random_);
};

TEST_F(SlotTest, GivesTheKeyBackForTheSamePassphraseHash) {
  const auto dek = open_slot(make(), hashed_);
  ASSERT_TRUE(dek);
  EXPECT_TRUE(crypto::equal(dek->view(), dek_.view()));
}

TEST_F(SlotTest, GivesNothingForAnotherHash) {
  EXPECT_FALSE(open_slot(make(), random_.key()).has_value());
}

TEST_F(SlotTest, NewHeadersHaveTodaysCostAndAFreshSalt) {
  const SlotHeader other = new_slot_header(header_.store, random_);
  EXPECT_EQ(other.cost, crypto::default_cost());
  EXPECT_NE(other.salt, header_.salt);
  EXPECT_EQ(other.store, header_.store);
}

TEST_F(SlotTest, SurvivesItsFile) {
  const Slot slot = make();
  const Bytes file = encode_slot(slot);
  EXPECT_EQ(file.size(), kSlotFileBytes);
  const DecodedSlot decoded = decode_slot(file);
  ASSERT_EQ(decoded.reading, SlotReading::kSlot);
  EXPECT_EQ(*decoded.slot, slot);
}

TEST_F(SlotTest, StandsInItsFileAtTheDocumentedPlaces) {
  const Slot slot = make();
  const Bytes file = encode_slot(slot);
  EXPECT_EQ(as_text(ByteView(file).first(8)), "attune-k");
  EXPECT_EQ(file[8], 1);
  EXPECT_TRUE(crypto::equal(ByteView(file).subspan(9, 16), slot.header.store.view()));
  EXPECT_EQ(file[25], 1);
  EXPECT_TRUE(crypto::equal(ByteView(file).subspan(42, 16), slot.header.salt));
  EXPECT_TRUE(crypto::equal(ByteView(file).subspan(58, 24), slot.nonce));
  EXPECT_TRUE(crypto::equal(ByteView(file).subspan(82, 48), slot.wrapped));
  EXPECT_TRUE(crypto::equal(ByteView(file).subspan(130, 16), slot.commit));
}

// A changed byte here is a changed format: a store made before could not be opened any more.
TEST_F(SlotTest, IsPinned) {
  crypto::SeededRandom random(77);
  const crypto::Key hashed = random.key();
  const crypto::Key dek = random.key();
  SlotHeader header{.store = StoreId{random.bytes<16>()},
                    .cost = {.memory_bytes = limits::kArgonBytes, .passes = limits::kArgonPasses},
                    .salt = random.bytes<16>()};
  const Bytes file = encode_slot(make_slot(header, hashed, dek, random));
  EXPECT_EQ(to_hex(crypto::blake2b_256(file)),
            "b799cbc96a6e17a0578b2630b9d6382311b955c02aa07160fca9be65e2c87889");
}

TEST_F(SlotTest, CutAnywhereIsDamaged) {
  const Bytes file = encode_slot(make());
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(decode_slot(ByteView(file).first(size)).reading, SlotReading::kDamaged) << size;
  }
}

TEST_F(SlotTest, TooLongIsDamaged) {
  Bytes file = encode_slot(make());
  file.push_back(0);
  EXPECT_EQ(decode_slot(file).reading, SlotReading::kDamaged);
  file.resize(kSlotFileBytesMax + 1);
  EXPECT_EQ(decode_slot(file).reading, SlotReading::kDamaged);
}

TEST_F(SlotTest, EveryFlippedBitIsDamaged) {
  const Bytes file = encode_slot(make());
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    Bytes flipped = file;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
    EXPECT_EQ(decode_slot(flipped).reading, SlotReading::kDamaged) << bit;
  }
}

TEST_F(SlotTest, NoFlippedBitWithAFittingSumOpens) {
  const Bytes body = body_of(make());
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    Bytes flipped = body;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1u << (bit % 8));
    const DecodedSlot decoded = decode_slot(with_sum(flipped));
    EXPECT_FALSE(decoded.slot && opens(*decoded.slot)) << bit;
  }
}

TEST_F(SlotTest, OfALaterVersionIsNewerWhateverItsLength) {
  Bytes body = body_of(make());
  body[8] = 2;
  EXPECT_EQ(decode_slot(with_sum(body)).reading, SlotReading::kNewer);
  body.resize(300, 7);
  EXPECT_EQ(decode_slot(with_sum(body)).reading, SlotReading::kNewer);
  body.resize(12);
  EXPECT_EQ(decode_slot(with_sum(body)).reading, SlotReading::kNewer);
}

TEST_F(SlotTest, OfVersionZeroOrAnUnknownTypeIsDamaged) {
  Bytes body = body_of(make());
  body[8] = 0;
  EXPECT_EQ(decode_slot(with_sum(body)).reading, SlotReading::kDamaged);
  body[8] = 1;
  body[25] = 2;
  EXPECT_EQ(decode_slot(with_sum(body)).reading, SlotReading::kDamaged);
}

TEST_F(SlotTest, WithACostOutOfBoundsIsDamagedBeforeAnybodyHashes) {
  const auto reading_at = [this](std::uint64_t memory_bytes, std::uint64_t passes) {
    header_.cost = {.memory_bytes = memory_bytes, .passes = passes};
    return decode_slot(encode_slot(make())).reading;
  };
  EXPECT_EQ(reading_at(limits::kArgonBytesMin, limits::kArgonPasses), SlotReading::kSlot);
  EXPECT_EQ(reading_at(limits::kArgonBytesMax, limits::kArgonPassesMax), SlotReading::kSlot);
  EXPECT_EQ(reading_at(limits::kArgonBytesMin - 1, limits::kArgonPasses), SlotReading::kDamaged);
  EXPECT_EQ(reading_at(limits::kArgonBytesMax + 1, limits::kArgonPasses), SlotReading::kDamaged);
  EXPECT_EQ(reading_at(limits::kArgonBytesMin, limits::kArgonPasses - 1), SlotReading::kDamaged);
  EXPECT_EQ(reading_at(limits::kArgonBytesMin, limits::kArgonPassesMax + 1), SlotReading::kDamaged);
}

}  // namespace
}  // namespace attune::store
