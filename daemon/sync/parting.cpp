#include "daemon/sync/parting.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

// parting  ver | mine 16 | theirs 16 | relay key 32 | id root 32 | LEB128(parcels) | lv each |
//          LEB128(weeks) | week u32le, through which parcel it is deleted u64le: ascending
//          name: the id of the mailbox for the other in week 0
constexpr std::uint8_t kVersion = 1;

/// The other can skip so many parcels of a chain; more that wait stay where they are.
constexpr std::uint64_t kWithdrawnMax = limits::kSkippedKeysMax - PartingPlan::kParcelsMax;
constexpr std::uint64_t kWeeks = limits::kMailboxWeeksBack + 1 + limits::kMailboxWeeksAhead;

}  // namespace

Bytes PartingPlan::name() const {
  const auto capability = mailbox_capability(id_root, {.from = mine, .to = theirs}, 0);
  const auto id = crypto::hash_lv<16>(crypto::labels::kMailboxId, ByteView(capability));
  return Bytes(id.begin(), id.end());
}

RecordChange parting_record(const PartingPlan& plan) {
  Bytes body{kVersion};
  append(body, plan.mine.view());
  append(body, plan.theirs.view());
  append(body, plan.relay);
  append(body, plan.id_root.view());
  append_leb(body, plan.parcels.size());
  for (const Bytes& parcel : plan.parcels) append_lv(body, parcel);
  append_leb(body, plan.withdrawn.size());
  for (const auto& [week, up_to] : plan.withdrawn) {
    append_u32le(body, static_cast<std::uint32_t>(week));
    append_u64le(body, up_to);
  }
  return {.type = RecordType::kParting, .name = plan.name(), .body = std::move(body)};
}

RecordChange parting_gone(const PartingPlan& plan) {
  return {.type = RecordType::kParting, .name = plan.name(), .body = {}};
}

std::optional<PartingPlan> decode_parting(ByteView body) {
  Reader reader(body);
  if (reader.u8() != kVersion) return std::nullopt;
  PartingPlan plan;
  plan.mine.bytes = reader.take_array<DeviceId::kSize>();
  plan.theirs.bytes = reader.take_array<DeviceId::kSize>();
  plan.relay = reader.take_array<32>();
  std::ranges::copy(reader.take_array<32>(), plan.id_root.writable().begin());
  const std::uint64_t parcels = reader.leb();
  if (!reader.ok() || parcels > PartingPlan::kParcelsMax) return std::nullopt;
  for (std::uint64_t i = 0; i < parcels; ++i) {
    const ByteView parcel = reader.lv(limits::kRelayBodyMax);
    if (parcel.empty()) return std::nullopt;
    plan.parcels.emplace_back(parcel.begin(), parcel.end());
  }
  const std::uint64_t weeks = reader.leb();
  if (!reader.ok() || weeks > kWeeks) return std::nullopt;
  std::optional<Week> before;
  for (std::uint64_t i = 0; i < weeks; ++i) {
    const Week week = reader.u32le();
    if (before && *before >= week) return std::nullopt;
    plan.withdrawn.emplace(week, reader.u64le());
    before = week;
  }
  if (!reader.done()) return std::nullopt;
  return plan;
}

void Parting::ask(RelayLine& relay, const relay::ToRelay& question, Asked what, std::size_t place) {
  asked_.insert({.correlation = relay.ask(question), .what = what, .place = place});
}

void Parting::rest(std::uint32_t retry_seconds, const Now& now) {
  state_ = State::kIdle;
  asked_.clear();
  places_.clear();
  not_before_ =
      now.steady + std::clamp(std::chrono::seconds(retry_seconds), pause_, limits::kRelayRetryMax);
  pause_ = std::min(pause_ * 2, limits::kRelayPauseMax);
}

void Parting::happened(const RelayEvent& event, RelayLine& relay, const Now& now) {
  if (const auto* came = std::get_if<RelayFrameCame>(&event)) return answered(*came, relay, now);
  clock_.reset();
  if (const auto* up = std::get_if<RelayUp>(&event)) {
    clock_ = {.hour = up->params.hour, .at = now.steady};
  }
  if (state_ == State::kDone) return;
  state_ = State::kIdle;
  asked_.clear();
  places_.clear();
  not_before_.reset();
}

void Parting::pump(RelayLine& relay, const Now& now) {
  if (state_ != State::kIdle || !clock_ || (not_before_ && now.steady < *not_before_)) return;
  not_before_.reset();
  begin(relay, now);
}

