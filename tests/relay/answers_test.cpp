// What the real relay says to who asks in vain, how fast its pipes are, and how it fares with the
// smallest of buffers.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

using std::chrono::steady_clock;

/// The kernel doubles it; less than a record of the smaller parcels.
constexpr int kSmall = 2'048;

Bytes text(const Heard& heard) { return heard.bytes ? *heard.bytes : Bytes{}; }

// What a mailbox that is empty answers to whoever asks as its reader, and one that never was.
TEST(Answers, OfAnEmptyAndAnAbsentMailboxAreTheSameBytes) {
  TemporaryFolder folder;
  RelayProcess relay(folder.path(), "");
  auto writer = Device::enter(relay.url());
  const auto to = writer->open(capability_of(1), MailboxRole::kWriter);
  const Bytes body(100, 7);
  writer->say(1, Put{.handle = to->handle, .wseq = 1, .body = body});
  ASSERT_NE(writer->hear().as<PutOk>(), nullptr);
  auto fetcher = Device::enter(relay.url());
  const auto from = fetcher->open(capability_of(1), MailboxRole::kReader);
  ASSERT_EQ(from->seq, 1u);
  fetcher->say(1, Acknowledge{.handle = from->handle, .seq = 1});
  const auto emptied = fetcher->open(capability_of(1), MailboxRole::kReader);
  ASSERT_EQ(emptied->seq, 0u);

  std::array<std::vector<Bytes>, 2> answers;
  for (std::uint8_t which = 1; which <= 2; ++which) {
    auto reader = Device::enter(relay.url());
    std::vector<Bytes>& said = answers[which - 1u];
    reader->say(5, Open{.capability = capability_of(which), .role = MailboxRole::kReader});
    said.push_back(text(reader->hear()));
    reader->say(6, Fetch{.handle = 1, .count_max = 9});
    said.push_back(text(reader->hear()));
    reader->say(7, Subscribe{.handle = 1, .after = 0, .window = 1});
    reader->say(8, Acknowledge{.handle = 1, .seq = 9});
    reader->say(9, Ping{});
    said.push_back(text(reader->hear()));
    for (const Bytes& each : said) EXPECT_FALSE(each.empty());
  }
  EXPECT_EQ(answers[0], answers[1]);
}

struct Joined {
  net::Fd one;
  net::Fd other;
};

Joined join(const RelayUrl& url, int receive_buffer) {
  const Device::From from{.receive_buffer = receive_buffer};
  auto one = Device::enter(url, from);
  auto other = Device::enter(url, from);
  one->say(1, Pipe{.id = {}, .side = PipeSide::kDialler});
  EXPECT_NE(one->hear().as<Wait>(), nullptr);
  other->say(1, Pipe{.id = {}, .side = PipeSide::kListener});
  for (Device* end : {&*one, &*other}) {
    EXPECT_NE(end->hear().as<Ready>(), nullptr);
    end->say(2, PipeAck{});
  }
  return {one->leave(), other->leave()};
}

void set_send_buffer(const net::Fd& fd, int bytes) {
  ASSERT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
}

void send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t gone = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (gone <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(gone));
  }
}

// However slow this machine is, a pipe never carries more than its rate and what is free.
TEST(PipeRate, IsThatOfTheConfigurationOnceTheFreeBytesAreUsed) {
  TemporaryFolder folder;
  constexpr std::uint64_t kFree = 300'000;
  constexpr std::uint64_t kRate = 400'000;
  RelayProcess relay(folder.path(),
                     "[limits]\npipe_free_bytes_per_day = 300000\n"
                     "pipe_bytes_per_second = 400000\n");
  const Joined pipe = join(relay.url(), 0);
  const Bytes much(600'000, 9);
  const auto begin = steady_clock::now();
  std::thread sending([&] { send_all(pipe.one.get(), much); });
  EXPECT_EQ(read_bytes(pipe.other.get(), much.size()), much);
  const std::chrono::duration<double> took = steady_clock::now() - begin;
  sending.join();
  // Both ends are of one source, which uses up what is free to it twice as fast.
  const double most = static_cast<double>(kFree) + static_cast<double>(kRate) * took.count() +
                      static_cast<double>(kRate) / 10;
  EXPECT_LE(static_cast<double>(much.size()), most);
}

TEST(SmallBuffers, PassAPipeWhole) {
  TemporaryFolder folder;
  RelayProcess relay(folder.path(), "");
  const Joined pipe = join(relay.url(), kSmall);
  crypto::SeededRandom random(1);
  std::array<Bytes, 2> much{Bytes(30'000), Bytes(20'001)};
  for (Bytes& each : much) random.fill(each);
  set_send_buffer(pipe.one, kSmall);
  set_send_buffer(pipe.other, kSmall);
  std::array<std::thread, 2> sending{std::thread([&] { send_all(pipe.one.get(), much[0]); }),
                                     std::thread([&] { send_all(pipe.other.get(), much[1]); })};
  std::thread receiving(
      [&] { EXPECT_TRUE(read_bytes(pipe.one.get(), much[1].size()) == much[1]); });
  EXPECT_TRUE(read_bytes(pipe.other.get(), much[0].size()) == much[0]);
  receiving.join();
  for (std::thread& each : sending) each.join();
}

TEST(SmallBuffers, PassASessionWhole) {
  TemporaryFolder folder;
  RelayProcess relay(folder.path(), "");
  auto writer = Device::enter(relay.url(), {.receive_buffer = kSmall});
  auto reader = Device::enter(relay.url(), {.receive_buffer = kSmall});
  for (Device* device : {&*writer, &*reader}) {
    ASSERT_EQ(::setsockopt(device->fd(), SOL_SOCKET, SO_SNDBUF, &kSmall, sizeof kSmall), 0);
  }
  const auto to = writer->open(capability_of(3), MailboxRole::kWriter);
  const auto from = reader->open(capability_of(3), MailboxRole::kReader);
  reader->say(1, Subscribe{.handle = from->handle, .after = 0, .window = 8});
  crypto::SeededRandom random(2);
  for (std::uint64_t wseq = 1; wseq <= 2; ++wseq) {
    Bytes body(limits::kRelayBodyMax);
    random.fill(body);
    ASSERT_TRUE(writer->say(2, Put{.handle = to->handle, .wseq = wseq, .body = body}));
    ASSERT_NE(writer->hear().as<PutOk>(), nullptr);
    const Heard heard = reader->hear();
    ASSERT_NE(heard.as<Message>(), nullptr);
    EXPECT_EQ(heard.as<Message>()->seq, wseq);
    EXPECT_TRUE(std::ranges::equal(heard.as<Message>()->body, body));
    reader->say(3, Acknowledge{.handle = from->handle, .seq = wseq});
  }
}

}  // namespace
}  // namespace attune::relay
