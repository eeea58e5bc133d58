// What unpair does at a relay, as both people notice it.
#include <ostream>
#include <set>
#include <string>

#include "tests/sync/two_with_a_mailbox.h"

namespace attune::sync {
namespace {

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

// ---- Handles.

class WithFewHandles : public TwoWithAMailbox, public testing::WithParamInterface<std::uint16_t> {};
INSTANTIATE_TEST_SUITE_P(OfOneSession, WithFewHandles, testing::Values(1, 2, 3, 5, 27));

TEST_P(WithFewHandles, UnpairIsCarriedOut) {
  post_before_parting();
  world_.relay().mailboxes.handles = GetParam();
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(waiting(), 1u);
  world_.relay().mailboxes.handles = 64;
  expect_parted();
}

TEST_P(WithFewHandles, UnpairIsCarriedOutWhereTheRelaySaysMore) {
  post_before_parting();
  world_.relay().mailboxes.handles = GetParam();
  world_.relay().handles_said = 64;
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(waiting(), 1u);
  world_.relay().mailboxes.handles = 64;
  expect_parted();
}

TEST_F(TwoWithAMailbox, UnpairAsksALittleOfARelayThatGivesNoHandle) {
  post_before_parting();
  world_.relay().mailboxes.handles = 0;
  world_.ask(ana_, Unpair{});
  const std::size_t before = world_.units_sent();
  world_.run(2h);
  EXPECT_LT(world_.units_sent() - before, 600u);
  EXPECT_EQ(waiting(), 3u);
  world_.relay().mailboxes.handles = 64;
  world_.run(10min);
  EXPECT_EQ(waiting(), 1u);
  expect_parted();
}

// The session that stands has handles for two couples here, and for no parting beside them.
TEST_F(TwoWithAMailbox, UnpairTakesNoHandleOfTheStandingSession) {
  for (const std::size_t who : {ana_, ben_}) {
    world_.down(who);
    world_.relay().mailboxes.handles = 16;
    ASSERT_TRUE(world_.up(who));
  }
  world_.run(1min);
  for (const std::size_t who : {ana_, ben_}) world_.ask(who, Unpair{});
  world_.run(1min);
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.run(1min);
  world_.down(ben_);
  add(ana_);
  world_.run(10s);
  EXPECT_EQ(waiting(), 1u);
}

// ---- Several; for how long.

TEST_F(TwoWithAMailbox, TwoPartingsAreCarriedOut) {
  alone(ana_);
  post(2, 10s);
  world_.set_relay(false);
  ASSERT_TRUE(world_.up(ben_));
  world_.run(1min);
  for (const std::size_t who : {ana_, ben_}) world_.ask(who, Unpair{});
  ASSERT_TRUE(world_.pair(ana_, ben_));
  world_.run(1min);
  world_.down(ben_);
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
  world_.ask(ana_, Unpair{});
  world_.run(1min);
  EXPECT_EQ(partings().size(), 2u);
  EXPECT_EQ(waiting(), 2u);
  world_.set_relay(true);
  world_.run(10min);
  EXPECT_EQ(partings().size(), 0u);
  EXPECT_EQ(waiting(), 1u);
  alone(ben_);
  EXPECT_EQ(items(ben_, kPause).size(), 1u);
}

TEST_F(TwoWithAMailbox, TheOldestPartingMakesRoomAlsoAfterARestart) {
  world_.set_relay(false);
  std::vector<Bytes> in_order;
  for (std::size_t i = 0; i < limits::kPartingsMax + 2; ++i) {
    const std::set<Bytes> before = partings();
    for (const std::size_t who : {ana_, ben_}) world_.ask(who, Unpair{});
    for (const Bytes& name : partings()) {
      if (!before.contains(name)) in_order.push_back(name);
    }
    ASSERT_EQ(in_order.size(), i + 1);
    world_.down(ana_);
    ASSERT_TRUE(world_.up(ana_));
    ASSERT_TRUE(world_.pair(ana_, ben_));
    world_.run(1min);
  }
  EXPECT_EQ(partings(), std::set<Bytes>(in_order.begin() + 2, in_order.end()));
}

constexpr std::int64_t kDaySeconds = 86'400;

TEST_F(TwoWithAMailbox, APartingIsOverWhenNobodyLooksThereAnyMore) {
  world_.set_relay(false);
  world_.ask(ana_, Unpair{});
  world_.down(ana_);
  world_.shift_wall(ana_, 41 * kDaySeconds);
  ASSERT_TRUE(world_.up(ana_));
  world_.run(1min);
  EXPECT_EQ(partings().size(), 1u);
  world_.shift_wall(ana_, kDaySeconds);
  world_.run(10min);
  EXPECT_EQ(partings().size(), 0u);
}

TEST_F(TwoWithAMailbox, APartingOfAClockThatWasAheadIsOverAsWell) {
  world_.set_relay(false);
  world_.shift_wall(ana_, 1'000 * kDaySeconds);
  world_.ask(ana_, Unpair{});
  world_.shift_wall(ana_, -1'000 * kDaySeconds);
  world_.run(10min);
  world_.down(ana_);
  world_.shift_wall(ana_, 43 * kDaySeconds);
  ASSERT_TRUE(world_.up(ana_));
  world_.run(10min);
  EXPECT_EQ(partings().size(), 0u);
}

// ---- Another relay, or none.

TEST_F(TwoWithAMailbox, UnpairIsCarriedOutAtTheRelayThatWasSetThen) {
  post_before_parting();
  world_.set_relay(false);
  world_.ask(ana_, Unpair{});
  world_.run(1min);
  RelayUrl other = world_.relay().url();
  other.place.host = "other.example";
  other.key[0] ^= 1;
  ASSERT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, RelaySet{to_text(other)})));
  world_.set_relay(true);
  world_.run(10min);
  EXPECT_EQ(waiting(), 1u);
  expect_parted();
}

TEST_F(TwoWithAMailbox, NoRelayIsAskedForAPartingWhileNoneIsSet) {
  post_before_parting();
  world_.set_relay(false);
  world_.ask(ana_, Unpair{});
  world_.run(1min);
  ASSERT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, RelayOff{})));
  world_.set_relay(true);
  world_.run(1h);
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ana_));
  world_.run(1h);
  EXPECT_EQ(waiting(), 3u);
  ASSERT_TRUE(std::holds_alternative<Done>(
      world_.ask(ana_, RelaySet{to_text(world_.relay().url())})));
  world_.run(1min);
  EXPECT_EQ(waiting(), 1u);
  expect_parted();
}

