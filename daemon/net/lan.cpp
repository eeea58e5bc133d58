#include "daemon/net/lan.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cassert>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include "daemon/net/frame_stream.h"
#include "daemon/net/listener.h"
#include "daemon/net/named_dial.h"
#include "daemon/net/socket_address.h"

namespace attune::net {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kCodeOpeningBytes = 17;  // 2 | n_j

/// The size of an incoming link's first unit, by its first byte; 0 where we do not speak that.
std::size_t opening_bytes(std::uint8_t first) {
  switch (first) {
    case 1:
      return limits::kHelloBytes;
    case 2:
      return kCodeOpeningBytes;
    case 3:
      return 1;
    default:
      return 0;
  }
}

// Where a link stands, and who takes each arrow. A socket that is closed ends its reading, and
// ended() then takes the link out of every stage.
//
//   dial() -> Dialing --connect_and_receive()--> Proving --authenticated()--> Trusted
//   admit() -> Greeting --receive_incoming()-------^  |                          |
//                                                     '--------- close() --------+--> Closing
enum class Stage {
  kDialing,   // not connected; the owner knows it; may end as dial_failed
  kGreeting,  // accepted, first unit not whole; the owner does not know it
  kProving,   // the owner knows it; deadline and small units
  kTrusted,   // no deadline
  kClosing,   // the owner has let go; what was sent before still leaves, what arrives is dropped
};

struct Link {
  Link(StreamSocket socket, Stage at)
      : stage(at), out(std::make_shared<WriteQueue>(std::move(socket))) {}

  LinkId id;
  Stage stage;
  Endpoint remote;
  Framing framing;
  Bytes first_unit;
  bool dialled = false;
  bool vouched = false;  // the owner said authenticated() or extend(): never makes room for others
  bool spoke = false;    // we have sent something, so the end is worth an orderly close
  bool recut = false;    // units are cut by another framing from the next on
  bool read_over = false;  // Closing, and the other side has ended first
  std::size_t body_max = limits::kHandshakeBytesMax;
  Clock::time_point deadline;          // unless trusted
  std::chrono::milliseconds patience;  // to connect, and to prove from then on
  std::shared_ptr<NamedDial> named;    // Dialing, to a place with a name
  std::shared_ptr<WriteQueue> out;

  [[nodiscard]] bool open() const { return out->socket().is_open(); }
  void drop() {
    if (named) named->give_up();
    out->close();
  }
  [[nodiscard]] bool half_open() const { return !dialled && !vouched && open(); }
};
using LinkPtr = std::shared_ptr<Link>;

/// Whole opening of an incoming link; nullopt where it ended or began with a byte we do not speak.
asio::awaitable<std::optional<Bytes>> read_opening(StreamSocket& socket) {
  auto unit = co_await read_raw(socket, 1);
  if (!unit) co_return std::nullopt;
  const std::size_t size = opening_bytes(unit->front());
  if (size == 0) co_return std::nullopt;
  auto rest = co_await read_raw(socket, size - 1);
  if (!rest) co_return std::nullopt;
  append(*unit, *rest);
  co_return unit;
}

/// What the relay between forgets when it is silent, the kernel keeps up, or finds to be gone.
void keep_alive(int fd) {
  const int on = 1;
  const int idle = 240;  // seconds: less than what most networks forget a connection after
  const int between = 20;
  const int tries = 3;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
}

}  // namespace

