#include <gtest/gtest.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <string>

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

/// Begins `attune unlock` at a terminal: the program itself, as a process that has a thread beside
/// may do little after a fork but become another.
pid_t begin_to_unlock(const std::string& home, int terminal) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int stream : {0, 1, 2}) posix_spawn_file_actions_adddup2(&files, terminal, stream);
  std::array<std::string, 4> words = {"attune", "--home", home, "unlock"};
  std::array<char*, 5> arguments{};
  std::ranges::transform(words, arguments.begin(), [](std::string& word) { return word.data(); });
  pid_t child = -1;
  EXPECT_EQ(posix_spawn(&child, ATTUNE_PROGRAM, &files, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&files);
  return child;
}

/// Until it waits for what is typed. Earlier, ThreadSanitizer would take the signal and say nothing
/// of it until the next call returns, which would be this one.
void await_sleep_of(pid_t child) {
  char state = '?';
  while (state != 'S') {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string line;
    std::getline(stat, line);
    const std::size_t name_end = line.rfind(") ");
    ASSERT_NE(name_end, std::string::npos);
    state = line.at(name_end + 2);
    ASSERT_NE(state, 'Z') << "it ended by itself";
  }
}

class Signals : public testing::TestWithParam<int> {};

TEST_P(Signals, EndTheProcessWithTheTerminalAsItWas) {
  FakeDaemon daemon([](const v1::Request&) {
    return FakeDaemon::Reaction{.answers = {closed_status("locked")}};
  });
  int master = -1;
  int slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const pid_t child = begin_to_unlock(daemon.home(), slave);
  ASSERT_GT(child, 0);
  read_until(master, "Passphrase: ");
  await_sleep_of(child);
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
