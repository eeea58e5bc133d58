#include <gtest/gtest.h>

#include <numeric>

#include "daemon/sync/pairing_secret.h"
#include "daemon/sync/relay_pipes.h"
#include "proto/kind_table.h"
#include "tests/sync/small_world.h"

namespace attune::sync {
namespace {

constexpr std::uint32_t kBoundary = 10;

bool is_failed(const Answer& answer, Code code, Reason reason) {
  const auto* failed = std::get_if<Failed>(&answer);
  return failed != nullptr && failed->code == code && failed->reason == reason;
}

/// Two people who share no network, and a relay.
class ThroughARelay : public testing::Test {
 protected:
  void SetUp() override {
    ana_ = world_.add_person("Ana");
    ben_ = world_.add_person("Ben");
    world_.set_network(false);
  }
  void use_relay(std::size_t device) {
    const Answer set = world_.ask(device, RelaySet{to_text(world_.relay().url())});
    ASSERT_TRUE(std::holds_alternative<Done>(set));
    world_.run(1s);
    ASSERT_EQ(relay_of(device), "reached");
  }
  void pair() {
    use_relay(ana_);
    use_relay(ben_);
    ASSERT_TRUE(world_.pair(ana_, ben_));
  }
  std::string relay_of(std::size_t device) {
    return std::get<StatusShown>(world_.ask(device, AskStatus{})).relay;
  }
  bool paired(std::size_t device) {
    return std::get<StatusShown>(world_.ask(device, AskStatus{})).paired;
  }
  void add(std::size_t device) {
    const Command words =
        AddEntry{.kind = kBoundary, .message = wire_field(1, as_bytes("words")), .share = true};
    ASSERT_TRUE(std::holds_alternative<Entered>(world_.ask(device, words)));
  }
  std::size_t count(std::size_t device) {
    return std::get<Items>(world_.ask(device, ListEntries{.kind = kBoundary})).items.size();
  }
  bool synced(std::size_t device) {
    return std::holds_alternative<Synced>(world_.ask(device, SyncNow{10s}));
  }
  std::optional<Verdict> finding(std::size_t device, const std::string& check) {
    const Answer found = world_.ask(device, Diagnose{});
    for (const Finding& each : std::get<Findings>(found).items) {
      if (each.check == check) return each.verdict;
    }
    return std::nullopt;
  }
  Invitation invitation(RequestId invited) {
    return std::get<Invitation>(world_.answers(invited).front());
  }

  SmallWorld world_{7};
  std::size_t ana_ = 0;
  std::size_t ben_ = 0;
};

TEST_F(ThroughARelay, TheyPairByCodeAndExchange) {
  pair();
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 1U);
  add(ben_);
  world_.run(1s);
  EXPECT_EQ(count(ana_), 2U);
  EXPECT_TRUE(synced(ana_));
  EXPECT_TRUE(synced(ben_));
}

// As through Tor: what each says comes to the other after a while.
TEST_F(ThroughARelay, TheyPairByCodeThoughEachMessageTakesLong) {
  use_relay(ana_);
  use_relay(ben_);
  world_.relay().holds_pipes = true;
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(1s);
  const RequestId joined =
      world_.begin(ben_, PairByCode{.code = invitation(invited).code, .wait = 2min});
  const auto after_a_while = [this] {
    world_.run(limits::kFlightPatience + 1s);
    world_.release_relay();
  };
  const auto asked = [this](RequestId request) {
    const std::vector<Answer>& answers = world_.answers(request);
    return !answers.empty() && std::holds_alternative<CheckPhrase>(answers.back());
  };
  int flights = 0;
  for (; flights < 10 && !(asked(invited) && asked(joined)); ++flights) after_a_while();
  EXPECT_GE(flights, 3);
  EXPECT_TRUE(asked(invited) && asked(joined));
  world_.begin(ana_, PairReply{true});
  world_.begin(ben_, PairReply{true});
  for (int i = 0; i < 4; ++i) after_a_while();
  EXPECT_TRUE(paired(ana_));
  EXPECT_TRUE(paired(ben_));
}

TEST_F(ThroughARelay, TheyPairByQr) {
  use_relay(ana_);
  use_relay(ben_);
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(1s);
  const RequestId scanned = world_.begin(ben_, PairByQr{invitation(invited).qr});
  world_.run(2s);
  ASSERT_TRUE(std::holds_alternative<CheckPhrase>(world_.answers(scanned).back()));
  world_.begin(ana_, PairReply{true});
  world_.begin(ben_, PairReply{true});
  world_.run(2s);
  EXPECT_TRUE(paired(ana_));
  EXPECT_TRUE(paired(ben_));
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 1U);
}

