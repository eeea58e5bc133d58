#include "tests/relay/relay_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace attune::relay {
namespace {

constexpr int kServesWithinMs = 20'000;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A child with these descriptors as its outputs.
pid_t spawn(const std::vector<std::string>& arguments, int out, int err) {
  std::vector<char*> argv;
  std::string program = ATTUNE_RELAY_PROGRAM;
  argv.push_back(program.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it never outlives who started it
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string read_line(int fd) {
  std::string line;
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  char c = 0;
  while (::poll(&watched, 1, kServesWithinMs) > 0 && ::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

}  // namespace

RelayProcess::RelayProcess(const std::filesystem::path& folder, const std::string& config,
                           const HostPort& listen)
    : folder_(folder) {
  std::ofstream(folder / "relay.toml") << config;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const net::Fd read_end{ends[0]};
  net::Fd write_end{ends[1]};
  const net::Fd log{
      ::open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  pid_ = spawn({"--listen", to_text(listen), "--data",
                (folder / "data").string(), "--config", (folder / "relay.toml").string()},
               write_end.get(), log.get());
  write_end = {};
  const auto url = parse_relay_url(read_line(read_end.get()));
  if (!url) {
    end(SIGKILL);
    throw std::runtime_error("the relay does not serve: " + this->log());
  }
  url_ = *url;
}

RelayProcess::~RelayProcess() { end(SIGKILL); }

int RelayProcess::end(int signal) {
  if (pid_ < 0) return 0;
  ::kill(pid_, signal);
  const int status = wait_for(pid_);
  pid_ = -1;
  return status;
}

std::size_t RelayProcess::resident_bytes() const {
  std::istringstream in(read_text("/proc/" + std::to_string(pid_) + "/statm"));
  std::size_t all = 0;
  std::size_t resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

double RelayProcess::processor_seconds() const { return processor_seconds_of(pid_); }

std::string RelayProcess::log() const { return read_text(folder_ / "log"); }

double processor_seconds_of(pid_t pid) {
  const std::string text = read_text("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream in(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) in >> skipped;
  double user = 0;
  double system = 0;
  in >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

Outcome run_relay(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const net::Fd read_end{ends[0]};
  net::Fd write_end{ends[1]};
  const pid_t pid = spawn(arguments, write_end.get(), write_end.get());
  write_end = {};
  Outcome outcome;
  std::array<char, 4'096> scratch{};
  for (ssize_t got = 1; got > 0;) {
    got = ::read(read_end.get(), scratch.data(), scratch.size());
    if (got > 0) outcome.output.append(scratch.data(), static_cast<std::size_t>(got));
  }
  outcome.status = wait_for(pid);
  return outcome;
}

}  // namespace attune::relay
