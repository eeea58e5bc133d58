#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/bytes.h"

namespace attune::net {

/// A small SOCKS5 server (RFC 1928, CONNECT, without authentication), which knows some names of its
/// own and passes bytes on in both directions. May be told to misbehave.
class SocksProxy {
 public:
  enum class Manner {
    kGood,
    kWantsPassword,  ///< takes no method that it is offered
    kRefuses,        ///< connection not allowed
    kOtherVersion,
    kLeaves,  ///< closes instead of the answer
    kSilent,
  };
  using Names = std::map<std::string, asio::ip::tcp::endpoint>;
  SocksProxy(asio::io_context& io, Names names, Manner manner = Manner::kGood);

  [[nodiscard]] std::uint16_t port() const;
  /// What it was asked for: a name as it came, or an address as text.
  [[nodiscard]] const std::vector<std::string>& asked() const { return state_->asked; }

 private:
  struct State {
    State(asio::io_context& io, Names known, Manner how);
    asio::ip::tcp::acceptor acceptor;
    Names names;
    Manner manner;
    std::vector<std::string> asked;
    std::vector<std::shared_ptr<asio::ip::tcp::socket>> open;
  };
  using StatePtr = std::shared_ptr<State>;
  using SocketPtr = std::shared_ptr<asio::ip::tcp::socket>;

  static asio::awaitable<void> accept_all(StatePtr state);
  static asio::awaitable<void> serve(StatePtr state, SocketPtr client);
  static asio::awaitable<asio::ip::tcp::endpoint> read_request(StatePtr state, SocketPtr client);
  static asio::awaitable<void> pass(SocketPtr from, SocketPtr to);

  StatePtr state_;
};

}  // namespace attune::net
