#include "daemon/driver.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>

#include "attune/v1/control.pb.h"
#include "tests/driver/local_client.h"
#include "tests/driver/temporary_home.h"

namespace attune {
namespace {

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
