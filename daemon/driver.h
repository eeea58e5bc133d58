#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "daemon/lifecycle.h"
#include "daemon/net/beacons.h"
#include "daemon/net/control_socket.h"
#include "daemon/net/lan.h"
#include "daemon/net/network_watch.h"
#include "daemon/process.h"
#include "daemon/settings.h"
#include "daemon/sync/control_codec.h"
#include "daemon/sync/events.h"
#include "proto/home.h"

namespace attune {

/// Joins the mind to the world: turns what happens on sockets and clocks into Inputs, and performs
/// each Output from top to bottom: persist, answers, units, datagrams, links, notices, wake-up. The
/// only place that catches a failing machine. One thread, one io_context, which it borrows.
class Driver final : public net::LanEvents, public net::ControlEvents {
 public:
  struct Parts {
    asio::io_context* io = nullptr;
    const Home* home = nullptr;
    const Settings* settings = nullptr;
    Inherited inherited;
  };
  /// Opens the sockets. Throws std::system_error or net::ControlSocketRefused.
  explicit Driver(const Parts& parts);
  ~Driver();

  /// Posts what the partner does not have, says goodbye to everybody and lets the io_context run
  /// dry; within 2 s.
  void stop();
  /// Destruction would wait for another thread: a passphrase is hashed, or a name is looked up.
  [[nodiscard]] bool thread_runs() const { return lifecycle_.hash_runs() || lan_->looking_up(); }

  // net::LanEvents
  void link_opened(LinkId link, bool dialled, const Endpoint& remote) override;
  void frame(LinkId link, Bytes unit) override;
  void link_closed(LinkId link) override;
  void dial_failed(LinkId link) override;
  void datagram(Bytes bytes, const Endpoint& source) override;
  void network_changed(const std::vector<net::OwnAddress>& addresses) override;
  // net::ControlEvents
  void request(RequestId request, Bytes body) override;
  void client_gone(RequestId request) override;

 private:
  void step(sync::Input input);
  void perform(const Now& now, sync::Output output);
  [[nodiscard]] bool persist(const RecordBatch& batch);
  void perform_links(const std::vector<sync::LinkAct>& acts);
  void fold_again();
  void rest();
  void refuse_dial(LinkId link);
  void arm(const Now& now, std::optional<Steady> wake);

  void obey(RequestId request, sync::ControlRequest control);
  void command(RequestId request, sync::Command command);
  void opened();
  void begin_lock(RequestId request);
  void leave(void (*last_act)(Driver&));
  static asio::awaitable<void> wait_while(Driver* driver, bool (Driver::*holds)() const,
                                          std::chrono::milliseconds patience);
  [[nodiscard]] bool has_clients() const;
  [[nodiscard]] bool is_posting() const;
  void end();
  void turn_away(RequestId request, sync::ControlRequest control);
  [[noreturn]] static void end_with_failure(const char* event);
  void answer(RequestId request, const sync::Answer& answer, bool last = true);
  void describe(RequestId request);
  [[nodiscard]] sync::NetworkChanged network() const;
  [[nodiscard]] std::vector<sync::Finding> local_findings() const;
  void remember_port();

  asio::io_context& io_;
  const Home& home_;
  const Settings& settings_;
  Inherited inherited_;
  std::uint64_t next_link_ = 1;  ///< incoming links; the Replica's own dials have the top bit set
  std::uint64_t next_request_ = 1;
  Lifecycle lifecycle_;
  std::vector<net::OwnAddress> addresses_;
  std::unique_ptr<net::Lan> lan_;
  std::unique_ptr<net::ControlSocket> control_;
  std::unique_ptr<net::Beacons> beacons_;
  std::unique_ptr<net::NetworkWatch> watch_;
  asio::steady_timer timer_;
  std::optional<Steady> armed_;
  bool is_open_ = false;  ///< the Replica was given the network
  bool leaving_ = false;  ///< the last answers go out, then this process is replaced or ends
  /// After a full disk: no link and no network until the timer fires, longer each time. What a
  /// session has to write would be refused again, and again after the next dial.
  bool resting_ = false;
  std::chrono::seconds rest_;
  asio::steady_timer rest_timer_;
  /// Requests the Replica has not given the last answer to; `true` where it is a Diagnose.
  std::map<RequestId, bool> open_requests_;
};

}  // namespace attune