TEST_F(ThroughARelay, AQrOfAnotherRelaySendsNobodyThere) {
  use_relay(ana_);
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(1s);
  const std::size_t guests = world_.relay().connections();
  const Answer scanned = world_.ask(ben_, PairByQr{invitation(invited).qr});
  EXPECT_TRUE(is_failed(scanned, Code::kNotReached, Reason::kNobodyFound));
  EXPECT_EQ(world_.relay().connections(), guests);
  // Who uses the relay that the QR names, but comes too late, is told so.
  use_relay(ben_);
  world_.run(limits::kQrLife);
  const Answer late = world_.ask(ben_, PairByQr{invitation(invited).qr}, 60s);
  EXPECT_TRUE(is_failed(late, Code::kNotReached, Reason::kNobodyFound));
}

TEST_F(ThroughARelay, WithoutOneTheyDoNotMeet) {
  use_relay(ana_);
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(5s);
  const Answer joined = world_.ask(ben_, PairByCode{.code = invitation(invited).code, .wait = 5s});
  EXPECT_TRUE(is_failed(joined, Code::kNotReached, Reason::kNobodyFound));
}

TEST_F(ThroughARelay, AWrongCodeIsSpentOnBothSides) {
  use_relay(ana_);
  use_relay(ben_);
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(1s);
  const std::string right = invitation(invited).code;
  std::string wrong = right.substr(0, right.rfind('-') + 1);
  wrong += right.ends_with("abacus") ? "abode" : "abacus";
  const Answer joined = world_.ask(ben_, PairByCode{.code = wrong, .wait = 20s});
  EXPECT_TRUE(is_failed(joined, Code::kCheckFailed, Reason::kWrongCode));
  world_.run(1s);
  EXPECT_TRUE(is_failed(world_.answers(invited).back(), Code::kCheckFailed, Reason::kWrongCode));
  const Answer again = world_.ask(ben_, PairByCode{.code = right, .wait = 5s}, 30s);
  EXPECT_TRUE(is_failed(again, Code::kNotReached, Reason::kNobodyFound));
  EXPECT_FALSE(paired(ana_));
  EXPECT_FALSE(paired(ben_));
  ASSERT_TRUE(world_.pair(ana_, ben_));
}

TEST_F(ThroughARelay, ACodeIsNotShownBeforeItsNameplateIsFree) {
  use_relay(ana_);
  use_relay(ben_);
  const RequestId shown = world_.begin(ana_, PairInvite{});
  EXPECT_TRUE(world_.answers(shown).empty());
  world_.run(1s);
  EXPECT_EQ(world_.answers(shown).size(), 1U);
  world_.hang_up(ana_, shown);
  // Without a relay it is shown at once.
  world_.ask(ana_, RelayOff{});
  const RequestId at_once = world_.begin(ana_, PairInvite{});
  EXPECT_EQ(world_.answers(at_once).size(), 1U);
}

TEST_F(ThroughARelay, OfTwoIssuersEachHasANameplateOfItsOwn) {
  use_relay(ana_);
  use_relay(ben_);
  const std::size_t carl = world_.add_person("Carl");
  use_relay(carl);
  // Somebody holds nearly every nameplate.
  world_.relay().busy = [left = 3](const relay::Pipe& pipe) mutable {
    return pipe.side == relay::PipeSide::kIssuer && left-- > 0;
  };
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(3s);
  ASSERT_EQ(world_.answers(invited).size(), 1U);
  const RequestId joined =
      world_.begin(ben_, PairByCode{.code = invitation(invited).code, .wait = 20s});
  world_.run(3s);
  EXPECT_TRUE(std::holds_alternative<CheckPhrase>(world_.answers(joined).back()));
}

TEST_F(ThroughARelay, TheyGoOnWhenTheRelayComesBack) {
  pair();
  add(ana_);
  world_.run(1s);
  world_.set_relay(false);
  world_.run(20s);
  EXPECT_EQ(relay_of(ana_), "away");
  EXPECT_EQ(finding(ana_, "relay"), Verdict::kLook);
  add(ana_);
  add(ben_);
  world_.run(60s);
  EXPECT_EQ(count(ben_), 2U);
  world_.set_relay(true);
  world_.run(limits::kRelayPauseMax);
  EXPECT_EQ(relay_of(ana_), "reached");
  EXPECT_EQ(count(ana_), 3U);
  EXPECT_EQ(count(ben_), 3U);
}

