#include "daemon/sync/partings.h"

#include <algorithm>

#include "daemon/sync/wake.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune::sync {

void Partings::begin(std::vector<PartingPlan> plans, bool may_dial, const Now& now) {
  may_dial_ = may_dial;
  std::ranges::stable_sort(plans, {}, &PartingPlan::since);
  for (PartingPlan& plan : plans) {
    Run& run = runs_.emplace_back(std::move(plan), random_);
    if (may_dial_) run.reach.begin(run.parting.plan().relay, now);
  }
}

void Partings::set_may_dial(bool may_dial, const Now& now, Output& out) {
  if (std::exchange(may_dial_, may_dial) == may_dial) return;
  for (Run& run : runs_) {
    RelayNews news;
    std::optional<RelayUrl> to;
    if (may_dial) to = run.parting.plan().relay;
    run.reach.set(std::move(to), now, out, news);
    hear(run, news);
  }
}

void Partings::add(PartingPlan plan, std::optional<std::uint32_t> behind, const Now& now,
                   Output& out) {
  out.persist.changes.push_back(parting_record(plan));
  Run& run = runs_.emplace_back(std::move(plan), random_);
  run.behind = behind;
  if (may_dial_) run.reach.begin(run.parting.plan().relay, now);
  if (runs_.size() <= limits::kPartingsMax) return;
  drop(runs_.front(), out);
  runs_.pop_front();
}

void Partings::drop(Run& run, Output& out) {
  RelayNews unheard;
  run.reach.set(std::nullopt, {}, out, unheard);
  out.persist.changes.push_back(parting_gone(run.parting.plan()));
  out.persist.erases = true;
}

void Partings::standing(const RelayEvent& event) {
  const auto* came = std::get_if<RelayFrameCame>(&event);
  for (Run& run : runs_) {
    if (came == nullptr || run.behind == came->correlation) run.behind.reset();
  }
}

// ---- Their links.

Partings::Run* Partings::of(LinkId link) {
  const auto at = std::ranges::find_if(runs_, [&](const Run& run) { return run.reach.owns(link); });
  return at == runs_.end() ? nullptr : &*at;
}

bool Partings::owns(LinkId link) const {
  return std::ranges::any_of(runs_, [&](const Run& run) { return run.reach.owns(link); });
}

void Partings::opened(LinkId link, const Now& now, Output& out) {
  if (Run* run = of(link)) run->reach.opened(now, out);
}

void Partings::unit(LinkId link, Bytes bytes, const Now& now, Output& out) {
  Run* run = of(link);
  if (run == nullptr) return;
  RelayNews news;
  run->reach.unit(std::move(bytes), now, out, news);
  hear(*run, news);
}

void Partings::lost(LinkId link, const Now& now) {
  Run* run = of(link);
  if (run == nullptr) return;
  RelayNews news;
  run->reach.lost(now, news);
  hear(*run, news);
}

void Partings::network_changed(const Now& now) {
  for (Run& run : runs_) run.reach.network_changed(now);
}

void Partings::hear(Run& run, const RelayNews& news) {
  for (const RelayEvent& event : news.events) {
    std::visit(Overloaded{
                   [&](const RelayUp& came) { run.parting.up(came.params); },
                   [&](const RelayFrameCame& came) { run.parting.answered(came); },
                   [&](const RelayDown&) { run.parting.down(); },
               },
               event);
  }
}

// ---- Time.

void Partings::go_on(Run& run, const Now& now, Output& out) {
  Parting& parting = run.parting;
  if (run.reach.up() && !run.behind) parting.pump(run.reach.line());
  if (parting.state() == Parting::State::kFull) {
    parting.renewed();
    run.reach.renew(now, out);
  } else if (parting.state() == Parting::State::kRefused) {
    const std::chrono::seconds away(parting.retry_seconds());
    parting.down();
    run.reach.leave(away, now, out);
  }
}

void Partings::pass_time(const Now& now, DialNumbers& dials, Output& out) {
  for (Run& run : runs_) {
    run.parting.pass_time(now);
    go_on(run, now, out);
    RelayNews news;
    run.reach.pass_time(now, dials, out, news);
    hear(run, news);
    if (run.parting.take_changed()) {
      out.persist.changes.push_back(parting_record(run.parting.plan()));
    }
  }
  std::erase_if(runs_, [&](Run& run) {
    const bool over = run.parting.state() == Parting::State::kDone || run.parting.is_over(now);
    if (over) drop(run, out);
    return over;
  });
}

void Partings::flush(const Now& now, Output& out) {
  for (Run& run : runs_) run.reach.flush(now, out);
}

bool Partings::is_busy() const {
  return std::ranges::any_of(runs_, [](const Run& run) { return !run.reach.rests(); });
}

std::optional<Steady> Partings::next() const {
  std::optional<Steady> next;
  for (const Run& run : runs_) next = earlier(next, run.reach.next());
  return next;
}

}  // namespace attune::sync
