#include "proto/relay_frame.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace attune::relay {
namespace {

const Bytes kBody = {1, 2, 3, 4, 5};
const Bytes kInvite = {'t', 'o', 'k', 'e', 'n'};

std::vector<ToRelay> device_messages() {
  Open open{.role = MailboxRole::kWriter};
  open.capability[31] = 7;
  Pipe pipe{.id = {}, .side = PipeSide::kIssuer};
  pipe.id.bytes[0] = 9;
  return {Hello{.keepalive_seconds = 30, .invite = {}},
          Hello{.keepalive_seconds = 1'800, .invite = kInvite},
          open,
          Put{.handle = 258, .wseq = 0x0102030405060708, .body = kBody},
          Subscribe{.handle = 3, .after = 77, .window = 256},
          Acknowledge{.handle = 3, .seq = 78},
          Fetch{.handle = 4, .count_max = 9},
          pipe,
          PipeAck{},
          Ping{}};
}

std::vector<FromRelay> relay_messages() {
  return {Params{.hour = 498'000, .mailbox_bytes = 1u << 25, .mailbox_messages = 4'096},
          Ok{.handle = 1, .seq = 5, .used = 900},
          PutOk{.wseq = 6},
          Duplicate{.last = 7},
          Quota{.kind = QuotaKind::kRelay, .retry_seconds = 60},
          Message{.handle = 2, .seq = 8, .body = kBody},
          End{.handle = 2},
          Done{.handle = 2, .more = true},
          Wait{},
          Ready{},
          Pong{},
          GoAway{.retry_seconds = 10},
          Error{.code = ErrorCode::kBusy, .retry_seconds = 60}};
}

template <typename Variant>
Bytes packed(std::uint32_t correlation, const Variant& message) {
  Bytes room(limits::kRelayPlainMax);
  FramePacker packer(room);
  EXPECT_TRUE(packer.add(correlation, message));
  room.resize(packer.size());
  return room;
}

std::optional<ToRelay> decode(const Frame& frame, const ToRelay*) { return decode_to_relay(frame); }
std::optional<FromRelay> decode(const Frame& frame, const FromRelay*) {
  return decode_from_relay(frame);
}

/// Packing again is how two messages are compared: equal bytes, equal message.
template <typename Variant>
void expect_round_trip(const Variant& message) {
  const Bytes bytes = packed(0xa1b2c3d4, message);
  FrameReader reader(bytes);
  const auto frame = reader.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->correlation, 0xa1b2c3d4u);
  const auto back = decode(*frame, &message);
  ASSERT_TRUE(back) << int{frame->type};
  EXPECT_EQ(back->index(), message.index());
  EXPECT_EQ(packed(0xa1b2c3d4, *back), bytes);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

template <typename Variant>
Frame frame_of(const Bytes& bytes) {
  FrameReader reader(bytes);
  return reader.next().value_or(Frame{});
}

TEST(RelayFrame, IsReadAsItWasPacked) {
  for (const ToRelay& message : device_messages()) expect_round_trip(message);
  for (const FromRelay& message : relay_messages()) expect_round_trip(message);
}

TEST(RelayFrame, HasItsBytesForEver) {
  EXPECT_EQ(to_hex(packed(1, ToRelay{Put{.handle = 2, .wseq = 3, .body = kBody}})),
            "0301000000000f000203000000000000000102030405");
  EXPECT_EQ(to_hex(packed(258, FromRelay{Ok{.handle = 1, .seq = 2, .used = 3}})),
            "4202010000000e0001020000000000000003000000");
}

TEST(RelayFrame, CutAtAnyByteIsNoFrame) {
  for (const ToRelay& message : device_messages()) {
    const Bytes bytes = packed(5, message);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      FrameReader reader(ByteView(bytes).first(size));
      EXPECT_FALSE(reader.next());
      EXPECT_FALSE(reader.ok()) << size;
    }
  }
}

/// Whatever length a body of a fixed size has, only one is taken.
TEST(RelayFrame, BodyOfAnotherLengthIsRefused) {
  const auto lengths = [](std::uint8_t type, auto decoder) {
    std::vector<std::size_t> taken;
    const Bytes ones(80, 1);
    for (std::size_t size = 0; size <= ones.size(); ++size) {
      const Frame frame{.type = type, .correlation = 1, .body = ByteView(ones).first(size)};
      if (decoder(frame)) taken.push_back(size);
    }
    return taken;
  };
  using Sizes = std::vector<std::size_t>;
  const auto device = [&](FrameType type) {
    return lengths(static_cast<std::uint8_t>(type), decode_to_relay);
  };
  EXPECT_EQ(device(FrameType::kOpen), Sizes{33});
  EXPECT_EQ(device(FrameType::kAcknowledge), Sizes{10});
  EXPECT_EQ(device(FrameType::kFetch), Sizes{4});
  EXPECT_EQ(device(FrameType::kPipe), Sizes{33});
  EXPECT_EQ(device(FrameType::kPipeAck), Sizes{0});
  EXPECT_EQ(device(FrameType::kPing), Sizes{0});
  EXPECT_EQ(device(FrameType::kPut).front(), 11u);
  EXPECT_EQ(device(FrameType::kHello).front(), 4u);
  EXPECT_EQ(device(FrameType::kHello).back(), 4u + limits::kRelayInviteMax);
  const auto relay = [&](FrameType type) {
    return lengths(static_cast<std::uint8_t>(type), decode_from_relay);
  };
  EXPECT_EQ(relay(FrameType::kOk), Sizes{14});
  EXPECT_EQ(relay(FrameType::kPutOk), Sizes{8});
  EXPECT_EQ(relay(FrameType::kDuplicate), Sizes{8});
  EXPECT_EQ(relay(FrameType::kQuota), Sizes{5});
  EXPECT_EQ(relay(FrameType::kEnd), Sizes{2});
  EXPECT_EQ(relay(FrameType::kDone), Sizes{3});
  EXPECT_EQ(relay(FrameType::kWait), Sizes{0});
  EXPECT_EQ(relay(FrameType::kGoAway), Sizes{2});
  EXPECT_EQ(relay(FrameType::kError), Sizes{5});
  EXPECT_EQ(relay(FrameType::kParams).front(), 22u);
}

TEST(RelayFrame, ValuesOutOfRangeAreRefused) {
  const auto taken = [](const ToRelay& message) {
    const Bytes bytes = packed(1, message);
    return decode_to_relay(frame_of<ToRelay>(bytes)).has_value();
  };
  EXPECT_FALSE(taken(Hello{.keepalive_seconds = 29, .invite = {}}));
  EXPECT_FALSE(taken(Hello{.keepalive_seconds = 1'801, .invite = {}}));
  EXPECT_FALSE(taken(Put{.handle = 1, .wseq = 0, .body = kBody}));
  EXPECT_FALSE(taken(Put{.handle = 1, .wseq = 1ull << 63, .body = kBody}));
  EXPECT_TRUE(taken(Put{.handle = 1, .wseq = (1ull << 63) - 1, .body = kBody}));
  EXPECT_FALSE(taken(Put{.handle = 1, .wseq = 1, .body = {}}));
  EXPECT_FALSE(taken(Subscribe{.handle = 1, .after = 0, .window = 0}));
  EXPECT_FALSE(taken(Subscribe{.handle = 1, .after = 0, .window = 257}));
  EXPECT_FALSE(taken(Subscribe{.handle = 1, .after = 1ull << 63, .window = 1}));
  EXPECT_FALSE(taken(Acknowledge{.handle = 1, .seq = 0}));
  EXPECT_FALSE(taken(Fetch{.handle = 1, .count_max = 0}));
  EXPECT_FALSE(taken(Open{.role = static_cast<MailboxRole>(3)}));
  EXPECT_FALSE(taken(Pipe{.id = {}, .side = static_cast<PipeSide>(0)}));
}

TEST(RelayFrame, BodyHasALargestSize) {
  const Bytes full(limits::kRelayBodyMax, 1);
  const Bytes most = packed(1, ToRelay{Put{.handle = 1, .wseq = 1, .body = full}});
  EXPECT_TRUE(decode_to_relay(frame_of<ToRelay>(most)));
  const Bytes longer(limits::kRelayBodyMax + 1, 1);
  const Bytes over = packed(1, ToRelay{Put{.handle = 1, .wseq = 1, .body = longer}});
  EXPECT_FALSE(decode_to_relay(frame_of<ToRelay>(over)));
}

TEST(RelayFrame, DirectionsDoNotMix) {
  for (const ToRelay& message : device_messages()) {
    const Bytes bytes = packed(1, message);
    EXPECT_FALSE(decode_from_relay(frame_of<ToRelay>(bytes)));
  }
  for (const FromRelay& message : relay_messages()) {
    const Bytes bytes = packed(1, message);
    EXPECT_FALSE(decode_to_relay(frame_of<FromRelay>(bytes)));
  }
}

TEST(RelayFrames, ShareARecordAndEndAtThePadding) {
  Bytes room(64, 0);
  FramePacker packer(room);
  ASSERT_TRUE(packer.add(1, ToRelay{Ping{}}));
  ASSERT_TRUE(packer.add(2, ToRelay{Acknowledge{.handle = 1, .seq = 2}}));
  FrameReader reader(room);
  EXPECT_EQ(reader.next()->correlation, 1u);
  EXPECT_EQ(reader.next()->correlation, 2u);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

TEST(RelayFrames, PaddingIsZeros) {
  Bytes room(64, 0);
  room[63] = 1;
  FrameReader reader(room);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.ok());
}

TEST(RelayFrames, ThatDoNotFitChangeNothing) {
  Bytes room(16, 0xee);
  FramePacker packer(room);
  ASSERT_TRUE(packer.add(1, ToRelay{Ping{}}));
  EXPECT_FALSE(packer.add(2, ToRelay{Acknowledge{.handle = 1, .seq = 2}}));
  EXPECT_EQ(packer.size(), kFrameHeadBytes);
  EXPECT_TRUE(packer.add(3, ToRelay{Ping{}}));
  EXPECT_FALSE(packer.add(4, ToRelay{Ping{}}));
}

}  // namespace
}  // namespace attune::relay
