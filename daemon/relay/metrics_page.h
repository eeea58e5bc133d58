#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "daemon/net/fd.h"

namespace attune::relay {

/// Answers every HTTP request on a port of its own with the counters as text. For the operator's
/// own machine: it knows no passwords. At most a few requests at a time, each of at most 1 KiB and
/// 5 seconds. One thread; shared, because its coroutines keep it alive.
class MetricsPage : public std::enable_shared_from_this<MetricsPage> {
 public:
  MetricsPage(asio::io_context& io, net::Fd listener, std::function<std::string()> text);
  void start();
  void stop();

 private:
  static asio::awaitable<void> accept_all(std::shared_ptr<MetricsPage> self);
  static asio::awaitable<void> answer(std::shared_ptr<MetricsPage> self, int fd);

  asio::io_context& io_;
  asio::posix::stream_descriptor listener_;
  std::function<std::string()> text_;
  int open_ = 0;
};

}  // namespace attune::relay
