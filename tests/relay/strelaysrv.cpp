#include "tests/relay/strelaysrv.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <string>

namespace attune::relay {
namespace {

/// Two descriptors that came over a Unix socket, beside the number of a process.
Ends receive_ends(int line, pid_t& relay) {
  std::int32_t number = 0;
  iovec data{.iov_base = &number, .iov_len = sizeof number};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  const ssize_t got = ::recvmsg(line, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* header = got == sizeof number ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_len != CMSG_LEN(2 * sizeof(int))) return {};
  relay = number;
  std::array<int, 2> ends{};
  std::memcpy(ends.data(), CMSG_DATA(header), sizeof ends);
  return {.one = net::Fd{ends[0]}, .other = net::Fd{ends[1]}};
}

}  // namespace

bool StrelaysrvSession::is_installed() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/strelaysrv").c_str(), X_OK) == 0) return true;
  }
  return false;
}

StrelaysrvSession::StrelaysrvSession(const std::filesystem::path& folder) {
  std::array<int, 2> line{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line.data()) != 0) {
    throw std::runtime_error("no sockets");
  }
  line_ = net::Fd{line[0]};
  net::Fd theirs{line[1]};
  const std::string key_folder = folder.string();
  const std::string number = std::to_string(theirs.get());
  pid_ = ::fork();
  if (pid_ == 0) {
    ::fcntl(theirs.get(), F_SETFD, 0);
    ::execl(ATTUNE_PYTHON, ATTUNE_PYTHON, "-B", ATTUNE_STRELAYSRV_SESSION, key_folder.c_str(),
            number.c_str(), nullptr);
    ::_exit(127);
  }
  theirs = {};  // so that a child that fails is an end of the line
  ends_ = receive_ends(line_.get(), relay_);
  if (!ends_.one) {
    line_ = {};
    ::waitpid(pid_, nullptr, 0);
    throw std::runtime_error("two ends do not meet at strelaysrv");
  }
}

StrelaysrvSession::~StrelaysrvSession() {
  ends_ = {};
  line_ = {};
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace attune::relay
