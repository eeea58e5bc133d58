#include "daemon/sync/inbox.h"

#include <algorithm>
#include <utility>

#include "daemon/sync/wake.h"

namespace attune::sync {

void Inbox::open(Reader& reader, RelayLine& relay) {
  reader.opening =
      relay.ask(relay::Open{.capability = reader.capability, .role = relay::MailboxRole::kReader});
}

void Inbox::pump(RelayLine& relay, const Place& place, bool looking, const Now& now) {
  const MailboxWeeks weeks = mailbox_weeks(place.week);
  std::erase_if(readers_, [&weeks](const auto& reader) { return !weeks.contains(reader.first); });
  for (Week week = weeks.first; week <= weeks.last; ++week) {
    const auto [at, is_new] = readers_.try_emplace(week);
    Reader& reader = at->second;
    if (is_new) reader.capability = mailbox_capability(*place.id_root, place.way, week);
    if (reader.opening || (reader.not_before && now.steady < *reader.not_before)) continue;
    if (reader.state == State::kClosed) {
      reader.state = State::kOpening;
      open(reader, relay);
    } else if (reader.state == State::kReading && looking && !reader.looked) {
      open(reader, relay);
    }
  }
}

void Inbox::look() {
  for (auto& [week, reader] : readers_) reader.outdated();
}

void Inbox::opened(Reader& reader, const RelayFrameCame& came, RelayLine& relay, const Now& now) {
  reader.opening.reset();
  const auto* ok = std::get_if<relay::Ok>(&came.frame);
  if (ok == nullptr) {
    if (reader.state == State::kOpening) reader.state = State::kClosed;
    reader.not_before = now.steady + limits::kMailboxOpenPause;
    return;
  }
  reader.looked = !std::exchange(reader.late, false);
  reader.empty = ok->seq == 0 && ok->used == 0;
  if (reader.state != State::kOpening) return;
  reader.handle = ok->handle;
  reader.state = State::kReading;
  reader.subscription = relay.ask(
      relay::Subscribe{.handle = reader.handle, .after = 0, .window = limits::kMailboxWindow});
}

Inbox::Reader* Inbox::of_subscription(std::uint32_t correlation) {
  const auto at = std::ranges::find_if(readers_, [correlation](const auto& reader) {
    return reader.second.state == State::kReading && reader.second.subscription == correlation;
  });
  return at == readers_.end() ? nullptr : &at->second;
}

Inbox::Heard Inbox::answered(const RelayFrameCame& came, RelayLine& relay, const Now& now) {
  for (auto& [week, reader] : readers_) {
    if (reader.opening != came.correlation) continue;
    opened(reader, came, relay, now);
    return Heard::kNothing;
  }
  Reader* reader = of_subscription(came.correlation);
  if (reader == nullptr) return Heard::kNotMine;
  if (const auto* message = std::get_if<relay::Message>(&came.frame)) {
    return message->handle == reader->handle ? Heard::kMessage : Heard::kNothing;
  }
  if (std::holds_alternative<relay::End>(came.frame)) reader->state = State::kEnded;
  if (std::holds_alternative<relay::Error>(came.frame)) {
    reader->state = State::kClosed;
    reader->not_before = now.steady + limits::kMailboxOpenPause;
  }
  return Heard::kNothing;
}

void Inbox::acknowledge(const RelayFrameCame& came, RelayLine& relay) {
  Reader* reader = of_subscription(came.correlation);
  const auto* message = std::get_if<relay::Message>(&came.frame);
  if (reader == nullptr || message == nullptr) return;
  relay.ask(relay::Acknowledge{.handle = reader->handle, .seq = message->seq});
  reader->outdated();  // whether it is empty now is asked behind the deletion
}

bool Inbox::seen_empty() const {
  return !readers_.empty() && std::ranges::all_of(readers_, [](const auto& reader) {
    return reader.second.state == State::kReading && reader.second.looked && reader.second.empty;
  });
}

std::optional<Steady> Inbox::next() const {
  std::optional<Steady> next;
  for (const auto& [week, reader] : readers_) {
    if (reader.state == State::kClosed) next = earlier(next, reader.not_before);
  }
  return next;
}

}  // namespace attune::sync
