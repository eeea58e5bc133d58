#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "client/console.h"
#include "client/run.h"
#include "tests/client/fake_daemon.h"

namespace attune::client {
namespace {

bool shows_what_is_typed(int terminal) {
  termios now{};
  EXPECT_EQ(tcgetattr(terminal, &now), 0);
  return (now.c_lflag & ECHO) != 0;
}

void read_until(int terminal, const std::string& prompt) {
  std::string shown;
  char byte = 0;
  while (shown.find(prompt) == std::string::npos) {
    ASSERT_EQ(read(terminal, &byte, 1), 1) << shown;
    shown.push_back(byte);
  }
}

/// Unlocks at a terminal, in a process of its own that ends with the run's status.
[[noreturn]] void unlock(const std::string& home, int terminal) {
  end_well_on_signals();
  Console console({.in = terminal, .out = terminal, .err = terminal});
  _exit(run({"--home", home, "unlock"}, KindTable::standard(), console));
}

class Signals : public testing::TestWithParam<int> {};

TEST_P(Signals, EndTheProcessWithTheTerminalAsItWas) {
  FakeDaemon daemon([](const v1::Request&) {
    return FakeDaemon::Reaction{.answers = {closed_status("locked")}};
  });
  int master = -1;
  int slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) unlock(daemon.home(), slave);
  read_until(master, "Passphrase: ");
  EXPECT_FALSE(shows_what_is_typed(slave));
  EXPECT_EQ(kill(child, GetParam()), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + GetParam());
  EXPECT_TRUE(shows_what_is_typed(slave));
  close(master);
  close(slave);
}

INSTANTIATE_TEST_SUITE_P(Console, Signals, testing::Values(SIGINT, SIGTERM, SIGHUP, SIGQUIT));

}  // namespace
}  // namespace attune::client
