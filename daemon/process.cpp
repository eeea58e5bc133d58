#include "daemon/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "crypto/secret.h"

namespace attune {
namespace {

constexpr const char* kInheritLock = "ATTUNED_FD_LOCK";
constexpr const char* kInheritControl = "ATTUNED_FD_CONTROL";
constexpr const char* kInheritLan = "ATTUNED_FD_LAN";
/// What a fresh process may keep of the environment: where things are and how to speak to systemd.
constexpr std::array kKept = {"HOME",
                              "PATH",
                              "TZ",
                              "LANG",
                              "LC_ALL",
                              "USER",
                              "XDG_CONFIG_HOME",
                              "XDG_DATA_HOME",
                              "XDG_RUNTIME_DIR",
                              "XDG_STATE_HOME",
                              "ATTUNE_HOME",
                              "NOTIFY_SOCKET",
                              "JOURNAL_STREAM",
                              "INVOCATION_ID",
                              "LD_PRELOAD",
                              "FAKETIME",
                              "DONT_FAKE_MONOTONIC",
                              "ASAN_OPTIONS",
                              "UBSAN_OPTIONS",
                              "TSAN_OPTIONS"};

void set_close_on_exec(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags >= 0) ::fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

int take_number(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return -1;
  const std::string_view digits(text);
  int fd = -1;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), fd);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size();
  ::unsetenv(variable);
  if (!whole || fd < 3 || ::fcntl(fd, F_GETFD) < 0) return -1;
  set_close_on_exec(fd, true);
  return fd;
}

bool listens(int fd) {
  int value = 0;
  socklen_t size = sizeof(value);
  return fd >= 0 && ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

/// Folders below the home are private; those above it are the person's.
void make_private_folder(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw std::system_error(errno, std::generic_category(), "the home's folder cannot be made");
  }
}

bool same_file(int fd, const std::filesystem::path& path) {
  struct stat held{};
  struct stat there{};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
         held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

std::vector<std::string> fresh_environment(const Inherited& keep) {
  std::vector<std::string> lines;
  for (const char* name : kKept) {
    if (const char* value = std::getenv(name)) lines.push_back(std::string(name) + "=" + value);
  }
  const auto pass = [&lines](const char* name, int fd) {
    if (fd >= 0) lines.push_back(std::string(name) + "=" + std::to_string(fd));
  };
  pass(kInheritLock, keep.lock);
  pass(kInheritControl, keep.control);
  pass(kInheritLan, keep.lan);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> out;
  out.reserve(lines.size() + 1);
  for (std::string& line : lines) out.push_back(line.data());
  out.push_back(nullptr);
  return out;
}

sigset_t ending_set() {
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ending, signal);
  return ending;
}

}  // namespace

void harden_process() {
  const sigset_t ending = ending_set();
  ::sigprocmask(SIG_BLOCK, &ending, nullptr);
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);
}

int ending_signals() {
  const sigset_t ending = ending_set();
  const int fd = ::signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "signals cannot be heard");
  return fd;
}

Inherited take_inherited() {
  Inherited given;
  given.lock = take_number(kInheritLock);
  given.control = take_number(kInheritControl);
  given.lan = take_number(kInheritLan);
  if (!listens(given.control)) given.control = -1;
  if (!listens(given.lan)) given.lan = -1;
  const int count = ::sd_listen_fds(1);
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    if (given.control < 0 && ::sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0) {
      given.control = fd;
      given.from_systemd = true;
    }
  }
  return given;
}

int hold_home(const Home& home, int inherited_lock) {
  if (home.root) make_private_folder(*home.root);
  make_private_folder(home.run);
  make_private_folder(home.data);
  if (inherited_lock >= 0 && same_file(inherited_lock, home.lock())) return inherited_lock;
  const int fd = ::open(home.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), "the home's lock cannot be made");
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    throw HomeInUse("another attuned holds this home");
  }
  return fd;
}

void reexecute(const Home& home, const Inherited& keep) noexcept {
  std::vector<std::string> arguments{"attuned"};
  if (home.root) {
    arguments.emplace_back("--home");
    arguments.push_back(home.root->native());
  }
  std::vector<std::string> environment = fresh_environment(keep);
  std::vector<char*> argv = pointers(arguments);
  std::vector<char*> envp = pointers(environment);
  crypto::arena::wipe_all();
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int fd : {keep.lock, keep.control, keep.lan}) {
    if (fd >= 0) set_close_on_exec(fd, false);
  }
  ::execve("/proc/self/exe", argv.data(), envp.data());
  ::_exit(1);
}

}  // namespace attune
