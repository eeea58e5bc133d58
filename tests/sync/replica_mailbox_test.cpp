// Two whole devices and a relay that keeps parcels: what a person notices of it.
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/kind_table.h"
#include "tests/sync/small_world.h"

namespace attune::sync {
namespace {

constexpr std::uint32_t kBoundary = 10;
constexpr std::uint32_t kConsent = 11;
constexpr std::uint32_t kPause = 12;
constexpr std::uint32_t kThanks = 14;

class TwoWithAMailbox : public testing::Test {
 protected:
  void SetUp() override {
    ana_ = world_.add_person("Ana");
    ben_ = world_.add_person("Ben");
    for (const std::size_t who : {ana_, ben_}) {
      const Answer set = world_.ask(who, RelaySet{to_text(world_.relay().url())});
      ASSERT_TRUE(std::holds_alternative<Done>(set));
    }
    ASSERT_TRUE(world_.pair(ana_, ben_));
    world_.run(1min);
  }
  void add(std::size_t device) {
    const Command words =
        AddEntry{.kind = kBoundary, .message = wire_field(1, as_bytes("words")), .share = true};
    ASSERT_TRUE(std::holds_alternative<Entered>(world_.ask(device, words)));
  }
  /// Ana's, a parcel for each.
  void post(int parcels, std::chrono::seconds pause) {
    for (int i = 0; i < parcels; ++i) {
      add(ana_);
      world_.run(pause);
    }
  }
  std::size_t count(std::size_t device) {
    return std::get<Items>(world_.ask(device, ListEntries{.kind = kBoundary})).items.size();
  }
  std::optional<Synced> sync(std::size_t device) {
    const Answer answer = world_.ask(device, SyncNow{10s});
    const auto* synced = std::get_if<Synced>(&answer);
    if (synced == nullptr) return std::nullopt;
    return *synced;
  }
  std::vector<Item> items(std::size_t device, std::uint32_t kind) {
    return std::get<Items>(world_.ask(device, ListEntries{.kind = kind})).items;
  }
  /// Ana's.
  bool entered(const Command& command) {
    return std::holds_alternative<Entered>(world_.ask(ana_, command));
  }
  EntryId add_boundary(std::uint64_t firmness) {
    Bytes message = wire_field(1, as_bytes("words"));
    append(message, wire_field(3, firmness));
    return std::get<Entered>(
               world_.ask(ana_, AddEntry{.kind = kBoundary, .message = message, .share = true}))
        .id;
  }
  EntryId thank(std::string_view words) {
    return std::get<Entered>(world_.ask(ana_, AddEntry{.kind = kThanks,
                                                       .message = wire_field(1, as_bytes(words))}))
        .id;
  }
  bool partner_says(std::size_t device) {
    return std::get<OwnAndTheirs>(world_.ask(device, ShowOwn{kConsent})).partner.has_value();
  }
  std::uint64_t firmness(std::size_t device, const EntryId& id) {
    for (const Item& item : items(device, kBoundary)) {
      if (item.id != id) continue;
      const auto fields = split_message(item.message);
      for (const WireField& field : *fields) {
        if (field.number == 3) return *wire_varint(field.bytes);
      }
    }
    return 0;
  }
  std::size_t waiting() { return world_.relay().mailboxes.message_count(); }
  std::size_t keeps(std::size_t device, RecordType type) {
    const SmallWorld::Disk disk = world_.copy_disk(device);
    return static_cast<std::size_t>(std::ranges::count_if(
        disk, [type](const auto& record) { return record.first.first == type; }));
  }
  std::size_t parcels() { return world_.relay().mailboxes.bodies().size(); }
  /// One is there for a while, and the other never at the same time.
  void alone(std::size_t who, std::chrono::seconds time = 30s) {
    world_.down(1 - who);
    world_.up(who);
    world_.run(time);
  }

