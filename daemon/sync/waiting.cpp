#include "daemon/sync/waiting.h"

#include <algorithm>

#include "proto/limits.h"

namespace attune::sync {

bool WaitingRequests::has_room() const {
  return watchers_.size() + syncs_.size() < limits::kWaitingRequestsMax;
}

void WaitingRequests::tell(const std::vector<std::uint32_t>& kinds, Output& out) const {
  const std::set<std::uint32_t> once(kinds.begin(), kinds.end());
  for (const RequestId request : watchers_) {
    for (const std::uint32_t kind : once) {
      out.answers.push_back({.request = request, .answer = Changed{kind}, .last = false});
    }
  }
}

void WaitingRequests::sync(RequestId request, crdt::VersionVector mine, Steady until,
                           std::optional<Steady> patient) {
  syncs_.push_back({.request = request,
                    .number = next_number_++,
                    .mine = std::move(mine),
                    .theirs = {},
                    .until = until,
                    .patient = patient,
                    .asked = false});
}

std::vector<std::uint64_t> WaitingRequests::unasked() {
  std::vector<std::uint64_t> numbers;
  for (Sync& sync : syncs_) {
    if (sync.asked) continue;
    sync.asked = true;
    numbers.push_back(sync.number);
  }
  return numbers;
}

void WaitingRequests::ask_again() {
  for (Sync& sync : syncs_) {
    if (!sync.theirs) sync.asked = false;
  }
}

void WaitingRequests::answered(std::uint64_t number, const crdt::VersionVector& theirs) {
  for (Sync& sync : syncs_) {
    if (sync.number == number) sync.theirs = theirs;
  }
}

void WaitingRequests::posted(Steady now, std::uint64_t pending_out, Output& out) {
  std::erase_if(syncs_, [&](const Sync& sync) {
    if (sync.patient && now < *sync.patient) return false;
    const auto pending = static_cast<std::uint32_t>(pending_out);
    out.answers.push_back(
        {.request = sync.request,
         .answer = Synced{.exchanged = false, .posted = true, .pending_out = pending}});
    return true;
  });
}

void WaitingRequests::settle(Steady now, const crdt::VersionVector& here,
                             const crdt::VersionVector& there, std::uint64_t pending_out,
                             Output& out) {
  std::erase_if(syncs_, [&](const Sync& sync) {
    if (sync.theirs && here.covers(*sync.theirs) && there.covers(sync.mine)) {
      const auto pending = static_cast<std::uint32_t>(pending_out);
      out.answers.push_back(
          {.request = sync.request,
           .answer = Synced{.exchanged = true, .posted = false, .pending_out = pending}});
      return true;
    }
    if (now < sync.until) return false;
    out.answers.push_back(
        {.request = sync.request,
         .answer = Failed{
             .code = Code::kNotReached, .reason = Reason::kPartnerAway, .detail = {}, .wait = {}}});
    return true;
  });
  for (Sync& sync : syncs_) {
    if (sync.patient && now >= *sync.patient) sync.patient.reset();
  }
}

void WaitingRequests::gone(RequestId request) {
  watchers_.erase(request);
  std::erase_if(syncs_, [&](const Sync& sync) { return sync.request == request; });
}

std::optional<Steady> WaitingRequests::next() const {
  std::optional<Steady> next;
  for (const Sync& sync : syncs_) {
    const Steady at = std::min(sync.until, sync.patient.value_or(sync.until));
    if (!next || at < *next) next = at;
  }
  return next;
}

}  // namespace attune::sync
