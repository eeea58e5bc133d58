#include "daemon/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "daemon/net/fd.h"
#include "tests/driver/temporary_home.h"

extern char** environ;

namespace attune {
namespace {

/// Set over an exec by reexecute() alone, and so only in the process that the last test begins:
/// what that one finds is written to its standard output, before any test could run.
constexpr const char* kReborn = "ATTUNED_FD_LOCK";

std::string arguments_of_this_process() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  for (char& c : text) {
    if (c == '\0') c = ' ';
  }
  return text;
}

struct TellWhatWasInherited {
  TellWhatWasInherited() {
    if (std::getenv(kReborn) == nullptr) return;
    std::printf("arguments %s\n", arguments_of_this_process().c_str());
    for (char** line = environ; *line != nullptr; ++line) std::printf("environment %s\n", *line);
    for (int fd = 3; fd < 256; ++fd) {
      if (::fcntl(fd, F_GETFD) >= 0) std::printf("descriptor %d\n", fd);
    }
    const Inherited taken = take_inherited();
    std::printf("taken %d %d %d\n", taken.lock, taken.control, taken.lan);
    std::printf("left %d\n", std::getenv(kReborn) == nullptr ? 0 : 1);
    sigset_t waiting;
    sigpending(&waiting);
    std::printf("waiting signal %d\n", sigismember(&waiting, SIGTERM));
    std::fflush(stdout);
    ::_exit(0);
  }
};
const TellWhatWasInherited kTold;

net::Fd listening_socket() {
  net::Fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un any{};
  any.sun_family = AF_UNIX;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any.sun_family), 0);
  EXPECT_EQ(::listen(fd.get(), 4), 0);
  return fd;
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat found{};
  EXPECT_EQ(::lstat(path.c_str(), &found), 0);
  return found.st_mode & 07777;
}

TEST(TakeInherited, GivesNothingToAProcessThatWasStartedPlainly) {
  const Inherited taken = take_inherited();
  EXPECT_EQ(taken.lock, -1);
  EXPECT_EQ(taken.control, -1);
  EXPECT_EQ(taken.lan, -1);
  EXPECT_FALSE(taken.from_systemd);
}

