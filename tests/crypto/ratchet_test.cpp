#include "crypto/ratchet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>

#include "crypto/derive.h"
#include "proto/limits.h"

namespace attune::crypto {
namespace {

constexpr std::string_view kForward = "from a to b";
constexpr std::string_view kBack = "from b to a";

/// Two ends of one ratchet, the second of which has not heard anything yet.
class Ends : public testing::Test {
 protected:
  Ends() {
    KeyPair first = KeyPair::generate(random_);
    const PublicKey theirs = first.public_key;
    const Key secret = random_.key();
    a_ = Ratchet::initiator(secret.view(), theirs, random_);
    b_ = Ratchet::responder(secret.view(), std::move(first));
  }

  Bytes from_a(std::string_view words) {
    return a_->seal(as_bytes(words), as_bytes(kForward), random_);
  }
  Bytes from_b(std::string_view words) {
    return b_->seal(as_bytes(words), as_bytes(kBack), random_);
  }
  static std::string told(const std::variant<Bytes, Ratchet::Refused>& opened) {
    const auto* body = std::get_if<Bytes>(&opened);
    if (body != nullptr) return std::string(as_text(*body));
    return std::get<Ratchet::Refused>(opened) == Ratchet::Refused::kGap ? "(gap)" : "(foreign)";
  }
  std::string at_a(const Bytes& parcel) { return told(a_->open(parcel, as_bytes(kBack), random_)); }
  std::string at_b(const Bytes& parcel) {
    return told(b_->open(parcel, as_bytes(kForward), random_));
  }
  void begin() { ASSERT_EQ(at_b(from_a("")), ""); }

