#include "daemon/sync/session.h"

#include <gtest/gtest.h>

#include "daemon/sync/transport_frame.h"
#include "tests/sync/session_fixture.h"

namespace attune::sync {
namespace {

using testing::PairedDevices;

const Even kQuestion{.number = 7, .answer = false, .moved = {}};

TEST(Session, SpeaksOnceTheAnswerIsThere) {
  PairedDevices devices;
  Session::Started dialled = devices.dial();
  EXPECT_FALSE(dialled.session.established());
  EXPECT_EQ(dialled.units.size(), 1u);
  EXPECT_FALSE(dialled.units[0].framed);
  EXPECT_EQ(dialled.units[0].bytes.size(), limits::kHelloBytes);
  EXPECT_EQ(dialled.units[0].bytes[0], 1);

  auto answered = devices.answer(dialled.units[0].bytes);
  ASSERT_TRUE(answered);
  EXPECT_TRUE(answered->session.established());
  EXPECT_FALSE(answered->session.confirmed());
  ASSERT_EQ(answered->units.size(), 1u);
  EXPECT_FALSE(answered->units[0].framed);
  EXPECT_EQ(answered->units[0].bytes.size(), 48u);

  const Session::Step step = dialled.session.on_unit(answered->units[0].bytes);
  EXPECT_FALSE(step.dead);
  EXPECT_TRUE(dialled.session.established());
  EXPECT_EQ(dialled.session.handshake_hash(), answered->session.handshake_hash());
  EXPECT_EQ(dialled.session.peer(), devices.ben.device);
  EXPECT_EQ(answered->session.peer(), devices.ada.device);
}

TEST(Session, IsConfirmedByTheFirstFrameOfTheOther) {
  PairedDevices devices;
  auto link = devices.connect();
  EXPECT_FALSE(link.listener.confirmed());
  Session::Step step = link.listener.on_unit(link.dialler.seal(kQuestion));
  EXPECT_TRUE(step.confirmed_now);
  EXPECT_TRUE(link.listener.confirmed());
  ASSERT_EQ(step.messages.size(), 1u);
  EXPECT_EQ(std::get<Even>(step.messages[0]), kQuestion);
  EXPECT_FALSE(link.dialler.confirmed());
  step = link.listener.on_unit(link.dialler.seal(kQuestion));
  EXPECT_FALSE(step.confirmed_now);
}

TEST(Session, CarriesMessagesBothWaysInOrder) {
  PairedDevices devices;
  auto link = devices.connect();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const Even question{.number = i, .answer = false, .moved = {}};
    auto heard = link.listener.on_unit(link.dialler.seal(question));
    EXPECT_EQ(std::get<Even>(heard.messages.at(0)).number, i);
    heard =
        link.dialler.on_unit(link.listener.seal(Even{.number = i, .answer = true, .moved = {}}));
    EXPECT_TRUE(std::get<Even>(heard.messages.at(0)).answer);
  }
  EXPECT_EQ(link.dialler.frames(), 20u);
}

TEST(Session, SaysWhenItCloses) {
  PairedDevices devices;
  auto link = devices.connect();
  const Session::Step step = link.listener.on_unit(link.dialler.seal_close());
  ASSERT_EQ(step.messages.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<CloseMessage>(step.messages[0]));
}

TEST(Session, MeetsARepeatedHelloWithSilence) {
  PairedDevices devices;
  const auto link = devices.connect();
  EXPECT_FALSE(devices.answer(link.hello));
}

TEST(Session, MeetsEveryChangedHelloWithSilence) {
  PairedDevices devices;
  const Bytes hello = devices.dial().units[0].bytes;
  for (std::size_t at = 0; at < hello.size(); ++at) {
    for (const int bit : {0, 7}) {
      Bytes changed = hello;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1 << bit);
      EXPECT_FALSE(devices.answer(changed)) << at;
    }
  }
  EXPECT_TRUE(devices.answer(hello));
}

TEST(Session, MeetsAHelloOfAnotherSizeWithSilence) {
  PairedDevices devices;
  Bytes hello = devices.dial().units[0].bytes;
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_FALSE(devices.answer(ByteView(hello).first(size))) << size;
  }
  hello.push_back(0);
  EXPECT_FALSE(devices.answer(hello));
}

TEST(Session, MeetsAStrangerWithSilence) {
  PairedDevices devices;
  const Self eve = make_self("Eve", devices.random);
  const Partner guess =
      PairedDevices::partner_of(devices.ben, devices.random.key(), devices.couple);
  auto started = Session::dial(eve, guess, guess.devices[0], devices.random);
  EXPECT_FALSE(devices.answer(started.value().units[0].bytes));
}

