#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/sync/notebook_records.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

Bytes words(std::string_view noun, std::string_view text) {
  return text_field(noun, "words", text);
}

struct NotebookOpens : testing::Test {
  NotebookOpens() {
    pair(ada, ben);
    for (int i = 0; i < 3; ++i) {
      ada.add("journal", words("journal", "a day") + text_field("journal", "feelings", "calm"));
      ada.add("boundary", words("boundary", "a limit") + text_field("boundary", "why", "since"),
              true);
      ben.add("thanks", words("thanks", "for the soup"));
      exchange(ada, ben);
      ada.restart();
    }
    const std::string name = name_of("boundary", ada.list({.kind = kind("boundary")})[0].id);
    ada.ask(EndEntry{.id = name});
  }

  std::vector<Record> records() { return ada.disk.records(); }
  static std::vector<std::tuple<EntryId, std::string, Bytes>> shown(Phone& phone) {
    std::vector<std::tuple<EntryId, std::string, Bytes>> out;
    for (const Item& item : phone.list({.ended = true})) {
      out.emplace_back(item.id, item.state, item.message);
    }
    return out;
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
};

TEST_F(NotebookOpens, AsItWas) {
  const auto before = shown(ada);
  const auto digest = ada.notebook->both()->digest();
  const auto mine = ada.notebook->mine().digest();
  ada.restart();
  EXPECT_EQ(shown(ada), before);
  EXPECT_EQ(ada.notebook->both()->digest(), digest);
  EXPECT_EQ(ada.notebook->mine().digest(), mine);
  EXPECT_EQ(before.size(), 9u);
}

TEST_F(NotebookOpens, FromRecordsInAnyOrder) {
  std::vector<Record> all = records();
  std::reverse(all.begin(), all.end());
  EXPECT_TRUE(ada.can_open(all));
  crypto::SeededRandom random(5);
  for (std::size_t i = all.size(); i > 1; --i) {
    std::swap(all[i - 1], all[random.below(static_cast<std::uint32_t>(i))]);
  }
  EXPECT_TRUE(ada.can_open(all));
}

TEST_F(NotebookOpens, NotWhereAnyRecordOfAnOpOrAHeadIsMissing) {
  const std::vector<Record> all = records();
  int checked = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].type != RecordType::kOp && all[i].type != RecordType::kHeads) continue;
    std::vector<Record> fewer = all;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(ada.can_open(fewer));
    ++checked;
  }
  EXPECT_EQ(checked, 13);
}

TEST_F(NotebookOpens, NotWhereAByteOfAnOpsHashIsAnother) {
  const std::vector<Record> all = records();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].type != RecordType::kOp) continue;
    const auto hash = decode_op_record(all[i].name, all[i].body)->op.rest_hash;
    std::vector<Record> other = all;
    const auto at = std::ranges::search(other[i].body, hash);
    ASSERT_EQ(at.size(), hash.size());
    at.front() ^= 1;
    EXPECT_FALSE(ada.can_open(other));
  }
}

TEST_F(NotebookOpens, NotWhereTwoOpsChangedPlaces) {
  const std::vector<Record> all = records();
  for (std::size_t i = 1; i < all.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (all[i].type != RecordType::kOp || all[k].type != RecordType::kOp) continue;
      std::vector<Record> other = all;
      std::swap(other[i].body, other[k].body);
      EXPECT_FALSE(ada.can_open(other));
    }
  }
}

TEST_F(NotebookOpens, NotFromRecordsThatAreCut) {
  const std::vector<Record> all = records();
  std::map<RecordType, bool> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (seen[all[i].type]) continue;
    seen[all[i].type] = true;
    for (std::size_t size = 0; size < all[i].body.size(); ++size) {
      std::vector<Record> other = all;
      other[i].body.resize(size);
      EXPECT_FALSE(ada.can_open(other)) << static_cast<int>(all[i].type) << " at " << size;
    }
    std::vector<Record> other = all;
    other[i].body.push_back(0);
    EXPECT_FALSE(ada.can_open(other)) << static_cast<int>(all[i].type);
  }
  EXPECT_EQ(seen.size(), 5u);  // ops, heads, salts, an intent, the last act
}

TEST_F(NotebookOpens, NotWithAHeadThatSaysAnotherCounterOrChain) {
  for (Record& record : ada.disk.records()) {
    if (record.type != RecordType::kHeads) continue;
    for (const std::size_t at : {std::size_t{40}, std::size_t{48}, std::size_t{79}}) {
      std::vector<Record> other = records();
      for (Record& each : other) {
        if (each.type == RecordType::kHeads) each.body[at] ^= 1;
      }
      EXPECT_FALSE(ada.can_open(other));
    }
  }
}

TEST_F(NotebookOpens, EachOpeningWritesAsAnotherActor) {
  ada.add("journal", words("journal", "one"));
  ada.restart();
  ada.add("journal", words("journal", "two"));
  ada.restart();
  std::set<crdt::Actor> actors;
  ada.notebook->mine().for_each([&](const crdt::Kept& kept) { actors.insert(kept.op.dot.actor); });
  EXPECT_EQ(actors.size(), 5u);
}

TEST_F(NotebookOpens, HeadsFillSeveralPages) {
  Phone cleo{"cleo", 7};
  for (int i = 0; i < 150; ++i) {
    cleo.add("journal", words("journal", "a day"));
    cleo.restart();
  }
  EXPECT_EQ(cleo.list().size(), 150u);
  const auto pages = std::ranges::count_if(
      cleo.disk.records(), [](const Record& r) { return r.type == RecordType::kHeads; });
  EXPECT_EQ(pages, 3);
  for (std::size_t i = 0; i < cleo.disk.records().size(); ++i) {
    std::vector<Record> fewer = cleo.disk.records();
    if (fewer[i].type != RecordType::kHeads) continue;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(cleo.can_open(fewer));
  }
}

TEST_F(NotebookOpens, WordsThatACrashLeftBehindAreErasedWithTheNextWrite) {
  const EntryId id = ada.add("journal", words("journal", "the first words"));
  Disk before = ada.disk;
  ada.ask(EditEntry{
      .id = name_of("journal", id), .kind = kind("journal"), .message = words("journal", "other")});
  // The old op's record comes back as it was, as a failed erasure would leave it.
  for (auto& [key, body] : before.all()) {
    if (key.first == RecordType::kOp) ada.disk.all()[key] = body;
  }
  ada.wait(10min);
  EXPECT_TRUE(ada.disk.holds("the first words"));
  ada.restart();
  ada.pass_time();
  EXPECT_FALSE(ada.disk.holds("the first words"));
}

}  // namespace
}  // namespace attune::sync
