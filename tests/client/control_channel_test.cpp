#include "client/control_channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "client/failure.h"
#include "proto/limits.h"
#include "tests/client/fake_daemon.h"

namespace attune::client {
namespace {

using namespace std::chrono_literals;

/// A channel whose other end the test holds.
class Ends {
 public:
  Ends() {
    int pair[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    other_ = pair[1];
    channel = std::make_unique<ControlChannel>(pair[0]);
  }
  ~Ends() { hang_up(); }
  void say(const std::string& bytes) const {
    EXPECT_EQ(send(other_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    if (other_ >= 0) close(other_);
    other_ = -1;
  }
  std::string heard(std::size_t size) const {
    std::string out(size, '\0');
    EXPECT_EQ(recv(other_, out.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
    return out;
  }

  std::unique_ptr<ControlChannel> channel;

 private:
  int other_ = -1;
};

std::string length(std::size_t size) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(size >> shift & 0xff));
  return out;
}

Ending ending_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Failure& failure) {
    return failure.ending();
  }
  return Ending::kDone;
}

TEST(ControlChannel, SpeaksInFrames) {
  const Ends ends;
  v1::Request request;
  request.mutable_show()->set_id("b-7k2q");
  ends.channel->send(request);
  const std::string body = request.SerializeAsString();
  EXPECT_EQ(ends.heard(4 + body.size()), length(body.size()) + body);
}

TEST(ControlChannel, HearsAnswersInPiecesAndTogether) {
  const Ends ends;
  const std::string body = done("locked").SerializeAsString();
  const std::string frame = length(body.size()) + body;
  ends.say(frame + frame.substr(0, 3));
  EXPECT_EQ(ends.channel->next(10s)->done().state(), "locked");
  ends.say(frame.substr(3));
  EXPECT_EQ(ends.channel->next(10s)->done().state(), "locked");
}

TEST(ControlChannel, AnEndAnywhereIsAnEnd) {
  const std::string body = done("locked").SerializeAsString();
  const std::string frame = length(body.size()) + body;
  for (std::size_t size = 0; size < frame.size(); ++size) {
    Ends ends;
    ends.say(frame.substr(0, size));
    ends.hang_up();
    EXPECT_FALSE(ends.channel->next(10s)) << size;
  }
}

TEST(ControlChannel, AnAnswerThatIsTooLongOrNoneIsAFailure) {
  const Ends too_long;
  too_long.say(length(limits::kControlAnswerMax + 1));
  EXPECT_EQ(ending_of([&] { too_long.channel->next(10s); }), Ending::kFailed);
  const Ends strange;
  strange.say(length(3) + "\xff\xff\xff");
  EXPECT_EQ(ending_of([&] { strange.channel->next(10s); }), Ending::kFailed);
}

TEST(ControlChannel, PatienceEnds) {
  const Ends ends;
  EXPECT_EQ(ending_of([&] { ends.channel->next(1ms); }), Ending::kFailed);
}

TEST(ControlChannel, ARequestThatIsTooLongIsNotSent) {
  const Ends ends;
  v1::Request request;
  request.mutable_add()->set_entry(std::string(limits::kControlFrameMax, 'x'));
  EXPECT_EQ(ending_of([&] { ends.channel->send(request); }), Ending::kUsage);
}

TEST(ControlChannel, ADaemonThatLeftIsAnEndAndNoSignal) {
  Ends ends;
  ends.hang_up();
  ends.channel->send(v1::Request());
  EXPECT_FALSE(ends.channel->next(10s));
}

TEST(ControlChannel, NobodyThereIsNoDaemon) {
  EXPECT_EQ(ending_of([] { ControlChannel("/tmp/attune-test-none/attuned.sock"); }),
            Ending::kNoDaemon);
}

TEST(ControlChannel, ASocketNobodyServesIsNoDaemon) {
  std::string path;
  {
    const FakeDaemon daemon([](const v1::Request&) { return FakeDaemon::Reaction{}; });
    path = daemon.socket();
    EXPECT_NO_THROW(ControlChannel{path});
  }
  EXPECT_EQ(ending_of([&] { ControlChannel{path}; }), Ending::kNoDaemon);
}

TEST(ControlChannel, AnotherUsersProcessIsNotSpokenTo) {
  FakeDaemon daemon([](const v1::Request&) { return FakeDaemon::Reaction{}; });
  EXPECT_EQ(ending_of([&] { ControlChannel(daemon.socket(), false, ::geteuid() + 1); }),
            Ending::kFailed);
  EXPECT_TRUE(daemon.asked().empty());
}

}  // namespace
}  // namespace attune::client
