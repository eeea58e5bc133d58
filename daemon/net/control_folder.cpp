#include "daemon/net/control_folder.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "daemon/net/listener.h"

namespace attune::net {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kSocketMode = 0600;
constexpr mode_t kRightsOfOthers = 0077;
constexpr int kBacklog = 64;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

[[noreturn]] void refuse(const std::filesystem::path& path, const char* why) {
  throw ControlSocketRefused(path.string() + ' ' + why);
}

/// Leaves the path free, or throws.
void clear_path(const ControlSettings& settings) {
  struct stat found{};
  if (lstat(settings.path.c_str(), &found) != 0) {
    if (errno == ENOENT) return;
    fail("the control socket");
  }
  if (!S_ISSOCK(found.st_mode)) refuse(settings.path, "is in the way: it is not a socket");
  if (!settings.holds_lock) refuse(settings.path, "is there already: another daemon may use it");
  if (unlink(settings.path.c_str()) != 0) fail("the stale control socket");
}

}  // namespace

void prepare_control_folder(const std::filesystem::path& folder, uid_t owner) {
  if (mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST)
    fail("the control socket's folder");
  struct stat found{};
  if (lstat(folder.c_str(), &found) != 0) fail("the control socket's folder");
  if (!S_ISDIR(found.st_mode)) refuse(folder, "is not a folder");
  if (found.st_uid != owner) refuse(folder, "belongs to another user");
  if ((found.st_mode & kRightsOfOthers) != 0)
    refuse(folder, "is open to other users: chmod 700 it");
}

Fd open_control_listener(const ControlSettings& settings) {
  if (settings.listener_fd >= 0) return adopt_listener(settings.listener_fd, AF_UNIX);
  const std::string path = settings.path.string();
  if (path.size() > limits::kSocketPathMax) refuse(settings.path, "is too long for a socket");
  prepare_control_folder(settings.path.parent_path(), settings.owner);
  clear_path(settings);
  Fd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) fail("the control socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (fchmod(fd.get(), kSocketMode) != 0) fail("the control socket");  // the file is born with it
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(fd.get(), generic, sizeof address) != 0) fail("the control socket");
  if (chmod(path.c_str(), kSocketMode) != 0) fail("the control socket");
  if (listen(fd.get(), kBacklog) != 0) fail("the control socket");
  return fd;
}

bool is_process_of(int fd, uid_t owner) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return size == sizeof peer && peer.uid == owner;
}

}  // namespace attune::net
