#include "tests/client/fake_daemon.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace attune::client {
namespace {

bool receive(int fd, std::string& out, std::size_t size) {
  out.assign(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t more = recv(fd, out.data() + got, size - got, 0);
    if (more <= 0) return false;
    got += static_cast<std::size_t>(more);
  }
  return true;
}

void give(int fd, const std::string& bytes) {
  std::size_t given = 0;
  while (given < bytes.size()) {
    const ssize_t more = send(fd, bytes.data() + given, bytes.size() - given, MSG_NOSIGNAL);
    if (more <= 0) return;
    given += static_cast<std::size_t>(more);
  }
}

std::string framed(const v1::Answer& answer) {
  const std::string body = answer.SerializeAsString();
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>(body.size() >> shift & 0xff));
  }
  return frame + body;
}

}  // namespace

FakeDaemon::FakeDaemon(React react) : react_(std::move(react)) {
  char name[] = "/tmp/attune-test.XXXXXX";
  if (mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
  home_ = name;
  mkdir((home_ + "/run").c_str(), 0700);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 8) != 0) {
    throw std::runtime_error("no socket");
  }
  thread_ = std::thread([this] { serve(); });
}

FakeDaemon::~FakeDaemon() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  std::filesystem::remove_all(home_);
}

std::vector<v1::Request> FakeDaemon::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void FakeDaemon::serve() {
  while (true) {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    converse(client);
    close(client);
  }
}

void FakeDaemon::converse(int client) {
  std::string bytes;
  while (receive(client, bytes, 4)) {
    std::size_t size = 0;
    for (const char byte : bytes) size = size << 8 | static_cast<unsigned char>(byte);
    if (!receive(client, bytes, size)) return;
    v1::Request request;
    if (!request.ParseFromString(bytes)) return;
    if (!request.has_status()) {
      const std::lock_guard lock(mutex_);
      asked_.push_back(request);
    }
    const Reaction reaction = react_(request);
    for (const v1::Answer& answer : reaction.answers) give(client, framed(answer));
    give(client, reaction.raw);
    if (reaction.hangs_up) return;
  }
}

v1::Answer done(const std::string& state) {
  v1::Answer answer;
  answer.set_last(true);
  answer.mutable_done()->set_state(state);
  return answer;
}

v1::Answer error(v1::Code code, v1::Reason reason) {
  v1::Answer answer;
  answer.set_last(true);
  answer.mutable_error()->set_code(code);
  answer.mutable_error()->set_reason(reason);
  return answer;
}

v1::Answer entered(std::uint32_t kind, char fill) {
  v1::Answer answer;
  answer.set_last(true);
  answer.mutable_entered()->set_kind(kind);
  answer.mutable_entered()->set_id(std::string(16, fill));
  return answer;
}

v1::Answer open_status(bool paired) {
  v1::Answer answer;
  answer.set_last(true);
  v1::StatusAnswer& status = *answer.mutable_status();
  status.set_version("0.1.0");
  status.set_state("unlocked");
  status.set_name("Ada");
  status.set_paired(paired);
  if (paired) status.set_partner("Ben");
  status.set_devices(1);
  status.set_relay("none");
  return answer;
}

v1::Answer closed_status(const std::string& state) {
  v1::Answer answer;
  answer.set_last(true);
  answer.mutable_status()->set_version("0.1.0");
  answer.mutable_status()->set_state(state);
  return answer;
}

}  // namespace attune::client
