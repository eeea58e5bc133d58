#include <gtest/gtest.h>
#include <signal.h>

#include <optional>
#include <string>

#include "attune/v1/control.pb.h"
#include "daemon/driver.h"
#include "proto/kind_table.h"
#include "tests/driver/local_client.h"
#include "tests/driver/temporary_home.h"
#include "tests/net/socks_proxy.h"
#include "tests/relay/relay_process.h"
#include "tests/relay/temporary_folder.h"

namespace attune {
namespace {

constexpr std::uint32_t kBoundary = 10;

/// A daemon that hears no beacon, and its clients.
class Device {
 public:
  Device(asio::io_context& io, const Settings& settings) : io_(io), settings_(settings) {
    settings_.beacon = false;
    driver_.emplace(Driver::Parts{
        .io = &io_, .home = &home_.get(), .settings = &settings_, .inherited = Inherited{}});
  }

  LocalClient connect() { return LocalClient(io_, home_.get()); }
  v1::Answer ask(const v1::Request& request) { return connect().ask(request); }
  void init(const std::string& name) {
    v1::Request request;
    request.mutable_init()->set_name(name);
    request.mutable_init()->set_passphrase("mine");
    EXPECT_TRUE(ask(request).has_device());
  }
  /// Uses this relay from now on, and has reached it.
  void use(const RelayUrl& relay) {
    v1::Request request;
    request.mutable_relay_set()->set_url(to_text(relay));
    EXPECT_TRUE(ask(request).has_done());
    v1::Request status;
    status.mutable_status();
    EXPECT_TRUE(run_until(io_, [&] { return ask(status).status().relay() == "reached"; }));
  }
  v1::Answer test_relay() {
    v1::Request request;
    request.mutable_relay_test();
    return ask(request);
  }
  void add_boundary(std::string_view text) {
    v1::Request add;
    const Bytes words = wire_field(1, as_bytes(text));
    add.mutable_add()->set_kind(kBoundary);
    add.mutable_add()->set_entry(words.data(), words.size());
    add.mutable_add()->set_share(true);
    EXPECT_TRUE(ask(add).has_entered());
  }
  int boundaries() {
    v1::Request request;
    request.mutable_list()->set_kind(kBoundary);
    return ask(request).items().items_size();
  }
  /// Until the relay holds all that the partner lacks.
  void post() {
    v1::Request request;
    request.mutable_sync()->set_wait_seconds(20);
    EXPECT_TRUE(ask(request).synced().posted());
  }
  void stop() { driver_->stop(); }

 private:
  asio::io_context& io_;
  TemporaryHome home_;
  Settings settings_;
  std::optional<Driver> driver_;
};

class DriverRelayTest : public testing::Test {
 protected:
  static Settings through(const net::SocksProxy& proxy) {
    Settings settings;
    settings.proxy = HostPort{.host = "127.0.0.1", .port = proxy.port()};
    return settings;
  }
  /// The relay under a name that nobody but the proxy knows.
  RelayUrl named() const {
    RelayUrl url = relay_->url();
    url.invite = "let-us-in";
    url.place.host = "relay.example";
    return url;
  }
  RelayUrl bare() const {
    RelayUrl url = named();
    url.place.host = "127.0.0.1";
    return url;
  }
  static void pair(Device& ada, Device& ben) {
    LocalClient issuer = ada.connect();
    v1::Request invite;
    invite.mutable_pair()->mutable_invite();
    const v1::Answer invited = issuer.ask(invite);
    LocalClient joiner = ben.connect();
    v1::Request join;
    join.mutable_pair()->set_code(invited.pair().invitation().code());
    join.mutable_pair()->set_wait_seconds(20);
    const v1::Answer check = joiner.ask(join);
    EXPECT_EQ(check.pair().check().words_size(), 4);
    EXPECT_EQ(issuer.next().pair().check().SerializeAsString(),
              check.pair().check().SerializeAsString());
    v1::Request yes;
    yes.mutable_pair_answer()->set_yes(true);
    issuer.send(yes.SerializeAsString());
    joiner.send(yes.SerializeAsString());
    EXPECT_EQ(issuer.next().pair().paired(), "Ben");
    EXPECT_EQ(joiner.next().pair().paired(), "Ada");
  }
  net::SocksProxy::Names names() const {
    return {{"relay.example", {asio::ip::address_v4::loopback(), relay_->url().place.port}}};
  }

  relay::TemporaryFolder folder_;
  std::optional<relay::RelayProcess> relay_{std::in_place, folder_.path(),
                                            "invite = \"let-us-in\"\n"};
  asio::io_context io_{1};
};

TEST_F(DriverRelayTest, TwoDevicesPairAndExchangeOneOfThemThroughAProxy) {
  net::SocksProxy proxy(io_, names());
  Device ada(io_, {});
  Device ben(io_, through(proxy));
  ada.init("Ada");
  ben.init("Ben");
  ada.use(bare());
  ben.use(named());

  pair(ada, ben);
  for (const std::string& host : proxy.asked()) EXPECT_EQ(host, "relay.example");
  EXPECT_GE(proxy.asked().size(), 2U);  // the standing session, and the pipe

  ada.add_boundary("through the relay");
  EXPECT_TRUE(run_until(io_, [&] { return ben.boundaries() == 1; }));
}

// The relay was told of words for who is away, and never says that it holds them.
TEST_F(DriverRelayTest, AnEndWaitsForARelayThatSaysNothingNoLongerThanItMay) {
  Device ada(io_, {});
  ada.init("Ada");
  ada.use(bare());
  {
    Device ben(io_, {});
    ben.init("Ben");
    ben.use(bare());
    pair(ada, ben);
  }
  ada.add_boundary("posted");
  ada.post();
  ASSERT_EQ(::kill(relay_->pid(), SIGSTOP), 0);
  ada.add_boundary("put");
  ada.stop();
  EXPECT_TRUE(run_until(io_, [&] { return io_.stopped(); }));
}

TEST_F(DriverRelayTest, ATestSaysWhatTheRelayIs) {
  net::SocksProxy proxy(io_, names());
  Device ada(io_, through(proxy));
  ada.init("Ada");
  EXPECT_EQ(ada.test_relay().error().reason(), v1::REASON_NO_RELAY);
  ada.use(named());
  EXPECT_TRUE(ada.test_relay().has_done());

  v1::Request other;
  RelayUrl uninvited = named();
  uninvited.invite.reset();
  other.mutable_relay_set()->set_url(to_text(uninvited));
  EXPECT_TRUE(ada.ask(other).has_done());
  EXPECT_EQ(ada.test_relay().error().reason(), v1::REASON_RELAY_REFUSED);
  RelayUrl stranger = named();
  stranger.key[3] ^= 1;
  other.mutable_relay_set()->set_url(to_text(stranger));
  EXPECT_TRUE(ada.ask(other).has_done());
  EXPECT_EQ(ada.test_relay().error().reason(), v1::REASON_RELAY_AWAY);

  ada.use(named());
  relay_->end(SIGKILL);
  EXPECT_EQ(ada.test_relay().error().code(), v1::CODE_NOT_REACHED);
}

}  // namespace
}  // namespace attune
