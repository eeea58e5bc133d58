#include "daemon/relay/subscriptions.h"

#include <algorithm>

namespace attune::relay {

void Subscriptions::Row::sent(std::uint64_t seq) {
  cursor = seq;
  unacknowledged.push_back(seq);
}

Subscriptions::Row* Subscriptions::find(const MailboxId& id, std::uint64_t subscription) {
  const auto at = rows_.find(id);
  if (at == rows_.end() || at->second.subscription != subscription) return nullptr;
  return &at->second;
}

std::optional<Subscriber> Subscriptions::subscribe(const MailboxId& id, const Subscriber& who,
                                                   std::uint64_t after, std::uint16_t window) {
  const auto [at, is_new] = rows_.try_emplace(id);
  std::optional<Subscriber> replaced;
  if (!is_new) replaced = at->second.who;
  at->second = Row{.who = who,
                   .subscription = ++last_subscription_,
                   .cursor = after,
                   .unacknowledged = {},
                   .window = window};
  return replaced;
}

void Subscriptions::leave(const MailboxId& id, SessionId session) {
  const auto at = rows_.find(id);
  if (at != rows_.end() && at->second.who.session == session) rows_.erase(at);
}

void Subscriptions::acknowledge(const MailboxId& id, SessionId session, std::uint64_t seq) {
  const auto at = rows_.find(id);
  if (at == rows_.end() || at->second.who.session != session) return;
  // Sent in order, so what is acknowledged stands in front.
  std::vector<std::uint64_t>& sent = at->second.unacknowledged;
  sent.erase(sent.begin(), std::ranges::upper_bound(sent, seq));
  if (sent.empty()) sent.shrink_to_fit();
}

std::optional<Subscriptions::Look> Subscriptions::next_look(const MailboxId& id,
                                                            SessionId session) {
  const auto at = rows_.find(id);
  if (at == rows_.end() || at->second.who.session != session) return std::nullopt;
  Row& row = at->second;
  if (!row.behind || row.looking || !row.has_room()) return std::nullopt;
  row.looking = true;
  return Look{.who = row.who,
              .subscription = row.subscription,
              .after = row.cursor,
              .count_max = static_cast<std::uint32_t>(row.window - row.unacknowledged.size())};
}

std::optional<Subscriber> Subscriptions::found(const MailboxId& id, std::uint64_t subscription,
                                               std::uint64_t seq) {
  Row* row = find(id, subscription);
  if (row == nullptr) return std::nullopt;
  row->sent(seq);
  return row->who;
}

/// Answers come in the order of the store's jobs: a put that was answered before this look was done
/// before it, so a look that saw the end has seen all of them.
void Subscriptions::looked(const MailboxId& id, std::uint64_t subscription, bool more) {
  Row* row = find(id, subscription);
  if (row == nullptr) return;
  row->looking = false;
  row->behind = more;
}

}  // namespace attune::relay