TEST_F(ThroughARelay, AYesThatWasLostIsSaidByASession) {
  use_relay(ana_);
  use_relay(ben_);
  const RequestId invited = world_.begin(ana_, PairInvite{});
  world_.run(1s);
  world_.begin(ben_, PairByCode{.code = invitation(invited).code, .wait = 20s});
  world_.run(2s);
  world_.begin(ben_, PairReply{true});
  world_.run(1s);
  world_.set_relay(false);
  world_.run(1s);
  world_.begin(ana_, PairReply{true});
  world_.run(1s);
  EXPECT_TRUE(paired(ana_));
  EXPECT_FALSE(paired(ben_));
  world_.set_relay(true);
  world_.run(60s);
  EXPECT_TRUE(paired(ben_));
  add(ana_);
  world_.run(2s);
  EXPECT_EQ(count(ben_), 1U);
}

TEST_F(ThroughARelay, APipeThatIsBusyIsAskedForAgain) {
  world_.relay().busy = [left = 4](const relay::Pipe& pipe) mutable {
    return pipe.side == relay::PipeSide::kDialler && left-- > 0;
  };
  pair();
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 0U);
  world_.run(60s);
  EXPECT_EQ(count(ben_), 1U);
}

TEST_F(ThroughARelay, WhoComesBackMeetsWhoWaits) {
  pair();
  world_.down(ben_);
  world_.run(3h);
  add(ana_);
  ASSERT_TRUE(world_.up(ben_));
  world_.run(2s);
  EXPECT_EQ(count(ben_), 1U);
}

TEST_F(ThroughARelay, AConnectionThatDiedUntoldIsFoundOut) {
  pair();
  world_.run(1s);
  const std::size_t met = world_.relay().pipes();
  world_.relay().lose_everybody();
  world_.run(5min);  // nobody says anything
  EXPECT_EQ(world_.relay().pipes(), met + 1);
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 1U);
}

TEST_F(ThroughARelay, TheyMeetOverMidnightOfTheRelay) {
  pair();
  world_.down(ben_);
  world_.relay().hour = 24 * 20'000 + 23;
  world_.set_relay(false);
  world_.run(1s);
  world_.set_relay(true);
  world_.run(10min);  // Ana waits under the id of the day that ends
  world_.relay().hour += 1;
  add(ana_);
  ASSERT_TRUE(world_.up(ben_));
  world_.run(2s);
  EXPECT_EQ(count(ben_), 1U);
  world_.down(ben_);
  world_.relay().hour += 1;
  world_.run(1h);  // Ana waits under the id of the new day
  add(ana_);
  ASSERT_TRUE(world_.up(ben_));
  world_.run(2s);
  EXPECT_EQ(count(ben_), 2U);
}

TEST_F(ThroughARelay, ADirectConnectionTakesItsPlace) {
  pair();
  world_.run(1s);
  const std::size_t before = world_.relay().connections();
  EXPECT_EQ(before, 4U);  // a standing session each, and the pipe
  world_.set_network(true);
  world_.run(30s);
  EXPECT_EQ(world_.relay().connections(), 2U);
  const std::size_t spliced = world_.relay().spliced_units();
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 1U);
  EXPECT_EQ(world_.relay().spliced_units(), spliced);
  world_.set_network(false);
  world_.run(30s);
  EXPECT_EQ(world_.relay().connections(), 4U);
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 2U);
  EXPECT_GT(world_.relay().spliced_units(), spliced);
}

TEST_F(ThroughARelay, AnOldSessionIsReplacedByAMeeting) {
  pair();
  world_.run(1s);
  const std::size_t met = world_.relay().pipes();
  world_.run(limits::kRenewalAge + 10s);
  EXPECT_EQ(world_.relay().pipes(), met + 1);
  add(ana_);
  world_.run(1s);
  EXPECT_EQ(count(ben_), 1U);
}

TEST_F(ThroughARelay, WhoHasUnpairedIsMetNoMore) {
  pair();
  world_.run(1s);
  ASSERT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, Unpair{})));
  const std::size_t met = world_.relay().pipes();
  world_.run(30min);
  EXPECT_EQ(world_.relay().pipes(), met);
  EXPECT_EQ(relay_of(ana_), "reached");
}

