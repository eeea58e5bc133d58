// A real attune-relay and devices that speak to it over TCP.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "tests/relay/device.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune::relay {
namespace {

const std::string kWide =
    "[limits]\nputs_per_second = 60000\nputs_burst = 60000\nconnects_per_second = 10000\n"
    "connections_per_source = 1000\nnew_bytes_per_day = 10000000000\n";

Bytes body_of(std::size_t size, std::uint8_t fill = 7) { return Bytes(size, fill); }

class Relay : public testing::Test {
 protected:
  Device enter() {
    auto device = Device::enter(relay_.url());
    EXPECT_TRUE(device) << relay_.log();
    return std::move(*device);
  }
  TemporaryFolder folder_;
  RelayProcess relay_{folder_.path(), kWide};
};

TEST_F(Relay, KeepsAParcelForTheOther) {
  Device writer = enter();
  const auto to = writer.open(capability_of(1), MailboxRole::kWriter);
  ASSERT_TRUE(to);
  EXPECT_EQ(to->seq, 0u);
  const Bytes body = body_of(960);
  writer.say(2, Put{.handle = to->handle, .wseq = 1, .body = body});
  const Heard taken = writer.hear();
  ASSERT_NE(taken.as<PutOk>(), nullptr);
  EXPECT_EQ(taken.correlation, 2u);
  writer.say(3, Put{.handle = to->handle, .wseq = 1, .body = body});
  EXPECT_NE(writer.hear().as<Duplicate>(), nullptr);
  writer.say(4, Put{.handle = to->handle, .wseq = 3, .body = body});
  EXPECT_EQ(writer.hear().as<Error>()->code, ErrorCode::kOutOfOrder);

  Device reader = enter();
  const auto from = reader.open(capability_of(1), MailboxRole::kReader);
  EXPECT_EQ(from->seq, 1u);
  EXPECT_EQ(from->used, 960u);
  reader.say(5, Fetch{.handle = from->handle, .count_max = 10});
  const Heard message = reader.hear();
  ASSERT_NE(message.as<Message>(), nullptr);
  EXPECT_EQ(Bytes(message.as<Message>()->body.begin(), message.as<Message>()->body.end()), body);
  EXPECT_NE(reader.hear().as<Done>(), nullptr);
  reader.say(6, Acknowledge{.handle = from->handle, .seq = 1});
  EXPECT_EQ(reader.open(capability_of(1), MailboxRole::kReader)->used, 0u);
}

TEST_F(Relay, PushesWhatIsPutAndWhatWasThere) {
  Device writer = enter();
  const auto to = writer.open(capability_of(1), MailboxRole::kWriter);
  for (std::uint64_t wseq = 1; wseq <= 3; ++wseq) {
    writer.say(2, Put{.handle = to->handle, .wseq = wseq, .body = body_of(100)});
    ASSERT_NE(writer.hear_a<PutOk>().as<PutOk>(), nullptr);
  }
  Device reader = enter();
  const auto from = reader.open(capability_of(1), MailboxRole::kReader);
  reader.say(9, Subscribe{.handle = from->handle, .after = 1, .window = 2});
  EXPECT_EQ(reader.hear().as<Message>()->seq, 2u);
  EXPECT_EQ(reader.hear().as<Message>()->seq, 3u);
  writer.say(2, Put{.handle = to->handle, .wseq = 4, .body = body_of(60'000)});
  ASSERT_NE(writer.hear_a<PutOk>().as<PutOk>(), nullptr);
  reader.say(1, Ping{});
  EXPECT_NE(reader.hear().as<Pong>(), nullptr) << "the window of two is used up";
  reader.say(10, Acknowledge{.handle = from->handle, .seq = 3});
  const Heard last = reader.hear();
  EXPECT_EQ(last.as<Message>()->seq, 4u);
  EXPECT_EQ(last.correlation, 9u);
}

TEST_F(Relay, TellsASubscriberThatANewerOneTookOver) {
  Device first = enter();
  Device second = enter();
  for (Device* reader : {&first, &second}) {
    const auto from = reader->open(capability_of(1), MailboxRole::kReader);
    reader->say(9, Subscribe{.handle = from->handle, .after = 0, .window = 10});
    reader->say(2, Ping{});
    reader->hear_a<Pong>();
  }
  EXPECT_NE(first.hear().as<End>(), nullptr);
}

TEST_F(Relay, ThousandsOfPutsCrossInOrder) {
  Device writer = enter();
  Device reader = enter();
  const auto to = writer.open(capability_of(1), MailboxRole::kWriter);
  const auto from = reader.open(capability_of(1), MailboxRole::kReader);
  reader.say(9, Subscribe{.handle = from->handle, .after = 0, .window = 256});
  static constexpr std::uint64_t kCount = 5'000;
  std::thread putting([&writer, handle = to->handle] {
    const Bytes body = body_of(300);
    std::uint64_t taken = 0;
    for (std::uint64_t wseq = 1; wseq <= kCount; ++wseq) {
      writer.add(3, Put{.handle = handle, .wseq = wseq, .body = body});
      if (wseq % 100 != 0) continue;
      writer.send();
      while (taken < wseq && writer.hear().as<PutOk>() != nullptr) taken += 1;
    }
    EXPECT_EQ(taken, kCount);
  });
  for (std::uint64_t seq = 1; seq <= kCount; ++seq) {
    const Heard heard = reader.hear();
    ASSERT_NE(heard.as<Message>(), nullptr);
    ASSERT_EQ(heard.as<Message>()->seq, seq);
    if (seq % 50 == 0) reader.say(4, Acknowledge{.handle = from->handle, .seq = seq});
  }
  putting.join();
}

TEST_F(Relay, LargeParcelsToASlowReaderAreNotLost) {
  Device writer = enter();
  auto reader = Device::enter(relay_.url(), {.receive_buffer = 65'536});
  const auto to = writer.open(capability_of(1), MailboxRole::kWriter);
  const auto from = reader->open(capability_of(1), MailboxRole::kReader);
  reader->say(9, Subscribe{.handle = from->handle, .after = 0, .window = 256});
  constexpr std::uint64_t kCount = 200;
  const Bytes body = body_of(limits::kRelayBodyMax);
  for (std::uint64_t wseq = 1; wseq <= kCount; ++wseq) {
    writer.say(3, Put{.handle = to->handle, .wseq = wseq, .body = body});
    ASSERT_NE(writer.hear().as<PutOk>(), nullptr) << wseq;
  }
  for (std::uint64_t seq = 1; seq <= kCount; ++seq) {
    const Heard heard = reader->hear();
    ASSERT_NE(heard.as<Message>(), nullptr);
    ASSERT_EQ(heard.as<Message>()->seq, seq);
  }
}

struct Joined {
  net::Fd one;
  net::Fd other;
};

/// `one` waits there.
Joined join_waiting(Device one, Device other, const PipeId& id) {
  other.say(2, Pipe{.id = id, .side = PipeSide::kListener});
  for (Device* device : {&one, &other}) {
    EXPECT_NE(device->hear().as<Ready>(), nullptr);
    device->say(3, PipeAck{});
  }
  return {one.leave(), other.leave()};
}

Joined join(Device one, Device other) {
  PipeId id;
  id.bytes[0] = 5;
  one.say(1, Pipe{.id = id, .side = PipeSide::kDialler});
  EXPECT_NE(one.hear().as<Wait>(), nullptr);
  return join_waiting(std::move(one), std::move(other), id);
}

TEST_F(Relay, JoinsTwoDevicesIntoAPipe) {
  const Joined pipe = join(enter(), enter());
  const Bytes little = {1, 2, 3};
  ASSERT_EQ(::send(pipe.one.get(), little.data(), little.size(), 0), 3);
  EXPECT_EQ(read_bytes(pipe.other.get(), 3), little);
  ASSERT_EQ(::send(pipe.other.get(), little.data(), little.size(), 0), 3);
  EXPECT_EQ(read_bytes(pipe.one.get(), 3), little);

  crypto::SeededRandom random(1);
  Bytes much(8u << 20);
  random.fill(much);
  std::thread sending([&] {
    std::size_t at = 0;
    while (at < much.size()) {
      const ssize_t gone = ::send(pipe.one.get(), much.data() + at, much.size() - at, 0);
      if (gone <= 0) break;
      at += static_cast<std::size_t>(gone);
    }
    ::shutdown(pipe.one.get(), SHUT_WR);
  });
  EXPECT_TRUE(read_bytes(pipe.other.get(), much.size() + 1) == much) << "all of it, then the end";
  sending.join();
  ASSERT_EQ(::send(pipe.other.get(), little.data(), little.size(), 0), 3);
  EXPECT_EQ(read_bytes(pipe.one.get(), 3), little) << "the other direction is open still";
}

// One end's network died without a word, and it comes anew: the other is told by the end of the
// connection, and both meet again. The connection that died is still open all the while.
TEST_F(Relay, AnEndThatComesAnewTakesOverAPipe) {
  for (const bool spliced : {true, false}) {
    PipeId id;
    id.bytes[0] = 5;
    Device one = enter();
    Device other = enter();
    one.say(1, Pipe{.id = id, .side = PipeSide::kDialler});
    ASSERT_NE(one.hear().as<Wait>(), nullptr);
    other.say(1, Pipe{.id = id, .side = PipeSide::kListener});
    ASSERT_NE(one.hear().as<Ready>(), nullptr);
    ASSERT_NE(other.hear().as<Ready>(), nullptr);
    if (spliced) {
      for (Device* end : {&one, &other}) end->say(2, PipeAck{});
      const Bytes little = {1, 2, 3};
      ASSERT_TRUE(one.send_raw(little));
      ASSERT_EQ(read_bytes(other.fd(), 3), little);
    }
    Device anew = enter();
    anew.say(1, Pipe{.id = id, .side = PipeSide::kDialler});
    EXPECT_NE(anew.hear().as<Wait>(), nullptr);
    EXPECT_EQ(read_bytes(other.fd(), 1), Bytes{});
    const Joined pipe = join_waiting(std::move(anew), enter(), id);
    const Bytes more = {4, 5, 6};
    ASSERT_EQ(::send(pipe.one.get(), more.data(), more.size(), 0), 3);
    EXPECT_EQ(read_bytes(pipe.other.get(), 3), more);
  }
}

TEST_F(Relay, AThirdEndFindsAPairingPipeBusy) {
  PipeId id;
  Device issuer = enter();
  Device joiner = enter();
  issuer.say(1, Pipe{.id = id, .side = PipeSide::kIssuer});
  ASSERT_NE(issuer.hear().as<Wait>(), nullptr);
  joiner.say(1, Pipe{.id = id, .side = PipeSide::kJoiner});
  ASSERT_NE(issuer.hear().as<Ready>(), nullptr);
  ASSERT_NE(joiner.hear().as<Ready>(), nullptr);
  Device third = enter();
  for (const PipeSide side : {PipeSide::kIssuer, PipeSide::kJoiner}) {
    third.say(1, Pipe{.id = id, .side = side});
    EXPECT_EQ(third.hear().as<Error>()->code, ErrorCode::kBusy);
  }
}

TEST_F(Relay, BytesRightBehindPipeAckCrossToo) {
  Device one = enter();
  Device other = enter();
  PipeId id;
  one.say(1, Pipe{.id = id, .side = PipeSide::kDialler});
  one.hear();
  other.say(2, Pipe{.id = id, .side = PipeSide::kListener});
  ASSERT_NE(one.hear().as<Ready>(), nullptr);
  ASSERT_NE(other.hear().as<Ready>(), nullptr);
  one.say(3, PipeAck{});
  const Bytes early = {9, 8, 7};
  one.send_raw(early);
  other.say(3, PipeAck{});
  EXPECT_EQ(read_bytes(other.fd(), 3), early);
}

TEST_F(Relay, WhoSpeaksNoNoiseIsCutOffWithoutAWord) {
  const net::Fd stranger = connect_from(relay_.url().place, "127.0.0.1");
  const std::string text = "GET / HTTP/1.1\r\nHost: relay.example.org.invalid.test\r\n\r\n";
  ASSERT_GT(::send(stranger.get(), text.data(), text.size(), 0), 0);
  EXPECT_EQ(read_bytes(stranger.get(), 1), Bytes{});
  RelayUrl other_key = relay_.url();
  other_key.key[0] ^= 1;
  EXPECT_FALSE(Device::connect(other_key));
}

TEST_F(Relay, ForgedRecordsEndTheConnectionAlone) {
  for (int kind = 0; kind < 5; ++kind) {
    Device device = enter();
    Bytes record = device.record(Bytes{9, 0, 0, 0, 0, 0, 0});
    if (kind == 0) record[30] ^= 1;
    if (kind == 1) record[1] += 1;
    if (kind == 2) record = device.record(Bytes{200, 0, 0, 0, 0, 0, 0});
    if (kind == 3) record = device.record(Bytes{0, 0, 1});
    if (kind == 4) record = device.record(Bytes{3, 0, 0, 0, 0, 255, 255});
    device.send_raw(record);
    EXPECT_TRUE(device.is_closed()) << kind;
  }
  Device device = enter();
  device.say(1, Ping{});
  EXPECT_NE(device.hear().as<Pong>(), nullptr);
}

TEST_F(Relay, RecordsInPiecesAreWaitedFor) {
  Device device = enter();
  const Bytes ping = device.record(Bytes{9, 1, 0, 0, 0, 0, 0});
  for (const std::uint8_t byte : ping) ASSERT_TRUE(device.send_raw({&byte, 1}));
  EXPECT_NE(device.hear().as<Pong>(), nullptr);
  const auto to = device.open(capability_of(1), MailboxRole::kWriter);
  Bytes plain(limits::kRelayPlainMax);
  FramePacker packer(plain);
  const Bytes body = body_of(limits::kRelayBodyMax);
  ASSERT_TRUE(packer.add(2, ToRelay{Put{.handle = to->handle, .wseq = 1, .body = body}}));
  const Bytes record = device.record(ByteView(plain).first(packer.size()));
  for (std::size_t at = 0; at < record.size(); at += 4'000) {
    ASSERT_TRUE(device.send_raw(
        ByteView(record).subspan(at, std::min<std::size_t>(4'000, record.size() - at))));
  }
  EXPECT_NE(device.hear().as<PutOk>(), nullptr);
}

TEST_F(Relay, HandlesAreTheSessionsOwn) {
  Device device = enter();
  EXPECT_TRUE(device.open(capability_of(1), MailboxRole::kReader));
  const Bytes body = body_of(10);
  for (const ToRelay& asked : std::vector<ToRelay>{
           Put{.handle = 1, .wseq = 1, .body = body}, Put{.handle = 0, .wseq = 1, .body = body},
           Fetch{.handle = 2, .count_max = 1}, Acknowledge{.handle = 2, .seq = 1},
           Subscribe{.handle = 2, .after = 0, .window = 1}}) {
    device.say(7, asked);
    EXPECT_EQ(device.hear().as<Error>()->code, ErrorCode::kNoHandle);
  }
  for (std::uint64_t i = 2; i <= limits::kRelayHandles; ++i) {
    ASSERT_TRUE(device.open(capability_of(i), MailboxRole::kReader));
  }
  device.say(8, Open{.capability = capability_of(999), .role = MailboxRole::kReader});
  EXPECT_EQ(device.hear().as<Error>()->code, ErrorCode::kTooMany);
}

TEST_F(Relay, HelloComesFirstAndOnce) {
  auto silent = Device::connect(relay_.url());
  silent->say(1, Ping{});
  EXPECT_EQ(silent->hear().as<Error>()->code, ErrorCode::kUnsupported);
  EXPECT_TRUE(silent->is_closed());
  Device twice = enter();
  twice.say(1, Hello{.keepalive_seconds = 60, .invite = {}});
  EXPECT_EQ(twice.hear().as<Error>()->code, ErrorCode::kUnsupported);
  EXPECT_TRUE(twice.is_closed());
}

TEST_F(Relay, EndsOnSigtermAndTellsItsDevices) {
  Device device = enter();
  EXPECT_EQ(relay_.end(SIGTERM), 0);
  EXPECT_NE(device.hear().as<GoAway>(), nullptr);
  EXPECT_TRUE(device.is_closed());
}

TEST(RelayLimits, AreThoseOfItsConfiguration) {
  TemporaryFolder folder;
  RelayProcess relay(folder.path(),
                     "[limits]\nputs_per_second = 1\nputs_burst = 2\nwaiting_pipes = 1\n"
                     "connections_per_source = 2\nmailbox_messages = 3\n");
  auto device = Device::enter(relay.url());
  const auto to = device->open(capability_of(1), MailboxRole::kWriter);
  const Bytes body = body_of(10);
  for (std::uint64_t wseq = 1; wseq <= 3; ++wseq) {
    device->add(1, Put{.handle = to->handle, .wseq = wseq, .body = body});
  }
  device->send();
  int taken = 0;
  std::optional<QuotaKind> refused;
  for (int i = 0; i < 3; ++i) {
    const Heard heard = device->hear();
    if (heard.as<PutOk>() != nullptr) taken += 1;
    if (heard.as<Quota>() != nullptr) refused = heard.as<Quota>()->kind;
  }
  EXPECT_EQ(taken, 2);
  EXPECT_EQ(refused, QuotaKind::kRate);
  PipeId id;
  device->say(1, Pipe{.id = id, .side = PipeSide::kDialler});
  EXPECT_NE(device->hear().as<Wait>(), nullptr);
  id.bytes[0] = 1;
  device->say(1, Pipe{.id = id, .side = PipeSide::kDialler});
  EXPECT_EQ(device->hear().as<Error>()->code, ErrorCode::kTooMany);
  auto second = Device::enter(relay.url());
  EXPECT_TRUE(second);
  EXPECT_FALSE(Device::enter(relay.url())) << "two from one address";
  EXPECT_TRUE(Device::enter(relay.url(), {.address = "127.0.0.2"}));
}

TEST(RelayInvite, IsAskedOfEverybody) {
  TemporaryFolder folder;
  RelayProcess relay(folder.path(), "invite = \"open-sesame\"\n");
  EXPECT_FALSE(relay.url().invite) << "it is not printed where a journal keeps it";
  auto stranger = Device::connect(relay.url());
  stranger->say(1, Hello{.keepalive_seconds = 60, .invite = {}});
  EXPECT_EQ(stranger->hear().as<Error>()->code, ErrorCode::kInvite);
  EXPECT_TRUE(stranger->is_closed());
  RelayUrl url = relay.url();
  url.invite = "open-sesamf";
  EXPECT_FALSE(Device::enter(url));
  url.invite = "open-sesame";
  EXPECT_TRUE(Device::enter(url));
}

TEST(RelayDisk, HoldsWhatWasPutUntilItIsFetchedAndNoIdsOfDevices) {
  TemporaryFolder folder;
  const std::string canary = "CANARY-IN-A-BODY";
  RelayUrl url;
  {
    RelayProcess relay(folder.path(), kWide);
    url = relay.url();
    auto writer = Device::enter(url, {.address = "127.77.66.55"});
    const auto to = writer->open(capability_of(0x4142434445464748), MailboxRole::kWriter);
    writer->say(1, Put{.handle = to->handle, .wseq = 1, .body = as_bytes(canary)});
    EXPECT_NE(writer->hear().as<PutOk>(), nullptr);
    EXPECT_EQ(relay.end(SIGKILL), -SIGKILL);
  }
  RelayProcess relay(folder.path(), kWide);
  EXPECT_EQ(relay.url().key, url.key) << "the key stays";
  auto reader = Device::enter(relay.url());
  const auto from = reader->open(capability_of(0x4142434445464748), MailboxRole::kReader);
  reader->say(1, Fetch{.handle = from->handle, .count_max = 1});
  EXPECT_EQ(as_text(reader->hear_a<Message>().as<Message>()->body), canary);
  EXPECT_EQ(relay.end(SIGTERM), 0);
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (!file.is_regular_file() || file.path().filename() == "relay.toml") continue;
    struct stat status{};
    ::stat(file.path().c_str(), &status);
    EXPECT_EQ(status.st_mode & 077, 0u) << file.path();
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.find("HGFEDCBA"), std::string::npos) << "a capability in " << file.path();
    for (const std::string& trace :
         {std::string("127.77.66.55"), std::string("\x7f\x4d\x42\x37")}) {
      EXPECT_EQ(bytes.find(trace), std::string::npos) << "an address in " << file.path();
    }
  }
}

TEST(RelayProgram, SaysWhatIsWrong) {
  EXPECT_EQ(run_relay({"--nonsense"}).status, 2);
  EXPECT_EQ(run_relay({}).status, 2);
  EXPECT_EQ(run_relay({"--listen", "127.0.0.1:0"}).status, 2);
  EXPECT_EQ(run_relay({"--listen", "127.0.0.1:0", "--data", "/x", "--store", "y"}).status, 2);
  EXPECT_EQ(run_relay({"--help"}).status, 0);
  EXPECT_EQ(run_relay({"--version"}).status, 0);
}

TEST(RelayProgram, PrintsItsUrlAndKeepsItsKey) {
  TemporaryFolder folder;
  const std::string data = (folder.path() / "data").string();
  std::ofstream(folder.path() / "c.toml") << "host = \"relay.example\"\ninvite = \"let-me-in\"\n";
  const std::vector<std::string> arguments = {"--listen",   "127.0.0.1:4700",
                                              "--data",     data,
                                              "--config",   (folder.path() / "c.toml").string(),
                                              "--print-url"};
  const Outcome first = run_relay(arguments);
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(run_relay(arguments).output, first.output);
  const auto url = parse_relay_url(first.output.substr(0, first.output.size() - 1));
  ASSERT_TRUE(url) << first.output;
  EXPECT_EQ(url->place.host, "relay.example");
  EXPECT_EQ(url->invite, "let-me-in");
  ::chmod((folder.path() / "data" / "key").c_str(), 0644);
  EXPECT_EQ(run_relay(arguments).status, 2) << "a key that others can read";
}

}  // namespace
}  // namespace attune::relay