TEST(Session, NeedsTheIdentityBesideTheRoot) {
  PairedDevices devices;
  Self thief = make_self("Ada", devices.random);
  thief.device = devices.ada.device;  // knows the root and the device id, not the device's key
  auto started = Session::dial(thief, devices.ben_as_partner, devices.ben_as_partner.devices[0],
                               devices.random);
  EXPECT_FALSE(devices.answer(started.value().units[0].bytes));
}

TEST(Session, BelongsToOneCouple) {
  PairedDevices devices;
  devices.ben_as_partner.couple.bytes[0] ^= 1;
  const Session::Started started = devices.dial();
  EXPECT_FALSE(devices.answer(started.units[0].bytes));
}

TEST(Session, FindsTheCallerAmongSeveralDevices) {
  PairedDevices devices;
  const Self tablet = make_self("Ada", devices.random);
  Partner both = PairedDevices::partner_of(tablet, devices.random.key(), devices.couple);
  both.devices.push_back(std::move(devices.ada_as_partner.devices[0]));
  const Session::Started started = devices.dial();
  auto answered =
      Session::accept(started.units[0].bytes, devices.ben, both, devices.memory, devices.random);
  EXPECT_EQ(answered.value().session.peer(), devices.ada.device);
}

TEST(Session, DiesOfEveryChangedAnswer) {
  PairedDevices devices;
  for (std::size_t at = 0; at < 48; ++at) {
    Session::Started dialled = devices.dial();
    Bytes answer = devices.answer(dialled.units[0].bytes).value().units[0].bytes;
    answer[at] ^= 0x10;
    EXPECT_TRUE(dialled.session.on_unit(answer).dead) << at;
    EXPECT_FALSE(dialled.session.established());
    EXPECT_TRUE(dialled.session.on_unit(answer).dead);
  }
}

TEST(Session, DiesOfAnAnswerOfAnotherSize) {
  PairedDevices devices;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32},
                                 std::size_t{47}, std::size_t{49}, std::size_t{96}}) {
    Session::Started dialled = devices.dial();
    Bytes answer = devices.answer(dialled.units[0].bytes).value().units[0].bytes;
    answer.resize(size);
    EXPECT_TRUE(dialled.session.on_unit(answer).dead) << size;
  }
}

TEST(Session, DiesOfEveryChangedFrame) {
  PairedDevices devices;
  auto link = devices.connect();
  const Bytes sealed = link.dialler.seal(kQuestion);
  for (std::size_t at = 0; at < sealed.size(); at += 7) {
    auto other = devices.connect();
    Bytes changed = other.dialler.seal(kQuestion);
    changed[at] ^= 0x40;
    EXPECT_TRUE(other.listener.on_unit(changed).dead) << at;
    EXPECT_FALSE(other.listener.confirmed());
    EXPECT_TRUE(other.listener.on_unit(other.dialler.seal(kQuestion)).dead);
  }
}

TEST(Session, DiesOfACutOrLongerFrame) {
  PairedDevices devices;
  for (const std::ptrdiff_t more : {-512, -17, -1, 1, 100}) {
    auto link = devices.connect();
    Bytes sealed = link.dialler.seal(kQuestion);
    sealed.resize(static_cast<std::size_t>(std::ssize(sealed) + more));
    EXPECT_TRUE(link.listener.on_unit(sealed).dead) << more;
  }
  auto link = devices.connect();
  EXPECT_TRUE(link.listener.on_unit({}).dead);
}

TEST(Session, DiesOfARepeatedFrame) {
  PairedDevices devices;
  auto link = devices.connect();
  const Bytes sealed = link.dialler.seal(kQuestion);
  EXPECT_FALSE(link.listener.on_unit(sealed).dead);
  EXPECT_TRUE(link.listener.on_unit(sealed).dead);
}

TEST(Session, DiesOfItsOwnFrame) {
  PairedDevices devices;
  auto link = devices.connect();
  EXPECT_TRUE(link.dialler.on_unit(link.dialler.seal(kQuestion)).dead);
}

TEST(HelloMemory, ForgetsTheOldestFirst) {
  HelloMemory memory;
  const auto mac1 = [](std::size_t i) {
    HelloMemory::Mac1 mac{};
    mac[0] = static_cast<std::uint8_t>(i);
    mac[1] = static_cast<std::uint8_t>(i >> 8);
    return mac;
  };
  for (std::size_t i = 0; i < limits::kHelloMemory; ++i) EXPECT_TRUE(memory.remember(mac1(i)));
  EXPECT_FALSE(memory.remember(mac1(0)));
  EXPECT_TRUE(memory.remember(mac1(limits::kHelloMemory)));
  EXPECT_FALSE(memory.remember(mac1(1)));
  EXPECT_TRUE(memory.remember(mac1(0)));
}

}  // namespace
}  // namespace attune::sync
