#include "daemon/sync/parting.h"

#include <algorithm>
#include <cassert>

#include "proto/limits.h"

namespace attune::sync {
namespace {

/// The other can skip so many parcels of a chain; more that wait stay where they are.
constexpr std::uint64_t kWithdrawnMax = limits::kSkippedKeysMax - PartingPlan::kParcelsMax;

}  // namespace

bool Parting::is_over(const Now& now) const {
  return now.wall.seconds - plan_.since.seconds >= limits::kPartingLife.count();
}

void Parting::pass_time(const Now& now) {
  if (plan_.since <= now.wall) return;
  plan_.since = now.wall;
  changed_ = true;
}

// ---- Its sessions.

void Parting::up(const relay::Params& params) {
  if (state_ == State::kDone) return;
  const Week week = Week{params.hour} / kHoursOfWeek;
  handles_ = params.handles;
  state_ = State::kAsking;
  if (places_.empty()) {
    begin(week);
  } else if (week != week_) {
    refused(0);  // what was learnt is of other mailboxes
  }
}

void Parting::begin(Week week) {
  week_ = week;
  const Direction out{.from = plan_.mine, .to = plan_.theirs};
  const Direction in{.from = plan_.theirs, .to = plan_.mine};
  const MailboxWeeks weeks = mailbox_weeks(week);
  for (const Direction& way : {out, in}) {
    for (Week of = weeks.first; of <= weeks.last; ++of) {
      if (way.from == plan_.mine && of == week) current_ = places_.size();
      places_.push_back({.way = way, .week = of});
    }
  }
}

void Parting::leave_session() {
  asked_.clear();
  opened_ = 0;
  learnt_ = false;
  for (Place& place : places_) {
    place.reads.reset();
    place.writes.reset();
    place.acknowledged = false;
  }
}

void Parting::down() {
  if (state_ == State::kDone) return;
  state_ = State::kAway;
  leave_session();
  places_.clear();
}

void Parting::renewed() {
  assert(state_ == State::kFull);
  state_ = State::kAway;
  leave_session();
}

// A session that has brought nothing would be followed by another such one, and so on.
void Parting::full() {
  if (!learnt_) return refused(0);
  state_ = State::kFull;
}

void Parting::refused(std::uint32_t retry_seconds) {
  state_ = State::kRefused;
  retry_seconds_ = retry_seconds;
}

// ---- Questions and answers.

void Parting::ask(RelayLine& relay, const relay::ToRelay& question, Asked what, std::size_t place) {
  asked_.insert({.correlation = relay.ask(question), .what = what, .place = place});
}

// False where no handle is left.
bool Parting::open(RelayLine& relay, std::size_t place, relay::MailboxRole role) {
  if (opened_ >= handles_) return false;
  ++opened_;
  const Place& of = places_[place];
  ask(relay,
      relay::Open{.capability = mailbox_capability(plan_.id_root, of.way, of.week), .role = role},
      role == relay::MailboxRole::kReader ? Asked::kReader : Asked::kWriter, place);
  return true;
}

void Parting::answered(const RelayFrameCame& came) {
  const auto at = asked_.find({.correlation = came.correlation});
  if (state_ != State::kAsking || at == asked_.end()) return;
  const Question question = *at;
  asked_.erase(at);
  if (heard(question, came.frame)) {
    learnt_ = true;
    return;
  }
  const auto* quota = std::get_if<relay::Quota>(&came.frame);
  const auto* error = std::get_if<relay::Error>(&came.frame);
  const bool opens = question.what == Asked::kReader || question.what == Asked::kWriter;
  if (opens && error != nullptr && error->code == relay::ErrorCode::kTooMany) {
    handles_ = --opened_;  // fewer than it said
  } else if (quota != nullptr) {
    refused(quota->retry_seconds);
  } else {
    refused(error == nullptr ? 0 : error->retry_seconds);
  }
}

// False where the answer is not what was asked for.
bool Parting::heard(const Question& question, const relay::FromRelay& answer) {
  if (question.what == Asked::kPut) {
    if (!std::holds_alternative<relay::PutOk>(answer)) return false;
    ++taken_;  // answers come in order
    return true;
  }
  const auto* ok = std::get_if<relay::Ok>(&answer);
  if (ok == nullptr || ok->seq > limits::kWseqMax - PartingPlan::kParcelsMax) return false;
  Place& place = places_[question.place];
  switch (question.what) {
    case Asked::kWriter:
      place.writes = ok->handle;
      place.last = ok->seq;
      return true;
    case Asked::kReader:
      place.reads = ok->handle;
      place.first = ok->seq;
      return true;
    case Asked::kEmpty:
      place.gone = ok->seq == 0 || ok->seq > up_to(place);
      return place.gone;
    case Asked::kPut:
      break;
  }
  return false;
}

// ---- What is done, in this order.

void Parting::pump(RelayLine& relay) {
  if (state_ != State::kAsking || !asked_.empty() || !looked(relay)) return;
  if (plan_.withdrawn.empty()) plan_withdrawal();
  if (withdrawn(relay) && put(relay) && asked_.empty()) state_ = State::kDone;
}

// What was put last says how much waits there, and under which number the next is put.
bool Parting::wants_last(std::size_t index) const {
  const Place& place = places_[index];
  if (index == current_ && taken_ < plan_.parcels.size()) return true;
  return *place.first != 0 && (!is_mine(place) || plan_.withdrawn.empty());
}

bool Parting::looked(RelayLine& relay) {
  bool all = true;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (!place.first) {
      all = false;
      open(relay, i, relay::MailboxRole::kReader);
    } else if (!place.last && wants_last(i)) {
      all = false;
      open(relay, i, relay::MailboxRole::kWriter);
    }
  }
  if (!all && asked_.empty()) full();
  return all;
}

