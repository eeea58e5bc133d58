#include "daemon/sync/transport_frame.h"

#include <gtest/gtest.h>

#include "crypto/padding.h"
#include "crypto/random.h"

namespace attune::sync {
namespace {

constexpr std::size_t kTagBytes = 16;

class TransportFrame : public ::testing::Test {
 protected:
  TransportFrame() : key_(crypto::SeededRandom(3).key()), sender_(key_.clone()) {}

  /// What a fresh receiver makes of a plaintext that the sender sealed as it is.
  std::optional<Frame> open_plain(ByteView plain) {
    crypto::CipherState sender(key_.clone());
    crypto::CipherState receiver(key_.clone());
    return open_frame(receiver, sender.encrypt({}, plain));
  }

  crypto::Key key_;
  crypto::CipherState sender_;
};

TEST_F(TransportFrame, GivesBackEveryBody) {
  crypto::CipherState receiver(key_.clone());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{509}, std::size_t{510},
                                 std::size_t{61'440}, kFrameBodyMax}) {
    const Bytes body(size, 0x5a);
    const auto frame = open_frame(receiver, seal_frame(sender_, FrameType::kMessage, body));
    ASSERT_TRUE(frame) << size;
    EXPECT_EQ(frame->type, FrameType::kMessage);
    EXPECT_EQ(frame->body, body);
  }
}

TEST_F(TransportFrame, ShowsOnlyItsPaddedSize) {
  const auto sealed_bytes = [this](std::size_t body) {
    return seal_frame(sender_, FrameType::kMessage, Bytes(body)).size() - kTagBytes;
  };
  EXPECT_EQ(sealed_bytes(0), limits::kFramePlainMin);
  EXPECT_EQ(sealed_bytes(limits::kFramePlainMin - 3), limits::kFramePlainMin);
  EXPECT_EQ(sealed_bytes(limits::kFramePlainMin - 2), crypto::padme(limits::kFramePlainMin + 1));
  EXPECT_EQ(sealed_bytes(kFrameBodyMax - 1), limits::kFramePlainMax);
  EXPECT_EQ(sealed_bytes(kFrameBodyMax), limits::kFramePlainMax);
  EXPECT_EQ(seal_frame(sender_, FrameType::kClose, {}).size() - kTagBytes, limits::kFramePlainMin);
}

TEST_F(TransportFrame, RefusesAPlaintextInAnotherForm) {
  Bytes plain(limits::kFramePlainMin, 0);
  plain[0] = 1;
  ASSERT_TRUE(open_plain(plain));
  for (const std::uint8_t type : Bytes{0, 3, 255}) {
    Bytes other = plain;
    other[0] = type;
    EXPECT_FALSE(open_plain(other)) << int{type};
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, limits::kFramePlainMin - 1,
        limits::kFramePlainMin + 1, 2 * limits::kFramePlainMin}) {
    Bytes other = plain;
    other.resize(size);
    EXPECT_FALSE(open_plain(other)) << size;
  }
  Bytes loud = plain;
  loud.back() = 1;
  EXPECT_FALSE(open_plain(loud));
  Bytes beyond = plain;
  beyond[1] = 0xff;
  EXPECT_FALSE(open_plain(beyond));
}

}  // namespace
}  // namespace attune::sync
