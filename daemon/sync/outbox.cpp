#include "daemon/sync/outbox.h"

#include <algorithm>
#include <cassert>

namespace attune::sync {

void Outbox::enter(Week week, std::uint64_t mine) {
  down();
  parcels_.clear();
  week_ = week;
  mine_ = mine;
}

void Outbox::down() {
  state_ = State::kClosed;
  opening_.reset();
  not_before_.reset();
  pause_.reset();
  for (Parcel& parcel : parcels_) parcel.asked.reset();
}

void Outbox::pump(RelayLine& relay, const crypto::Key& id_root, const Direction& way,
                  const Now& now) {
  if (not_before_ && now.steady < *not_before_) return;
  not_before_.reset();
  if (state_ == State::kClosed) {
    opening_ = relay.ask(relay::Open{.capability = mailbox_capability(id_root, way, week_),
                                     .role = relay::MailboxRole::kWriter});
    state_ = State::kOpening;
  }
  if (state_ != State::kReady) return;
  for (Parcel& parcel : parcels_) {
    if (parcel.asked) continue;
    parcel.asked =
        relay.ask(relay::Put{.handle = handle_, .wseq = parcel.wseq, .body = parcel.bytes});
  }
}

void Outbox::add(Bytes parcel) {
  assert(takes_more());
  parcels_.push_back({.wseq = ++mine_, .bytes = std::move(parcel)});
}

void Outbox::close(std::uint32_t retry_seconds, const Now& now) {
  state_ = State::kClosed;
  for (Parcel& parcel : parcels_) parcel.asked.reset();
  not_before_ = pause_.next(retry_seconds, now);
}

// None behind a refused one is taken: their answers are not waited for.
void Outbox::refused(std::uint32_t retry_seconds, const Now& now) {
  for (Parcel& parcel : parcels_) parcel.asked.reset();
  not_before_ = pause_.next(retry_seconds, now);
}

void Outbox::drop_through(std::uint64_t wseq) {
  while (!parcels_.empty() && parcels_.front().wseq <= wseq) parcels_.pop_front();
}

Outbox::Heard Outbox::opened(const relay::FromRelay& answer, const Now& now) {
  const auto* ok = std::get_if<relay::Ok>(&answer);
  if (ok == nullptr || ok->seq > limits::kWseqMax) {
    const auto* error = std::get_if<relay::Error>(&answer);
    close(error == nullptr ? 0 : error->retry_seconds, now);
    return Heard::kNothing;
  }
  handle_ = ok->handle;
  return found(ok->seq);
}

// What was put and is not there was lost on the way, or the relay has begun anew.
Outbox::Heard Outbox::found(std::uint64_t last) {
  drop_through(last);
  if (last > mine_) {
    state_ = State::kAhead;
    theirs_ = last;
    return Heard::kAhead;
  }
  state_ = State::kReady;
  if (last == mine_) return Heard::kNothing;
  if (!parcels_.empty() && parcels_.front().wseq == last + 1) return Heard::kNothing;
  parcels_.clear();
  mine_ = last;
  return Heard::kLost;
}

void Outbox::follow() {
  assert(is_ahead());
  mine_ = theirs_;
  state_ = State::kReady;
}

Outbox::Heard Outbox::answered(const RelayFrameCame& came, const Now& now) {
  if (opening_ == came.correlation) {
    opening_.reset();
    return opened(came.frame, now);
  }
  const auto parcel = std::ranges::find(parcels_, came.correlation, &Parcel::asked);
  if (parcel == parcels_.end()) return Heard::kNotMine;
  const std::uint64_t wseq = parcel->wseq;
  if (const auto* quota = std::get_if<relay::Quota>(&came.frame)) {
    refused(quota->retry_seconds, now);
    return Heard::kNothing;
  }
  const auto* duplicate = std::get_if<relay::Duplicate>(&came.frame);
  const bool taken = duplicate != nullptr && duplicate->last >= wseq;
  if (taken || std::holds_alternative<relay::PutOk>(came.frame)) {
    drop_through(wseq);
    pause_.reset();
    return Heard::kNothing;
  }
  const auto* error = std::get_if<relay::Error>(&came.frame);
  close(error == nullptr ? 0 : error->retry_seconds, now);
  return Heard::kNothing;
}

std::optional<Steady> Outbox::next() const {
  if (state_ == State::kClosed || under_way()) return not_before_;
  return std::nullopt;
}

}  // namespace attune::sync