// ---- What was on its way; sessions that end; a relay that says anything.

TEST_F(TwoWithAMailbox, UnpairTakesBackWhatIsOnItsWay) {
  alone(ana_);
  world_.relay().hold();
  add(ana_);
  world_.run(5s);
  ASSERT_EQ(waiting(), 0u);
  world_.ask(ana_, Unpair{});
  world_.run(5s);
  world_.release_relay();
  world_.run(10s);
  EXPECT_EQ(parcels(), 1u);
  EXPECT_EQ(waiting(), 0u);
  EXPECT_EQ(partings().size(), 0u);
}

// Each session goes on for one answer longer than the last one, whatever it was doing.
TEST_F(TwoWithAMailbox, UnpairIsCarriedOutThoughEachSessionEndsInBetween) {
  post_before_parting();
  std::size_t allowed = 0;
  std::size_t said = 0;
  world_.ask(ana_, Unpair{});
  world_.relay().lies = [&](const relay::ToRelay&, relay::FromRelay&) {
    if (++said <= allowed) return PureRelay::Fate::kSaid;
    ++allowed;
    said = 0;
    return PureRelay::Fate::kCut;
  };
  world_.set_relay(false);
  world_.set_relay(true);
  world_.run(24h);
  EXPECT_GT(allowed, 14u);
  EXPECT_EQ(partings().size(), 0u);
  EXPECT_GE(waiting(), 1u);
  world_.relay().lies = nullptr;
  expect_parted();
}

using Lie = void (*)(const relay::ToRelay& question, relay::FromRelay& answer);
struct NamedLie {
  const char* name;
  Lie lie;
  friend void PrintTo(const NamedLie& lie, std::ostream* out) { *out << lie.name; }
};

