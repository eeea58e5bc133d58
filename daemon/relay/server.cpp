#include "daemon/relay/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "crypto/derive.h"
#include "crypto/labels.h"

namespace attune::relay {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kDrainPatience{1'500};
constexpr int kAcceptsAtOnce = 64;
constexpr unsigned kUserTimeoutMs = 60'000;  // sent bytes that nobody acknowledges

Steady now() { return {std::chrono::steady_clock::now().time_since_epoch()}; }

std::uint32_t unix_hour() {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::hours>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

TimerWheel::Second seconds(std::chrono::seconds span) {
  return static_cast<TimerWheel::Second>(span.count());
}

}  // namespace

Server::Server(Parts parts)
    : io_(*parts.io),
      config_(*parts.config),
      random_(*parts.random),
      key_(std::move(parts.key)),
      listener_(io_, parts.listener.get()),
      accept_pause_(io_),
      timer_(io_),
      sources_(config_.sources),
      source_key_(random_.key()),
      splices_(std::make_shared<Splices>(
          io_, Splices::Terms{.free_bytes =
                                  [this](std::uint64_t pair, std::uint64_t wanted) {
                                    const JoinedPipe& pipe = joined_.at(pair);
                                    const auto one =
                                        sources_.take_pipe_bytes(pipe.sources[0], wanted);
                                    return sources_.take_pipe_bytes(pipe.sources[1], one);
                                  },
                              .bytes_per_second = config_.pipe_bytes_per_second,
                              .ended = [this](std::uint64_t pair,
                                              std::uint64_t bytes) { pipe_ended(pair, bytes); }})),
      store_(io_, parts.store, config_.mailboxes,
             {.answered = [this](Batch& batch, bool durable) { answered(batch, durable); },
              .failed = std::move(parts.failed)}) {
  static_cast<void>(parts.listener.release());
  hour_ = unix_hour();
  day_ = hour_ / 24;
}

Server::~Server() = default;

TimerWheel::Second Server::second() const {
  return static_cast<TimerWheel::Second>(
      std::chrono::duration_cast<std::chrono::seconds>(now().since).count());
}

Server::SessionPointer Server::find(SessionId id) const {
  const auto at = sessions_.find(id.value);
  return at == sessions_.end() ? nullptr : at->second;
}

std::vector<Server::SessionPointer> Server::everybody() const {
  std::vector<SessionPointer> all;
  all.reserve(sessions_.size());
  for (const auto& [name, session] : sessions_) all.push_back(session);
  return all;
}

Gauges Server::gauges() const {
  return {.sessions = sessions_.size(),
          .half_open = half_open_,
          .subscriptions = subscriptions_.size(),
          .pipes = joined_.size(),
          .queued_bytes = store_.weight(),
          .unsent_bytes = unsent_bytes_,
          .sources = sources_.size()};
}

void Server::start() {
  wheel_.turn(second(), [](SessionId) {});
  splices_->start();
  expire_messages();
  asio::co_spawn(io_, accept_all(), net::rethrow);
  asio::co_spawn(io_, tick_on(), net::rethrow);
}

asio::awaitable<void> Server::accept_all() {
  while (listener_.is_open()) {
    auto [error] =
        co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    if (error || !listener_.is_open()) co_return;
    Accepted accepted = Accepted::kOne;
    for (int count = 0; count < kAcceptsAtOnce && accepted == Accepted::kOne; ++count) {
      accepted = accept_one();
    }
    if (accepted != Accepted::kOutOfRoom) continue;
    accept_pause_.expires_after(kAcceptPause);
    co_await accept_pause_.async_wait(kAsTuple);
  }
}

Server::Accepted Server::accept_one() {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  net::Fd fd{::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&from), &size,
                       SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd) {
    if (errno == ECONNABORTED || errno == EINTR) return Accepted::kOne;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Accepted::kNone : Accepted::kOutOfRoom;
  }
  metrics_.connections += 1;
  admit(std::move(fd), from);
  return Accepted::kOne;
}

/// A keyed hash of the /32 or /64.
SourceKey Server::source_of(const sockaddr_storage& from) const {
  std::array<std::uint8_t, 9> network{};
  if (from.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
    const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address);
    network[0] = is_v4 ? 4 : 6;
    std::memcpy(network.data() + 1, address.s6_addr + (is_v4 ? 12 : 0), is_v4 ? 4 : 8);
  } else {
    network[0] = 4;
    std::memcpy(network.data() + 1, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, 4);
  }
  const crypto::Hash32 hash =
      crypto::mac(source_key_.view(), crypto::labels::kRelaySource, ByteView(network));
  return {Reader(hash).u64le()};
}

void Server::admit(net::Fd fd, const sockaddr_storage& from) {
  const SourceKey source = source_of(from);
  const Steady at = now();
  if (!sources_.enter(at, source)) {
    metrics_.connections_refused += 1;
    return;
  }
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
  net::StreamSocket socket(io_, asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), fd.get());
  static_cast<void>(fd.release());
  const TokenBucket bucket(at, {.per_second = static_cast<double>(config_.puts_per_second),
                                .burst = static_cast<double>(config_.puts_burst)});
  const SessionId id{++last_name_};
  auto session = std::make_shared<Session>(std::move(socket), id, source, bucket);
  sessions_.emplace(id.value, session);
  half_open_ += 1;
  half_open_order_.push_back(id);
  bound_half_open();
  set_low_water(*session, limits::kRelayHandshakeBytes);
  wait_until(*session, second() + seconds(limits::kHandshakePatience));
  asio::co_spawn(io_, serve(*this, std::move(session)), net::rethrow);
}