  SeededRandom random_{7};
  std::optional<Ratchet> a_;
  std::optional<Ratchet> b_;
};

TEST_F(Ends, TheSecondSendsOnceItHasHeardTheFirst) {
  EXPECT_TRUE(a_->can_send());
  EXPECT_FALSE(b_->can_send());
  EXPECT_EQ(at_b(from_a("one")), "one");
  EXPECT_TRUE(b_->can_send());
  EXPECT_EQ(at_a(from_b("two")), "two");
  EXPECT_EQ(at_b(from_a("three")), "three");
}

TEST_F(Ends, AParcelIsReadOnce) {
  const Bytes first = from_a("one");
  const Bytes second = from_a("two");
  EXPECT_EQ(at_b(second), "two");
  EXPECT_EQ(at_b(second), "(foreign)");
  EXPECT_EQ(at_b(first), "one");
  EXPECT_EQ(at_b(first), "(foreign)");
  EXPECT_EQ(at_a(from_b("turns")), "turns");
  EXPECT_EQ(at_b(first), "(foreign)");
  EXPECT_EQ(at_b(from_a("three")), "three");
  EXPECT_EQ(at_b(second), "(foreign)");
}

TEST_F(Ends, ParcelsAreOfFourSizesAndOfNoOther) {
  std::set<std::size_t> sizes;
  for (const std::size_t body : {0, 860, 861, 3'932, 3'933, 16'220, 16'221, 65'355}) {
    const Bytes parcel = from_a(std::string(body, 'x'));
    sizes.insert(parcel.size());
    EXPECT_EQ(at_b(parcel).size(), body);
    for (const std::ptrdiff_t off : {-1, 1}) {
      Bytes other = from_a("");
      other.resize(static_cast<std::size_t>(static_cast<std::ptrdiff_t>(other.size()) + off));
      EXPECT_EQ(at_b(other), "(foreign)");
    }
  }
  EXPECT_EQ(sizes, std::set<std::size_t>({960, 4'032, 16'320, 65'455}));
  EXPECT_EQ(at_b({}), "(foreign)");
}

TEST_F(Ends, AChangedParcelChangesNothing) {
  begin();
  Bytes parcel = from_a("one");
  const Bytes before = b_->encode();
  for (std::size_t i = 0; i < parcel.size(); ++i) {
    parcel[i] ^= static_cast<std::uint8_t>(1 << (i % 8));
    ASSERT_EQ(at_b(parcel), "(foreign)") << i;
    parcel[i] ^= static_cast<std::uint8_t>(1 << (i % 8));
  }
  EXPECT_EQ(told(b_->open(parcel, as_bytes(kBack), random_)), "(foreign)");
  EXPECT_EQ(b_->encode(), before);
  EXPECT_EQ(at_b(parcel), "one");
}

// Each end posts and the couriers shuffle, lose and repeat: what comes is read once, as it was
// said.
TEST_F(Ends, WhateverComesInWhateverOrderIsReadOnce) {
  begin();
  std::vector<std::pair<Bytes, std::string>> to_a;
  std::vector<std::pair<Bytes, std::string>> to_b;
  std::set<std::string> read;
  std::size_t posted = 0;
  const auto deliver = [&](auto& queue, auto open) {
    if (queue.empty()) return;
    const std::size_t at = random_.below(static_cast<std::uint32_t>(queue.size()));
    const auto [parcel, words] = queue[at];
    const bool repeats = random_.below(4) == 0;
    if (!repeats) queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(at));
    if (!repeats && random_.below(8) == 0) return;  // lost
    const std::string got = open(parcel);
    if (read.contains(words)) {
      EXPECT_EQ(got, "(foreign)");
    } else {
      EXPECT_EQ(got, words);
      read.insert(words);
    }
  };
  for (int i = 0; i < 2'000; ++i) {
    const std::string words = std::to_string(i);
    switch (random_.below(4)) {
      case 0:
        to_b.emplace_back(from_a(words), words);
        ++posted;
        break;
      case 1:
        to_a.emplace_back(from_b(words), words);
        ++posted;
        break;
      case 2:
        deliver(to_a, [this](const Bytes& parcel) { return at_a(parcel); });
        break;
      default:
        deliver(to_b, [this](const Bytes& parcel) { return at_b(parcel); });
    }
    if (to_a.size() > 40) to_a.erase(to_a.begin());
    if (to_b.size() > 40) to_b.erase(to_b.begin());
    if (random_.below(10) == 0) {  // a restart
      a_ = Ratchet::decode(a_->encode());
      b_ = Ratchet::decode(b_->encode());
      ASSERT_TRUE(a_ && b_);
    }
  }
  EXPECT_GT(read.size(), posted / 2);
}

TEST_F(Ends, AGapOfTheLimitIsBridgedAndALargerOneIsNot) {
  begin();
  std::vector<Bytes> lost;
  for (std::size_t i = 0; i < limits::kSkippedKeysMax; ++i) lost.push_back(from_a("late"));
  EXPECT_EQ(at_b(from_a("after the limit")), "after the limit");
  for (const Bytes& parcel : lost) EXPECT_EQ(at_b(parcel), "late");
  for (std::size_t i = 0; i <= limits::kSkippedKeysMax; ++i) from_a("lost");
  const Bytes before = b_->encode();
  EXPECT_EQ(at_b(from_a("beyond")), "(gap)");
  EXPECT_EQ(b_->encode(), before);
}

TEST_F(Ends, AnEmptyParcelFromTheOneBehindTheGapHealsIt) {
  begin();
  for (std::size_t i = 0; i <= 2 * limits::kSkippedKeysMax; ++i) from_a("lost");
  EXPECT_EQ(at_b(from_a("beyond")), "(gap)");
  EXPECT_EQ(at_a(from_b("")), "");
  EXPECT_EQ(at_b(from_a("on a new chain")), "on a new chain");
}

// Nothing of the chain ever arrived, so its key is not known yet when the gap shows.
TEST_F(Ends, AGapAtTheBeginningOfAChainIsHealedToo) {
  begin();
  ASSERT_EQ(at_a(from_b("turns a's chain")), "turns a's chain");
  for (std::size_t i = 0; i <= limits::kSkippedKeysMax; ++i) from_a("lost");
  EXPECT_EQ(at_b(from_a("beyond")), "(gap)");
  EXPECT_EQ(at_a(from_b("")), "");
  EXPECT_EQ(at_b(from_a("on a new chain")), "on a new chain");
}

TEST_F(Ends, OfTooManyKeysThatWaitTheOldestGo) {
  begin();
  const Bytes oldest = from_a("oldest");
  for (std::size_t i = 1; i < limits::kSkippedKeysMax; ++i) from_a("lost");
  ASSERT_EQ(at_b(from_a("first")), "first");
  const Bytes youngest = from_a("youngest");
  ASSERT_EQ(at_b(from_a("second")), "second");
  EXPECT_EQ(at_b(oldest), "(foreign)");
  EXPECT_EQ(at_b(youngest), "youngest");
}

TEST_F(Ends, AStateThatIsPutBackRepeatsNoParcel) {
  begin();
  const Bytes kept = a_->encode();
  const Bytes once = from_a("the same words");
  a_ = Ratchet::decode(kept);
  const Bytes again = from_a("the same words");
  EXPECT_FALSE(std::equal(once.begin(), once.begin() + 24, again.begin()));
  EXPECT_EQ(at_b(again), "the same words");
  EXPECT_EQ(at_b(once), "(foreign)");
}

TEST_F(Ends, AStolenStateOpensNothingOfBeforeAndNothingAfterATurn) {
  begin();
  const Bytes past = from_a("past");
  ASSERT_EQ(at_b(past), "past");
  std::optional<Ratchet> thief = Ratchet::decode(b_->encode());
  ASSERT_TRUE(thief);
  EXPECT_EQ(told(thief->open(past, as_bytes(kForward), random_)), "(foreign)");
  ASSERT_EQ(at_a(from_b("a turn")), "a turn");
  ASSERT_EQ(at_b(from_a("another")), "another");
  ASSERT_EQ(at_a(from_b("a second turn")), "a second turn");
  const Bytes future = from_a("future");
  EXPECT_EQ(told(thief->open(future, as_bytes(kForward), random_)), "(foreign)");
  EXPECT_EQ(at_b(future), "future");
}

TEST_F(Ends, NoTwoParcelsShareAByteString) {
  begin();
  const Bytes one = from_a("the same words");
  const Bytes two = from_a("the same words");
  std::set<std::string> runs;
  for (std::size_t i = 0; i + 8 <= one.size(); ++i) {
    runs.insert(std::string(as_text(ByteView(one).subspan(i, 8))));
  }
  for (std::size_t i = 0; i + 8 <= two.size(); ++i) {
    EXPECT_FALSE(runs.contains(std::string(as_text(ByteView(two).subspan(i, 8)))));
  }
}

TEST_F(Ends, AStateComesBackAsItWasAndNoOtherBytesDo) {
  begin();
  for (int i = 0; i < 3; ++i) from_a("lost");
  ASSERT_EQ(at_b(from_a("read")), "read");
  const Bytes state = b_->encode();
  ASSERT_TRUE(Ratchet::decode(state));
  EXPECT_EQ(Ratchet::decode(state)->encode(), state);
  for (std::size_t size = 0; size < state.size(); ++size) {
    EXPECT_FALSE(Ratchet::decode(ByteView(state).first(size))) << size;
  }
  Bytes longer = state;
  longer.push_back(0);
  EXPECT_FALSE(Ratchet::decode(longer));
  for (std::size_t i = 0; i < state.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = state;
      flipped[i] ^= static_cast<std::uint8_t>(1 << bit);
      const auto other = Ratchet::decode(flipped);
      EXPECT_TRUE(!other || other->encode() == flipped) << i << ' ' << bit;
    }
  }
}

TEST(Ratchet, AKeyOfLowOrderBeginsNothing) {
  SeededRandom random(9);
  const Key secret = random.key();
  EXPECT_FALSE(Ratchet::initiator(secret.view(), PublicKey{}, random));
}

TEST(Ratchet, AnotherSecretOpensNothing) {
  SeededRandom random(10);
  KeyPair first = KeyPair::generate(random);
  const PublicKey theirs = first.public_key;
  auto a = Ratchet::initiator(random.key().view(), theirs, random);
  Ratchet b = Ratchet::responder(random.key().view(), std::move(first));
  const Bytes parcel = a->seal(as_bytes("words"), {}, random);
  EXPECT_TRUE(std::holds_alternative<Ratchet::Refused>(b.open(parcel, {}, random)));
  EXPECT_FALSE(b.can_send());
}

// RFC 5869 over HMAC-BLAKE2b, by its definition.
TEST(Hkdf, IsExtractThenExpand) {
  const Hash64 extracted = hmac_blake2b(as_bytes("salt"), as_bytes("input"));
  const Hash64 first = hmac_blake2b(extracted, as_bytes("info\x01"));
  Bytes second(first.begin(), first.end());
  append(second, as_bytes("info\x02"));
  const Hash64 expected = hmac_blake2b(extracted, second);
  const auto out = hkdf_blake2b<2>(as_bytes("salt"), as_bytes("input"), "info");
  EXPECT_TRUE(equal(out.view().first(64), first));
  EXPECT_TRUE(equal(out.view().last(64), expected));
}

}  // namespace
}  // namespace attune::crypto
