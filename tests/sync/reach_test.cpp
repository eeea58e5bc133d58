#include "daemon/sync/reach.h"

#include <gtest/gtest.h>

namespace attune::sync {
namespace {

constexpr std::array<std::uint8_t, 16> kHere{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
constexpr std::array<std::uint8_t, 16> kThere{0, 0, 0,    0,    0,  0, 0, 0,
                                              0, 0, 0xff, 0xff, 10, 0, 0, 2};

Now at(std::chrono::nanoseconds steady) {
  Now now;
  now.steady = Steady{steady};
  return now;
}

NetworkChanged network(const std::array<std::uint8_t, 16>& source, std::uint16_t port) {
  NetworkChanged changed;
  changed.own = {Endpoint{.address = source, .port = port, .scope = 0}};
  changed.paths = {{.path = 0, .source = source}};
  changed.port = port;
  return changed;
}

/// Two devices that share an id root and look for each other.
class TwoReaches : public testing::Test {
 protected:
  TwoReaches() : a_(random_, true), b_(random_, true) {
    self_a_.device.bytes[0] = 1;
    self_b_.device.bytes[0] = 2;
    a_.network_changed(network(kHere, 1001), at(1h));
    b_.network_changed(network(kThere, 1002), at(1h));
    a_.look_for(self_a_, partner(self_b_), {}, at(1h));
    b_.look_for(self_b_, partner(self_a_), {}, at(1h));
  }
  PartnerDevice partner(const Self& self) {
    return {.device = self.device,
            .identity = {},
            .live_root = root_.clone(),
            .id_root = root_.clone()};
  }
  DatagramCame from_a(const Output& out) {
    return {.bytes = out.datagrams.at(0).bytes,
            .source = Endpoint{.address = kHere, .port = 5, .scope = 0}};
  }

  crypto::SeededRandom random_{3};
  crypto::Key root_ = random_.key();
  Self self_a_;
  Self self_b_;
  Reach a_;
  Reach b_;
};

TEST_F(TwoReaches, ABeaconIsDialledOnceAtThePortItNames) {
  Output out;
  EXPECT_TRUE(a_.due(at(1h), out).empty());
  ASSERT_EQ(out.datagrams.size(), 1u);
  const auto attempt = b_.heard(at(1h), from_a(out));
  ASSERT_TRUE(attempt);
  EXPECT_EQ(attempt->device, self_a_.device);
  EXPECT_EQ(attempt->to, (Endpoint{.address = kHere, .port = 1001, .scope = 0}));
  EXPECT_FALSE(b_.heard(at(1h + 10s), from_a(out)));  // a replay
}

TEST_F(TwoReaches, OnesOwnBeaconIsNoNews) {
  Output out;
  a_.due(at(1h), out);
  EXPECT_FALSE(a_.heard(at(1h), from_a(out)));
}

TEST_F(TwoReaches, WhoIsConnectedIsSilentAndDialsNobody) {
  b_.connected(self_a_.device, at(1h));
  EXPECT_FALSE(b_.next());
  Output out;
  a_.due(at(1h), out);
  EXPECT_FALSE(b_.heard(at(1h), from_a(out)));
  Output quiet;
  EXPECT_TRUE(b_.due(at(2h), quiet).empty());
  EXPECT_TRUE(quiet.datagrams.empty());
}

TEST_F(TwoReaches, ALostLinkIsLookedForAtOnce) {
  const Endpoint known{.address = kHere, .port = 1001, .scope = 0};
  b_.connected(self_a_.device, at(1h));
  b_.remember(self_a_.device, {.addresses = {known}, .exchanged = {}});
  b_.lost(self_a_.device, at(3h));
  Output out;
  const auto attempts = b_.due(at(3h), out);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].to, known);
  EXPECT_EQ(out.datagrams.size(), 1u);
}

TEST_F(TwoReaches, ALinkThatIsLostAsSoonAsItStandsIsNotDialledAtOnce) {
  const Endpoint known{.address = kHere, .port = 1001, .scope = 0};
  b_.remember(self_a_.device, {.addresses = {known}, .exchanged = {}});
  auto time = 3h + 0ns;
  std::size_t dialled = 0;
  for (int i = 0; i < 100; ++i, time += 100ms) {
    b_.connected(self_a_.device, at(time));
    b_.lost(self_a_.device, at(time));
    Output out;
    dialled += b_.due(at(time), out).size();
  }
  EXPECT_EQ(dialled, 0u);
  Output out;
  EXPECT_EQ(b_.due(at(time + 1h), out).size(), 1u);
}

TEST_F(TwoReaches, WithBeaconsOffNothingIsSentOrHeard) {
  Reach silent(random_, false);
  silent.network_changed(network(kThere, 1002), at(1h));
  silent.look_for(self_b_, partner(self_a_), {}, at(1h));
  Output out;
  a_.due(at(1h), out);
  EXPECT_FALSE(silent.heard(at(1h), from_a(out)));
  Output quiet;
  silent.due(at(1h), quiet);
  EXPECT_TRUE(quiet.datagrams.empty());
}

TEST(PeerMemory, ComesBackAsItWasAndNoOtherBytesDo) {
  const PeerMemory memory{
      .addresses = {Endpoint::v4({10, 0, 0, 1}, 4711), Endpoint::v4({10, 0, 0, 2}, 1)},
      .exchanged = LocalDay{20'000}};
  const Bytes body = *peer_record(DeviceId{}, memory).body;
  EXPECT_EQ(decode_peer(body), memory);
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_peer(ByteView(body).first(size))) << size;
  }
  Bytes longer = body;
  longer.push_back(0);
  EXPECT_FALSE(decode_peer(longer));
  Bytes older = body;
  older[0] = 1;
  EXPECT_FALSE(decode_peer(older));
  older.pop_back();  // without a relay, as it was
  EXPECT_FALSE(decode_peer(older));
}

TEST(CodeReach, TheJoinerDialsWhoAnswersItsNameplate) {
  crypto::SeededRandom random(4);
  CodeReach issuer(random, true);
  CodeReach joiner(random, true);
  issuer.start(4711, CodeRole::kIssuer, at(1h));
  joiner.start(4711, CodeRole::kJoiner, at(1h));
  Output call;
  joiner.due(at(1h), network(kThere, 1002), call);
  ASSERT_EQ(call.datagrams.size(), 1u);
  const DatagramCame called{.bytes = call.datagrams[0].bytes,
                            .source = Endpoint{.address = kThere, .port = 9, .scope = 0}};
  EXPECT_FALSE(issuer.heard(at(1h), called));
  Output reply;
  issuer.due(at(1h), network(kHere, 1001), reply);
  ASSERT_EQ(reply.datagrams.size(), 1u);
  const DatagramCame answered{.bytes = reply.datagrams[0].bytes,
                              .source = Endpoint{.address = kHere, .port = 9, .scope = 0}};
  EXPECT_EQ(joiner.heard(at(1h), answered), (Endpoint{.address = kHere, .port = 1001, .scope = 0}));
}

TEST(CodeReach, AnotherNameplateIsNotHeard) {
  crypto::SeededRandom random(5);
  CodeReach issuer(random, true);
  CodeReach joiner(random, true);
  issuer.start(4711, CodeRole::kIssuer, at(1h));
  joiner.start(4712, CodeRole::kJoiner, at(1h));
  Output call;
  issuer.due(at(1h), network(kHere, 1001), call);
  const DatagramCame called{.bytes = call.datagrams.at(0).bytes,
                            .source = Endpoint{.address = kHere, .port = 9, .scope = 0}};
  EXPECT_FALSE(joiner.heard(at(1h), called));
}

TEST(CodeReach, AnIssuerThatIsCalledOftenAnswersSeldom) {
  crypto::SeededRandom random(6);
  CodeReach issuer(random, true);
  CodeReach joiner(random, true);
  issuer.start(1, CodeRole::kIssuer, at(1h));
  std::size_t answers = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    const Now now = at(1h + std::chrono::milliseconds(ms));
    joiner.start(1, CodeRole::kJoiner, now);
    Output call;
    joiner.due(now, network(kThere, 1002), call);
    issuer.heard(now, {.bytes = call.datagrams.at(0).bytes,
                       .source = Endpoint{.address = kThere, .port = 9, .scope = 0}});
    Output reply;
    issuer.due(now, network(kHere, 1001), reply);
    answers += reply.datagrams.size();
  }
  EXPECT_GE(answers, 2u);
  EXPECT_LE(answers, 6u);
}

}  // namespace
}  // namespace attune::sync
