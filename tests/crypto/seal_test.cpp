#include "crypto/seal.h"

#include <gtest/gtest.h>

#include <limits>

#include "crypto/random.h"

namespace attune::crypto {
namespace {

// One sealed text under fixed inputs, and ways to spoil it.
class Seal : public ::testing::Test {
 protected:
  SeededRandom random_{11};
  Key key_ = random_.key();
  Nonce24 nonce_ = random_.bytes<24>();
  Bytes associated_{1, 2, 3};
  Bytes plaintext_{10, 20, 30, 40, 50, 60, 70};
  Bytes sealed_ = seal(key_.view(), nonce_, associated_, plaintext_);

  std::optional<Bytes> open_it(ByteView sealed) {
    return open(key_.view(), nonce_, associated_, sealed);
  }
};

TEST_F(Seal, OpensToWhatWasSealed) {
  EXPECT_EQ(sealed_.size(), plaintext_.size() + kTagBytes);
  EXPECT_EQ(open_it(sealed_), plaintext_);
}

TEST_F(Seal, NothingAtAllCanBeSealed) {
  const Bytes sealed = seal(key_.view(), nonce_, {}, {});
  EXPECT_EQ(sealed.size(), kTagBytes);
  EXPECT_EQ(open(key_.view(), nonce_, {}, sealed), Bytes{});
}

TEST_F(Seal, EveryFlippedBitIsRefused) {
  for (std::size_t bit = 0; bit < sealed_.size() * 8; ++bit) {
    Bytes spoiled = sealed_;
    spoiled[bit / 8] = static_cast<std::uint8_t>(spoiled[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_EQ(open_it(spoiled), std::nullopt) << bit;
  }
}

TEST_F(Seal, EveryCutIsRefused) {
  for (std::size_t size = 0; size < sealed_.size(); ++size) {
    EXPECT_EQ(open_it(ByteView(sealed_).first(size)), std::nullopt) << size;
  }
}

TEST_F(Seal, AnAddedByteIsRefused) {
  Bytes longer = sealed_;
  longer.push_back(0);
  EXPECT_EQ(open_it(longer), std::nullopt);
}

TEST_F(Seal, AnotherKeyNonceOrAssociatedDataIsRefused) {
  Nonce24 nonce = nonce_;
  nonce[23] ^= 1;
  EXPECT_EQ(open(random_.key().view(), nonce_, associated_, sealed_), std::nullopt);
  EXPECT_EQ(open(key_.view(), nonce, associated_, sealed_), std::nullopt);
  EXPECT_EQ(open(key_.view(), nonce_, {}, sealed_), std::nullopt);
}

TEST_F(Seal, CountersAreSeparate) {
  const Bytes sealed = seal_counter(key_.view(), 7, associated_, plaintext_);
  EXPECT_EQ(open_counter(key_.view(), 7, associated_, sealed), plaintext_);
  EXPECT_EQ(open_counter(key_.view(), 8, associated_, sealed), std::nullopt);
  EXPECT_EQ(open_counter(key_.view(), 7ull << 32, associated_, sealed), std::nullopt);
}

TEST_F(Seal, ACounterStandsLittleEndianAfterFourZeros) {
  const Nonce12 nonce{0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
  EXPECT_EQ(seal_counter(key_.view(), 0x0102030405060708, associated_, plaintext_),
            seal(key_.view(), nonce, associated_, plaintext_));
}

TEST_F(Seal, EveryFlippedBitUnderACounterIsRefused) {
  const Bytes sealed = seal_counter(key_.view(), 1, associated_, plaintext_);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes spoiled = sealed;
    spoiled[bit / 8] = static_cast<std::uint8_t>(spoiled[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_EQ(open_counter(key_.view(), 1, associated_, spoiled), std::nullopt) << bit;
  }
}

TEST_F(Seal, EveryCutUnderACounterIsRefused) {
  const Bytes sealed = seal_counter(key_.view(), 1, associated_, plaintext_);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(open_counter(key_.view(), 1, associated_, ByteView(sealed).first(size)),
              std::nullopt);
  }
}

}  // namespace
}  // namespace attune::crypto
