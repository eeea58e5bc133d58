#pragma once

#include <cstdint>
#include <string>

namespace attune::relay {

/// What a relay counts, from its start. Nothing here is of one device, mailbox or address. One
/// thread.
struct Metrics {
  std::uint64_t connections = 0;          ///< accepted
  std::uint64_t connections_refused = 0;  ///< by a limit of their source, or of the machine
  std::uint64_t half_open_dropped = 0;
  std::uint64_t handshakes = 0;
  std::uint64_t handshakes_failed = 0;
  std::uint64_t hellos_refused = 0;
  std::uint64_t bad_records = 0;
  std::uint64_t silent_dropped = 0;  ///< said nothing for longer than they promised
  std::uint64_t slow_dropped = 0;    ///< held up too much memory
  std::uint64_t puts = 0;
  std::uint64_t put_bytes = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t quota_answers = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t transactions = 0;
  std::uint64_t pipes = 0;
  std::uint64_t pipe_bytes = 0;
};

/// What there is just now.
struct Gauges {
  std::uint64_t sessions = 0;
  std::uint64_t half_open = 0;
  std::uint64_t subscriptions = 0;
  std::uint64_t pipes = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t unsent_bytes = 0;
  std::uint64_t sources = 0;
};

/// In the text form that Prometheus reads.
std::string to_text(const Metrics& metrics, const Gauges& gauges);

}  // namespace attune::relay
