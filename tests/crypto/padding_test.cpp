#include "crypto/padding.h"

#include <gtest/gtest.h>

#include <set>

namespace attune::crypto {
namespace {

TEST(Padme, GivesTheLengthsOfThePaper) {
  EXPECT_EQ(padme(0), 0u);
  EXPECT_EQ(padme(1), 1u);
  EXPECT_EQ(padme(2), 2u);
  EXPECT_EQ(padme(9), 10u);
  EXPECT_EQ(padme(67), 72u);
  EXPECT_EQ(padme(74), 80u);
  EXPECT_EQ(padme(65537), 67584u);
}

TEST(Padme, NeverShrinksAndAddsTwelvePercentAtMost) {
  for (std::size_t length = 1; length < 100'000; ++length) {
    const std::size_t padded = padme(length);
    ASSERT_GE(padded, length);
    ASSERT_LE(padded * 100, length * 112);
    ASSERT_EQ(padme(padded), padded);
  }
}

TEST(Padme, LeavesFewSizesToTellApart) {
  std::set<std::size_t> sizes;
  for (std::size_t length = 1; length <= 65'536; ++length) sizes.insert(padme(length));
  EXPECT_LT(sizes.size(), 200u);
}

TEST(Pad, BytesComeBack) {
  for (std::size_t size : {0u, 1u, 251u, 252u, 253u, 1000u, 65'000u}) {
    const Bytes body(size, 0xff);
    const Bytes padded = pad(body);
    EXPECT_EQ(padded.size(), padme(std::max<std::size_t>(256, size + 4)));
    EXPECT_EQ(unpad(padded), body);
  }
}

TEST(Pad, ShortRecordsHaveOneSize) {
  EXPECT_EQ(pad({}).size(), 256u);
  EXPECT_EQ(pad(Bytes(252, 1)).size(), 256u);
  EXPECT_GT(pad(Bytes(253, 1)).size(), 256u);
}

TEST(Unpad, RefusesAnyPaddingByteThatIsNotZero) {
  const Bytes padded = pad(Bytes(10, 7));
  for (std::size_t i = 14; i < padded.size(); ++i) {
    Bytes spoiled = padded;
    spoiled[i] = 1;
    EXPECT_EQ(unpad(spoiled), std::nullopt) << i;
  }
}

TEST(Unpad, RefusesEveryCutIntoTheBody) {
  const Bytes padded = pad(Bytes(10, 7));
  for (std::size_t size = 0; size < 14; ++size) {
    EXPECT_EQ(unpad(ByteView(padded).first(size)), std::nullopt) << size;
  }
}

TEST(Unpad, RefusesALengthThatDoesNotFit) {
  Bytes padded = pad(Bytes(10, 7));
  padded[0] = 253;
  EXPECT_EQ(unpad(padded), std::nullopt);
  padded[3] = 0xff;
  EXPECT_EQ(unpad(padded), std::nullopt);
}

}  // namespace
}  // namespace attune::crypto