class Lan::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& io, LanEvents& events, const LanSettings& settings,
        std::function<LinkId()> next_link);

  void start();
  void stop();
  void dial(LinkPtr link);
  void send(LinkId id, Bytes bytes, bool framed);
  void authenticated(LinkId id);
  void widen(LinkId id);
  void extend(LinkId id, std::chrono::milliseconds patience);
  void recut(LinkId id, Framing framing);
  void close(LinkId id);
  void close_all();
  static asio::awaitable<void> drained(std::shared_ptr<State> self);

  [[nodiscard]] LinkPtr find(LinkId id) const;
  [[nodiscard]] std::size_t half_open() const;
  [[nodiscard]] const Listener& listener() const { return listener_; }
  [[nodiscard]] const LanSettings& settings() const { return settings_; }
  [[nodiscard]] const Lookups& lookups() const { return lookups_; }
  asio::io_context& io() { return io_; }

 private:
  static asio::awaitable<void> accept_all(std::shared_ptr<State> self);
  static asio::awaitable<void> receive_incoming(std::shared_ptr<State> self, LinkPtr link);
  static asio::awaitable<void> connect_and_receive(std::shared_ptr<State> self, LinkPtr link);
  static asio::awaitable<void> connect_by_name(std::shared_ptr<State> self, LinkPtr link);
  static asio::awaitable<void> connected(std::shared_ptr<State> self, LinkPtr link);
  asio::awaitable<void> receive(Link& link);

  void admit(Fd fd);
  void make_room();
  void open_to_owner(const LinkPtr& link);
  void said_all(const LinkPtr& link);
  void ended(const LinkPtr& link, const std::exception_ptr& failure);
  void forget(const LinkPtr& link);
  void arm(Clock::time_point deadline);
  void expire();
  [[nodiscard]] bool any_closing() const;
  void spawn(asio::awaitable<void> work, LinkPtr link);

  asio::io_context& io_;
  LanEvents* events_;  // null once stopped
  LanSettings settings_;
  std::function<LinkId()> next_link_;
  Listener listener_;
  Lookups lookups_ = std::make_shared<std::size_t>(0);
  asio::steady_timer alarm_;
  std::optional<Clock::time_point> armed_;  // when the alarm rings, never after the first deadline
  asio::steady_timer drained_;       // never rings: cancelled when the last closing link is gone
  std::list<LinkPtr> dated_;         // links with a deadline, by age
  std::map<LinkId, LinkPtr> known_;  // links whose id the owner may use
};

namespace {

Fd listener_for(const LanSettings& settings) {
  if (settings.listener_fd >= 0) return adopt_listener(settings.listener_fd, 0);
  if (settings.port != 0) return open_tcp_listener(settings.port);
  if (settings.last_port != 0) {
    Fd fd = try_tcp_listener(settings.last_port);
    if (fd) return fd;
  }
  return open_tcp_listener(0);
}

}  // namespace

Lan::State::State(asio::io_context& io, LanEvents& events, const LanSettings& settings,
                  std::function<LinkId()> next_link)
    : io_(io),
      events_(&events),
      settings_(settings),
      next_link_(std::move(next_link)),
      listener_(io, listener_for(settings), settings.accept_pause),
      alarm_(io),
      drained_(io, Clock::time_point::max()) {}

void Lan::State::start() { asio::co_spawn(io_, accept_all(shared_from_this()), rethrow); }

void Lan::State::stop() {
  events_ = nullptr;
  listener_.close();
  alarm_.cancel();
  drained_.cancel();
  for (const auto& [id, link] : known_) link->drop();
  for (const auto& link : dated_) link->drop();
  known_.clear();
  dated_.clear();
}

void Lan::State::spawn(asio::awaitable<void> work, LinkPtr link) {
  asio::co_spawn(io_, std::move(work),
                 [self = shared_from_this(), link = std::move(link)](
                     const std::exception_ptr& failure) { self->ended(link, failure); });
}

// --- incoming ---------------------------------------------------------------------------------

asio::awaitable<void> Lan::State::accept_all(std::shared_ptr<State> self) {
  for (;;) {
    Fd fd = co_await self->listener_.accept();
    if (!fd || self->events_ == nullptr) co_return;
    self->admit(std::move(fd));
  }
}

