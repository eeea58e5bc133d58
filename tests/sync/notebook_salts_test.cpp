#include <gtest/gtest.h>

#include "daemon/crdt/salt_tree.h"
#include "daemon/sync/delivery.h"
#include "daemon/sync/notebook_records.h"
#include "tests/sync/notebook_phone.h"

namespace attune::sync {
namespace {

constexpr std::size_t kTreeOps = crdt::ops_under(crdt::kSaltLevelMax);

Bytes words(std::string_view text) { return text_field("thanks", "words", text); }

struct NotebookSalts : testing::Test {
  NotebookSalts() { pair(ada, ben); }

  std::vector<EntryId> write(std::size_t count) {
    std::vector<EntryId> entries;
    for (std::size_t i = 0; i < count; ++i) entries.push_back(ada.add("thanks", words("soup")));
    return entries;
  }
  void edit(const EntryId& entry, std::string_view text) {
    const Answer answer = ada.ask(
        EditEntry{.id = name_of("thanks", entry), .kind = kind("thanks"), .message = words(text)});
    EXPECT_TRUE(std::holds_alternative<Entered>(answer));
  }
  void delivered() { ada.notebook->delivered(ada.notebook->both()->vector()); }
  /// What the disk has of the trees.
  crdt::SaltTrees stored() {
    crdt::SaltTrees trees;
    for (const Record& record : ada.disk.records()) {
      if (record.type != RecordType::kSalts) continue;
      EXPECT_TRUE(trees.load(parse_salts_name(record.name).value(), record.body));
    }
    return trees;
  }
  std::size_t count_stored() {
    return static_cast<std::size_t>(
        std::ranges::count(ada.disk.records(), RecordType::kSalts, &Record::type));
  }
  [[nodiscard]] std::vector<Bytes> messages() const {
    std::vector<Bytes> out;
    crdt::VersionVector sent;
    while (!sent.covers(ada.notebook->both()->vector())) {
      out.push_back(encode_sync(next_batch(*ada.notebook, sent, EntryNames::kByOps)));
    }
    return out;
  }

  Phone ada{"ada", 1};
  Phone ben{"ben", 2};
};

TEST_F(NotebookSalts, WhatIsNotDeliveredIsSentAsWellAfterAnOpening) {
  const std::vector<EntryId> entries = write(2 * kTreeOps + 10);
  edit(entries[5], "bread");
  const std::vector<Bytes> before = messages();
  EXPECT_EQ(count_stored(), 3u);
  ada.restart();
  EXPECT_EQ(messages(), before);
  ada.restart();
  EXPECT_EQ(messages(), before);
}

TEST_F(NotebookSalts, WhoLosesItsWordsHasNoLeafOnTheDisk) {
  const std::vector<EntryId> entries = write(kTreeOps);
  const crdt::Dot first = ada.shared_ops().front().op.dot;
  EXPECT_TRUE(stored().node(first, 0));
  EXPECT_TRUE(stored().node(first, crdt::kSaltLevelMax));
  edit(entries[0], "bread");
  EXPECT_FALSE(stored().node(first, 0));
  EXPECT_TRUE(stored().node({first.actor, first.counter + 1}, 0));
  ada.restart();  // as does what was written before the store was opened
  edit(entries[1], "bread");
  EXPECT_FALSE(stored().node({first.actor, first.counter + 1}, 0));
  EXPECT_TRUE(stored().node({first.actor, first.counter + 2}, 0));
}

// With the next write: a session that brings nothing has nothing to write.
TEST_F(NotebookSalts, WhatIsDeliveredLeavesTheDiskWithTheNextOp) {
  write(kTreeOps + 1);
  EXPECT_EQ(count_stored(), 2u);
  delivered();
  EXPECT_EQ(count_stored(), 2u);
  write(1);
  EXPECT_EQ(count_stored(), 1u);  // which takes the next op
  ada.restart();
  delivered();
  write(1);
  EXPECT_EQ(count_stored(), 1u);  // of this opening
}

TEST_F(NotebookSalts, WhatIsDeliveredAndLosesItsWordsHasNoLeafOnTheDisk) {
  const std::vector<EntryId> entries = write(kTreeOps + 1);
  const crdt::Dot first = ada.shared_ops().front().op.dot;
  delivered();
  EXPECT_TRUE(stored().node(first, 0));
  ada.add("journal", text_field("journal", "words", "a day"));  // writes nothing of both
  edit(entries[0], "bread");
  EXPECT_FALSE(stored().node(first, 0));
}

TEST_F(NotebookSalts, WhatIsSentToNobodyKeepsNone) {
  ada.add("journal", text_field("journal", "words", "a day"));
  EXPECT_EQ(count_stored(), 0u);
  ada.add("boundary", text_field("boundary", "words", "a limit"));
  EXPECT_EQ(count_stored(), 0u);
}

// An older store has the tree of ops that it doesn't know, and some lost their words since.
TEST_F(NotebookSalts, MyOwnThatComesBackWithoutWordsHasNoLeafEither) {
  const EntryId entry = write(1).front();
  const Disk older = ada.disk;
  const crdt::Dot first = ada.shared_ops().front().op.dot;
  edit(entry, "bread");
  edit(entry, "salt");
  exchange(ada, ben);
  ada.disk = older;
  ada.restart();
  EXPECT_TRUE(stored().node({first.actor, first.counter + 1}, 0));
  exchange(ada, ben);
  EXPECT_EQ(said(ada.show(name_of("thanks", entry)), "words"), "salt");
  EXPECT_FALSE(stored().node(first, 0));
  EXPECT_FALSE(stored().node({first.actor, first.counter + 1}, 0));
  EXPECT_TRUE(stored().node({first.actor, first.counter + 2}, 0));
}

TEST_F(NotebookSalts, ARecordThatCannotBeReadIsDamage) {
  write(kTreeOps);
  const std::vector<Record> all = ada.disk.records();
  std::size_t checked = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].type != RecordType::kSalts) continue;
    std::vector<Record> bad = all;
    bad[i].body.pop_back();
    EXPECT_FALSE(ada.can_open(bad));
    bad[i].body = all[i].body;
    bad[i].name.back() = 2;
    EXPECT_FALSE(ada.can_open(bad));
    bad[i].name = all[i].name;
    EXPECT_TRUE(ada.can_open(bad));
    ++checked;
  }
  EXPECT_EQ(checked, 1u);
}

}  // namespace
}  // namespace attune::sync
