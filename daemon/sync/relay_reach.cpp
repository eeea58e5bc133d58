#include "daemon/sync/relay_reach.h"

#include <utility>

#include "daemon/sync/wake.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

constexpr std::string_view kRelaySetting = "relay";
constexpr std::uint8_t kVersion = 1;

}  // namespace

RecordChange relay_record(const std::optional<RelayUrl>& relay) {
  RecordChange change{.type = RecordType::kSetting, .name = {}, .body = {}};
  append(change.name, as_bytes(kRelaySetting));
  if (!relay) return change;
  const std::string text = to_text(*relay);
  change.body.emplace({kVersion});
  append(*change.body, as_bytes(text));
  return change;
}

bool is_relay_record(const Record& record) {
  return record.type == RecordType::kSetting && as_text(record.name) == kRelaySetting;
}

std::optional<RelayUrl> decode_relay(ByteView body) {
  if (body.empty() || body.front() != kVersion) return std::nullopt;
  return parse_relay_url(as_text(body.subspan(1)));
}

void RelayReach::begin(std::optional<RelayUrl> relay, const Now& now) {
  relay_ = std::move(relay);
  if (relay_) attempt_ = now.steady;
}

void RelayReach::set(std::optional<RelayUrl> relay, const Now& now, Output& out, RelayNews& news) {
  if (session_) {
    session_->hang_up(out);
    if (since_) news.events.emplace_back(RelayDown{});
  }
  session_.reset();
  since_.reset();
  attempt_.reset();
  refused_ = false;
  pause_.reset();
  keepalive_.network_changed();
  begin(std::move(relay), now);
}

void RelayReach::unit(Bytes bytes, const Now& now, Output& out, RelayNews& news) {
  session_->unit(std::move(bytes), now, out, news);
  if (session_->up() && !since_) {
    since_ = now.steady;
    refused_ = false;
  }
  if (session_->gone()) rest(now);
}

void RelayReach::lost(const Now& now, RelayNews& news) {
  session_->lost(news);
  rest(now);
}

/// The session is over.
void RelayReach::rest(const Now& now) {
  if (since_ && now.steady - *since_ >= limits::kRelayGoodSession) pause_.reset();
  if (session_->refused()) {
    refused_ = true;
    pause_.grow_fully();
  }
  attempt_ = pause_.next(now, random_);
  if (const auto away = session_->away_for()) *attempt_ = std::max(*attempt_, now.steady + *away);
  session_.reset();
  since_.reset();
}

void RelayReach::renew(const Now& now, Output& out) {
  if (session_) session_->hang_up(out);
  session_.reset();
  since_.reset();
  attempt_ = now.steady;
}

void RelayReach::leave(std::chrono::seconds away, const Now& now, Output& out) {
  if (!session_) return;
  session_->hang_up(out);
  rest(now);
  *attempt_ = std::max(*attempt_, now.steady + std::min(away, limits::kRelayRetryMax));
}

void RelayReach::network_changed(const Now& now) {
  keepalive_.network_changed();
  if (session_) session_->probe();
  hurry(now);
}

void RelayReach::hurry(const Now& now) {
  pause_.reset();
  if (attempt_) attempt_ = now.steady;
}

void RelayReach::pass_time(const Now& now, DialNumbers& dials, Output& out, RelayNews& news) {
  if (session_) {
    session_->pass_time(now, keepalive_, out, news);
    if (session_->gone()) rest(now);
  }
  if (!attempt_ || now.steady < *attempt_) return;
  attempt_.reset();
  session_.emplace(dials.next(), *relay_, now, random_, out);
}

void RelayReach::flush(const Now& now, Output& out) {
  if (session_) session_->flush(now, out);
}

std::optional<Steady> RelayReach::next() const {
  if (session_) return session_->next(keepalive_);
  return attempt_;
}

}  // namespace attune::sync