void Lan::State::admit(Fd fd) {
  SocketAddress remote;
  if (getpeername(fd.get(), remote.get(), &remote.size) != 0) return;  // gone again
  auto link = std::make_shared<Link>(StreamSocket{io_}, Stage::kGreeting);
  if (!take_over(link->out->socket(), std::move(fd), remote.storage.ss_family)) return;
  make_room();
  link->remote = to_endpoint(remote);
  link->patience = settings_.patience;
  link->deadline = Clock::now() + settings_.patience;
  dated_.push_back(link);
  arm(link->deadline);
  spawn(receive_incoming(shared_from_this(), link), link);
}

void Lan::State::make_room() {
  if (half_open() < settings_.half_open_max) return;
  auto oldest = std::find_if(dated_.begin(), dated_.end(),
                             [](const LinkPtr& link) { return link->half_open(); });
  if (oldest != dated_.end()) (*oldest)->out->close();
}

asio::awaitable<void> Lan::State::receive_incoming(std::shared_ptr<State> self, LinkPtr link) {
  auto unit = co_await read_opening(link->out->socket());
  if (!unit || self->events_ == nullptr) co_return;
  link->id = self->next_link_();
  self->open_to_owner(link);
  if (self->events_ != nullptr && link->stage != Stage::kClosing) {
    self->events_->frame(link->id, std::move(*unit));
  }
  co_await self->receive(*link);
}

// --- dialled ----------------------------------------------------------------------------------

void Lan::State::dial(LinkPtr link) {
  assert(!known_.contains(link->id));
  link->deadline = Clock::now() + link->patience;
  known_.emplace(link->id, link);
  dated_.push_back(link);
  arm(link->deadline);
  spawn(link->named ? connect_by_name(shared_from_this(), link)
                    : connect_and_receive(shared_from_this(), link),
        link);
}

asio::awaitable<void> Lan::State::connect_and_receive(std::shared_ptr<State> self, LinkPtr link) {
  const SocketAddress remote = to_socket_address(link->remote);
  StreamSocket& socket = link->out->socket();
  if (!open_stream(socket, remote.storage.ss_family)) co_return;
  asio::generic::stream_protocol::endpoint where(remote.get(), remote.size, IPPROTO_TCP);
  auto [error] = co_await socket.async_connect(where, kAsTuple);
  if (error || self->events_ == nullptr || link->stage != Stage::kDialing) co_return;
  co_await connected(self, link);
}

asio::awaitable<void> Lan::State::connect_by_name(std::shared_ptr<State> self, LinkPtr link) {
  const bool there = co_await NamedDial::connect(link->named, link->out->socket());
  link->named.reset();
  if (!there || self->events_ == nullptr || link->stage != Stage::kDialing) co_return;
  co_await connected(self, link);
}

asio::awaitable<void> Lan::State::connected(std::shared_ptr<State> self, LinkPtr link) {
  link->deadline = Clock::now() + link->patience;
  self->arm(link->deadline);
  if (!link->first_unit.empty()) {
    link->spoke = true;
    link->out->push_raw(std::move(link->first_unit));
  }
  self->open_to_owner(link);
  co_await self->receive(*link);
}

// --- both -------------------------------------------------------------------------------------

void Lan::State::open_to_owner(const LinkPtr& link) {
  link->stage = Stage::kProving;
  known_.insert_or_assign(link->id, link);
  events_->link_opened(link->id, link->dialled, link->remote);
}

asio::awaitable<void> Lan::State::receive(Link& link) {
  StreamSocket& socket = link.out->socket();
  for (;;) {
    link.recut = false;
    if (link.framing.first_bytes > 0) {
      auto first = co_await read_raw(socket, link.framing.first_bytes);
      if (!first || events_ == nullptr) co_return;
      if (link.stage != Stage::kClosing) events_->frame(link.id, std::move(*first));
    }
    while (!link.recut) {
      auto body = co_await read_frame(socket, LengthBytes::kTwo, link.body_max);
      if (!body || events_ == nullptr) co_return;
      if (link.stage != Stage::kClosing) events_->frame(link.id, std::move(*body));
    }
  }
}

