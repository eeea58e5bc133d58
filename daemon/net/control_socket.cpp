#include "daemon/net/control_socket.h"

#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cassert>
#include <map>
#include <set>
#include <utility>

#include "daemon/net/control_folder.h"
#include "daemon/net/frame_stream.h"
#include "daemon/net/listener.h"

namespace attune::net {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{200};
constexpr auto kNever = asio::steady_timer::time_point::max();

/// One connection of a local program.
struct Client {
  Client(asio::io_context& io, StreamSocket socket)
      : out(std::make_shared<WriteQueue>(std::move(socket))), idle(io, kNever) {}

  std::shared_ptr<WriteQueue> out;
  asio::steady_timer idle;   // never rings: cancelled when everything is written
  std::set<RequestId> open;  // requests whose last answer was not yet given
  [[nodiscard]] bool connected() const { return out->socket().is_open(); }
};
using ClientPtr = std::shared_ptr<Client>;

struct Request {
  ClientPtr client;
  bool streams = false;  // has had an answer that was not the last
};

}  // namespace

class ControlSocket::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& io, ControlEvents& events, const ControlSettings& settings,
        std::function<RequestId()> next_request)
      : io_(io),
        events_(&events),
        settings_(settings),
        next_request_(std::move(next_request)),
        listener_(io, open_control_listener(settings), kAcceptPause) {}

  void start() { asio::co_spawn(io_, accept_all(shared_from_this()), rethrow); }
  void stop();
  void pause();
  void retire();
  void answer(RequestId id, Bytes body, bool last);
  static asio::awaitable<void> drained(std::shared_ptr<State> self,
                                       std::chrono::milliseconds patience);
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] const Listener& listener() const { return listener_; }

 private:
  static asio::awaitable<void> accept_all(std::shared_ptr<State> self);
  static asio::awaitable<void> serve(std::shared_ptr<State> self, ClientPtr client);
  void admit(Fd fd);
  void take_request(const ClientPtr& client, Bytes body);
  void ended(const ClientPtr& client, const std::exception_ptr& failure);
  [[nodiscard]] bool anything_unsent() const;

  asio::io_context& io_;
  ControlEvents* events_;  // null once stopped
  ControlSettings settings_;
  std::function<RequestId()> next_request_;
  Listener listener_;
  std::set<ClientPtr> clients_;
  std::map<RequestId, Request> requests_;
};

void ControlSocket::State::stop() {
  events_ = nullptr;
  listener_.close();
  for (const auto& client : clients_) {
    client->out->close();
    client->idle.cancel();
  }
  clients_.clear();
  requests_.clear();
}

void ControlSocket::State::pause() { listener_.pause(); }

void ControlSocket::State::retire() {
  listener_.close();
  if (settings_.listener_fd < 0) ::unlink(settings_.path.c_str());
}

asio::awaitable<void> ControlSocket::State::accept_all(std::shared_ptr<State> self) {
  for (;;) {
    Fd fd = co_await self->listener_.accept();
    if (!fd || self->events_ == nullptr) co_return;
    self->admit(std::move(fd));
  }
}

void ControlSocket::State::admit(Fd fd) {
  if (!is_process_of(fd.get(), settings_.owner)) return;
  if (clients_.size() >= settings_.clients_max) return;
  StreamSocket socket{io_};
  asio::error_code error;
  socket.assign(asio::generic::stream_protocol(AF_UNIX, 0), fd.get(), error);
  if (error) return;
  static_cast<void>(fd.release());
  auto client = std::make_shared<Client>(io_, std::move(socket));
  client->out->when_idle([weak = std::weak_ptr(client)] {
    if (auto self = weak.lock()) self->idle.cancel();
  });
  clients_.insert(client);
  asio::co_spawn(io_, serve(shared_from_this(), client),
                 [self = shared_from_this(), client](const std::exception_ptr& failure) {
                   self->ended(client, failure);
                 });
}

asio::awaitable<void> ControlSocket::State::serve(std::shared_ptr<State> self, ClientPtr client) {
  const std::size_t body_max = limits::kControlFrameMax;
  while (client->connected()) {
    auto body = co_await read_frame(client->out->socket(), LengthBytes::kFour, body_max);
    if (!body || self->events_ == nullptr) co_return;
    if (client->open.size() >= self->settings_.open_requests_max) co_return;
    self->take_request(client, std::move(*body));
    while (client->connected() && client->out->unsent() > limits::kControlBacklogBytes) {
      co_await client->idle.async_wait(kAsTuple);
    }
  }
}

void ControlSocket::State::take_request(const ClientPtr& client, Bytes body) {
  const RequestId id = next_request_();
  client->open.insert(id);
  requests_.emplace(id, Request{.client = client});
  events_->request(id, std::move(body));
}

void ControlSocket::State::answer(RequestId id, Bytes body, bool last) {
  assert(body.size() <= limits::kControlAnswerMax);
  auto found = requests_.find(id);
  if (found == requests_.end()) return;
  Request& request = found->second;
  const ClientPtr client = request.client;
  request.streams = request.streams || !last;
  const std::size_t behind = client->out->waiting();
  const bool too_slow = request.streams && behind > limits::kControlBacklogBytes;
  if (too_slow || behind + body.size() > 2 * limits::kControlAnswerMax) {
    client->out->close();  // the reading ends, and ended() says that the client is gone
    client->idle.cancel();
    return;
  }
  if (last) {
    client->open.erase(id);
    requests_.erase(found);
  }
  client->out->push_frame(LengthBytes::kFour, std::move(body));
}

void ControlSocket::State::ended(const ClientPtr& client, const std::exception_ptr& failure) {
  client->out->close();
  clients_.erase(client);
  const std::set<RequestId> open = std::exchange(client->open, {});
  for (RequestId id : open) requests_.erase(id);
  for (RequestId id : open) {
    if (events_ != nullptr) events_->client_gone(id);
  }
  rethrow(failure);
}

bool ControlSocket::State::anything_unsent() const {
  for (const auto& client : clients_) {
    if (client->connected() && client->out->unsent() > 0) return true;
  }
  return false;
}

asio::awaitable<void> ControlSocket::State::drained(std::shared_ptr<State> self,
                                                    std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kLook{5};  // asked for once in the life of a process
  const auto deadline = asio::steady_timer::clock_type::now() + patience;
  asio::steady_timer timer{self->io_};
  while (self->anything_unsent() && asio::steady_timer::clock_type::now() < deadline) {
    timer.expires_after(kLook);
    co_await timer.async_wait(kAsTuple);
  }
}

ControlSocket::ControlSocket(asio::io_context& io, ControlEvents& events,
                             const ControlSettings& settings,
                             std::function<RequestId()> next_request)
    : state_(std::make_shared<State>(io, events, settings, std::move(next_request))) {
  state_->start();
}

// NOLINTNEXTLINE(bugprone-exception-escape): cancelling a timer fails in no way.
ControlSocket::~ControlSocket() { state_->stop(); }

void ControlSocket::answer(RequestId request, Bytes body, bool last) {
  state_->answer(request, std::move(body), last);
}
int ControlSocket::listener_fd() const { return state_->listener().fd(); }
std::size_t ControlSocket::clients() const { return state_->clients(); }
asio::awaitable<void> ControlSocket::drained(std::chrono::milliseconds patience) {
  return State::drained(state_, patience);
}
void ControlSocket::pause() { state_->pause(); }
void ControlSocket::retire() { state_->retire(); }

}  // namespace attune::net
