#include "daemon/driver.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <optional>
#include <string>

#include "attune/v1/control.pb.h"
#include "crypto/passphrase.h"
#include "daemon/net/fd.h"
#include "daemon/store/store.h"
#include "daemon/store/vault.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/reach.h"
#include "tests/driver/local_client.h"
#include "tests/driver/temporary_home.h"
#include "tests/store/small_disk.h"

namespace attune {
namespace {

/// Where a partner's device listens that never says a word.
class SilentPartner {
 public:
  SilentPartner() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), any, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 64), 0);
    EXPECT_EQ(::getsockname(listener_.get(), any, &size), 0);
    endpoint_.address[10] = endpoint_.address[11] = 0xff;
    endpoint_.address[12] = 127;
    endpoint_.address[15] = 1;
    endpoint_.port = ntohs(address.sin_port);
  }
  /// How often it was dialled until now.
  std::size_t dials() {
    for (int fd = 0; (fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      links_.emplace_back(fd);
    }
    return links_.size();
  }
  /// Makes it the partner of who lives in this home, whose daemon doesn't run.
  void pair_with(const Home& home, const std::string& passphrase) {
    crypto::SystemRandom random;
    const store::Slot slot = store::Vault(home.data).read().value();
    const crypto::Key hashed =
        crypto::hash_passphrase(as_bytes(passphrase), slot.header.salt, slot.header.cost);
    auto store = store::Store::open(home.data, slot.header.store,
                                    store::open_slot(slot, hashed).value(), random);
    const sync::Self self = sync::make_self("Ben", random);
    sync::Partner partner{.person = self.person,
                          .name = "Ben",
                          .couple = {random.bytes<16>()},
                          .paired = true,
                          .devices = {}};
    partner.devices.push_back({.device = self.device,
                               .identity = self.identity.public_key,
                               .live_root = random.key(),
                               .id_root = random.key()});
    store.commit(
        {.changes = {sync::partner_record(partner),
                     sync::peer_record(self.device, {.addresses = {endpoint_}, .exchanged = {}})}});
    store.settle();
  }

 private:
  net::Fd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  Endpoint endpoint_;
  std::vector<net::Fd> links_;
};

class DriverTest : public testing::Test {
 protected:
  DriverTest() {
    settings_.beacon = false;  // nothing leaves this process
    begin();
  }
  ~DriverTest() override { driver_.reset(); }

  void begin() {
    driver_.emplace(Driver::Parts{
        .io = &io_, .home = &home_.get(), .settings = &settings_, .inherited = Inherited{}});
  }
  LocalClient connect() { return LocalClient(io_, home_.get()); }
  v1::Answer ask(const v1::Request& request) { return connect().ask(request); }
  v1::Answer init(const std::string& name = "Ada") {
    v1::Request request;
    request.mutable_init()->set_name(name);
    request.mutable_init()->set_passphrase("mine");
    return ask(request);
  }
  v1::StatusAnswer status() {
    v1::Request request;
    request.mutable_status();
    return ask(request).status();
  }
  static v1::Request list() {
    v1::Request request;
    request.mutable_list();
    return request;
  }

  TemporaryHome home_;
  Settings settings_;
  asio::io_context io_{1};
  std::optional<Driver> driver_;
};

TEST_F(DriverTest, BeforeInitItSaysThatItIsEmpty) {
  EXPECT_EQ(status().state(), "empty");
  EXPECT_FALSE(status().version().empty());
  EXPECT_EQ(ask(list()).error().code(), v1::CODE_NOT_SET_UP);
  v1::Request lock;
  lock.mutable_lock();
  EXPECT_EQ(ask(lock).error().code(), v1::CODE_NOT_SET_UP);
}

TEST_F(DriverTest, AfterInitTheVeryNextRequestIsServed) {
  const v1::Answer made = init();
  EXPECT_TRUE(made.last());
  EXPECT_EQ(made.device().id().size(), 16u);
  EXPECT_EQ(ask(list()).items().items_size(), 0);
  EXPECT_EQ(status().state(), "unlocked");
  EXPECT_EQ(status().name(), "Ada");
}

TEST_F(DriverTest, BytesThatAreNoRequestAreRefused) {
  LocalClient client = connect();
  for (const std::string& body : {std::string(), std::string(400, '\xff'), std::string("words")}) {
    client.send(body);
    const v1::Answer answer = client.next();
    EXPECT_EQ(answer.error().code(), v1::CODE_USAGE);
    EXPECT_EQ(answer.error().reason(), v1::REASON_MALFORMED);
  }
  EXPECT_EQ(status().state(), "empty");
}

TEST_F(DriverTest, WhileClosedDoctorLooksAtTheMachine) {
  v1::Request doctor;
  doctor.mutable_doctor();
  const v1::Answer closed = ask(doctor);
  EXPECT_EQ(closed.findings().items_size(), 5);
  init();
  EXPECT_GT(ask(doctor).findings().items_size(), 5);
}