  SmallWorld world_{43};
  std::size_t ana_ = 0;
  std::size_t ben_ = 1;
};

TEST_F(TwoWithAMailbox, PostNothingWhileTheyAreLive) {
  for (int i = 0; i < 5; ++i) add(ana_);
  world_.run(1h);
  EXPECT_EQ(count(ben_), 5u);
  EXPECT_EQ(parcels(), 0u);
  const auto synced = sync(ana_);
  ASSERT_TRUE(synced);
  EXPECT_TRUE(synced->exchanged);
  EXPECT_FALSE(synced->posted);
}

TEST_F(TwoWithAMailbox, SyncIsDoneWhenAllIsAtTheRelay) {
  alone(ana_);
  add(ana_);
  const auto posted = sync(ana_);
  ASSERT_TRUE(posted);
  EXPECT_FALSE(posted->exchanged);
  EXPECT_TRUE(posted->posted);
  EXPECT_EQ(posted->pending_out, 1u);
  alone(ben_, 0s);
  const auto fetched = sync(ben_);
  ASSERT_TRUE(fetched);
  EXPECT_TRUE(fetched->posted);
  EXPECT_EQ(fetched->pending_out, 0u);
  EXPECT_EQ(count(ben_), 1u);
  alone(ana_);
  const auto known = sync(ana_);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->pending_out, 0u);
}

TEST_F(TwoWithAMailbox, SyncWithoutARelayIsNotReached) {
  alone(ana_);
  world_.set_relay(false);
  add(ana_);
  EXPECT_FALSE(sync(ana_));
  world_.set_relay(true);
  world_.run(6min);
  EXPECT_TRUE(sync(ana_));
}

TEST_F(TwoWithAMailbox, GoOnLiveWithoutDuplicates) {
  for (int round = 0; round < 4; ++round) {
    alone(ana_);
    for (int i = 0; i < 5; ++i) add(ana_);
    world_.run(10s);
    alone(ben_);
    for (int i = 0; i < 5; ++i) add(ben_);
    world_.run(10s);
    ASSERT_TRUE(world_.up(ana_));
    world_.run(1min);
    EXPECT_EQ(count(ana_), static_cast<std::size_t>(12 * round + 10));
    EXPECT_EQ(count(ben_), count(ana_));
    const std::size_t before = parcels();
    add(ana_);
    add(ben_);
    world_.run(1h);
    EXPECT_EQ(parcels(), before);
    ASSERT_TRUE(sync(ana_)->exchanged);
    ASSERT_EQ(count(ana_), count(ben_));
  }
}

TEST_F(TwoWithAMailbox, AfterUnpairNothingIsPosted) {
  alone(ana_);
  world_.ask(ana_, Unpair{});
  world_.run(1h);
  EXPECT_EQ(parcels(), 0u);
}

TEST_F(TwoWithAMailbox, UnpairTakesBackWhatWasNotRead) {
  alone(ana_);
  post(3, 10s);
  ASSERT_EQ(waiting(), 3u);
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(keeps(ana_, RecordType::kParting), 0u);
  EXPECT_EQ(count(ana_), 3u);
  alone(ben_);
  EXPECT_EQ(count(ben_), 0u);
}

// What waits for the one who leaves goes as well: nobody will read it.
TEST_F(TwoWithAMailbox, UnpairDeletesWhatWaitsForOneself) {
  alone(ben_);
  add(ben_);
  world_.run(10s);
  ASSERT_EQ(waiting(), 1u);
  world_.set_relay(false);
  alone(ana_);
  world_.ask(ana_, Unpair{});
  world_.set_relay(true);
  world_.run(10min);
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(count(ana_), 0u);
}

TEST_F(TwoWithAMailbox, AfterUnpairWhatProtectsComesAndNothingElse) {
  const EntryId known = add_boundary(2);
  const EntryId ended = thank("ended later");
  const EntryId forgotten = thank("forgotten later");
  ASSERT_TRUE(entered(AddEntry{.kind = kConsent, .message = wire_field(1, 1)}));
  world_.run(1min);
  ASSERT_TRUE(partner_says(ben_));
  world_.down(ben_);
  world_.run(30s);
  add(ana_);
  thank("not read");
  ASSERT_TRUE(entered(
      EditEntry{.id = entry_name('b', known), .kind = kBoundary, .message = wire_field(3, 3)}));
  ASSERT_TRUE(entered(EndEntry{.id = entry_name('k', ended)}));
  ASSERT_TRUE(entered(ForgetEntry{.id = entry_name('k', forgotten)}));
  const Bytes about = wire_field(1, as_bytes("thanks"));
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = about}));
  world_.run(10s);
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(waiting(), 1u);
  alone(ben_);
  EXPECT_FALSE(partner_says(ben_));
  EXPECT_EQ(count(ben_), 1u);
  EXPECT_EQ(firmness(ben_, known), 3u);
  EXPECT_EQ(items(ben_, kThanks).size(), 0u);
  ASSERT_EQ(items(ben_, kPause).size(), 1u);
  EXPECT_EQ(items(ben_, kPause)[0].state, "raised");
  const auto shown = std::get<StatusShown>(world_.ask(ben_, AskStatus{}));
  EXPECT_TRUE(shown.paired);

  // Nothing of what was held back is lost to who goes on with the couple.
  world_.up(ana_);
  world_.ask(ben_, Unpair{});
  ASSERT_TRUE(world_.pair(ben_, ana_));
  world_.run(1min);
  for (const std::uint32_t kind : {kBoundary, kThanks, kPause}) {
    EXPECT_EQ(items(ben_, kind).size(), items(ana_, kind).size());
  }
  EXPECT_EQ(count(ben_), 2u);
  EXPECT_EQ(items(ben_, kThanks).size(), 1u);
}

