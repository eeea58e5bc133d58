#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "proto/bytes.h"

namespace attune::net {

/// Any connected stream socket: TCP or Unix.
using StreamSocket = asio::generic::stream_protocol::socket;

/// The size of the big-endian length that stands before a frame's body.
enum class LengthBytes : std::size_t { kTwo = 2, kFour = 4 };

/// Exactly `size` bytes; nullopt where the stream ended or failed first.
asio::awaitable<std::optional<Bytes>> read_raw(StreamSocket& socket, std::size_t size);

/// The body of one frame; nullopt where the stream ended, failed, or announces more than
/// `body_max`. `body_max` is looked at when the length has arrived, so its owner may raise it
/// meanwhile. Until then nothing is allocated: a stream that waits costs no buffer. The socket and
/// `body_max` outlive it.
asio::awaitable<std::optional<Bytes>> read_frame(StreamSocket& socket, LengthBytes length,
                                                 const std::size_t& body_max);

/// What is still to be written to one stream socket, in order. Writes while there is something to
/// write and costs nothing else. When writing fails it closes the socket, which ends the reading
/// too, and that is where the owner notices. Shared, because a write under way keeps it alive; one
/// thread.
class WriteQueue : public std::enable_shared_from_this<WriteQueue> {
 public:
  explicit WriteQueue(StreamSocket socket);

  [[nodiscard]] StreamSocket& socket() { return socket_; }
  void push_raw(Bytes bytes);
  void push_frame(LengthBytes length, Bytes body);  // requires that the size fits the length
  /// Bytes that the kernel has not taken yet; a write under way counts in full.
  [[nodiscard]] std::size_t unsent() const { return unsent_; }
  /// The same without the piece that is being written: how far the other side is behind.
  [[nodiscard]] std::size_t waiting() const;
  /// `notify` is called whenever the queue has become empty or has failed, and never from inside a
  /// call to the queue. close() forgets it, if nothing is being written.
  void when_idle(std::function<void()> notify) { notify_ = std::move(notify); }
  /// Closes the socket; what is unsent is forgotten.
  void close();

 private:
  struct Piece {
    std::array<std::uint8_t, 4> length{};
    std::size_t length_bytes = 0;
    Bytes body;
    [[nodiscard]] std::size_t size() const { return length_bytes + body.size(); }
  };
  static asio::awaitable<void> drain(std::shared_ptr<WriteQueue> self);
  void push(Piece piece);
  [[nodiscard]] std::vector<asio::const_buffer> next_batch() const;
  void drop_batch(std::size_t bytes);

  StreamSocket socket_;
  std::deque<Piece> pieces_;
  std::size_t unsent_ = 0;
  bool draining_ = false;
  std::function<void()> notify_;
};

/// The completion function of our coroutines: what they throw leaves through io_context::run().
void rethrow(const std::exception_ptr& failure);

}  // namespace attune::net
