#include "daemon/relay/allowances.h"

#include <algorithm>
#include <cassert>

namespace attune::relay {

double TokenBucket::level(Steady now, const Terms& terms) const {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - at_).count());
  return std::min(terms.burst, level_ + seconds * terms.per_second);
}

bool TokenBucket::take(Steady now, const Terms& terms, double count) {
  level_ = level(now, terms);
  at_ = std::max(at_, now);
  if (level_ < count) return false;
  level_ -= count;
  return true;
}

bool TokenBucket::is_full(Steady now, const Terms& terms) const {
  return level(now, terms) >= terms.burst;
}

/// A second's worth at once: devices behind one address come back together.
TokenBucket::Terms Sources::connect_terms() const {
  const double rate = limits_.connects_per_second;
  return {.per_second = rate, .burst = rate};
}

bool Sources::enter(Steady now, SourceKey source) {
  if (rows_.size() >= limits::kRelaySourceRows && !rows_.contains(source)) sweep(now);
  if (rows_.size() >= limits::kRelaySourceRows && !rows_.contains(source)) return false;
  Row& row =
      rows_.try_emplace(source, Row{.connects = TokenBucket(now, connect_terms())}).first->second;
  if (row.open >= limits_.connections || !row.connects.take(now, connect_terms(), 1)) return false;
  row.open += 1;
  return true;
}

void Sources::leave(SourceKey source) {
  const auto at = rows_.find(source);
  assert(at != rows_.end() && at->second.open > 0);
  at->second.open -= 1;
}

bool Sources::take_new_bytes(SourceKey source, std::uint64_t bytes) {
  const auto at = rows_.find(source);
  if (at == rows_.end()) return false;
  if (at->second.new_bytes + bytes > limits_.new_bytes_per_day) return false;
  at->second.new_bytes += bytes;
  return true;
}

std::uint64_t Sources::take_pipe_bytes(SourceKey source, std::uint64_t bytes) {
  const auto at = rows_.find(source);
  if (at == rows_.end()) return 0;
  const std::uint64_t left = limits_.pipe_free_bytes - at->second.pipe_bytes;
  const std::uint64_t taken = std::min(left, bytes);
  at->second.pipe_bytes += taken;
  return taken;
}

void Sources::new_day() {
  std::erase_if(rows_, [](const auto& row) { return row.second.open == 0; });
  for (auto& [key, row] : rows_) row.new_bytes = row.pipe_bytes = 0;
}

void Sources::sweep(Steady now) {
  const TokenBucket::Terms terms = connect_terms();
  std::erase_if(rows_, [&](const auto& entry) {
    const Row& row = entry.second;
    return row.open == 0 && row.new_bytes == 0 && row.pipe_bytes == 0 &&
           row.connects.is_full(now, terms);
  });
  if (rows_.size() < limits::kRelaySourceRows) return;
  // Whoever has very many networks may use their shares once more: nobody is kept out by them.
  std::erase_if(rows_, [](const auto& entry) { return entry.second.open == 0; });
}

}  // namespace attune::relay