// The partner may hold what was said tonight, and have said nothing since.
TEST_F(TwoWithAMailbox, UnpairWithdrawsWhatIsSaidTonight) {
  ASSERT_TRUE(entered(AddEntry{.kind = kConsent, .message = wire_field(1, 1)}));
  world_.run(1min);
  ASSERT_TRUE(partner_says(ben_));
  world_.ask(ana_, Unpair{});
  world_.run(1min);
  EXPECT_FALSE(partner_says(ben_));
}

TEST_F(TwoWithAMailbox, UnpairIsCarriedOutWhenTheRelayIsThere) {
  alone(ana_);
  add(ana_);
  world_.run(10s);
  world_.set_relay(false);
  world_.run(1min);
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
  world_.ask(ana_, Unpair{});
  world_.run(1min);
  EXPECT_EQ(waiting(), 1u);
  world_.down(ana_);
  world_.set_relay(true);
  ASSERT_TRUE(world_.up(ana_));
  EXPECT_EQ(keeps(ana_, RecordType::kParting), 1u);
  world_.run(1min);
  EXPECT_EQ(keeps(ana_, RecordType::kParting), 0u);
  alone(ben_);
  EXPECT_EQ(count(ben_), 0u);
  EXPECT_EQ(items(ben_, kPause).size(), 1u);
}

TEST_F(TwoWithAMailbox, UnpairIsTriedAgainWhereTheRelayHasNoRoom) {
  alone(ana_);
  add(ana_);
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
  world_.run(10s);
  world_.relay().mailboxes.limits.store_bytes = 0;
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(waiting(), 0u);
  world_.relay().mailboxes.limits = {};
  world_.run(2h);
  EXPECT_EQ(waiting(), 1u);
  alone(ben_);
  EXPECT_EQ(count(ben_), 0u);
  EXPECT_EQ(items(ben_, kPause).size(), 1u);
}

// More parcels than the other can skip: the newest stay, so that what protects is read behind them.
TEST_F(TwoWithAMailbox, AfterUnpairWhatProtectsIsReadHoweverMuchWasPosted) {
  alone(ana_);
  post(300, 3s);
  ASSERT_EQ(waiting(), 300u);
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(waiting(), 300u - 248u + 1u);
  alone(ben_, 5min);
  EXPECT_EQ(items(ben_, kPause).size(), 1u);
}

// Whatever stops it in between, over restarts: no try takes more away than the first one saw.
TEST_F(TwoWithAMailbox, AfterUnpairWhatProtectsIsReadHoweverOftenItWasTried) {
  alone(ana_);
  post(300, 3s);
  ASSERT_EQ(waiting(), 300u);
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
  world_.relay().mailboxes.limits.store_bytes = 0;
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ana_));
  world_.run(10min);
  EXPECT_EQ(waiting(), 300u - 248u);
  world_.relay().mailboxes.limits = {};
  world_.run(2h);
  EXPECT_EQ(waiting(), 300u - 248u + 1u);
  alone(ben_, 5min);
  EXPECT_EQ(items(ben_, kPause).size(), 1u);
}

TEST_F(TwoWithAMailbox, ThatPairAgainHaveOtherMailboxes) {
  alone(ana_);
  add(ana_);
  world_.run(1min);
  world_.up(ben_);
  world_.run(1min);
  for (const std::size_t who : {ana_, ben_}) world_.ask(who, Unpair{});
  ASSERT_TRUE(world_.pair(ben_, ana_));
  world_.run(1min);
  alone(ana_);
  add(ana_);
  world_.run(10s);
  EXPECT_EQ(world_.relay().mailboxes.mailboxes_used().size(), 2u);
  alone(ben_);
  EXPECT_EQ(count(ben_), 2u);
}

}  // namespace
}  // namespace attune::sync
