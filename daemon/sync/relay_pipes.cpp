#include "daemon/sync/relay_pipes.h"

#include <algorithm>

#include "crypto/derive.h"
#include "crypto/hash.h"
#include "crypto/labels.h"
#include "daemon/sync/wake.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune::sync {
namespace {

constexpr std::uint32_t kDayHours = 24;

}  // namespace

relay::PipeId live_pipe_id(const crypto::Key& id_root, std::uint32_t day) {
  Bytes number;
  append_u32le(number, day);
  const crypto::Key key = crypto::kdf(id_root.view(), crypto::labels::kPipe, ByteView(number));
  relay::PipeId id;
  std::ranges::copy(key.view(), id.bytes.begin());
  return id;
}

bool RelayPipes::is_same(const Pipe& pipe, const PipeAim& aim) {
  return name_of(pipe.aim) == name_of(aim) &&
         (aim.root == nullptr || crypto::equal(pipe.root.view(), aim.root->view()));
}

void RelayPipes::want(const std::vector<PipeAim>& aims, const RelayReach& reach, const Now& now,
                      Output& out) {
  for (auto it = pipes_.begin(); it != pipes_.end();) {
    Pipe& pipe = it->second;
    const bool wanted =
        std::ranges::any_of(aims, [&pipe](const PipeAim& aim) { return is_same(pipe, aim); });
    const bool stays = wanted && (reach.up() || pipe.met);
    if (!stays && pipe.session) pipe.session->hang_up(out);
    it = stays ? std::next(it) : pipes_.erase(it);
  }
  if (!reach.up()) return;
  for (const PipeAim& aim : aims) {
    auto [it, fresh] = pipes_.try_emplace(name_of(aim), Pipe{.aim = aim, .root = {}});
    if (!fresh) continue;
    Pipe& pipe = it->second;
    if (aim.root != nullptr) pipe.root = aim.root->clone();
    pipe.aim.root = nullptr;
    pipe.attempt = now.steady;
  }
}

void RelayPipes::restart(const Now& now) {
  for (auto& [name, pipe] : pipes_) {
    pipe.pause.reset();
    if (pipe.attempt) pipe.attempt = now.steady;
  }
}

RelayPipes::Pipe* RelayPipes::find(LinkId link) {
  for (auto& [name, pipe] : pipes_) {
    if (pipe.met == link || (pipe.session && pipe.session->link() == link)) return &pipe;
  }
  return nullptr;
}

bool RelayPipes::owns(LinkId link) const {
  return std::ranges::any_of(pipes_, [link](const auto& entry) {
    return entry.second.session && entry.second.session->link() == link;
  });
}

void RelayPipes::opened(LinkId link, const Now& now, Output& out) {
  find(link)->session->opened(now, out);
}

void RelayPipes::unit(LinkId link, Bytes bytes, const Now& now, Output& out, News& news) {
  Pipe& pipe = *find(link);
  RelayNews heard;
  pipe.session->unit(std::move(bytes), now, out, heard);
  for (const RelayEvent& event : heard.events) heed(pipe, event, now, news);
  if (!pipe.session) return;
  if (pipe.session->state() == RelaySession::State::kPiped) {
    pipe.session->flush(now, out);
    pipe.session.reset();
    pipe.renew.reset();
    pipe.met = link;
    pipe.since = now.steady;
    news.met.push_back(
        {.link = link, .kind = pipe.aim.kind, .device = pipe.aim.device, .side = pipe.aim.side});
  } else if (pipe.session->gone()) {
    rest(pipe, now);
  }
}

void RelayPipes::heed(Pipe& pipe, const RelayEvent& event, const Now& now, News& news) {
  const bool issuer =
      pipe.aim.kind == PipeAim::Kind::kCode && pipe.aim.side == relay::PipeSide::kIssuer;
  if (const auto* up = std::get_if<RelayUp>(&event)) return offer(pipe, up->params, now);
  const auto* came = std::get_if<RelayFrameCame>(&event);
  if (came == nullptr) return;
  if (std::holds_alternative<relay::Wait>(came->frame)) {
    pipe.since = now.steady;
    news.issuer_waits = news.issuer_waits || issuer;
  }
  const auto* error = std::get_if<relay::Error>(&came->frame);
  if (error == nullptr || came->correlation != pipe.question) return;
  const bool busy = error->code == relay::ErrorCode::kBusy;
  news.issuer_busy = news.issuer_busy || (issuer && busy);
  pipe.renew = now.steady;
}

/// The relay's clock is said in whole hours: in the first of a day the other end may still wait
/// under the id of the day before, later it does not.
void RelayPipes::offer(Pipe& pipe, const relay::Params& params, const Now& now) {
  const auto ask = [&pipe](const relay::PipeId& id) {
    return pipe.session->ask(relay::Pipe{.id = id, .side = pipe.aim.side});
  };
  if (pipe.aim.kind != PipeAim::Kind::kLive) {
    pipe.question = ask(pipe.aim.place);
    return;
  }
  const std::uint32_t day = params.hour / kDayHours;
  const std::uint32_t hour = params.hour % kDayHours;
  pipe.question = ask(live_pipe_id(pipe.root, day));
  if (hour == 0 && day > 0) ask(live_pipe_id(pipe.root, day - 1));
  pipe.renew = now.steady + std::chrono::hours(kDayHours - hour);
}

void RelayPipes::rest(Pipe& pipe, const Now& now) {
  // A joiner or issuer who has met somebody that was not it looks again at once; how often that may
  // be is said by limits::kJoinersMax.
  const bool stood = pipe.since && now.steady - *pipe.since >= limits::kRelayGoodPipe;
  if (stood || (pipe.met && pipe.aim.kind != PipeAim::Kind::kLive)) pipe.pause.reset();
  pipe.session.reset();
  pipe.met.reset();
  pipe.since.reset();
  pipe.renew.reset();
  pipe.attempt = pipe.pause.next(now, random_);
}

void RelayPipes::gone(LinkId link, const Now& now) {
  if (Pipe* pipe = find(link)) rest(*pipe, now);
}

void RelayPipes::pass_time(RelayReach& reach, DialNumbers& dials, const Now& now, Output& out) {
  for (auto& [name, pipe] : pipes_) {
    RelayNews unheard;
    if (pipe.session) {
      if (pipe.renew && now.steady >= *pipe.renew) pipe.session->hang_up(out);
      pipe.session->pass_time(now, reach.keepalive(), out, unheard);
      if (pipe.session->gone()) rest(pipe, now);
    }
    if (!pipe.attempt || now.steady < *pipe.attempt || !reach.up()) continue;
    pipe.attempt.reset();
    pipe.session.emplace(dials.next(), *reach.relay(), now, random_, out);
  }
}

void RelayPipes::flush(const Now& now, Output& out) {
  for (auto& [name, pipe] : pipes_) {
    if (pipe.session) pipe.session->flush(now, out);
  }
}

std::optional<Steady> RelayPipes::next(const RelayKeepalive& keepalive) const {
  std::optional<Steady> next;
  for (const auto& [name, pipe] : pipes_) {
    next = earlier(next, pipe.attempt);
    if (pipe.session) next = earlier(next, earlier(pipe.session->next(keepalive), pipe.renew));
  }
  return next;
}

}  // namespace attune::sync
