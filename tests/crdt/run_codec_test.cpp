#include "daemon/crdt/run_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/limits.h"
#include "tests/crdt/world.h"

namespace attune::crdt::testing {
namespace {

using Result = RunReader::Result;

const Actor kA = actor(1, 1);
const Actor kB = actor(2, 1);

// Every part of the format at once: another's op in the past, a rank over everything, a rank over
// dots, a removal, a field that needs a byte of its own, bodies of each form, an edit of what is
// here, an erased body and a husk.
struct Pair {
  Pair() {
    b.write(kB, draft(entry(2), {words(kTitle, "theirs"), ranked(kFirmness, 2)}));
    a.pull(b);
    a.write(kA, draft(entry(1), {words(kTitle, "first"), add("one"), words(kWords, "text")}));
    const Dot first{kA, 1};
    a.write(kA, draft(entry(1), {remove({{first, 1}}), ranked(kFirmness, 1, over_past()),
                                 ranked(kAccepted, 0, over_dots({first, {kB, 1}}))}));
    Slot text = words(3, "\x1a\x05short");  // field 3 as protobuf writes a text
    Slot number = words(4, "\x20\x07");     // field 4 as it writes a number
    Slot cleared = words(15, "");
    a.write(kA, draft(entry(3), {text, number, cleared, words(16, "\x82\x01\x01x")}));
    a.write(kA, draft(entry(1), {words(kTitle, "second")}));
    Op day = draft(entry(2), {words(kTitle, "mine on theirs")});
    day.day.days = -5;
    day.kind = kKind + 1'000;
    a.write(kA, std::move(day));
    a.log.husk({kA, 3});
    b.pull(a);
  }
  [[nodiscard]] std::vector<const Kept*> ops() const {
    VersionVector has;
    has.raise(kB, 1);
    return a.log.missing(has, 100);
  }
  Device a{true};
  Device b{true};
};

std::vector<Op> read_all(const OnWire& wire, const OpLog* log, Result* last = nullptr) {
  std::vector<Op> ops;
  for (const Run& run : wire.runs) {
    RunReader reader(wire.actors, run, log);
    RunReader::Read read;
    Result result = reader.next(read);
    for (; result == Result::kOp; result = reader.next(read)) ops.push_back(read.op);
    if (last != nullptr) *last = result;
    if (result != Result::kEnd) break;
  }
  return ops;
}

TEST(RunCodec, WhatIsWrittenIsRead) {
  const Pair pair;
  for (const bool by_ops : {false, true}) {
    Result last = Result::kMalformed;
    const auto read = read_all(on_wire(pair.a, pair.ops(), by_ops), &pair.b.log, &last);
    EXPECT_EQ(last, Result::kEnd);
    ASSERT_EQ(read.size(), pair.ops().size());
    for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], pair.ops()[i]->op) << i;
  }
}

TEST(RunCodec, EveryCutAndTailIsRefused) {
  const Pair pair;
  const OnWire whole = on_wire(pair.a, pair.ops(), true);
  ASSERT_EQ(whole.runs.size(), 1u);
  for (Bytes Run::* part : {&Run::ops, &Run::salts}) {
    const std::size_t size = (whole.runs.front().*part).size();
    for (std::size_t left = 0; left <= size + 1; ++left) {
      OnWire cut = whole;
      (cut.runs.front().*part).resize(left, 0);
      Result last = Result::kEnd;
      read_all(cut, &pair.b.log, &last);
      EXPECT_EQ(last == Result::kEnd, left == size) << left;
    }
  }
  for (const std::size_t count : {whole.runs.front().count - 1, whole.runs.front().count + 1}) {
    OnWire other = whole;
    other.runs.front().count = count;
    Result last = Result::kEnd;
    read_all(other, &pair.b.log, &last);
    EXPECT_EQ(last, Result::kMalformed);
  }
}

