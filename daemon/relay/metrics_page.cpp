#include "daemon/relay/metrics_page.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <string_view>

#include "daemon/net/frame_stream.h"

namespace attune::relay {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr auto kAsTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr int kOpenMax = 8;
constexpr std::chrono::seconds kPatience{5};

asio::awaitable<void> converse(net::StreamSocket& socket, const std::string& page) {
  std::array<char, 1'024> request{};
  std::size_t size = 0;
  while (size < request.size()) {
    auto room = asio::buffer(request.data() + size, request.size() - size);
    auto [error, count] = co_await socket.async_read_some(room, kAsTuple);
    if (error) co_return;
    size += count;
    if (std::string_view(request.data(), size).find("\r\n\r\n") != std::string_view::npos) break;
  }
  auto bytes = asio::buffer(page);
  co_await asio::async_write(socket, bytes, kAsTuple);
}

}  // namespace

MetricsPage::MetricsPage(asio::io_context& io, net::Fd listener, std::function<std::string()> text)
    : io_(io), listener_(io, listener.get()), text_(std::move(text)) {
  static_cast<void>(listener.release());
}

void MetricsPage::start() { asio::co_spawn(io_, accept_all(shared_from_this()), net::rethrow); }

void MetricsPage::stop() {
  asio::error_code ignored;
  listener_.close(ignored);
}

asio::awaitable<void> MetricsPage::accept_all(std::shared_ptr<MetricsPage> self) {
  while (self->listener_.is_open()) {
    auto [error] =
        co_await self->listener_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    if (error) co_return;
    net::Fd fd{
        ::accept4(self->listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!fd || self->open_ >= kOpenMax) continue;
    self->open_ += 1;
    asio::co_spawn(self->io_, answer(self, fd.release()), net::rethrow);
  }
}

asio::awaitable<void> MetricsPage::answer(std::shared_ptr<MetricsPage> self, int fd) {
  net::StreamSocket socket(self->io_, asio::generic::stream_protocol(AF_INET, 0), fd);
  asio::steady_timer timer(self->io_, kPatience);
  const std::string text = self->text_();
  const std::string page = fmt::format(
      "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n{}",
      text.size(), text);
  auto talk = converse(socket, page);
  auto silence = timer.async_wait(kAsTuple);
  co_await (std::move(talk) || std::move(silence));
  self->open_ -= 1;
}

}  // namespace attune::relay