TEST_F(ThroughARelay, OffMeansOff) {
  pair();
  world_.run(1s);
  ASSERT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, RelayOff{})));
  world_.run(1s);
  EXPECT_EQ(world_.relay().connections(), 2U);  // both Ben's
  EXPECT_EQ(relay_of(ana_), "none");
  EXPECT_EQ(std::get<RelayShown>(world_.ask(ana_, RelayShow{})).url, "");
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ana_));
  EXPECT_EQ(relay_of(ana_), "none");
}

TEST_F(ThroughARelay, TheAddressIsKeptWithItsInviteAndShownWithoutIt) {
  world_.relay().invite = "let-us-in";
  use_relay(ana_);
  RelayUrl bare = world_.relay().url();
  bare.invite.reset();
  EXPECT_EQ(std::get<RelayShown>(world_.ask(ana_, RelayShow{})).url, to_text(bare));
  world_.down(ana_);
  ASSERT_TRUE(world_.up(ana_));
  world_.run(1s);
  EXPECT_EQ(relay_of(ana_), "reached");
  EXPECT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, RelayTest{})));
  world_.ask(ana_, RelaySet{to_text(bare)});
  EXPECT_TRUE(is_failed(world_.ask(ana_, RelayTest{}), Code::kNotReached, Reason::kRelayRefused));
  EXPECT_EQ(finding(ana_, "relay"), Verdict::kFix);
  EXPECT_TRUE(
      is_failed(world_.ask(ana_, RelaySet{"attune-relay://a:1"}), Code::kUsage, Reason::kRelayUrl));
}

TEST_F(ThroughARelay, ATestIsAnsweredWhateverHappens) {
  EXPECT_TRUE(is_failed(world_.ask(ana_, RelayTest{}), Code::kNotSetUp, Reason::kNoRelay));
  use_relay(ana_);
  EXPECT_TRUE(std::holds_alternative<Done>(world_.ask(ana_, RelayTest{})));
  world_.set_relay(false);
  EXPECT_TRUE(is_failed(world_.ask(ana_, RelayTest{}), Code::kNotReached, Reason::kRelayAway));
  RelayUrl elsewhere = world_.relay().url();
  elsewhere.key[0] ^= 1;
  world_.set_relay(true);
  world_.ask(ana_, RelaySet{to_text(elsewhere)});
  EXPECT_TRUE(is_failed(world_.ask(ana_, RelayTest{}), Code::kNotReached, Reason::kRelayAway));
}

TEST_F(ThroughARelay, DoctorSaysWhereTheTwoDiffer) {
  pair();
  world_.run(1s);
  EXPECT_EQ(finding(ana_, "relay"), Verdict::kOk);
  EXPECT_EQ(finding(ana_, "relay-partner"), Verdict::kOk);
  world_.ask(ben_, RelayOff{});
  world_.set_network(true);
  world_.run(30s);
  EXPECT_EQ(finding(ana_, "relay-partner"), Verdict::kLook);
  EXPECT_EQ(finding(ben_, "relay"), std::nullopt);
  EXPECT_EQ(finding(ben_, "relay-partner"), Verdict::kLook);
}

/// docs/protocol.md, Worked example.
TEST(Pipes, HaveTheIdsOfTheDocument) {
  crypto::Key root;
  std::iota(root.writable().begin(), root.writable().end(), std::uint8_t{0x60});
  EXPECT_EQ(to_hex(live_pipe_id(root, 20'781).view()),
            "3dd6731255c57a863c9f6379fcc965130bc19c5a4db5f0e6f4ed65f402cb1058");
  QrOffer offer;
  std::iota(offer.secret.writable().begin(), offer.secret.writable().end(), std::uint8_t{0});
  EXPECT_EQ(to_hex(qr_place(offer).view()),
            "21f97e68d5af63e6b6f3089a51258b348d07012ab6ba129fba5d9b3b34f8cf7e");
}

TEST(LivePipe, HasAnotherIdEachDayAndForEachPair) {
  crypto::SeededRandom random(1);
  const crypto::Key root = random.key();
  EXPECT_EQ(live_pipe_id(root, 20'000), live_pipe_id(root, 20'000));
  EXPECT_NE(live_pipe_id(root, 20'000), live_pipe_id(root, 20'001));
  EXPECT_NE(live_pipe_id(root, 20'000), live_pipe_id(random.key(), 20'000));
}

}  // namespace
}  // namespace attune::sync
