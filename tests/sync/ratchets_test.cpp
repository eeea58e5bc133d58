#include "daemon/sync/ratchets.h"

#include <gtest/gtest.h>

#include "daemon/sync/ratchet_talk.h"

namespace attune::sync {
namespace {

constexpr CoupleId kCouple{{1}};
constexpr DeviceId kAna{{2}};
constexpr DeviceId kBen{{3}};

class TwoEnds : public testing::Test {
 protected:
  TwoEnds() {
    const crypto::Key root = random_.key();
    ana_.begin_paired(root, random_);
    ben_.begin_paired(root, random_);
  }
  bool reaches(Ratchets& from, Ratchets& to) {
    return std::holds_alternative<Bytes>(to.open(from.seal({}, random_), random_));
  }
  std::size_t records(Ratchets& of) {
    RecordBatch batch;
    of.write(batch);
    std::size_t written = 0;
    for (const RecordChange& change : batch.changes) written += change.body ? 1 : 0;
    return written;
  }

  crypto::SeededRandom random_{5};
  Ratchets ana_{kCouple, kAna, kBen};
  Ratchets ben_{kCouple, kBen, kAna};
};

TEST_F(TwoEnds, EitherMaySendFirstAfterAPairing) {
  EXPECT_TRUE(reaches(ana_, ben_));
  EXPECT_TRUE(reaches(ben_, ana_));
  EXPECT_TRUE(reaches(ana_, ben_));
}

TEST_F(TwoEnds, OfTwoThatBothSendFirstOneRatchetIsLeft) {
  const Bytes from_ana = ana_.seal({}, random_);
  const Bytes from_ben = ben_.seal({}, random_);
  EXPECT_TRUE(std::holds_alternative<Bytes>(ana_.open(from_ben, random_)));
  EXPECT_TRUE(std::holds_alternative<Bytes>(ben_.open(from_ana, random_)));
  EXPECT_TRUE(reaches(ana_, ben_));
  EXPECT_TRUE(reaches(ben_, ana_));
  RecordBatch batch;
  ana_.write(batch);
  EXPECT_TRUE(batch.erases);
}

TEST_F(TwoEnds, AParcelIsBoundToCoupleAndDirection) {
  Ratchets elsewhere{CoupleId{{9}}, kBen, kAna};
  elsewhere.begin_paired(random_.key(), random_);
  EXPECT_FALSE(reaches(ana_, elsewhere));
  const Bytes mine = ana_.seal({}, random_);
  EXPECT_FALSE(std::holds_alternative<Bytes>(ana_.open(mine, random_)));
}

TEST_F(TwoEnds, AreReadBackFromTheirRecords) {
  RecordBatch batch;
  ana_.write(batch);
  Ratchets again{kCouple, kAna, kBen};
  for (const RecordChange& change : batch.changes) {
    const auto name = decode_ratchet_name(change.name);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->device, kBen);
    ASSERT_TRUE(again.load(name->number, *change.body));
    EXPECT_FALSE(Ratchets(kCouple, kAna, kBen).load(0, ByteView(*change.body).first(40)));
  }
  EXPECT_TRUE(reaches(again, ben_));
  EXPECT_TRUE(reaches(ben_, again));
}

TEST_F(TwoEnds, UnfinishedOnesAreFew) {
  for (int i = 0; i < 20; ++i) {
    RatchetTalk dialler(true);
    RatchetTalk listener(false);
    const crypto::Key live_root = random_.key();
    const crypto::Hash64 handshake = random_.bytes<64>();
    const RatchetTalk::Session session{.live_root = &live_root, .handshake = &handshake};
    const auto offer = listener.start(random_);
    ASSERT_TRUE(dialler.heard(*offer, session, ana_, random_));
  }
  EXPECT_EQ(records(ana_), limits::kRatchetsMax);
  EXPECT_TRUE(reaches(ana_, ben_));
  EXPECT_TRUE(reaches(ben_, ana_));
}

TEST_F(TwoEnds, ATalkOutOfTurnChangesNothing) {
  const crypto::Key live_root = random_.key();
  const crypto::Hash64 handshake = random_.bytes<64>();
  const RatchetTalk::Session session{.live_root = &live_root, .handshake = &handshake};
  const NewRatchet begin{.random = random_.bytes<32>(), .key = {}, .parcel = Bytes(960, 1)};
  const NewRatchet offer{.random = random_.bytes<32>(), .key = crypto::PublicKey{}, .parcel = {}};
  const NewRatchet turn{.random = {}, .key = {}, .parcel = Bytes(960, 1)};
  records(ana_);
  for (const bool dialled : {true, false}) {
    RatchetTalk talk(dialled);
    EXPECT_FALSE(talk.heard(begin, session, ana_, random_));
    EXPECT_FALSE(talk.heard(turn, session, ana_, random_));
    EXPECT_FALSE(talk.heard(offer, session, ana_, random_));  // a key of low order
    ASSERT_TRUE(talk.start(random_));
    EXPECT_FALSE(talk.start(random_));
    EXPECT_FALSE(talk.heard(begin, session, ana_, random_));
    EXPECT_FALSE(talk.heard(NewRatchet{}, session, ana_, random_));
  }
  EXPECT_EQ(records(ana_), 0u);
}

}  // namespace
}  // namespace attune::sync
