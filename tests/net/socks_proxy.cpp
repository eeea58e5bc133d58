#include "tests/net/socks_proxy.h"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace attune::net {
namespace {

using asio::ip::tcp;

asio::awaitable<Bytes> take(tcp::socket& socket, std::size_t size) {
  Bytes bytes(size);
  co_await asio::async_read(socket, asio::buffer(bytes), asio::use_awaitable);
  co_return bytes;
}

asio::awaitable<void> give(tcp::socket& socket, Bytes bytes) {
  co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
}

}  // namespace

SocksProxy::State::State(asio::io_context& io, Names known, Manner how)
    : acceptor(io, {asio::ip::address_v4::loopback(), 0}), names(std::move(known)), manner(how) {}

SocksProxy::SocksProxy(asio::io_context& io, Names names, Manner manner)
    : state_(std::make_shared<State>(io, std::move(names), manner)) {
  asio::co_spawn(io, accept_all(state_), asio::detached);
}

std::uint16_t SocksProxy::port() const { return state_->acceptor.local_endpoint().port(); }

asio::awaitable<void> SocksProxy::accept_all(StatePtr state) {
  for (;;) {
    auto client =
        std::make_shared<tcp::socket>(co_await state->acceptor.async_accept(asio::use_awaitable));
    state->open.push_back(client);
    asio::co_spawn(state->acceptor.get_executor(), serve(state, client), asio::detached);
  }
}

asio::awaitable<tcp::endpoint> SocksProxy::read_request(StatePtr state, SocketPtr client) {
  const Bytes head = co_await take(*client, 4);  // 5, CONNECT, 0, type of address
  asio::ip::address address;
  std::string name;
  if (head[3] == 1) {
    const Bytes bytes = co_await take(*client, 4);
    asio::ip::address_v4::bytes_type v4;
    std::copy(bytes.begin(), bytes.end(), v4.begin());
    address = asio::ip::address_v4(v4);
  } else if (head[3] == 4) {
    const Bytes bytes = co_await take(*client, 16);
    asio::ip::address_v6::bytes_type v6;
    std::copy(bytes.begin(), bytes.end(), v6.begin());
    address = asio::ip::address_v6(v6);
  } else {
    const Bytes size = co_await take(*client, 1);
    name = as_text(co_await take(*client, size[0]));
  }
  const Bytes port = co_await take(*client, 2);
  state->asked.push_back(name.empty() ? address.to_string() : name);
  if (!name.empty()) co_return state->names.at(name);
  co_return tcp::endpoint(address, static_cast<std::uint16_t>(port[0] << 8 | port[1]));
}

asio::awaitable<void> SocksProxy::serve(StatePtr state, SocketPtr client) {
  if (state->manner == Manner::kSilent) co_return;
  const Bytes head = co_await take(*client, 2);
  co_await take(*client, head[1]);
  const bool password = state->manner == Manner::kWantsPassword;
  const std::uint8_t version = state->manner == Manner::kOtherVersion ? 4 : 5;
  const Bytes method{version, static_cast<std::uint8_t>(password ? 0xff : 0)};
  co_await give(*client, method);
  const tcp::endpoint to = co_await read_request(state, client);
  if (state->manner == Manner::kLeaves) {
    client->close();
    co_return;
  }
  if (state->manner == Manner::kRefuses) {
    const Bytes refusal{5, 2, 0, 1, 0, 0, 0, 0, 0, 0};
    co_await give(*client, refusal);
    co_return;
  }
  auto far = std::make_shared<tcp::socket>(client->get_executor());
  asio::error_code unreachable;
  co_await far->async_connect(to, asio::redirect_error(asio::use_awaitable, unreachable));
  if (unreachable) {
    const Bytes failure{5, 4, 0, 1, 0, 0, 0, 0, 0, 0};
    co_await give(*client, failure);
    co_return;
  }
  state->open.push_back(far);
  // Where it is bound is said by a name of five letters.
  const Bytes answer{5, 0, 0, 3, 5, 'p', 'r', 'o', 'x', 'y', 0, 9};
  co_await give(*client, answer);
  asio::co_spawn(client->get_executor(), pass(client, far), asio::detached);
  co_await pass(far, client);
}

asio::awaitable<void> SocksProxy::pass(SocketPtr from, SocketPtr to) {
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    asio::error_code over;
    const std::size_t size = co_await from->async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, over));
    if (over || size == 0) break;
    co_await asio::async_write(*to, asio::buffer(buffer.data(), size), asio::use_awaitable);
  }
  asio::error_code ignored;
  to->shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace attune::net
