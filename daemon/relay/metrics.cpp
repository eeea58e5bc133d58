#include "daemon/relay/metrics.h"

#include <fmt/format.h>

namespace attune::relay {

std::string to_text(const Metrics& metrics, const Gauges& gauges) {
  std::string out;
  const auto line = [&out](const char* name, const char* type, std::uint64_t value) {
    out += fmt::format("# TYPE attune_relay_{0} {1}\nattune_relay_{0} {2}\n", name, type, value);
  };
  const auto counter = [&line](const char* name, std::uint64_t value) {
    line(name, "counter", value);
  };
  const auto gauge = [&line](const char* name, std::uint64_t value) { line(name, "gauge", value); };
  counter("connections_total", metrics.connections);
  counter("connections_refused_total", metrics.connections_refused);
  counter("half_open_dropped_total", metrics.half_open_dropped);
  counter("handshakes_total", metrics.handshakes);
  counter("handshakes_failed_total", metrics.handshakes_failed);
  counter("hellos_refused_total", metrics.hellos_refused);
  counter("bad_records_total", metrics.bad_records);
  counter("silent_dropped_total", metrics.silent_dropped);
  counter("slow_dropped_total", metrics.slow_dropped);
  counter("puts_total", metrics.puts);
  counter("put_bytes_total", metrics.put_bytes);
  counter("duplicates_total", metrics.duplicates);
  counter("quota_answers_total", metrics.quota_answers);
  counter("messages_sent_total", metrics.messages_sent);
  counter("transactions_total", metrics.transactions);
  counter("pipes_total", metrics.pipes);
  counter("pipe_bytes_total", metrics.pipe_bytes);
  gauge("sessions", gauges.sessions);
  gauge("half_open", gauges.half_open);
  gauge("subscriptions", gauges.subscriptions);
  gauge("pipes", gauges.pipes);
  gauge("queued_bytes", gauges.queued_bytes);
  gauge("unsent_bytes", gauges.unsent_bytes);
  gauge("sources", gauges.sources);
  return out;
}

}  // namespace attune::relay