/// The oldest goes, so that who speaks at once is served whoever else just waits.
void Server::bound_half_open() {
  while (!half_open_order_.empty()) {
    const SessionPointer oldest = find(half_open_order_.front());
    const bool waits = oldest && oldest->is_half_open();
    if (waits && half_open_ <= config_.half_open) return;
    half_open_order_.pop_front();
    if (!waits) continue;
    metrics_.half_open_dropped += 1;
    close(*oldest);
  }
}

asio::awaitable<void> Server::serve(Server& server, SessionPointer session) {
  while (session->listens() && !session->paused) {
    auto [error] = co_await session->socket.async_wait(net::StreamSocket::wait_read, kAsTuple);
    if (session->state == Session::State::kClosed) co_return;
    if (error) {
      server.close(*session);
      co_return;
    }
    server.take(*session);
  }
}

/// Reasons not to read what this device says: it does not read what it is told, or what it asked
/// has not been done.
bool Server::must_wait(const Session& session) const {
  return !session.unsent.empty() || session.queued >= limits::kRelaySessionPutBytes ||
         session.looks >= limits::kRelayLooks || store_.weight() >= limits::kRelayQueueBytes;
}

void Server::pause(Session& session) {
  session.paused = true;
  if (store_.weight() < limits::kRelayQueueBytes || session.waits_for_queue) return;
  session.waits_for_queue = true;
  waiting_for_queue_.push_back(session.id);
}

void Server::resume(Session& session) {
  if (!session.paused || !session.listens() || must_wait(session)) return;
  session.paused = false;
  asio::co_spawn(io_, serve(*this, session.shared_from_this()), net::rethrow);
}

void Server::wait_until(Session& session, TimerWheel::Second deadline) {
  session.deadline = deadline;
  if (session.wheel_at != 0 && session.wheel_at <= deadline) return;
  session.wheel_at = std::min(deadline, second() + TimerWheel::kFarthest);
  wheel_.put(session.wheel_at, session.id);
}

void Server::come_due(SessionId id) {
  const SessionPointer session = find(id);
  if (!session) return;
  const TimerWheel::Second at = second();
  if (session->wheel_at > at) return;  // it was moved forward, and stands there too
  session->wheel_at = 0;
  if (session->deadline > at) return wait_until(*session, session->deadline);
  if (session->is_half_open()) {
    metrics_.half_open_dropped += 1;
  } else {
    metrics_.silent_dropped += 1;
  }
  close(*session);
}

asio::awaitable<void> Server::tick_on() {
  while (!stopping_) {
    timer_.expires_after(std::chrono::seconds(1));
    auto [error] = co_await timer_.async_wait(kAsTuple);
    if (error) co_return;
    tick();
  }
}

void Server::tick() {
  wheel_.turn(second(), [this](SessionId id) { come_due(id); });
  for (const auto& [key, end] : meeting_.expire(now())) {
    const SessionPointer session = find(end.session);
    if (!session) continue;
    std::erase(session->pipes, key);
    say(*session, end.correlation, Error{.code = ErrorCode::kGone});
  }
  const std::uint32_t hour = unix_hour();
  if (hour != std::exchange(hour_, hour)) expire_messages();
  if (hour / 24 != std::exchange(day_, hour / 24)) {
    sources_.new_day();
    source_key_ = random_.key();
  }
  flush();
}

void Server::expire_messages() {
  Job job{.kind = JobKind::kExpire};
  job.day = day_;
  store_.add(job);
  store_.begin();
}

void Server::close(Session& session) {
  if (session.state == Session::State::kClosed) return;
  const SessionPointer keep = session.shared_from_this();
  if (outgoing_ == &session) {
    outgoing_ = nullptr;
    packer_.clear();
  }
  if (session.is_half_open()) half_open_ -= 1;
  session.state = Session::State::kClosed;
  leave_all(session);
  unsent_bytes_ -= session.unsent.size() + session.partial.size();
  session.unsent = {};
  session.partial = {};
  asio::error_code ignored;
  session.socket.close(ignored);
  sources_.leave(session.source);
  sessions_.erase(session.id.value);
  if (!session.meeting) return;
  meeting_.close(session.meeting->key);
  if (const SessionPointer other = find(session.meeting->other)) close(*other);
}

void Server::stop(std::function<void()> stopped) {
  if (stopping_) return;
  stopping_ = true;
  stopped_ = std::move(stopped);
  asio::error_code ignored;
  listener_.close(ignored);
  accept_pause_.cancel();
  // Whoever comes back all at once meets the next process with its rates: a few seconds apart.
  for (const SessionPointer& session : everybody()) {
    if (session->state == Session::State::kOpen) say(*session, 0, GoAway{.retry_seconds = 5});
  }
  flush();
  if (store_.is_idle()) return stop_now();
  timer_.expires_after(kDrainPatience);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) stop_now();
  });
}

void Server::stop_now() {
  timer_.cancel();
  splices_->stop();
  for (const SessionPointer& session : everybody()) close(*session);
  if (stopped_) std::exchange(stopped_, nullptr)();
}

}  // namespace attune::relay