void Lan::State::recut(LinkId id, Framing framing) {
  auto link = find(id);
  if (!link || link->stage != Stage::kTrusted) return;
  keep_alive(link->out->socket().native_handle());
  link->framing = framing;
  link->recut = true;
  link->stage = Stage::kProving;
  link->body_max = limits::kHandshakeBytesMax;
  link->deadline = Clock::now() + settings_.relay_patience;
  dated_.push_back(link);
  arm(link->deadline);
}

void Lan::State::send(LinkId id, Bytes bytes, bool framed) {
  auto link = find(id);
  if (!link || link->stage == Stage::kDialing) return;
  if (link->out->unsent() + bytes.size() > settings_.unsent_bytes_max) {
    link->out->close();
    return;
  }
  link->spoke = true;
  if (framed) {
    link->out->push_frame(LengthBytes::kTwo, std::move(bytes));
  } else {
    link->out->push_raw(std::move(bytes));
  }
}

void Lan::State::authenticated(LinkId id) {
  auto link = find(id);
  if (!link || link->stage != Stage::kProving) return;
  link->stage = Stage::kTrusted;
  link->vouched = true;
  link->body_max = limits::kFrameBytesMax;
  dated_.remove(link);
}

void Lan::State::widen(LinkId id) {
  auto link = find(id);
  if (link && link->stage == Stage::kProving) link->body_max = limits::kFrameBytesMax;
}

void Lan::State::extend(LinkId id, std::chrono::milliseconds patience) {
  auto link = find(id);
  if (!link || link->stage != Stage::kProving) return;
  link->vouched = true;
  link->deadline = Clock::now() + patience;
  arm(link->deadline);
}

// --- the end of a link ------------------------------------------------------------------------

void Lan::State::close(LinkId id) {
  auto link = find(id);
  if (!link) return;
  known_.erase(id);
  const Stage before = std::exchange(link->stage, Stage::kClosing);
  if (before == Stage::kDialing || !link->spoke) {
    link->drop();
    return;
  }
  if (before == Stage::kTrusted) dated_.push_back(link);
  link->deadline = Clock::now() + settings_.close_patience;
  arm(link->deadline);
  if (link->out->unsent() == 0) {
    said_all(link);
    return;
  }
  link->out->when_idle([weak_self = weak_from_this(), weak_link = std::weak_ptr(link)] {
    auto self = weak_self.lock();
    auto said = weak_link.lock();
    if (self && said) self->said_all(said);
  });
}

void Lan::State::close_all() {
  while (!known_.empty()) close(LinkId{known_.begin()->first});
}

/// Nothing is left to send on a closing link. The other side reads it only for certain when we
/// leave its own bytes no reason for a reset: so we go on reading until it ends, within the
/// deadline.
void Lan::State::said_all(const LinkPtr& link) {
  if (link->read_over || !link->open()) {
    forget(link);
    return;
  }
  asio::error_code ignored;
  link->out->socket().shutdown(StreamSocket::shutdown_send, ignored);
}

void Lan::State::ended(const LinkPtr& link, const std::exception_ptr& failure) {
  if (!failure && link->stage == Stage::kClosing && link->open() && link->out->unsent() > 0) {
    link->read_over = true;
    return;
  }
  forget(link);
  if (failure) std::rethrow_exception(failure);
  if (events_ == nullptr) return;
  switch (link->stage) {
    case Stage::kDialing:
      events_->dial_failed(link->id);
      break;
    case Stage::kProving:
    case Stage::kTrusted:
      events_->link_closed(link->id);
      break;
    case Stage::kGreeting:
    case Stage::kClosing:
      break;
  }
}

void Lan::State::forget(const LinkPtr& link) {
  link->out->close();
  dated_.remove(link);
  auto known = known_.find(link->id);
  if (known != known_.end() && known->second == link) known_.erase(known);
  if (!any_closing()) drained_.cancel();
}

// --- deadlines --------------------------------------------------------------------------------

