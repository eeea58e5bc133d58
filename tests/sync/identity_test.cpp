#include "daemon/sync/identity.h"

#include <gtest/gtest.h>

#include <limits>

#include "proto/limits.h"
#include "tests/sync/session_fixture.h"

namespace attune::sync {
namespace {

using testing::PairedDevices;

template <typename Decode>
void expect_strict(const Bytes& body, Decode decode) {
  EXPECT_TRUE(decode(body));
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode(ByteView(body).first(size))) << size;
  }
  Bytes longer = body;
  longer.push_back(0);
  EXPECT_FALSE(decode(longer));
  Bytes newer = body;
  newer[0] = 2;
  EXPECT_FALSE(decode(newer));
}

TEST(Identity, OfADeviceIsItsKey) {
  crypto::SeededRandom random(1);
  const Self self = make_self("Ada", random);
  EXPECT_EQ(self.device, device_id(self.identity.public_key));
  const Self other = make_self("Ada", random);
  EXPECT_NE(self.device, other.device);
  EXPECT_NE(self.person, other.person);
}

TEST(Identity, SelfComesBackWhole) {
  crypto::SeededRandom random(1);
  const Self self = make_self(std::string(limits::kNameBytesMax, 'a'), random);
  const RecordChange record = self_record(self);
  EXPECT_EQ(record.type, RecordType::kSelf);
  const Self back = decode_self(*record.body).value();
  EXPECT_EQ(back.name, self.name);
  EXPECT_EQ(back.person, self.person);
  EXPECT_EQ(back.device, self.device);
  EXPECT_EQ(back.identity.public_key, self.identity.public_key);
  EXPECT_TRUE(crypto::equal(back.identity.secret.view(), self.identity.secret.view()));
  EXPECT_TRUE(crypto::equal(back.author_key.view(), self.author_key.view()));
  expect_strict(*record.body, decode_self);
}

TEST(Identity, PartnerComesBackWhole) {
  PairedDevices devices;
  Partner& partner = devices.ben_as_partner;
  partner.devices.push_back(std::move(devices.ada_as_partner.devices[0]));
  partner.paired = false;
  const RecordChange record = partner_record(partner);
  EXPECT_EQ(record.type, RecordType::kPartner);
  const Partner back = decode_partner(*record.body).value();
  EXPECT_FALSE(back.paired);
  EXPECT_EQ(back.name, "Ben");
  EXPECT_EQ(back.person, partner.person);
  EXPECT_EQ(back.couple, partner.couple);
  ASSERT_EQ(back.devices.size(), 2u);
  EXPECT_EQ(back.devices[0].device, devices.ben.device);
  EXPECT_TRUE(crypto::equal(back.devices[0].live_root.view(), devices.live_root.view()));
  expect_strict(*record.body, decode_partner);
}

TEST(Identity, PendingComesBackWhole) {
  PairedDevices devices;
  std::optional<PendingPairing> pending(
      PendingPairing{.partner = std::move(devices.ben_as_partner), .since = Wall{-5}});
  const RecordChange record = pending_record(pending);
  EXPECT_EQ(record.type, RecordType::kPending);
  const PendingPairing back = decode_pending(*record.body).value();
  EXPECT_EQ(back.since, Wall{-5});
  EXPECT_EQ(back.partner.devices.at(0).device, devices.ben.device);
  expect_strict(*record.body, decode_pending);
  EXPECT_FALSE(pending_record(std::nullopt).body);
}

TEST(Identity, PendingSinceNoClocksTimeIsNone) {
  PairedDevices devices;
  std::optional<PendingPairing> pending(
      PendingPairing{.partner = std::move(devices.ben_as_partner), .since = {}});
  const std::int64_t last = limits::kClockSecondsMax.count();
  for (const std::int64_t since : {-last, last}) {
    pending->since = Wall{since};
    EXPECT_EQ(decode_pending(*pending_record(pending).body).value().since, Wall{since});
  }
  for (const std::int64_t since : {-last - 1, last + 1, std::numeric_limits<std::int64_t>::min()}) {
    pending->since = Wall{since};
    EXPECT_FALSE(decode_pending(*pending_record(pending).body)) << since;
  }
}

TEST(Identity, PendingNamesADevice) {
  PairedDevices devices;
  std::optional<PendingPairing> pending(
      PendingPairing{.partner = std::move(devices.ben_as_partner), .since = {}});
  pending->partner.devices.clear();
  EXPECT_FALSE(decode_pending(*pending_record(pending).body));
}

}  // namespace
}  // namespace attune::sync