TEST_F(DriverTest, ARestartedOneIsLocked) {
  init();
  driver_.reset();
  begin();
  EXPECT_EQ(status().state(), "locked");
  EXPECT_EQ(status().name(), "");
  EXPECT_EQ(ask(list()).error().code(), v1::CODE_LOCKED);
  v1::Request lock;
  lock.mutable_lock();
  EXPECT_EQ(ask(lock).done().state(), "locked");
}

TEST_F(DriverTest, WhileItIsBeingUnlockedItCanBeLocked) {
  init();
  driver_.reset();
  begin();
  v1::Request unlock;
  unlock.mutable_unlock()->set_passphrase("mine");
  v1::Request lock;
  lock.mutable_lock();
  LocalClient opening = connect();
  LocalClient closing = connect();
  opening.send(unlock.SerializeAsString());
  closing.send(lock.SerializeAsString());
  EXPECT_EQ(closing.next().done().state(), "locked");
}

TEST_F(DriverTest, AClientThatLeavesWhileItIsServedDisturbsNobody) {
  {
    LocalClient hasty = connect();
    v1::Request request;
    request.mutable_init()->set_name("Ada");
    request.mutable_init()->set_passphrase("mine");
    hasty.send(request.SerializeAsString());
  }
  EXPECT_TRUE(run_until(io_, [&] { return status().state() == "unlocked"; }));
}

TEST_F(DriverTest, StoppingLetsTheLoopRunDryAndRemovesTheSocket) {
  init();
  driver_->stop();
  EXPECT_TRUE(run_until(io_, [&] { return io_.stopped(); }));
  EXPECT_FALSE(std::filesystem::exists(home_->socket()));
}

// All that an end waits for where others say nothing: a relay, then the other end of a link.
static_assert(limits::kPostPatience + net::LanSettings{}.close_patience < std::chrono::seconds{2});

TEST_F(DriverTest, StoppingWaitsForNobodyWhoSaysNothing) {
  init();
  driver_.reset();
  SilentPartner partner;
  partner.pair_with(home_.get(), "mine");
  begin();
  v1::Request unlock;
  unlock.mutable_unlock()->set_passphrase("mine");
  EXPECT_EQ(ask(unlock).done().state(), "unlocked");
  ASSERT_TRUE(run_until(io_, [&] { return partner.dials() == 1; }));
  LocalClient watching = connect();
  v1::Request watch;
  watch.mutable_watch();
  watching.send(watch.SerializeAsString());
  LocalClient reads_nothing = connect();
  for (int i = 0; i < 8; ++i) reads_nothing.send(list().SerializeAsString());
  driver_->stop();
  EXPECT_TRUE(run_until(io_, [&] { return io_.stopped(); }));
}

TEST_F(DriverTest, ThePortOfLastTimeIsTakenAgain) {
  std::ifstream first(home_->data / "port");
  std::uint16_t port = 0;
  ASSERT_TRUE(first >> port);
  EXPECT_GT(port, 0);
  driver_.reset();
  begin();
  std::ifstream second(home_->data / "port");
  std::uint16_t again = 0;
  ASSERT_TRUE(second >> again);
  EXPECT_EQ(again, port);
}

// Each fold of the whole store would dial at once, and each session would need room to write.
TEST_F(DriverTest, OnAFullDiskItRestsBeforeItDialsAgain) {
  init();
  driver_.reset();
  SilentPartner partner;
  partner.pair_with(home_.get(), "mine");
  begin();
  v1::Request unlock;
  unlock.mutable_unlock()->set_passphrase("mine");
  EXPECT_EQ(ask(unlock).done().state(), "unlocked");
  ASSERT_TRUE(run_until(io_, [&] { return partner.dials() == 1; }));
  v1::Request add;
  add.mutable_add()->set_kind(KindTable::standard().named("journal")->number);
  add.mutable_add()->set_entry("\x0a\x05words");
  {
    const store::SmallDisk disk(0);
    EXPECT_EQ(ask(add).error().reason(), v1::REASON_STORE_FULL);
  }
  ASSERT_TRUE(run_until(io_, [&] { return partner.dials() == 2; }));
  {
    const store::SmallDisk disk(0);
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(ask(add).error().reason(), v1::REASON_STORE_FULL);
      EXPECT_EQ(ask(list()).items().items_size(), 0);
    }
  }
  // One that came between two of these would be of a slow machine; nine would be a storm.
  EXPECT_LE(partner.dials(), 4u);
  EXPECT_FALSE(ask(add).has_error());
  EXPECT_EQ(ask(list()).items().items_size(), 1);
}

}  // namespace
}  // namespace attune