void Parting::plan_withdrawal() {
  std::uint64_t left = plan_.parcels.empty() ? limits::kWseqMax : kWithdrawnMax;
  for (const Place& place : places_) {
    if (!is_mine(place)) continue;
    const std::uint64_t first = *place.first;
    const std::uint64_t waiting = first == 0 || first > *place.last ? 0 : *place.last - first + 1;
    const std::uint64_t count = std::min(left, waiting);
    plan_.withdrawn[place.week] = count == 0 ? 0 : first + count - 1;
    left -= count;
  }
  changed_ = true;
}

// Through which parcel this mailbox is emptied; 0: nothing is to be deleted there.
std::uint64_t Parting::up_to(const Place& place) const {
  if (!is_mine(place)) return place.last.value_or(0);
  const auto planned = plan_.withdrawn.find(place.week);
  return planned == plan_.withdrawn.end() ? 0 : planned->second;
}

// An acknowledgement is not answered: a question behind it is. True once all that is to be deleted
// is acknowledged.
bool Parting::withdrawn(RelayLine& relay) {
  bool all = true;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    place.gone = place.gone || *place.first == 0 || *place.first > up_to(place);
    if (place.gone || place.acknowledged) continue;
    if (!place.reads) {
      all = false;
      open(relay, i, relay::MailboxRole::kReader);
      continue;
    }
    relay.ask(relay::Acknowledge{.handle = *place.reads, .seq = up_to(place)});
    place.acknowledged = true;
    ask(relay,
        relay::Open{.capability = mailbox_capability(plan_.id_root, place.way, place.week),
                    .role = relay::MailboxRole::kReader},
        Asked::kEmpty, i);
  }
  if (!all && asked_.empty()) full();
  return all;
}

// True once each is put.
bool Parting::put(RelayLine& relay) {
  if (taken_ == plan_.parcels.size()) return true;
  const Place& place = places_[current_];
  if (!place.writes) {
    if (!open(relay, current_, relay::MailboxRole::kWriter) && asked_.empty()) full();
    return false;
  }
  std::uint64_t wseq = *place.last;
  for (std::size_t i = taken_; i < plan_.parcels.size(); ++i) {
    ask(relay, relay::Put{.handle = *place.writes, .wseq = ++wseq, .body = plan_.parcels[i]},
        Asked::kPut, current_);
  }
  return true;
}

}  // namespace attune::sync
