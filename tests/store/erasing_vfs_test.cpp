#include "daemon/store/erasing_vfs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace attune::store {
namespace {

// A page of 0xaa with a b-tree header: its type, two cells, and where their content begins.
std::vector<std::uint8_t> page(std::uint8_t type, std::size_t header_at, std::size_t content_at) {
  std::vector<std::uint8_t> bytes(4'096, 0xaa);
  bytes[header_at] = type;
  bytes[header_at + 3] = 0;
  bytes[header_at + 4] = 2;
  bytes[header_at + 5] = static_cast<std::uint8_t>(content_at >> 8);
  bytes[header_at + 6] = static_cast<std::uint8_t>(content_at);
  return bytes;
}

// Exactly [begin, end) is zero, all else as in `before`.
void expect_wiped(const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& after,
                  std::size_t begin, std::size_t end) {
  for (std::size_t i = 0; i < after.size(); ++i) {
    ASSERT_EQ(after[i], i >= begin && i < end ? 0 : before[i]) << i;
  }
}

TEST(FreeMiddle, IsWipedBetweenPointersAndContent) {
  for (std::uint8_t type : {std::uint8_t{2}, std::uint8_t{5}, std::uint8_t{10}, std::uint8_t{13}}) {
    for (std::size_t header_at : {std::size_t{0}, std::size_t{100}}) {
      const auto before = page(type, header_at, 3'000);
      auto after = before;
      wipe_free_middle(after, header_at);
      const std::size_t header_bytes = type < 10 ? 12 : 8;
      expect_wiped(before, after, header_at + header_bytes + 4, 3'000);
    }
  }
}

TEST(FreeMiddle, OfOtherPagesIsLeftAlone) {
  for (unsigned type = 0; type < 256; ++type) {
    if (type == 2 || type == 5 || type == 10 || type == 13) continue;
    const auto before = page(static_cast<std::uint8_t>(type), 0, 3'000);
    auto after = before;
    wipe_free_middle(after, 0);
    EXPECT_EQ(after, before) << type;
  }
}

TEST(FreeMiddle, OfPagesThatMakeNoSenseIsLeftAlone) {
  for (std::size_t content_at : {std::size_t{4'097}, std::size_t{0}, std::size_t{12},
                                 std::size_t{11}, std::size_t{65'535}}) {
    const auto before = page(10, 0, content_at);
    auto after = before;
    wipe_free_middle(after, 0);
    EXPECT_EQ(after, before) << content_at;
  }
  auto before = page(10, 0, 3'000);
  before[3] = 0xff;
  auto after = before;
  wipe_free_middle(after, 0);
  EXPECT_EQ(after, before);
}

TEST(FreeMiddle, OfEveryShortPieceIsSafe) {
  const auto whole = page(10, 0, 4'096);
  for (std::size_t size = 0; size < 64; ++size) {
    std::vector<std::uint8_t> piece(whole.begin(), whole.begin() + static_cast<long>(size));
    const auto before = piece;
    wipe_free_middle(piece, 0);
    EXPECT_EQ(piece, before);
  }
}

}  // namespace
}  // namespace attune::store
