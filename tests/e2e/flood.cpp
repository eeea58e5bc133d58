// Strangers on a LAN port: holds many connections that say little or nothing, and opens new ones at
// a steady rate. Says `filled` when it holds all of them, ends after the given seconds or on
// SIGTERM and prints what it did as one JSON object.
// usage: attune_flood PORT IDLE PER_SECOND SECONDS SEED
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <set>
#include <unordered_map>
#include <vector>

#include "tests/e2e/load_socket.h"

namespace attune::load {
namespace {

volatile std::sig_atomic_t is_over = 0;

using Clock = std::chrono::steady_clock;

struct Order {
  std::uint16_t port = 0;
  std::size_t idle = 0;
  double per_second = 0;
  std::chrono::seconds length{};
  std::uint64_t seed = 0;
};

struct Tally {
  std::size_t opened = 0;     // connections that stood
  std::size_t refused = 0;    // that never did
  std::size_t let_go = 0;     // that the daemon closed
  std::size_t most_held = 0;  // at once, on our side
  std::size_t short_of = 0;   // not opened, because this machine had no socket left
};

/// What a stranger says first: mostly nothing, or an opening that is cut short or wrong.
std::vector<std::uint8_t> first_words(std::mt19937_64& draw) {
  const auto kind = draw() % 10;
  std::size_t size = 0;
  std::uint8_t first = 0;
  if (kind < 4) return {};
  if (kind < 6) {
    size = 1 + draw() % 64;  // a hello that does not go on
    first = 1;
  } else if (kind < 8) {
    size = 65;
    first = 1;
  } else if (kind < 9) {
    size = 17;
    first = 2;
  } else {
    size = 1 + draw() % 40;
    first = static_cast<std::uint8_t>(draw());
  }
  std::vector<std::uint8_t> out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(draw());
  out.front() = first;
  return out;
}

class Flood {
 public:
  explicit Flood(const Order& order) : order_(order), draw_(order.seed) {}

  Tally run() {
    const auto start = Clock::now();
    const auto end = start + order_.length;
    double allowed = 0;
    auto last = start;
    bool filled = false;
    for (auto now = start; now < end && is_over == 0; now = Clock::now()) {
      allowed += order_.per_second * std::chrono::duration<double>(now - last).count();
      last = now;
      if (!filled) {
        for (int i = 0; i < kBurst && tally_.opened + under_way_ < order_.idle; ++i) open_one();
        filled = tally_.opened >= order_.idle || tally_.short_of > 0;
        if (filled) std::puts("filled");
        std::fflush(stdout);
        allowed = 0;
      }
      for (; allowed >= 1; allowed -= 1) open_one();
      listen_for_a_moment();
      drop_beyond_idle();
    }
    for (const int fd : order_of_age_) {
      if (open_.contains(fd)) reset(fd);
    }
    return tally_;
  }

 private:
  static constexpr int kBurst = 256;
  enum class Stage { kConnecting, kOpen, kLetGo };

  void open_one() {
    const int fd = connect_from_somewhere(order_.port, draw_);
    if (fd < 0) {
      ++tally_.short_of;
      return;
    }
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    open_[fd] = Stage::kConnecting;
    order_of_age_.push_back(fd);
    ++under_way_;
    tally_.most_held = std::max(tally_.most_held, open_.size());
  }

  void listen_for_a_moment() {
    std::array<epoll_event, 512> events{};
    const int count = epoll_wait(epoll_, events.data(), events.size(), 1);
    for (int i = 0; i < count; ++i) happened(events[static_cast<std::size_t>(i)]);
  }

  void happened(const epoll_event& event) {
    const int fd = event.data.fd;
    Stage& stage = open_[fd];
    if (stage == Stage::kConnecting) {
      --under_way_;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
        ++tally_.refused;
        gone(fd);
        return;
      }
      ++tally_.opened;
      stage = Stage::kOpen;
      const auto words = first_words(draw_);
      if (!words.empty()) static_cast<void>(send(fd, words.data(), words.size(), MSG_NOSIGNAL));
    }
    if (stage == Stage::kOpen && (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
      // Our side stays open: a rude stranger does not let the daemon's close be the end of it.
      ++tally_.let_go;
      stage = Stage::kLetGo;
      if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) gone(fd);
    }
  }

  void gone(int fd) {
    reset(fd);
    open_.erase(fd);
  }

  void drop_beyond_idle() {
    while (open_.size() > order_.idle && !order_of_age_.empty()) {
      const int fd = order_of_age_.front();
      order_of_age_.pop_front();
      const auto found = open_.find(fd);
      if (found == open_.end()) continue;
      if (found->second == Stage::kConnecting) --under_way_;
      gone(fd);
    }
  }

  Order order_;
  std::mt19937_64 draw_;
  Tally tally_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::size_t under_way_ = 0;
  std::unordered_map<int, Stage> open_;
  std::deque<int> order_of_age_;
};

}  // namespace
}  // namespace attune::load

int main(int argc, char** argv) {
  using namespace attune::load;
  if (argc != 6) {
    std::fputs("usage: attune_flood PORT IDLE PER_SECOND SECONDS SEED\n", stderr);
    return 2;
  }
  take_all_descriptors();
  std::signal(SIGTERM, [](int) { is_over = 1; });
  const Order order{.port = static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)),
                    .idle = std::strtoul(argv[2], nullptr, 10),
                    .per_second = std::strtod(argv[3], nullptr),
                    .length = std::chrono::seconds(std::strtol(argv[4], nullptr, 10)),
                    .seed = std::strtoull(argv[5], nullptr, 10)};
  const Tally tally = Flood(order).run();
  std::printf(
      "{\"opened\":%zu,\"refused\":%zu,\"let_go\":%zu,\"most_held\":%zu,\"short_of\":%zu}\n",
      tally.opened, tally.refused, tally.let_go, tally.most_held, tally.short_of);
  return 0;
}