TEST(RunCodec, EveryFlippedBitIsRefusedOrMakesOtherOps) {
  const Pair pair;
  for (const bool by_ops : {false, true}) {
    const OnWire whole = on_wire(pair.a, pair.ops(), by_ops);
    const auto ops = read_all(whole, &pair.b.log);
    for (Bytes Run::* part : {&Run::ops, &Run::salts}) {
      for (std::size_t bit = 0; bit < (whole.runs.front().*part).size() * 8; ++bit) {
        OnWire flipped = whole;
        (flipped.runs.front().*part)[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        Result last = Result::kMalformed;
        const auto read = read_all(flipped, &pair.b.log, &last);
        for (const Op& op : read) EXPECT_TRUE(within_limits(op));
        // Naming an entry by another op on it says the same.
        if (last == Result::kEnd && !by_ops) {
          EXPECT_NE(read, ops) << bit;
        }
      }
    }
  }
}

// Removals have no body: they take no salt, and no node.
TEST(RunCodec, OpsWithoutBodiesTakeNoSalts) {
  Device a;
  a.write(kA, draft(entry(1), {add("one")}));
  Slot removal;
  removal.field = kTags;
  removal.removes = true;
  removal.removed = {{{kA, 1}, 0}};
  for (int i = 1; i < 128; ++i) a.write(kA, draft(entry(1), {removal}));
  VersionVector has;
  has.raise(kA, 64);
  const OnWire wire = on_wire(a, a.log.missing(has, 128), true);
  ASSERT_EQ(wire.runs.size(), 1u);
  EXPECT_EQ(wire.runs.front().salts.size(), 1u);
  Device b;
  b.pull(a);
  EXPECT_EQ(b.log.digest(), a.log.digest());
}

TEST(RunCodec, ManyOpsTakeFewSalts) {
  Device a;
  a.write(kA, draft(entry(1), {words(kTitle, "x")}));
  for (int i = 1; i < 256; ++i) a.write(kA, draft(entry(1), {add("y")}));
  const auto ops = a.log.missing({}, 256);
  const OnWire wire = on_wire(a, ops, true);
  ASSERT_EQ(wire.runs.size(), 1u);
  EXPECT_EQ(wire.runs.front().salts.size(), 4 * 17u);  // four trees, whole
  Device b;
  b.pull(a);
  EXPECT_EQ(b.log.digest(), a.log.digest());
  EXPECT_EQ(b.unnamed, 0u);
}

// What was erased before it was sent does not follow from what is sent, nor from a node that
// reaches past the run.
TEST(RunCodec, NoNodeOverWhatWasErasedOrIsNotInTheRun) {
  Device a;
  for (std::uint8_t i = 0; i < 64; ++i) a.write(kA, draft(entry(1, i), {words(kTitle, "x")}));
  const Salt erased = a.log.find({kA, 22})->op.slots.front().body->salt;
  const Salt before = a.log.find({kA, 1})->op.slots.front().body->salt;
  a.write(kA, draft(entry(1, 21), {words(kTitle, "y")}));
  ASSERT_FALSE(a.log.find({kA, 22})->op.slots.front().body);
  VersionVector has;
  has.raise(kA, 1);
  const OnWire wire = on_wire(a, a.log.missing(has, 64), true);
  Reader salts(wire.runs.front().salts);
  std::size_t singly = 0;
  std::size_t bodies = 0;
  for (std::size_t op = 2; op <= 65;) {
    const unsigned code = salts.u8();
    if (code > kSaltLevelMax) {
      for (unsigned i = kSaltLevelMax; i < code; ++i, ++op) {
        if (op != 22) salts.take(sizeof(Salt));
        singly += op != 22 ? 1 : 0;
      }
      continue;
    }
    for (const Salt& leaf : salt_leaves(salts.take_array<16>(), code)) {
      EXPECT_NE(leaf, erased);
      EXPECT_NE(leaf, before);
    }
    op += ops_under(code);
    bodies += ops_under(code);
  }
  EXPECT_TRUE(salts.done());
  EXPECT_EQ(bodies + singly, 63u);
  EXPECT_GT(singly, 0u);
}

TEST(RunCodec, AnEntryIsNamedByAnOpThatTheReaderHolds) {
  const Pair pair;
  const std::vector<const Kept*> ops = pair.ops();
  const OnWire wire = on_wire(pair.a, ops, true);
  const OnWire whole = on_wire(pair.a, ops, false);
  EXPECT_LT(wire.runs.front().ops.size(), whole.runs.front().ops.size());
  // Nobody's log: the last op is on an entry of another's, which is not in the run.
  Result last = Result::kEnd;
  EXPECT_EQ(read_all(wire, nullptr, &last).size(), ops.size() - 1);
  EXPECT_EQ(last, Result::kUnnamed);
  // The op that names it is a husk here.
  Device c;
  c.pull(pair.b, 1);
  c.log.husk({kB, 1});
  EXPECT_EQ(read_all(wire, &c.log, &last).size(), ops.size() - 1);
  EXPECT_EQ(last, Result::kUnnamed);
  EXPECT_EQ(read_all(whole, &c.log, &last).size(), ops.size());
  EXPECT_EQ(last, Result::kEnd);
}

// Few bytes name long lists: what is built from them is bounded by an op's canonical bytes.
TEST(RunCodec, AnOpIsBoundedByWhatItBecomes) {
  std::vector<Actor> actors{kA};
  for (std::size_t i = 0; i < limits::kDotsMax; ++i) {
    Actor who = actor(2, 9);
    who.incarnation.bytes[6] = static_cast<std::uint8_t>(i >> 8);
    who.incarnation.bytes[7] = static_cast<std::uint8_t>(i);
    actors.push_back(who);
  }
  const auto run_of = [&](std::size_t slots) {
    crdt::Run run{.first = {kA, 1}, .count = 1, .ops = {}, .salts = {}};
    run.ops = {8 | 16};
    run.ops.resize(17, 1);  // the entry
    append(run.ops, Bytes{7, 0});
    append_leb(run.ops, slots);
    for (std::size_t i = 0; i < slots; ++i) {
      append(run.ops, Bytes{1 | 4 << 4 | 128, 1 | 4, 1});
      append_leb(run.ops, limits::kDotsMax);
      for (std::size_t dot = 1; dot <= limits::kDotsMax; ++dot) {
        append_leb(run.ops, dot);
        run.ops.push_back(1);
      }
    }
    run.salts = {4};
    return run;
  };
  RunReader::Read read;
  EXPECT_EQ(RunReader(actors, run_of(2), nullptr).next(read), Result::kOp);
  EXPECT_EQ(read.bytes, encode_op(read.op).size());
  EXPECT_EQ(RunReader(actors, run_of(3), nullptr).next(read), Result::kMalformed);
  EXPECT_EQ(RunReader(actors, run_of(64), nullptr).next(read), Result::kMalformed);
}

}  // namespace
}  // namespace attune::crdt::testing
