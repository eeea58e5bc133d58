#include "daemon/relay/key_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "daemon/relay/config.h"

namespace attune::relay {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void sync_folder(const std::filesystem::path& folder) {
  const net::Fd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0) fail("the data folder");
}

/// Whole or not at all: written beside, then linked to a name that nobody has.
void make_key(const std::filesystem::path& folder, crypto::Random& random) {
  const crypto::Key key = random.key();
  const std::filesystem::path file = folder / "key";
  const std::filesystem::path fresh = folder / "key.new";
  {
    const net::Fd fd{
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd) fail("the relay's key");
    const auto bytes = key.view();
    if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        ::fsync(fd.get()) != 0) {
      fail("the relay's key");
    }
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) fail("the relay's key");
  sync_folder(folder);
}

}  // namespace

net::Fd hold_folder(const std::filesystem::path& folder) {
  if (folder.empty()) throw BadConfig("say where to keep the mailboxes: --data DIR");
  std::filesystem::create_directories(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail("the data folder");
  net::Fd fd{::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!fd) fail("the data folder");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    throw BadConfig("another attune-relay holds this data folder");
  }
  return fd;
}

crypto::KeyPair load_key(const std::filesystem::path& folder, crypto::Random& random) {
  const std::filesystem::path file = folder / "key";
  std::error_code none;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, none))) {
    make_key(folder, random);
  }
  const net::Fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!fd) fail("the relay's key");
  struct stat found{};
  if (::fstat(fd.get(), &found) != 0) fail("the relay's key");
  if (!S_ISREG(found.st_mode) || found.st_size != 32) {
    throw BadConfig("the file `key` of the data folder is not a key of 32 bytes");
  }
  if ((found.st_mode & 077) != 0) {
    throw BadConfig("the file `key` of the data folder can be read by others: chmod 600");
  }
  crypto::Key key;
  const auto room = key.writable();
  if (::read(fd.get(), room.data(), room.size()) != static_cast<ssize_t>(room.size())) {
    fail("the relay's key");
  }
  return crypto::KeyPair::from_secret(key.view());
}

}  // namespace attune::relay
