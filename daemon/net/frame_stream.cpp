#include "daemon/net/frame_stream.h"

#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cassert>
#include <tuple>
#include <utility>

namespace attune::net {
namespace {

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
/// Pieces given to the kernel at once: two buffers each stay within one writev of 64.
constexpr std::size_t kBatchPieces = 32;

std::size_t parse_length(ByteView bytes) {
  std::size_t length = 0;
  for (std::uint8_t byte : bytes) length = length << 8 | byte;
  return length;
}

}  // namespace

asio::awaitable<std::optional<Bytes>> read_raw(StreamSocket& socket, std::size_t size) {
  Bytes bytes(size);
  auto [error, count] = co_await asio::async_read(socket, asio::buffer(bytes), kAsTuple);
  if (error || count != size) co_return std::nullopt;
  co_return bytes;
}

asio::awaitable<std::optional<Bytes>> read_frame(StreamSocket& socket, LengthBytes length,
                                                 const std::size_t& body_max) {
  std::array<std::uint8_t, 4> head{};
  const auto head_bytes = static_cast<std::size_t>(length);
  auto [error, count] =
      co_await asio::async_read(socket, asio::buffer(head.data(), head_bytes), kAsTuple);
  if (error || count != head_bytes) co_return std::nullopt;
  const std::size_t size = parse_length(ByteView{head}.first(head_bytes));
  if (size > body_max) co_return std::nullopt;
  if (size == 0) co_return Bytes{};
  co_return co_await read_raw(socket, size);
}

WriteQueue::WriteQueue(StreamSocket socket) : socket_(std::move(socket)) {}

std::size_t WriteQueue::waiting() const {
  return pieces_.empty() ? 0 : unsent_ - pieces_.front().size();
}

void WriteQueue::push_raw(Bytes bytes) {
  if (bytes.empty()) return;
  Piece piece;
  piece.body = std::move(bytes);
  push(std::move(piece));
}

void WriteQueue::push_frame(LengthBytes length, Bytes body) {
  Piece piece;
  piece.length_bytes = static_cast<std::size_t>(length);
  assert(body.size() >> (8 * piece.length_bytes) == 0);
  std::size_t rest = body.size();
  for (std::size_t i = piece.length_bytes; i-- > 0; rest >>= 8) {
    piece.length[i] = static_cast<std::uint8_t>(rest);
  }
  piece.body = std::move(body);
  push(std::move(piece));
}

void WriteQueue::push(Piece piece) {
  if (!socket_.is_open()) return;
  unsent_ += piece.size();
  pieces_.push_back(std::move(piece));
  if (draining_) return;
  draining_ = true;
  asio::co_spawn(socket_.get_executor(), drain(shared_from_this()), rethrow);
}

void WriteQueue::close() {
  asio::error_code ignored;
  socket_.close(ignored);
  if (draining_) return;  // drain() ends with the error and clears up: its buffers live until then
  notify_ = nullptr;
}

std::vector<asio::const_buffer> WriteQueue::next_batch() const {
  std::vector<asio::const_buffer> batch;
  for (std::size_t i = 0; i < pieces_.size() && i < kBatchPieces; ++i) {
    const Piece& piece = pieces_[i];
    if (piece.length_bytes > 0) batch.emplace_back(piece.length.data(), piece.length_bytes);
    if (!piece.body.empty()) batch.emplace_back(piece.body.data(), piece.body.size());
  }
  return batch;
}

void WriteQueue::drop_batch(std::size_t bytes) {
  unsent_ -= bytes;
  while (bytes > 0) {
    bytes -= pieces_.front().size();
    pieces_.pop_front();
  }
}

asio::awaitable<void> WriteQueue::drain(std::shared_ptr<WriteQueue> self) {
  while (!self->pieces_.empty()) {
    auto batch = self->next_batch();
    auto [error, count] = co_await asio::async_write(self->socket_, batch, kAsTuple);
    if (error || !self->socket_.is_open()) {
      asio::error_code ignored;
      self->socket_.close(ignored);
      self->pieces_.clear();
      self->unsent_ = 0;
      break;
    }
    self->drop_batch(count);
  }
  self->draining_ = false;
  auto notify = self->socket_.is_open() ? self->notify_ : std::exchange(self->notify_, nullptr);
  if (notify) notify();
}

void rethrow(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace attune::net
