#include "daemon/findings.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <ctime>

namespace attune {
namespace {

constexpr std::uint64_t kSpaceFix = 4u
                                    << 20;  // bytes free below which a write may fail at any moment
constexpr std::uint64_t kSpaceLook = 256u << 20;  // bytes free below which it soon may
constexpr std::time_t kClockMin = 1'735'689'600;  // 2025-01-01: earlier than this program
constexpr std::time_t kClockMax = 4'102'444'800;  // 2100-01-01

bool is_private(const std::filesystem::path& path) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) return false;
  return there.st_uid == ::geteuid() && (there.st_mode & 077) == 0;
}

bool listens(int fd) {
  int value = 0;
  socklen_t size = sizeof(value);
  return fd >= 0 && ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

sync::Verdict disk_verdict(const std::filesystem::path& folder) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return sync::Verdict::kFix;
  const std::uint64_t free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free_bytes < kSpaceFix || ::access(folder.c_str(), W_OK) != 0) return sync::Verdict::kFix;
  return free_bytes < kSpaceLook ? sync::Verdict::kLook : sync::Verdict::kOk;
}

sync::Verdict ok_or_fix(bool ok) { return ok ? sync::Verdict::kOk : sync::Verdict::kFix; }

}  // namespace

std::vector<sync::Finding> look_around(const Home& home, const Watched& watched) {
  const bool folders =
      is_private(home.data) && is_private(home.run) && (!home.root || is_private(*home.root));
  const std::time_t clock = std::time(nullptr);
  return {
      {.check = "home-folder", .verdict = ok_or_fix(folders)},
      {.check = "control-socket",
       .verdict = ok_or_fix(listens(watched.control_listener) && is_private(home.socket()))},
      {.check = "disk-space", .verdict = disk_verdict(home.data)},
      {.check = "lan-listener", .verdict = ok_or_fix(listens(watched.lan_listener))},
      {.check = "clock", .verdict = ok_or_fix(clock > kClockMin && clock < kClockMax)},
  };
}

}  // namespace attune
