#include "daemon/relay/splices.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/net/frame_stream.h"

namespace attune::relay {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kLittleBytes = 16u << 10;  // what is copied at once
constexpr std::size_t kPipeBytes = 256u << 10;   // what a lent pipe holds, where the kernel lets it
constexpr std::size_t kBulkBytes = 8u << 10;     // less than this at once is little
constexpr std::size_t kPoolPipes = 64;
constexpr std::size_t kTurnBytes = 1u << 20;  // of one direction, before others have their turn
constexpr std::uint64_t kGrantBytes = 256u << 10;
constexpr int kEvents = 256;
constexpr int kRounds = 8;
constexpr std::chrono::milliseconds kTick{100};

int open_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll");
  return fd;
}

}  // namespace

Splices::Splices(asio::io_context& io, Terms terms)
    : io_(io), terms_(std::move(terms)), epoll_(io, open_epoll()), timer_(io) {}
Splices::~Splices() = default;

void Splices::start() { asio::co_spawn(io_, watch(shared_from_this()), net::rethrow); }

void Splices::stop() {
  asio::error_code ignored;
  epoll_.close(ignored);
  timer_.cancel();
  pairs_.clear();
  slots_.clear();
  ready_.clear();
  slowed_.clear();
  dead_.clear();
  live_ = 0;
}

void Splices::join(std::uint64_t pair, net::Fd one, net::Fd other) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(pairs_.size());
    pairs_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  pairs_[slot] = std::make_unique<Pair>();
  Pair& joined = *pairs_[slot];
  joined.name = pair;
  slots_.emplace(pair, slot);
  joined.ends = {std::move(one), std::move(other)};
  live_ += 1;
  for (std::size_t side = 0; side < 2; ++side) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = std::uint64_t{slot} << 1 | side;
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, joined.ends[side].get(), &event) != 0) {
      end(slot);
      bury();
      return;
    }
  }
}

asio::awaitable<void> Splices::watch(std::shared_ptr<Splices> self) {
  while (self->epoll_.is_open()) {
    if (self->ready_.empty()) {
      auto [error] =
          co_await self->epoll_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
      if (error) co_return;
    } else {
      co_await asio::post(self->io_, asio::use_awaitable);
    }
    for (int round = 0; round < kRounds && self->turn(); ++round) {
    }
  }
}

/// One look at what has happened; false: nothing has.
bool Splices::turn() {
  if (!epoll_.is_open()) return false;
  std::array<epoll_event, kEvents> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), kEvents, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    heed(event.data.u64, event.events);
  }
  for (const std::uint32_t slot : std::exchange(ready_, {})) {
    Pair& pair = *pairs_[slot];
    pair.queued = false;
    if (!pair.dead) pump(slot);
  }
  bury();
  return count > 0 || !ready_.empty();
}

void Splices::heed(std::uint64_t data, std::uint32_t events) {
  const auto slot = static_cast<std::uint32_t>(data >> 1);
  const std::size_t side = data & 1;
  Pair& pair = *pairs_[slot];
  if (pair.dead) return;
  Direction& from = pair.directions[side];
  Direction& to = pair.directions[1 - side];
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) from.readable = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) from.ending = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) to.writable = true;
  if (!pair.queued) {
    pair.queued = true;
    ready_.push_back(slot);
  }
}

void Splices::pump(std::uint32_t slot) {
  Pair& pair = *pairs_[slot];
  bool again = false;
  for (std::size_t side = 0; side < 2; ++side) {
    const std::uint64_t start = pair.passed;
    Step step = Step::kMoved;
    while (step == Step::kMoved) {
      if (pair.passed - start >= kTurnBytes) {
        again = true;
        break;
      }
      step = move(slot, side);
    }
    if (step == Step::kFailed) return end(slot);
  }
  if (pair.directions[0].ended && pair.directions[1].ended) return end(slot);
  if (again && !pair.queued) {
    pair.queued = true;
    ready_.push_back(slot);
  }
}

/// false: it waits for the next tick.
bool Splices::may_pass(std::uint32_t slot) {
  Pair& pair = *pairs_[slot];
  if (pair.granted == 0 && !pair.waits) {
    pair.granted = terms_.free_bytes(pair.name, kGrantBytes);
  }
  if (pair.granted > 0) return true;
  if (!pair.waits) {
    pair.waits = true;
    slowed_.push_back(slot);
  }
  if (!ticking_) {
    ticking_ = true;
    asio::co_spawn(io_, tick(shared_from_this()), net::rethrow);
  }
  return false;
}

/// Lives while a pair is slowed.
asio::awaitable<void> Splices::tick(std::shared_ptr<Splices> self) {
  while (!self->slowed_.empty()) {
    self->timer_.expires_after(kTick);
    auto [error] = co_await self->timer_.async_wait(kAsTuple);
    if (error) co_return;
    for (const std::uint32_t slot : std::exchange(self->slowed_, {})) {
      Pair& pair = *self->pairs_[slot];
      pair.waits = false;
      if (pair.dead) continue;
      pair.granted = self->terms_.free_bytes(pair.name, kGrantBytes);
      if (pair.granted == 0) {
        pair.granted = std::max<std::uint64_t>(1, self->terms_.bytes_per_second / 10);
      }
      self->pump(slot);
    }
    self->bury();
  }
  self->ticking_ = false;
}

