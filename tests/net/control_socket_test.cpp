#include "daemon/net/control_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "daemon/net/control_folder.h"
#include "daemon/net/frame_stream.h"
#include "tests/net/world.h"

namespace attune::net {
namespace {

namespace fs = std::filesystem;

class Desk : public ControlEvents {
 public:
  void request(RequestId request, Bytes body) override {
    requests.emplace_back(request, std::move(body));
  }
  void client_gone(RequestId request) override { gone.push_back(request); }

  std::vector<std::pair<RequestId, Bytes>> requests;
  std::vector<RequestId> gone;
};

Bytes control_frame(const Bytes& body) {
  Bytes out;
  append_u16be(out, static_cast<std::uint16_t>(body.size() >> 16));
  append_u16be(out, static_cast<std::uint16_t>(body.size()));
  append(out, body);
  return out;
}

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() {
    std::string name = (fs::temp_directory_path() / "attune-control-XXXXXX").string();
    home_ = mkdtemp(name.data());
    settings_.path = home_ / "run" / "attuned.sock";
  }
  ~ControlSocketTest() override {
    control_.reset();
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }

  ControlSocket& open() {
    control_.emplace(io_, desk_, settings_, [this] { return RequestId{next_++}; });
    return *control_;
  }
  Stranger connect() { return Stranger::connect_unix(settings_.path.string()); }
  template <typename Condition>
  bool run_until(Condition holds) {
    return net::run_until(io_, holds);
  }
  /// Opens request number `id` from this client.
  void ask(Stranger& client, const Bytes& body) {
    const std::size_t before = desk_.requests.size();
    client.send(control_frame(body));
    EXPECT_TRUE(run_until([&] { return desk_.requests.size() == before + 1; }));
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat found{};
    EXPECT_EQ(lstat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  fs::path home_;
  ControlSettings settings_;
  asio::io_context io_;
  Desk desk_;
  std::uint64_t next_ = 1;
  std::optional<ControlSocket> control_;
};

TEST_F(ControlSocketTest, TheFolderAndTheSocketAreOurs) {
  const mode_t before = umask(0);
  open();
  umask(before);
  EXPECT_EQ(mode_of(settings_.path.parent_path()), 0700u);
  EXPECT_EQ(mode_of(settings_.path), 0600u);
  EXPECT_NE(fcntl(control_->listener_fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ControlSocketTest, AnswersFollowRequestsOnOneConnection) {
  open();
  Stranger client = connect();
  ask(client, pattern(10));
  EXPECT_EQ(desk_.requests[0].second, pattern(10));
  control_->answer(RequestId{1}, pattern(20), true);
  ask(client, {});
  EXPECT_EQ(desk_.requests[1].second, Bytes{});
  control_->answer(RequestId{2}, {}, false);
  control_->answer(RequestId{2}, pattern(30), true);
  Bytes expected = control_frame(pattern(20));
  append(expected, control_frame({}));
  append(expected, control_frame(pattern(30)));
  ASSERT_TRUE(run_until([&] { return client.heard().size() >= expected.size(); }));
  EXPECT_EQ(client.heard(), expected);
  client.stop_sending();
  ASSERT_TRUE(run_until([&] { return control_->clients() == 0; }));
  EXPECT_TRUE(desk_.gone.empty());
}

TEST_F(ControlSocketTest, ARequestArrivesWholeHoweverItIsCut) {
  open();
  const Bytes wire = control_frame(pattern(12));
  Stranger client = connect();
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    client.send(ByteView{wire}.first(cut));
    settle(io_);
    client.send(ByteView{wire}.subspan(cut));
    ASSERT_TRUE(run_until([&] { return desk_.requests.size() == cut + 1; }));
    EXPECT_EQ(desk_.requests[cut].second, pattern(12));
    control_->answer(RequestId{cut + 1}, {}, true);
  }
}

TEST_F(ControlSocketTest, TheLargestRequestIsTakenAndOneByteMoreIsNot) {
  open();
  Stranger client = connect();
  const Bytes wire = control_frame(pattern(limits::kControlFrameMax));
  std::size_t sent = 0;
  ASSERT_TRUE(run_until([&] {
    sent += client.send(ByteView{wire}.subspan(sent));
    return desk_.requests.size() == 1;
  }));
  EXPECT_EQ(desk_.requests[0].second.size(), limits::kControlFrameMax);
  Stranger other = connect();
  other.send(Bytes{0x00, 0x10, 0x00, 0x01});
  ASSERT_TRUE(run_until([&] { return other.closed(); }));
  EXPECT_TRUE(other.heard().empty());
}

TEST_F(ControlSocketTest, ABigAnswerArrivesWhole) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  control_->answer(RequestId{1}, pattern(5u << 20), true);
  ASSERT_TRUE(run_until([&] { return client.heard().size() == (5u << 20) + 4; }));
  ask(client, pattern(2));
  control_->answer(RequestId{2}, pattern(5u << 20), false);  // a stream may begin with one, too
  control_->answer(RequestId{2}, pattern(100), false);
  ASSERT_TRUE(run_until([&] { return client.heard().size() == 2 * ((5u << 20) + 4) + 104; }));
}

TEST_F(ControlSocketTest, NoFurtherRequestIsReadWhileABigAnswerIsUnderWay) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  client.send(control_frame(pattern(2)));
  control_->answer(RequestId{1}, pattern(5u << 20), true);
  client.send(control_frame(pattern(3)));
  settle(io_);
  EXPECT_LE(desk_.requests.size(), 2u);
  ASSERT_TRUE(run_until([&] {
    client.heard();
    return desk_.requests.size() == 3;
  }));
}

TEST_F(ControlSocketTest, AClientThatLeavesInsideABigAnswerIsForgotten) {
  open();
  {
    Stranger client = connect();
    ask(client, pattern(1));
    control_->answer(RequestId{1}, pattern(5u << 20), true);
    settle(io_);
  }
  EXPECT_TRUE(run_until([&] { return control_->clients() == 0; }));
}

TEST_F(ControlSocketTest, AWatcherThatDoesNotReadIsDropped) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  std::size_t given = 0;
  ASSERT_TRUE(run_until([&] {
    control_->answer(RequestId{1}, pattern(8'000), false);
    given += 8'004;
    return !desk_.gone.empty();
  }));
  EXPECT_EQ(desk_.gone, std::vector{RequestId{1}});
  EXPECT_LT(given, 4u << 20);
  EXPECT_EQ(control_->clients(), 0u);
  control_->answer(RequestId{1}, pattern(5), true);  // ignored
  EXPECT_TRUE(run_until([&] { return client.closed(); }));
  EXPECT_LE(client.heard().size(), given);
}

TEST_F(ControlSocketTest, AWatcherThatReadsIsNotDropped) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  std::size_t given = 0;
  while (given < (4u << 20)) {
    control_->answer(RequestId{1}, pattern(8'000), false);
    given += 8'004;
    ASSERT_TRUE(run_until([&] { return client.heard().size() == given; }));
  }
  EXPECT_TRUE(desk_.gone.empty());
}

TEST_F(ControlSocketTest, TheOwnerHearsOfEachOpenRequestOfAClientThatLeft) {
  open();
  {
    Stranger client = connect();
    ask(client, pattern(1));
    ask(client, pattern(2));
    ask(client, pattern(3));
    control_->answer(RequestId{2}, {}, true);
  }
  ASSERT_TRUE(run_until([&] { return desk_.gone.size() == 2; }));
  EXPECT_EQ(desk_.gone, (std::vector{RequestId{1}, RequestId{3}}));
  EXPECT_EQ(control_->clients(), 0u);
}

TEST_F(ControlSocketTest, AClientHasSoManyOpenRequestsAndNoMore) {
  settings_.open_requests_max = 3;
  open();
  Stranger client = connect();
  for (std::uint8_t i = 0; i < 3; ++i) ask(client, {i});
  EXPECT_FALSE(client.closed());
  client.send(control_frame({9}));
  ASSERT_TRUE(run_until([&] { return client.closed() && desk_.gone.size() == 3; }));
  EXPECT_EQ(desk_.requests.size(), 3u);
}

TEST_F(ControlSocketTest, ThereAreSoManyClientsAndNoMore) {
  settings_.clients_max = 3;
  open();
  std::vector<Stranger> clients;
  clients.reserve(3);
  for (int i = 0; i < 3; ++i) clients.push_back(connect());
  ASSERT_TRUE(run_until([&] { return control_->clients() == 3; }));
  Stranger one_more = connect();
  ASSERT_TRUE(run_until([&] { return one_more.closed(); }));
  ask(clients[0], pattern(1));
  clients.pop_back();
  ASSERT_TRUE(run_until([&] { return control_->clients() == 2; }));
  Stranger next = connect();
  ask(next, pattern(2));
}

TEST_F(ControlSocketTest, AFolderOpenToOthersIsRefused) {
  for (mode_t mode : {0701u, 0710u, 0704u, 0755u, 0777u}) {
    fs::create_directory(settings_.path.parent_path());
    ASSERT_EQ(chmod(settings_.path.parent_path().c_str(), mode), 0);
    EXPECT_THROW(open(), ControlSocketRefused) << mode;
    EXPECT_FALSE(fs::exists(settings_.path));
  }
}

TEST_F(ControlSocketTest, AFolderThatIsNoFolderIsRefused) {
  fs::create_directory(home_ / "real");
  ASSERT_EQ(chmod((home_ / "real").c_str(), 0700), 0);
  fs::create_directory_symlink(home_ / "real", settings_.path.parent_path());
  EXPECT_THROW(open(), ControlSocketRefused);
  fs::remove(settings_.path.parent_path());
  std::ofstream(settings_.path.parent_path()) << "words";
  EXPECT_THROW(open(), ControlSocketRefused);
}

TEST_F(ControlSocketTest, AFolderOfSomebodyElseIsRefused) {
  settings_.owner = geteuid() + 1;
  EXPECT_THROW(open(), ControlSocketRefused);
}

TEST_F(ControlSocketTest, OnlyTheHolderOfTheLockRemovesAStaleSocket) {
  open();
  control_.reset();
  ASSERT_TRUE(fs::exists(settings_.path));
  EXPECT_THROW(open(), ControlSocketRefused);
  settings_.holds_lock = true;
  open();
  Stranger client = connect();
  ask(client, pattern(1));
}

TEST_F(ControlSocketTest, AFileInTheWayIsNeverRemoved) {
  fs::create_directory(settings_.path.parent_path());
  ASSERT_EQ(chmod(settings_.path.parent_path().c_str(), 0700), 0);
  std::ofstream(settings_.path) << "words";
  settings_.holds_lock = true;
  EXPECT_THROW(open(), ControlSocketRefused);
  EXPECT_TRUE(fs::is_regular_file(settings_.path));
}

TEST_F(ControlSocketTest, APathThatIsTooLongIsRefused) {
  settings_.path = home_ / "run" / std::string(limits::kSocketPathMax, 'a');
  EXPECT_THROW(open(), ControlSocketRefused);
  const std::size_t room = limits::kSocketPathMax - (home_ / "run").string().size() - 1;
  settings_.path = home_ / "run" / std::string(room, 'a');
  open();
  Stranger client = connect();
  ask(client, pattern(1));
}

TEST_F(ControlSocketTest, WhoConnectedBeforeAnExecIsServedAfterIt) {
  open();
  const int inherited = dup(control_->listener_fd());
  control_.reset();
  Stranger client = connect();
  client.send(control_frame(pattern(4)));
  settings_.listener_fd = inherited;
  open();
  EXPECT_EQ(control_->listener_fd(), inherited);
  ASSERT_TRUE(run_until([&] { return desk_.requests.size() == 1; }));
  EXPECT_EQ(desk_.requests[0].second, pattern(4));
  control_->retire();
  EXPECT_TRUE(fs::exists(settings_.path));  // it is not ours to remove
}

TEST_F(ControlSocketTest, WhoConnectsToAPausedOneIsServedByTheNext) {
  open();
  Stranger early = connect();
  ask(early, pattern(1));
  control_->pause();
  Stranger late = connect();
  late.send(control_frame(pattern(4)));
  control_->answer(RequestId{1}, pattern(9), true);
  ASSERT_TRUE(run_until([&] { return early.heard() == control_frame(pattern(9)); }));
  EXPECT_EQ(desk_.requests.size(), 1u);
  EXPECT_EQ(control_->clients(), 1u);
  const int inherited = dup(control_->listener_fd());
  control_.reset();
  settings_.listener_fd = inherited;
  open();
  ASSERT_TRUE(run_until([&] { return desk_.requests.size() == 2; }));
  EXPECT_EQ(desk_.requests[1].second, pattern(4));
}

TEST_F(ControlSocketTest, RetiringRemovesTheFileAndKeepsItsClients) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  control_->retire();
  EXPECT_FALSE(fs::exists(settings_.path));
  control_->answer(RequestId{1}, pattern(9), true);
  EXPECT_TRUE(run_until([&] { return client.heard() == control_frame(pattern(9)); }));
}

TEST_F(ControlSocketTest, DrainedWaitsForTheAnswersAndNoLongerThanItsPatience) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  control_->answer(RequestId{1}, pattern(5u << 20), true);
  int over = 0;
  auto count = [&](const std::exception_ptr& e) {
    rethrow(e);
    ++over;
  };
  asio::co_spawn(io_, control_->drained(std::chrono::milliseconds{30}), count);
  ASSERT_TRUE(run_until([&] { return over == 1; }));
  asio::co_spawn(io_, control_->drained(std::chrono::seconds{9}), count);
  ASSERT_TRUE(run_until([&] {
    client.heard();
    return over == 2;
  }));
  EXPECT_TRUE(run_until([&] { return client.heard().size() == (5u << 20) + 4; }));
}

TEST_F(ControlSocketTest, DestructionTellsNothing) {
  open();
  Stranger client = connect();
  ask(client, pattern(1));
  control_->answer(RequestId{1}, pattern(5u << 20), false);
  settle(io_);
  control_.reset();
  EXPECT_TRUE(run_until([&] { return client.closed(); }));
  EXPECT_TRUE(desk_.gone.empty());
}

TEST(ControlPeer, OnlyProcessesOfTheOwnerAreHeard) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  Fd ours{ends[0]};
  Fd theirs{ends[1]};
  EXPECT_TRUE(is_process_of(ours.get(), geteuid()));
  EXPECT_FALSE(is_process_of(ours.get(), geteuid() + 1));
  Fd file{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  EXPECT_FALSE(is_process_of(file.get(), geteuid()));
}

TEST_F(ControlSocketTest, AnotherUserIsClosedWithoutAByte) {
  // The daemon's owner is somebody else than who connects: seen from here, we are the other user.
  Fd inherited{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (home_ / "sock").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(bind(inherited.get(), generic, sizeof address), 0);
  ASSERT_EQ(listen(inherited.get(), 4), 0);
  settings_.path = path;
  settings_.listener_fd = inherited.release();
  settings_.owner = geteuid() + 1;
  open();
  Stranger client = connect();
  client.send(control_frame(pattern(3)));
  ASSERT_TRUE(run_until([&] { return client.closed(); }));
  EXPECT_TRUE(client.heard().empty());
  EXPECT_TRUE(desk_.requests.empty());
}

}  // namespace
}  // namespace attune::net
