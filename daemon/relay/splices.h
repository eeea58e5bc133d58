#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/net/fd.h"

namespace attune::relay {

/// Forwards bytes between pairs of sockets, both ways, until both have ended or one fails. Bytes in
/// bulk are moved inside the kernel by splice(2) through pipes that are lent from a pool; little
/// messages are copied, which is cheaper. A pair that is silent costs two sockets and this row: no
/// buffer, no pipe, no coroutine. All pairs share one epoll of their own. One thread; shared,
/// because its coroutine keeps it alive.
class Splices : public std::enable_shared_from_this<Splices> {
 public:
  struct Terms {
    /// How many of the wanted bytes of this pair are free of its rate; the rest is limited.
    std::function<std::uint64_t(std::uint64_t pair, std::uint64_t wanted)> free_bytes;
    std::uint64_t bytes_per_second = 0;  ///< of a pair that is not free any more
    /// Both sockets are closed by now.
    std::function<void(std::uint64_t pair, std::uint64_t bytes)> ended;
  };
  /// Throws std::system_error.
  Splices(asio::io_context& io, Terms terms);
  ~Splices();
  Splices(const Splices&) = delete;
  Splices& operator=(const Splices&) = delete;

  /// Starts to watch; once.
  void start();
  /// Two connected, non-blocking sockets. `pair` is the caller's name for them.
  void join(std::uint64_t pair, net::Fd one, net::Fd other);
  /// Closes this pair, however many there are; `ended` is called for it, perhaps later.
  void drop(std::uint64_t pair);
  /// Closes every pair without a call of `ended`, and watches no more.
  void stop();
  [[nodiscard]] std::size_t size() const { return live_; }

 private:
  struct KernelPipe {
    net::Fd out;
    net::Fd in;
  };
  /// One direction: from ends[i] to the other.
  struct Direction {
    std::unique_ptr<KernelPipe> pipe;  ///< lent while bytes stand in it
    std::size_t held = 0;              ///< bytes in the pipe
    bool readable = true;              ///< of the end it comes from
    bool writable = true;              ///< of the end it goes to
    bool ending = false;               ///< the end it comes from has hung up
    bool ended = false;                ///< all of it was forwarded, and the hang-up too
    bool little = true;                ///< copies
  };
  struct Pair {
    std::uint64_t name = 0;
    std::array<net::Fd, 2> ends;
    std::array<Direction, 2> directions;
    std::uint64_t granted = 0;  ///< bytes that may pass before the next question
    std::uint64_t passed = 0;
    bool queued = false;  ///< stands in ready_
    bool waits = false;   ///< stands in slowed_
    bool dead = false;
  };
  enum class Step : std::uint8_t { kMoved, kStuck, kFailed };

  static asio::awaitable<void> watch(std::shared_ptr<Splices> self);
  static asio::awaitable<void> tick(std::shared_ptr<Splices> self);
  bool turn();
  void heed(std::uint64_t data, std::uint32_t events);
  void pump(std::uint32_t slot);
  Step move(std::uint32_t slot, std::size_t side);
  Step copy(Pair& pair, std::size_t side, std::size_t most);
  Step fill(Pair& pair, std::size_t side, std::size_t most);
  Step empty(Pair& pair, std::size_t side);
  Step stop_reading(Pair& pair, std::size_t side);
  bool may_pass(std::uint32_t slot);
  void end(std::uint32_t slot);
  void bury();
  void forget(std::uint32_t slot);
  bool borrow(Direction& direction);
  void give_back(Direction& direction);

  asio::io_context& io_;
  Terms terms_;
  asio::posix::stream_descriptor epoll_;
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  std::unordered_map<std::uint64_t, std::uint32_t> slots_;  ///< in pairs_, by name
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> ready_;
  std::vector<std::uint32_t> slowed_;
  std::vector<std::uint32_t> dead_;
  std::vector<std::unique_ptr<KernelPipe>> pool_;
  std::size_t live_ = 0;
  bool ticking_ = false;
};

}  // namespace attune::relay
