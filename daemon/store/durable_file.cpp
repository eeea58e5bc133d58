#include "daemon/store/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

namespace attune::store {
namespace {

// No file of ours is longer; what somebody else put in its place need not be filled with zeros.
constexpr off_t kOverwriteBytesMax = 64 << 10;

[[noreturn]] void fail(const char* step) {
  const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  throw StoreError(full ? StoreFault::kFull : StoreFault::kIo, step);
}

// An open file; -1 where there is none.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor open_existing(const std::filesystem::path& file, int flags) {
  const int fd = ::open(file.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno != ENOENT) fail("open");
  return Descriptor(fd);
}

void write_all(int fd, ByteView bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    done += static_cast<std::size_t>(count);
  }
}

void sync(int fd) {
  // Never kFull: what an fsync could not keep is lost, whatever the reason.
  if (::fsync(fd) != 0) throw StoreError(StoreFault::kIo, "fsync");
}

void overwrite(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) fail("stat");
  if (!S_ISREG(status.st_mode)) throw StoreError(StoreFault::kIo, "not a file");
  write_all(fd, Bytes(static_cast<std::size_t>(std::min(status.st_size, kOverwriteBytesMax)), 0));
  sync(fd);
}

}  // namespace

std::optional<Bytes> read_file(const std::filesystem::path& file, std::size_t size_max) {
  const Descriptor opened = open_existing(file, O_RDONLY);
  if (!opened.is_open()) return std::nullopt;
  Bytes bytes(size_max);
  std::size_t size = 0;
  while (size < size_max) {
    const ssize_t count = ::read(opened.get(), bytes.data() + size, size_max - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

void prepare_replacement(const std::filesystem::path& file, ByteView bytes) {
  const std::filesystem::path temporary = temporary_of(file);
  destroy_file(temporary);
  const Descriptor fresh(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fresh.is_open()) fail("create");
  write_all(fresh.get(), bytes);
  sync(fresh.get());
}

void finish_replacement(const std::filesystem::path& file) {
  const Descriptor replaced = open_existing(file, O_WRONLY);
  if (std::rename(temporary_of(file).c_str(), file.c_str()) != 0) fail("rename");
  sync_folder(file.parent_path());
  if (!replaced.is_open()) return;
  try {
    overwrite(replaced.get());
  } catch (const StoreError& error) {
    // Only a file system that never overwrites in place needs room for this, and there it is in
    // vain.
    if (error.fault() != StoreFault::kFull) throw;
  }
}

bool destroy_file(const std::filesystem::path& file) {
  const Descriptor opened = open_existing(file, O_WRONLY);
  if (!opened.is_open()) return false;
  overwrite(opened.get());
  remove_file(file);
  return true;
}

void remove_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) != 0) {
    if (errno == ENOENT) return;
    fail("unlink");
  }
  sync_folder(file.parent_path());
}

std::filesystem::path temporary_of(const std::filesystem::path& file) {
  std::filesystem::path temporary = file;
  temporary += ".new";
  return temporary;
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open()) fail("open folder");
  sync(opened.get());
}

}  // namespace attune::store
