#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "client/failure.h"
#include "client/qr_image.h"
#include "proto/limits.h"

extern char** environ;

namespace attune::client {
namespace {

[[noreturn]] void refuse(const char* sentence) { throw Failure(Ending::kUsage, sentence); }

/// Up to `limit` + 1 bytes, so that the caller sees what is too long.
std::string read_up_to(int fd, std::size_t limit) {
  std::string out;
  std::string chunk(64u << 10, '\0');
  while (out.size() <= limit) {
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(chunk, 0, static_cast<std::size_t>(got));
  }
  return out;
}

std::string file_bytes(const std::string& path, int in) {
  if (path == "-") return read_up_to(in, kImageBytesMax);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) refuse("The picture cannot be opened.");
  std::string bytes = read_up_to(fd, kImageBytesMax);
  close(fd);
  return bytes;
}

/// One line from zbarcam's output, without its end.
std::string first_line(int fd) {
  std::string line;
  char byte = 0;
  while (line.size() <= limits::kQrBytesMax) {
    const ssize_t got = read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == '\n') break;
    line.push_back(byte);
  }
  return line;
}

}  // namespace

std::string qr_from_file(const std::string& path, int in) {
  const auto image = read_image(file_bytes(path, in));
  if (!image) refuse("The picture is no PNG or JPEG, or is too large.");
  auto text = find_qr(*image);
  if (!text) refuse("No QR code is seen in the picture, or several are.");
  return *text;
}

std::string qr_from_camera() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Failure(Ending::kFailed, "The camera could not be started.");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = "zbarcam";
  std::string quiet = "--nodbus";  // else it tells the whole system bus what it read
  std::string raw = "--raw";
  std::string only = "-Sdisable";
  std::string codes = "-Sqrcode.enable";
  char* arguments[] = {name.data(), quiet.data(), raw.data(), only.data(), codes.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    throw Failure(Ending::kFailed,
                  "zbarcam, which reads the camera, is not installed (zbar-tools).",
                  {"attune pair --image FILE", "attune pair --code"});
  }
  std::string text = first_line(ends[0]);
  close(ends[0]);
  kill(child, SIGTERM);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (text.empty())
    throw Failure(Ending::kCancelled, "The camera was closed before it read a code.");
  return text;
}

}  // namespace attune::client
