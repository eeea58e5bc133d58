#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "proto/kind_table.h"
#include "tests/sync/small_world.h"

namespace attune::sync {

inline constexpr std::uint32_t kBoundary = 10;
inline constexpr std::uint32_t kConsent = 11;
inline constexpr std::uint32_t kPause = 12;
inline constexpr std::uint32_t kThanks = 14;

/// Ana and Ben, whole devices that are paired, and a relay that keeps parcels for both.
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
  /// Names of Ana's partings.
  std::set<Bytes> partings() {
    std::set<Bytes> names;
    for (const auto& [key, body] : world_.copy_disk(ana_)) {
      if (key.first == RecordType::kParting) names.insert(key.second);
    }
    return names;
  }
  /// Three parcels of Ana's wait for Ben, the last of them with a pause; both are there, apart.
  void post_before_parting() {
    alone(ana_);
    post(2, 10s);
    ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
    world_.run(10s);
    ASSERT_EQ(waiting(), 3u);
  }
  /// What unpair is for has come to pass: her words are gone, and what protects her is read.
  void expect_parted() {
    EXPECT_EQ(partings().size(), 0u);
    alone(ben_);
    EXPECT_EQ(count(ben_), 0u);
    EXPECT_EQ(items(ben_, kPause).size(), 1u);
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

}  // namespace attune::sync
