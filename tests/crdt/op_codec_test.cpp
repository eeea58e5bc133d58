#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "daemon/crdt/op.h"
#include "proto/limits.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

Op finished(Op op) {
  for (Slot& slot : op.slots) {
    if (slot.body) slot.commitment = commit_body(slot.field, *slot.body);
  }
  op.rest_hash = hash_rest(op);
  return op;
}

// Every part of the format at once.
Op full() {
  Op op = draft(entry(1), {});
  op.dot = dot(actor(1, 1), 300);
  op.seen = {dot(actor(1, 2), 1), dot(actor(2, 3), 1'000'000)};
  op.day = {-5};
  op.slots = {words(kTitle, "some words"), ranked(kFirmness, 2, over_past()),
              ranked(kAccepted, 0, over_dots({dot(actor(1, 2), 1), dot(actor(2, 3), 4)})),
              remove({{dot(actor(1, 2), 1), 0}, {dot(actor(1, 2), 1), 3}}), words(kWords, "")};
  op.slots[0].body->salt = {1, 2, 3};
  op.slots.push_back(op.slots[0]);
  op = finished(std::move(op));
  op.slots.back().body.reset();
  return op;
}

Op husk_of(Op op) {
  make_husk(op);
  return op;
}

std::optional<Op> decoded(const Op& op) { return decode_op(op.dot, encode_op(op)); }

std::vector<Op> samples() {
  Op erased = full();
  for (Slot& slot : erased.slots) slot.body.reset();
  Op small = draft(entry(1), {words(1, "x")});
  small.dot = dot(actor(1, 1), 1);
  return {full(), husk_of(full()), erased, finished(small)};
}

TEST(OpCodec, WhatIsWrittenIsRead) {
  for (const Op& op : samples()) {
    EXPECT_EQ(decoded(op), op);
    EXPECT_TRUE(within_limits(op));
  }
}

TEST(OpCodec, NothingIsNoOp) { EXPECT_FALSE(decode_op(dot(actor(1, 1), 1), {}).has_value()); }

TEST(OpCodec, EveryCutIsRefused) {
  for (const Op& op : samples()) {
    const Bytes bytes = encode_op(op);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_op(op.dot, ByteView(bytes).first(size)).has_value()) << size;
    }
  }
}

TEST(OpCodec, ATailIsRefused) {
  for (const Op& op : samples()) {
    Bytes bytes = encode_op(op);
    bytes.push_back(0);
    EXPECT_FALSE(decode_op(op.dot, bytes).has_value());
  }
}

TEST(OpCodec, EveryFlippedBitIsRefusedOrMakesAnotherOp) {
  for (const Op& op : samples()) {
    const Bytes bytes = encode_op(op);
    const auto whole = decode_op(op.dot, bytes);
    ASSERT_TRUE(whole.has_value());
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      Bytes flipped = bytes;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      const auto other = decode_op(op.dot, flipped);
      if (!other) continue;
      EXPECT_FALSE(same_header(*other, *whole)) << bit;
      EXPECT_EQ(encode_op(*other), flipped) << bit;  // canonical
    }
  }
}

// ---- The limits, at -1, 0, +1.

std::vector<Dot> many_dots(std::size_t count) {
  std::vector<Dot> dots;
  for (std::size_t i = 0; i < count; ++i) {
    Actor who = actor(2, 9);
    who.incarnation.bytes[6] = static_cast<std::uint8_t>(i >> 8);
    who.incarnation.bytes[7] = static_cast<std::uint8_t>(i);
    dots.push_back(dot(who, 1));
  }
  return dots;
}

bool is_taken(const Op& op) {
  const bool taken = decoded(op) == op;
  EXPECT_EQ(within_limits(op), taken);
  return taken;
}

TEST(OpCodec, SeenIsAtMostKDotsMax) {
  Op op = full();
  for (const std::size_t count : {limits::kDotsMax - 1, limits::kDotsMax}) {
    op.seen = many_dots(count);
    EXPECT_TRUE(is_taken(op)) << count;
  }
  op.seen = many_dots(limits::kDotsMax + 1);
  EXPECT_FALSE(is_taken(op));
}

TEST(OpCodec, SlotsAreAtMostKFieldsPerOpMaxAndAtLeastOne) {
  Op op = draft(entry(1), {});
  op.dot = dot(actor(1, 1), 1);
  EXPECT_FALSE(is_taken(finished(op)));
  op.slots.assign(1, words(1, "x"));
  EXPECT_TRUE(is_taken(finished(op)));
  op.slots.assign(limits::kFieldsPerOpMax, words(1, "x"));
  EXPECT_TRUE(is_taken(finished(op)));
  op.slots.push_back(words(1, "x"));
  EXPECT_FALSE(is_taken(finished(op)));
}

