#include "daemon/driver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fstream>
#include <optional>
#include <string>

#include "attune/v1/control.pb.h"
#include "daemon/net/fd.h"
#include "tests/driver/temporary_home.h"

namespace attune {
namespace {

/// A local client: one connection, frames of u32be length | body.
class Client {
 public:
  Client(asio::io_context& io, const Home& home) : io_(io) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    home.socket().native().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  void send(const std::string& body) {
    Bytes frame;
    append_u16be(frame, static_cast<std::uint16_t>(body.size() >> 16));
    append_u16be(frame, static_cast<std::uint16_t>(body.size()));
    append(frame, as_bytes(body));
    EXPECT_EQ(::send(fd_.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frame.size()));
  }
  /// The next answer; the daemon runs until it is here.
  v1::Answer next() {
    v1::Answer answer;
    EXPECT_TRUE(run_until(io_, [&] { return take(answer); }));
    return answer;
  }
  v1::Answer ask(const v1::Request& request) {
    send(request.SerializeAsString());
    return next();
  }

 private:
  bool take(v1::Answer& answer) {
    std::uint8_t chunk[4096];
    for (ssize_t size = 0; (size = ::recv(fd_.get(), chunk, sizeof chunk, MSG_DONTWAIT)) > 0;) {
      append(heard_, ByteView(chunk, static_cast<std::size_t>(size)));
    }
    if (heard_.size() < 4) return false;
    const std::size_t size = std::size_t{heard_[2]} << 8 | heard_[3];
    if (heard_.size() < 4 + size) return false;
    EXPECT_TRUE(answer.ParseFromArray(heard_.data() + 4, static_cast<int>(size)));
    heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(4 + size));
    return true;
  }

  asio::io_context& io_;
  net::Fd fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Bytes heard_;
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
  Client connect() { return Client(io_, home_.get()); }
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
  Client client = connect();
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

TEST_F(DriverTest, AClientThatLeavesWhileItIsServedDisturbsNobody) {
  {
    Client hasty = connect();
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

}  // namespace
}  // namespace attune
