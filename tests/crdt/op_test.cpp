#include "daemon/crdt/op.h"

#include <gtest/gtest.h>

#include "proto/kind_table.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

Op sample() {
  Device device;
  device.write(actor(2, 3), draft(entry(2), {words(kTitle, "theirs")}));
  return device.log.compose(actor(1, 1), draft(entry(1), {words(kTitle, "a"), words(kWords, "b")}));
}

TEST(Op, ABodyIsCommittedUnderItsFieldAndSalt) {
  const SlotBody body{.salt = {1, 2, 3}, .bytes = {4, 5}};
  const Hash32 expected = crypto::Hasher(32)
                              .lv(as_bytes("body/1"))
                              .add(body.salt)
                              .add(Bytes{7})
                              .add(body.bytes)
                              .finish<32>();
  EXPECT_EQ(commit_body(7, body), expected);
  EXPECT_NE(commit_body(8, body), expected);
  EXPECT_NE(commit_body(7, {.salt = {1, 2, 4}, .bytes = {4, 5}}), expected);
  EXPECT_NE(commit_body(7, {.salt = {1, 2, 3}, .bytes = {4}}), expected);
}

TEST(Op, WordsThatDoNotFitAtOnceAreHashedAsTheyAre) {
  for (const std::size_t size : {0, 1, 100, 360, 361, 400, 5'000}) {
    const SlotBody body{.salt = {1, 2, 3}, .bytes = Bytes(size, 7)};
    const Hash32 expected = crypto::Hasher(32)
                                .lv(as_bytes("body/1"))
                                .add(body.salt)
                                .add(Bytes{0xe9, 7})
                                .add(body.bytes)
                                .finish<32>();
    EXPECT_EQ(commit_body(kFieldForget, body), expected) << size;
  }
}

TEST(Op, AHuskHasTheHeaderAndTheChainOfItsOp) {
  const Op op = sample();
  Op husk = op;
  make_husk(husk);
  EXPECT_TRUE(husk.husk);
  EXPECT_TRUE(husk.slots.empty());
  EXPECT_TRUE(husk.entry.is_zero());
  EXPECT_TRUE(same_header(op, husk));
  EXPECT_EQ(next_chain({}, op), next_chain({}, husk));
}

TEST(Op, ErasingABodyLeavesTheHashOfTheRest) {
  Op op = sample();
  const Hash32 rest = hash_rest(op);
  op.slots[1].body.reset();
  EXPECT_EQ(hash_rest(op), rest);
}

TEST(Op, HeaderAndChainCoverDotSeenAndRest) {
  const Op op = sample();
  const auto is_told_apart = [&op](auto change) {
    Op other = op;
    change(other);
    const auto chain = [](const Op& of) { return next_chain(first_chain(of.dot.actor), of); };
    return !same_header(other, op) && chain(other) != chain(op);
  };
  EXPECT_TRUE(is_told_apart([](Op& o) { o.dot.counter = 2; }));
  EXPECT_TRUE(is_told_apart([](Op& o) { o.dot.actor.stream = StreamId::mine(); }));
  EXPECT_TRUE(is_told_apart([](Op& o) { o.dot.actor.device.bytes[3] ^= 1; }));
  EXPECT_TRUE(is_told_apart([](Op& o) { o.dot.actor.incarnation.bytes[0] ^= 1; }));
  EXPECT_TRUE(is_told_apart([](Op& o) { o.seen.clear(); }));
  EXPECT_TRUE(is_told_apart([](Op& o) { o.seen[0].counter += 1; }));
  EXPECT_TRUE(is_told_apart([](Op& o) { o.rest_hash[0] ^= 1; }));
  EXPECT_FALSE(is_told_apart([](Op& o) { o.slots[0].body.reset(); }));
}

TEST(Op, TheHashOfTheRestCoversEveryFieldOfIt) {
  Op op = sample();
  op.slots[0] = ranked(kFirmness, 2, over_dots({dot(actor(2, 3), 1)}));
  op.slots[1] = remove({{dot(actor(2, 3), 1), 0}});
  const Hash32 rest = hash_rest(op);
  const auto changed = [&op](auto change) {
    Op other = op;
    change(other);
    return hash_rest(other);
  };
  EXPECT_NE(changed([](Op& o) { o.entry.bytes[0] ^= 1; }), rest);
  EXPECT_NE(changed([](Op& o) { o.kind += 1; }), rest);
  EXPECT_NE(changed([](Op& o) { o.day.days = -o.day.days; }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots.pop_back(); }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[0].field += 1; }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[0].rank = 3; }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[0].rank.reset(); }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[0].over.dots[0].counter = 2; }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[0].over = over_past(); }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[1].removed[0].slot = 1; }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[1].removes = false; }), rest);
  EXPECT_NE(changed([](Op& o) { o.slots[1].commitment[5] ^= 1; }), rest);
}

TEST(Op, AChainDependsOnAllBefore) {
  const Op op = sample();
  const Hash32 one = next_chain(first_chain(op.dot.actor), op);
  EXPECT_NE(one, first_chain(op.dot.actor));
  EXPECT_NE(next_chain(one, op), one);
  EXPECT_NE(next_chain({}, op), one);
}

TEST(EntryId, ProvesItsOwnerAndKind) {
  const EntryId id = make_entry_id(person(1), 10, {1, 2, 3});
  EXPECT_TRUE(proves(id, person(1), 10));
  EXPECT_FALSE(proves(id, person(2), 10));
  EXPECT_FALSE(proves(id, person(1), 11));
  for (std::size_t bit = 0; bit < 128; ++bit) {
    EntryId other = id;
    other.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(proves(other, person(1), 10)) << bit;
  }
}

TEST(EntryId, WhatThereIsOneOfHasOneNonce) {
  const CoupleId couple{{1}};
  EXPECT_EQ(topic_nonce(couple, "all"), topic_nonce(couple, "all"));
  EXPECT_NE(topic_nonce(couple, "all"), topic_nonce(couple, "boundary"));
  EXPECT_NE(topic_nonce(couple, "all"), topic_nonce({{2}}, "all"));
}

}  // namespace
}  // namespace attune::crdt::testing