TEST(TakeInherited, TakesAListenerAndForgetsHowItCame) {
  const net::Fd control = listening_socket();
  ASSERT_EQ(::fcntl(control.get(), F_SETFD, 0), 0);
  setenv("ATTUNED_FD_CONTROL", std::to_string(control.get()).c_str(), 1);
  const Inherited taken = take_inherited();
  EXPECT_EQ(taken.control, control.get());
  EXPECT_EQ(::fcntl(control.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(std::getenv("ATTUNED_FD_CONTROL"), nullptr);
  EXPECT_EQ(take_inherited().control, -1);
}

TEST(TakeInherited, IgnoresWhatDoesNotListen) {
  const net::Fd plain{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const std::string closed = std::to_string(::sysconf(_SC_OPEN_MAX) - 1);
  const std::string silent = std::to_string(plain.get());
  for (const std::string& value : {silent, closed, std::string("1"), std::string("-4"),
                                   std::string("3x"), std::string(), std::string("99999999999")}) {
    setenv("ATTUNED_FD_CONTROL", value.c_str(), 1);
    setenv("ATTUNED_FD_LAN", value.c_str(), 1);
    const Inherited taken = take_inherited();
    EXPECT_EQ(taken.control, -1) << value;
    EXPECT_EQ(taken.lan, -1) << value;
  }
}

TEST(HoldHome, MakesPrivateFoldersAndAPrivateLock) {
  TemporaryHome outer;
  const Home home = find_home((*outer->root / "below").native());
  const int fd = hold_home(home, -1);
  EXPECT_GE(fd, 0);
  for (const auto& folder : {*home.root, home.data, home.run}) EXPECT_EQ(mode_of(folder), 0700);
  EXPECT_EQ(mode_of(home.lock()), 0600);
  EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  ::close(fd);
}

TEST(HoldHome, RefusesAHomeThatIsHeldAndTakesItAfterwards) {
  TemporaryHome home;
  const int held = hold_home(home.get(), -1);
  EXPECT_THROW(hold_home(home.get(), -1), HomeInUse);
  EXPECT_EQ(hold_home(home.get(), held), held);
  ::close(held);
  const int again = hold_home(home.get(), -1);
  EXPECT_GE(again, 0);
  ::close(again);
}

TEST(HoldHome, AnInheritedLockOfAnotherHomeDoesNotCount) {
  TemporaryHome mine;
  TemporaryHome other;
  const int held = hold_home(mine.get(), -1);
  const int elsewhere = hold_home(other.get(), -1);
  EXPECT_THROW(hold_home(mine.get(), elsewhere), HomeInUse);
  ::close(held);
  ::close(elsewhere);
}

TEST(HoldHome, FollowsNoLinkThatStandsForTheLock) {
  TemporaryHome home;
  std::filesystem::create_symlink("/dev/null", home->lock());
  EXPECT_THROW(hold_home(home.get(), -1), std::system_error);
}

/// What a process that reexecute() made says of itself.
std::string reborn(const Home& home, const Inherited& keep) {
  int channel[2];
  EXPECT_EQ(::pipe2(channel, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(channel[1], 1);
    setenv("A_SECRET", "of somebody", 1);
    setenv("TZ", "CET-1", 1);
    harden_process();
    ::kill(::getpid(), SIGTERM);
    reexecute(home, keep);
  }
  ::close(channel[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(channel[0], buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<std::size_t>(size));
  }
  ::close(channel[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return said;
}

TEST(Reexecute, KeepsTheListenersAndTheLockAlone) {
  TemporaryHome home;
  const net::Fd control = listening_socket();
  const net::Fd lan = listening_socket();
  const net::Fd other = listening_socket();
  ASSERT_EQ(::fcntl(other.get(), F_SETFD, 0), 0);
  Inherited keep;
  keep.lock = hold_home(home.get(), -1);
  keep.control = control.get();
  keep.lan = lan.get();
  const std::string said = reborn(home.get(), keep);
  for (const int fd : {keep.lock, keep.control, keep.lan}) {
    EXPECT_NE(said.find("descriptor " + std::to_string(fd) + "\n"), std::string::npos) << said;
  }
  EXPECT_EQ(said.find("descriptor " + std::to_string(other.get()) + "\n"), std::string::npos);
  const std::string taken = std::to_string(keep.lock) + ' ' + std::to_string(keep.control) + ' ' +
                            std::to_string(keep.lan);
  EXPECT_NE(said.find("taken " + taken + "\n"), std::string::npos) << said;
  EXPECT_NE(said.find("left 0\n"), std::string::npos) << said;
  EXPECT_THROW(hold_home(home.get(), -1), HomeInUse);
  ::close(keep.lock);
}

TEST(Reexecute, GivesAFreshEnvironmentAndFixedArguments) {
  TemporaryHome home;
  Inherited keep;
  keep.lock = hold_home(home.get(), -1);
  const std::string said = reborn(home.get(), keep);
  EXPECT_NE(said.find("arguments attuned --home " + home->root->native() + " \n"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("environment TZ=CET-1\n"), std::string::npos) << said;
  EXPECT_EQ(said.find("A_SECRET"), std::string::npos);
  EXPECT_EQ(said.find("ATTUNED_FD_LAN"), std::string::npos);
  EXPECT_NE(said.find("waiting signal 1\n"), std::string::npos) << said;
  ::close(keep.lock);
}

TEST(HardenProcess, KeepsCoreDumpsDebuggersAndOtherReadersOut) {
  const pid_t child = ::fork();
  if (child == 0) {
    harden_process();
    sigset_t masked;
    sigprocmask(SIG_BLOCK, nullptr, &masked);
    const bool waits = sigismember(&masked, SIGTERM) == 1;
    pollfd ending{.fd = ending_signals(), .events = POLLIN, .revents = 0};
    const bool still = ::poll(&ending, 1, 0) == 0;
    ::kill(::getpid(), SIGTERM);
    pollfd later{.fd = ending_signals(), .events = POLLIN, .revents = 0};  // whenever it came
    const bool hears = still && ::poll(&ending, 1, 0) == 1 && ::poll(&later, 1, 0) == 1;
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    const bool closed = ::prctl(PR_GET_DUMPABLE) == 0 && core.rlim_cur == 0 && core.rlim_max == 0;
    const bool quiet = ::umask(0) == 077 && ::raise(SIGPIPE) == 0;
    ::_exit(waits && hears && closed && quiet ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace attune