TEST(OpCodec, ABodyHoldsTheLongestWordsWithTheirTagAndNoMore) {
  Op op = draft(entry(1), {});
  op.dot = dot(actor(1, 1), 1);
  op.slots = {words(1, std::string(limits::kWordsBytesMax + 16, 'x'))};
  EXPECT_TRUE(is_taken(finished(op)));
  op.slots = {words(1, std::string(limits::kWordsBytesMax + 17, 'x'))};
  EXPECT_FALSE(is_taken(finished(op)));
}

TEST(OpCodec, AnOpIsAtMostKOpBytesMax) {
  const auto sized = [](std::size_t size) {
    Op op = draft(entry(1), {});
    op.dot = dot(actor(1, 1), 1);
    op.slots = {words(1, std::string(4'000, 'x')), words(1, std::string(8'000, 'x')),
                words(1, std::string(2'000, 'x'))};
    const std::size_t without = encode_op(op).size();
    op.slots[2].body->bytes.resize(2'000 + size - without);
    EXPECT_EQ(encode_op(op).size(), size);
    return finished(op);
  };
  EXPECT_TRUE(is_taken(sized(limits::kOpBytesMax - 1)));
  EXPECT_TRUE(is_taken(sized(limits::kOpBytesMax)));
  EXPECT_FALSE(is_taken(sized(limits::kOpBytesMax + 1)));
}

// ---- One way to write each op.

TEST(OpCodec, ListsAreSortedWithoutEqualMembers) {
  Op op = full();
  std::ranges::reverse(op.seen);
  EXPECT_FALSE(is_taken(op));
  op = full();
  op.seen[1] = op.seen[0];
  EXPECT_FALSE(is_taken(op));
  op = full();
  std::ranges::reverse(op.slots[2].over.dots);
  EXPECT_FALSE(is_taken(finished(op)));
  op = full();
  std::ranges::reverse(op.slots[3].removed);
  EXPECT_FALSE(is_taken(finished(op)));
}

TEST(OpCodec, ADotHasACounter) {
  Op op = full();
  op.seen[0].counter = 0;
  EXPECT_FALSE(decoded(op).has_value());
}

TEST(OpCodec, BothWaysOfOverAtOnceAreRefused) {
  Op op = draft(entry(1), {ranked(1, 0, over_past())});
  op.dot = dot(actor(1, 1), 1);
  Bytes bytes = encode_op(finished(op));
  const std::size_t flags_at = 1 + 1 + 16 + 1 + 3 + 1 + 1;
  ASSERT_EQ(bytes[flags_at], 1 | 2 | 16);
  bytes[flags_at] |= 4;
  bytes.insert(bytes.begin() + flags_at + 2, 0);
  EXPECT_FALSE(decode_op(op.dot, bytes).has_value());
}

TEST(OpCodec, EveryDayIsRead) {
  for (const std::int32_t day : {0, -1, 1, std::numeric_limits<std::int32_t>::min(),
                                 std::numeric_limits<std::int32_t>::max()}) {
    Op op = full();
    op.day.days = day;
    op = finished(op);
    EXPECT_EQ(decoded(op), op) << day;
  }
}

TEST(OpCodec, TheLayoutIsAsWritten) {
  Op op = draft({{0xee}}, {ranked(3, 2, over_past())});
  op.dot = {.actor = {.stream = stream(), .device = {{1}}, .incarnation = {{2}}}, .counter = 9};
  op.seen = {
      {.actor = {.stream = stream(), .device = {{5}}, .incarnation = {{6}}}, .counter = 200}};
  op.kind = 12;
  op.day = {-2};
  op.slots[0].body = SlotBody{.salt = {7}, .bytes = {0x18, 0x02}};
  Bytes expected{1, 5};
  expected.resize(17);
  expected.push_back(6);
  expected.resize(25);
  append(expected, Bytes{200, 1, 0, 0xee});
  expected.resize(expected.size() + 15);
  append(expected, Bytes{12, 3, 1, 3, 1 | 2 | 16, 2, 7});
  expected.resize(expected.size() + 15);
  append(expected, Bytes{2, 0x18, 0x02});
  EXPECT_EQ(to_hex(encode_op(op)), to_hex(expected));
}

}  // namespace
}  // namespace attune::crdt::testing