void Parting::begin(RelayLine& relay, const Now& now) {
  const auto gone = std::chrono::duration_cast<std::chrono::hours>(now.steady - clock_->at);
  const Week week = (std::int64_t{clock_->hour} + gone.count()) / kHoursOfWeek;
  const Direction out{.from = plan_.mine, .to = plan_.theirs};
  const Direction in{.from = plan_.theirs, .to = plan_.mine};
  for (const Direction& way : {out, in}) {
    for (Week of = week - limits::kMailboxWeeksBack; of <= week + limits::kMailboxWeeksAhead;
         ++of) {
      if (way.from == plan_.mine && of == week) current_ = places_.size();
      places_.push_back({.way = way, .week = of});
    }
  }
  state_ = State::kLooking;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto capability = mailbox_capability(plan_.id_root, places_[i].way, places_[i].week);
    using Role = relay::MailboxRole;
    ask(relay, relay::Open{.capability = capability, .role = Role::kWriter}, Asked::kWriter, i);
    ask(relay, relay::Open{.capability = capability, .role = Role::kReader}, Asked::kReader, i);
  }
}

void Parting::answered(const RelayFrameCame& came, RelayLine& relay, const Now& now) {
  const auto at = asked_.find({.correlation = came.correlation});
  if (at == asked_.end() || !relay.up()) return;
  const Question question = *at;
  asked_.erase(at);
  if (!heard(question, came.frame)) {
    const auto* quota = std::get_if<relay::Quota>(&came.frame);
    const auto* error = std::get_if<relay::Error>(&came.frame);
    rest(quota != nullptr   ? quota->retry_seconds
         : error != nullptr ? error->retry_seconds
                            : 0,
         now);
  } else if (asked_.empty()) {
    go_on(relay);
  }
}

// False where the answer is not what was asked for.
bool Parting::heard(const Question& question, const relay::FromRelay& answer) {
  if (question.what == Asked::kPut) return std::holds_alternative<relay::PutOk>(answer);
  const auto* ok = std::get_if<relay::Ok>(&answer);
  if (ok == nullptr || ok->seq > limits::kWseqMax) return false;
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
      return ok->seq == 0 || ok->seq > place.up_to;
    case Asked::kPut:
      break;
  }
  return false;
}

void Parting::go_on(RelayLine& relay) {
  if (state_ == State::kLooking) {
    if (plan_.withdrawn.empty()) plan_withdrawal();
    withdraw(relay);
    put(relay);
    if (asked_.empty()) check(relay);
  } else if (state_ == State::kPutting) {
    check(relay);
  } else if (state_ == State::kChecking) {
    state_ = State::kDone;
  }
  if (state_ == State::kChecking && asked_.empty()) state_ = State::kDone;
}

void Parting::plan_withdrawal() {
  std::uint64_t left = plan_.parcels.empty() ? limits::kWseqMax : kWithdrawnMax;
  for (const Place& place : places_) {
    if (place.way.from != plan_.mine) continue;
    const std::uint64_t count = std::min(left, place.waiting());
    plan_.withdrawn[place.week] = count == 0 ? 0 : place.first + count - 1;
    left -= count;
  }
  changed_ = true;
}

void Parting::withdraw(RelayLine& relay) {
  for (Place& place : places_) {
    if (place.waiting() == 0) continue;
    std::uint64_t up_to = place.last;
    if (place.way.from == plan_.mine) {
      const auto planned = plan_.withdrawn.find(place.week);
      up_to = planned == plan_.withdrawn.end() ? 0 : std::min(up_to, planned->second);
    }
    if (up_to < place.first) continue;
    place.up_to = up_to;
    relay.ask(relay::Acknowledge{.handle = place.reads, .seq = up_to});
  }
}

void Parting::put(RelayLine& relay) {
  state_ = State::kPutting;
  std::uint64_t wseq = places_[current_].last;
  for (const Bytes& parcel : plan_.parcels) {
    ask(relay, relay::Put{.handle = places_[current_].writes, .wseq = ++wseq, .body = parcel},
        Asked::kPut, current_);
  }
}

// An acknowledgement is not answered: a question behind it is.
void Parting::check(RelayLine& relay) {
  state_ = State::kChecking;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].up_to == 0) continue;
    ask(relay,
        relay::Open{
            .capability = mailbox_capability(plan_.id_root, places_[i].way, places_[i].week),
            .role = relay::MailboxRole::kReader},
        Asked::kEmpty, i);
  }
}

std::optional<Steady> Parting::next() const {
  return state_ == State::kIdle && clock_ ? not_before_ : std::nullopt;
}

}  // namespace attune::sync