/// Nothing that such a relay says ends the parting: it is carried out once it says what is true.
class AtALiar : public TwoWithAMailbox, public testing::WithParamInterface<NamedLie> {};
INSTANTIATE_TEST_SUITE_P(
    OfAParting, AtALiar,
    testing::Values(
        NamedLie{"OtherKinds",
                 [](const relay::ToRelay&, relay::FromRelay& answer) { answer = relay::PutOk{}; }},
        NamedLie{"Refusals",
                 [](const relay::ToRelay&, relay::FromRelay& answer) {
                   answer = relay::Error{.code = relay::ErrorCode::kFailed, .retry_seconds = 0};
                 }},
        NamedLie{"RefusesForEver",
                 [](const relay::ToRelay&, relay::FromRelay& answer) {
                   answer = relay::Quota{.kind = relay::QuotaKind::kRelay,
                                         .retry_seconds = 0xffff'ffff};
                 }},
        NamedLie{"NumbersBeyondAll",
                 [](const relay::ToRelay&, relay::FromRelay& answer) {
                   auto* ok = std::get_if<relay::Ok>(&answer);
                   if (ok != nullptr) ok->seq = UINT64_MAX;
                 }},
        NamedLie{"TheSameHandle",
                 [](const relay::ToRelay& question, relay::FromRelay& answer) {
                   auto* ok = std::get_if<relay::Ok>(&answer);
                   const auto* open = std::get_if<relay::Open>(&question);
                   if (ok != nullptr && open->role == relay::MailboxRole::kWriter) ok->handle = 1;
                 }},
        NamedLie{"HandlesOfOthers",
                 [](const relay::ToRelay&, relay::FromRelay& answer) {
                   if (auto* ok = std::get_if<relay::Ok>(&answer)) ok->handle += 40;
                 }},
        NamedLie{"NothingIsEverGone",
                 [](const relay::ToRelay& question, relay::FromRelay& answer) {
                   auto* ok = std::get_if<relay::Ok>(&answer);
                   const auto* open = std::get_if<relay::Open>(&question);
                   if (ok != nullptr && open->role == relay::MailboxRole::kReader) ok->seq = 1;
                 }}),
    [](const auto& given) { return std::string(given.param.name); });

TEST_P(AtALiar, UnpairIsCarriedOutOnceItSaysWhatIsTrue) {
  post_before_parting();
  world_.relay().lies = [](const relay::ToRelay& question, relay::FromRelay& answer) {
    GetParam().lie(question, answer);
    return PureRelay::Fate::kSaid;
  };
  world_.ask(ana_, Unpair{});
  const std::size_t before = world_.units_sent();
  world_.run(1h);
  EXPECT_LT(world_.units_sent() - before, 600u);
  EXPECT_EQ(partings().size(), 1u);
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ana_));
  world_.relay().lies = nullptr;
  world_.run(25h);
  expect_parted();
}

// Weeks before the first there is: the record of what is withdrawn there is read again.
TEST_F(TwoWithAMailbox, ARelayWhoseClockIsAtItsBeginningSpoilsNoStore) {
  post_before_parting();
  const std::uint32_t hour = world_.relay().hour;
  world_.relay().hour = 0;
  world_.relay().mailboxes.limits.store_bytes = 0;
  world_.ask(ana_, Unpair{});
  world_.run(10s);
  EXPECT_EQ(partings().size(), 1u);
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ana_));
  world_.relay().hour = hour;
  world_.relay().mailboxes.limits = {};
  world_.run(2h);
  EXPECT_EQ(partings().size(), 0u);
}

// ---- What is not said.

// What this store seals is not read, as it is an older copy: nothing is written for nobody.
TEST_F(TwoWithAMailbox, NothingIsSaidAgainThatCanNotBeSealed) {
  alone(ana_);
  const SmallWorld::Disk older = world_.copy_disk(ana_);
  post(2, 10s);
  world_.down(ana_);
  world_.put_back(ana_, older);
  ASSERT_TRUE(world_.up(ana_));
  ASSERT_TRUE(entered(AddEntry{.kind = kPause, .message = {}}));
  world_.run(1min);
  const std::size_t ops = keeps(ana_, RecordType::kOp);
  world_.ask(ana_, Unpair{});
  world_.run(1min);
  EXPECT_EQ(keeps(ana_, RecordType::kOp), ops);
  EXPECT_EQ(waiting(), 0u);
}

}  // namespace
}  // namespace attune::sync