/// One timer serves every link. It may ring for a deadline that no longer holds, never too late.
void Lan::State::arm(Clock::time_point deadline) {
  if (armed_ && *armed_ <= deadline) return;
  armed_ = deadline;
  alarm_.expires_at(deadline);
  alarm_.async_wait([weak = weak_from_this()](asio::error_code error) {
    auto self = weak.lock();
    if (!error && self) self->expire();
  });
}

void Lan::State::expire() {
  armed_.reset();
  const auto now = Clock::now();
  for (const auto& link : dated_) {
    if (!link->open() && !link->named) continue;
    if (link->deadline <= now) {
      link->drop();
    } else {
      arm(link->deadline);
    }
  }
}

bool Lan::State::any_closing() const {
  return std::any_of(dated_.begin(), dated_.end(),
                     [](const LinkPtr& link) { return link->stage == Stage::kClosing; });
}

asio::awaitable<void> Lan::State::drained(std::shared_ptr<State> self) {
  while (self->any_closing()) co_await self->drained_.async_wait(kAsTuple);
}

LinkPtr Lan::State::find(LinkId id) const {
  auto found = known_.find(id);
  return found == known_.end() ? nullptr : found->second;
}

std::size_t Lan::State::half_open() const {
  const auto count = std::count_if(dated_.begin(), dated_.end(),
                                   [](const LinkPtr& link) { return link->half_open(); });
  return static_cast<std::size_t>(count);
}

// --- the face ---------------------------------------------------------------------------------

Lan::Lan(asio::io_context& io, LanEvents& events, const LanSettings& settings,
         std::function<LinkId()> next_link)
    : state_(std::make_shared<State>(io, events, settings, std::move(next_link))) {
  state_->start();
}

// NOLINTNEXTLINE(bugprone-exception-escape): cancelling a timer fails in no way.
Lan::~Lan() { state_->stop(); }

std::uint16_t Lan::port() const { return listening_port(listener_fd()); }
int Lan::listener_fd() const { return state_->listener().fd(); }

void Lan::dial(LinkId link, const Endpoint& remote, Framing framing, Bytes first_unit) {
  auto dialled = std::make_shared<Link>(StreamSocket{state_->io()}, Stage::kDialing);
  dialled->id = link;
  dialled->remote = remote;
  dialled->framing = framing;
  dialled->first_unit = std::move(first_unit);
  dialled->dialled = true;
  dialled->patience = state_->settings().patience;
  state_->dial(std::move(dialled));
}

void Lan::dial_relay(LinkId link, const HostPort& to) {
  auto dialled = std::make_shared<Link>(StreamSocket{state_->io()}, Stage::kDialing);
  dialled->id = link;
  dialled->framing = kRelayAnswer;
  dialled->dialled = true;
  dialled->patience = state_->settings().relay_patience;
  NamedDial::Route route{.to = to, .proxy = state_->settings().proxy};
  dialled->named = std::make_shared<NamedDial>(state_->io(), std::move(route), state_->lookups());
  state_->dial(std::move(dialled));
}

bool Lan::looking_up() const { return *state_->lookups() > 0; }
void Lan::recut(LinkId link, Framing framing) { state_->recut(link, framing); }

void Lan::send_raw(LinkId link, Bytes bytes) { state_->send(link, std::move(bytes), false); }

void Lan::send_frame(LinkId link, Bytes body) {
  assert(body.size() <= limits::kFrameBytesMax);
  state_->send(link, std::move(body), true);
}

std::size_t Lan::unsent(LinkId link) const {
  auto found = state_->find(link);
  return found ? found->out->unsent() : 0;
}

void Lan::authenticated(LinkId link) { state_->authenticated(link); }
void Lan::widen(LinkId link) { state_->widen(link); }
void Lan::extend(LinkId link, std::chrono::milliseconds patience) {
  state_->extend(link, patience);
}
void Lan::close(LinkId link) { state_->close(link); }
void Lan::close_all() { state_->close_all(); }
asio::awaitable<void> Lan::drained() { return State::drained(state_); }
std::size_t Lan::half_open() const { return state_->half_open(); }

}  // namespace attune::net