/// Empties what is held, else takes more.
Splices::Step Splices::move(std::uint32_t slot, std::size_t side) {
  Pair& pair = *pairs_[slot];
  Direction& direction = pair.directions[side];
  if (direction.held > 0) return empty(pair, side);
  if (direction.ended || !direction.readable) return Step::kStuck;
  // A reader that takes nothing stops its writer too: nothing is held for it beyond one pipe.
  if (!direction.writable || !may_pass(slot)) return Step::kStuck;
  return direction.little ? copy(pair, side, std::min<std::uint64_t>(kLittleBytes, pair.granted))
                          : fill(pair, side, std::min<std::uint64_t>(kPipeBytes, pair.granted));
}

/// What read() or splice() says where it gives no bytes.
Splices::Step Splices::stop_reading(Pair& pair, std::size_t side) {
  if (errno == EINTR) return Step::kMoved;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return Step::kFailed;
  pair.directions[side].readable = false;
  return Step::kStuck;
}

Splices::Step Splices::copy(Pair& pair, std::size_t side, std::size_t most) {
  std::array<std::uint8_t, kLittleBytes> scratch;
  Direction& direction = pair.directions[side];
  const int to = pair.ends[1 - side].get();
  const ssize_t got = ::recv(pair.ends[side].get(), scratch.data(), most, MSG_DONTWAIT);
  if (got < 0) return stop_reading(pair, side);
  if (got == 0) {
    direction.ended = true;
    ::shutdown(to, SHUT_WR);
    return Step::kStuck;
  }
  const auto bytes = static_cast<std::size_t>(got);
  if (bytes == kLittleBytes) direction.little = false;
  // Less than asked for: nothing is left there, unless the end was seen.
  if (bytes < most && !direction.ending) direction.readable = false;
  pair.granted -= bytes;
  pair.passed += bytes;
  const ssize_t gone = ::send(to, scratch.data(), bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (gone < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return Step::kFailed;
  const std::size_t sent = gone < 0 ? 0 : static_cast<std::size_t>(gone);
  if (sent == bytes) return Step::kMoved;
  direction.writable = false;
  if (!borrow(direction)) return Step::kFailed;
  direction.held = bytes - sent;
  const ssize_t kept = ::write(direction.pipe->in.get(), scratch.data() + sent, direction.held);
  return kept == static_cast<ssize_t>(direction.held) ? Step::kStuck : Step::kFailed;
}

Splices::Step Splices::fill(Pair& pair, std::size_t side, std::size_t most) {
  Direction& direction = pair.directions[side];
  if (!borrow(direction)) return Step::kFailed;
  const ssize_t got = ::splice(pair.ends[side].get(), nullptr, direction.pipe->in.get(), nullptr,
                               most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got <= 0) {
    const int error = errno;
    give_back(direction);
    errno = error;
    if (got < 0) return stop_reading(pair, side);
    direction.ended = true;
    ::shutdown(pair.ends[1 - side].get(), SHUT_WR);
    return Step::kStuck;
  }
  direction.held = static_cast<std::size_t>(got);
  direction.little = direction.held < kBulkBytes;
  pair.granted -= direction.held;
  pair.passed += direction.held;
  return Step::kMoved;
}

Splices::Step Splices::empty(Pair& pair, std::size_t side) {
  Direction& direction = pair.directions[side];
  if (!direction.writable) return Step::kStuck;
  const ssize_t gone = ::splice(direction.pipe->out.get(), nullptr, pair.ends[1 - side].get(),
                                nullptr, direction.held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (gone < 0) {
    if (errno == EINTR) return Step::kMoved;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return Step::kFailed;
    direction.writable = false;
    return Step::kStuck;
  }
  direction.held -= static_cast<std::size_t>(gone);
  if (direction.held == 0) give_back(direction);
  return Step::kMoved;
}

void Splices::end(std::uint32_t slot) {
  Pair& pair = *pairs_[slot];
  if (pair.dead) return;
  pair.dead = true;
  pair.ends = {};
  dead_.push_back(slot);
}

void Splices::drop(std::uint64_t pair) {
  const auto at = slots_.find(pair);
  if (at == slots_.end() || pairs_[at->second]->dead) return;
  const std::uint32_t slot = at->second;
  end(slot);
  if (pairs_[slot]->queued || pairs_[slot]->waits) return;  // whoever comes to it buries it
  dead_.pop_back();
  forget(slot);
}

/// Rows go when no event of this look can name them any more, and no list does.
void Splices::bury() {
  for (const std::uint32_t slot : std::exchange(dead_, {})) {
    if (pairs_[slot]->queued || pairs_[slot]->waits) {
      dead_.push_back(slot);
    } else {
      forget(slot);
    }
  }
}

void Splices::forget(std::uint32_t slot) {
  const std::uint64_t name = pairs_[slot]->name;
  const std::uint64_t passed = pairs_[slot]->passed;
  slots_.erase(name);
  pairs_[slot].reset();
  free_slots_.push_back(slot);
  live_ -= 1;
  terms_.ended(name, passed);
}

bool Splices::borrow(Direction& direction) {
  if (direction.pipe) return true;
  if (!pool_.empty()) {
    direction.pipe = std::move(pool_.back());
    pool_.pop_back();
    return true;
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return false;
  direction.pipe =
      std::make_unique<KernelPipe>(KernelPipe{.out = net::Fd{ends[0]}, .in = net::Fd{ends[1]}});
  // Refused where this user has many pipes: then it holds what it holds.
  static_cast<void>(::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes)));
  return true;
}

/// Requires that it is empty.
void Splices::give_back(Direction& direction) {
  if (pool_.size() < kPoolPipes) pool_.push_back(std::move(direction.pipe));
  direction.pipe.reset();
}

}  // namespace attune::relay
