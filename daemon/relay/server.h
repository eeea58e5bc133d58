#pragma once

#include <sys/socket.h>

#include <array>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "crypto/noise.h"
#include "crypto/random.h"
#include "crypto/relay_record.h"
#include "daemon/net/fd.h"
#include "daemon/relay/allowances.h"
#include "daemon/relay/config.h"
#include "daemon/relay/metrics.h"
#include "daemon/relay/pipe_meeting.h"
#include "daemon/relay/session.h"
#include "daemon/relay/splices.h"
#include "daemon/relay/store_thread.h"
#include "daemon/relay/subscriptions.h"
#include "daemon/relay/timer_wheel.h"

namespace attune::relay {

/// A relay: accepts devices, proves its key to them, keeps their mailboxes and joins their pipes.
/// One coroutine a connection, one thread for all of them; the store has threads of its own. What
/// the files do: server.cpp the life of connections, server_records.cpp bytes and records,
/// server_requests.cpp what is asked and answered. Source: docs/protocol.md, Relay.
class Server {
 public:
  struct Parts {
    asio::io_context* io = nullptr;    ///< outlives it; run by one thread
    const Config* config = nullptr;    ///< outlives it
    crypto::Random* random = nullptr;  ///< outlives it
    crypto::KeyPair key;
    net::Fd listener;
    std::filesystem::path store;
    std::function<void(std::exception_ptr)> failed;  ///< the database: the process must end
  };
  /// Throws StoreFailure and std::system_error.
  explicit Server(Parts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  /// Accepts nobody more, tells everybody, finishes what was put, closes all, and says so.
  void stop(std::function<void()> stopped);

  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] Gauges gauges() const;

 private:
  using SessionPointer = std::shared_ptr<Session>;
  /// A pair that is spliced: what is to be given back when it ends.
  struct JoinedPipe {
    PipeKey key;
    std::array<SourceKey, 2> sources;
    bool left = false;  ///< another end has its place; it is on its way out
  };

  // server.cpp
  asio::awaitable<void> accept_all();
  asio::awaitable<void> tick_on();
  static asio::awaitable<void> serve(Server& server, SessionPointer session);
  enum class Accepted : std::uint8_t { kOne, kNone, kOutOfRoom };
  Accepted accept_one();
  void admit(net::Fd fd, const sockaddr_storage& from);
  SourceKey source_of(const sockaddr_storage& from) const;
  void bound_half_open();
  void tick();
  void expire_messages();
  void come_due(SessionId id);
  void wait_until(Session& session, TimerWheel::Second deadline);
  void resume(Session& session);
  void pause(Session& session);
  void close(Session& session);
  void stop_now();
  [[nodiscard]] bool must_wait(const Session& session) const;
  [[nodiscard]] SessionPointer find(SessionId id) const;
  [[nodiscard]] std::vector<SessionPointer> everybody() const;
  [[nodiscard]] TimerWheel::Second second() const;

  // server_records.cpp
  void take(Session& session);
  std::size_t heed_all(Session& session, std::span<std::uint8_t> bytes, std::size_t& needed);
  bool keep_partial(Session& session, std::size_t kept, std::size_t peeked);
  void set_low_water(Session& session, std::size_t bytes);
  void heed(Session& session, std::span<std::uint8_t> record);
  bool shake_hands(Session& session, ByteView message);
  void say(Session& session, std::uint32_t correlation, const FromRelay& message);
  void flush();
  void send_bytes(Session& session, ByteView bytes);
  void wait_for_room(Session& session);
  void drain(Session& session);

  // server_requests.cpp
  void ask(Session& session, const Frame& frame);
  void on(Session& session, std::uint32_t correlation, const Hello& hello);
  void on(Session& session, std::uint32_t correlation, const Open& open);
  void on(Session& session, std::uint32_t correlation, const Put& put);
  void on(Session& session, std::uint32_t correlation, const Subscribe& subscribe);
  void on(Session& session, std::uint32_t correlation, const Acknowledge& acknowledge);
  void on(Session& session, std::uint32_t correlation, const Fetch& fetch);
  void on(Session& session, std::uint32_t correlation, const Pipe& pipe);
  void on(Session& session, std::uint32_t correlation, const PipeAck& ack);
  void on(Session& session, std::uint32_t correlation, const Ping& ping);
  void refuse(Session& session, std::uint32_t correlation, ErrorCode code);
  void add_job(Session& session, const Job& job, ByteView body = {});
  Session::Handle* handle_of(Session& session, std::uint16_t number, MailboxRole role);
  void catch_up(Session& session);
  void catch_up(Session& session, const MailboxId& mailbox);
  void answered(Batch& batch, bool durable);
  void answer(const Batch& batch, const Job& job, bool durable);
  void answer_open(Session& session, const Job& job, bool durable);
  void answer_put(Session* session, const Batch& batch, const Job& job, bool durable);
  void answer_look(Session& session, const Batch& batch, const Job& job, bool durable);
  void meet(Session& one, std::uint32_t correlation, const PipeEnd& other, const PipeKey& key);
  void leave_all(Session& session);
  void end_pipe(const PipeKey& key, PipeHolder holder);
  void join_if_ready(Session& session);
  void pipe_ended(std::uint64_t pair, std::uint64_t bytes);

  asio::io_context& io_;
  const Config& config_;
  crypto::Random& random_;
  crypto::KeyPair key_;
  asio::posix::stream_descriptor listener_;
  asio::steady_timer accept_pause_;
  asio::steady_timer timer_;
  Metrics metrics_;
  Sources sources_;
  crypto::Key source_key_;
  Subscriptions subscriptions_;
  PipeMeeting meeting_;
  TimerWheel wheel_;
  std::shared_ptr<Splices> splices_;
  StoreThread store_;
  std::unordered_map<std::uint64_t, SessionPointer> sessions_;
  std::unordered_map<std::uint64_t, JoinedPipe> joined_;
  std::deque<SessionId> half_open_order_;
  std::deque<SessionId> waiting_for_queue_;
  std::function<void()> stopped_;
  std::uint64_t last_name_ = 0;  ///< of sessions and joined pipes: no two have one name
  std::size_t half_open_ = 0;
  std::size_t unsent_bytes_ = 0;  ///< and partial records, of all sessions
  std::uint32_t day_ = 0;
  std::uint32_t hour_ = 0;
  bool stopping_ = false;

  // Scratch of the one thread.
  Session* outgoing_ = nullptr;  ///< whose frames packer_ holds
  std::array<std::uint8_t, 2 * crypto::kRelayRecordMax> in_;
  std::array<std::uint8_t, crypto::kRelayRecordMax> out_;
  FramePacker packer_{crypto::relay_plain_room(out_)};
};

}  // namespace attune::relay
