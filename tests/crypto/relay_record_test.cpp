#include "crypto/relay_record.h"

#include <gtest/gtest.h>

#include <memory>

namespace attune::crypto {
namespace {

using Room = std::array<std::uint8_t, kRelayRecordMax>;

struct Pair {
  CipherState send{Key(std::array<std::uint8_t, 32>{1, 2, 3})};
  CipherState receive{Key(std::array<std::uint8_t, 32>{1, 2, 3})};
};

Bytes sealed(CipherState& send, std::size_t plain_bytes) {
  auto room = std::make_unique<Room>();
  for (std::size_t i = 0; i < plain_bytes; ++i) {
    relay_plain_room(*room)[i] = static_cast<std::uint8_t>(i + 1);
  }
  const ByteView record = seal_relay_record(send, *room, plain_bytes);
  return {record.begin(), record.end()};
}

TEST(RelayRecord, HasOneOfSixSizes) {
  const std::vector<std::size_t> classes = {64, 256, 1'024, 4'096, 16'384, 65'519};
  std::size_t smaller = 0;
  for (std::size_t size : classes) {
    Pair pair;
    for (std::size_t bytes : {smaller, smaller + 1, size}) {
      EXPECT_EQ(relay_plain_class(bytes), bytes == smaller && smaller > 0 ? smaller : size);
    }
    EXPECT_EQ(sealed(pair.send, size).size(), 2 + size + 16);
    smaller = size;
  }
  std::vector<std::size_t> taken;
  for (std::size_t length = 0; length <= 65'535; ++length) {
    const std::array<std::uint8_t, 2> head = {static_cast<std::uint8_t>(length >> 8),
                                              static_cast<std::uint8_t>(length)};
    if (relay_record_size(head)) taken.push_back(length - 16);
  }
  EXPECT_EQ(taken, classes);
}

TEST(RelayRecord, OpensToItsFramesAndZeros) {
  for (std::size_t bytes : {0u, 1u, 64u, 65u, 5'000u, 65'519u}) {
    Pair pair;
    Bytes record = sealed(pair.send, bytes);
    const auto plain = open_relay_record(pair.receive, record);
    ASSERT_TRUE(plain);
    ASSERT_EQ(plain->size(), relay_plain_class(bytes));
    for (std::size_t i = 0; i < plain->size(); ++i) {
      ASSERT_EQ((*plain)[i], i < bytes ? static_cast<std::uint8_t>(i + 1) : 0);
    }
  }
}

TEST(RelayRecord, FlippedBitIsRefusedAndTheNextGoodOneTaken) {
  Pair pair;
  const Bytes record = sealed(pair.send, 10);
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    Bytes bad = record;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(open_relay_record(pair.receive, bad)) << bit;
  }
  Bytes good = record;
  EXPECT_TRUE(open_relay_record(pair.receive, good));
}

TEST(RelayRecord, CutReplayedOrReorderedIsRefused) {
  Pair pair;
  const Bytes first = sealed(pair.send, 10);
  const Bytes second = sealed(pair.send, 10);
  for (std::size_t size = 0; size < first.size(); ++size) {
    Bytes cut(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(open_relay_record(pair.receive, cut));
  }
  Bytes early = second;
  EXPECT_FALSE(open_relay_record(pair.receive, early));
  Bytes in_order = first;
  EXPECT_TRUE(open_relay_record(pair.receive, in_order));
  Bytes again = first;
  EXPECT_FALSE(open_relay_record(pair.receive, again));
}

TEST(SealInPlace, GivesTheBytesOfSeal) {
  const Key key(std::array<std::uint8_t, 32>{9});
  const Bytes plain = {1, 2, 3, 4, 5};
  Bytes room = plain;
  room.resize(plain.size() + kTagBytes);
  seal_counter_in_place(key.view(), 5, room);
  EXPECT_EQ(room, seal_counter(key.view(), 5, {}, plain));
  EXPECT_FALSE(open_counter_in_place(key.view(), 5, std::span(room).first(kTagBytes - 1)));
  EXPECT_TRUE(open_counter_in_place(key.view(), 5, room));
  EXPECT_EQ(Bytes(room.begin(), room.begin() + 5), plain);
}

}  // namespace
}  // namespace attune::crypto
